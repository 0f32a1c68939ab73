"""The state of the stand-in: what exists, and how far each run has got. No I/O; the time is always an argument.

A run's future is a queue of beats with their times. Whoever asks about a thread, at whatever moment, first lets the
due beats happen: so status moves with real time for pollers and streams alike, and with no timer running.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, takewhile
from random import Random

from . import errors, events
from .events import Beat, Timeline
from .objects import JsonObject, mint, total_usage
from .script import Part, Script

ACTIVE = ("queued", "in_progress", "requires_action", "cancelling")


@dataclass
class Leg:
    """A run's way from one request to its next rest: the beats to come, and the frames of those that have been.

    A run without function calls has one leg; each submission begins a new one. Only `streamed` legs keep frames.
    """

    streamed: bool
    pending: deque[Beat] = field(default_factory=deque)
    frames: list[str] = field(default_factory=list)


@dataclass
class RunRecord:
    """A run with its steps, the part it plays, the answered calls as (name, output), and its present leg."""

    run: JsonObject
    part: Part
    leg: Leg
    steps: list[JsonObject] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)
    rounds_done: int = 0

    def usage(self) -> JsonObject:
        """What the finished steps cost."""
        return total_usage(step["usage"] for step in self.steps)


@dataclass
class ThreadRecord:
    """A thread with its messages and runs, oldest first."""

    thread: JsonObject
    messages: list[JsonObject] = field(default_factory=list)
    runs: dict[str, RunRecord] = field(default_factory=dict)

    def active_run(self) -> RunRecord | None:
        """The one run that is not over; only the newest can be."""
        last = next(reversed(self.runs.values()), None)
        return last if last and last.run["status"] in ACTIVE else None

    def advance(self, now: float, most: int | None = None) -> None:
        """Let everything happen that is due; at `most` so many beats, if that is given."""
        record = self.active_run()
        if record is None:
            return
        leg = record.leg
        due = islice(takewhile(lambda beat: beat.at <= now, leg.pending), most)
        for _ in range(sum(1 for _ in due)):
            self.play(record, [leg.pending.popleft()])
        run = record.run
        if run["status"] == "requires_action" and now >= run["expires_at"]:
            line = Timeline(run["expires_at"], 0)
            events.expired(line, run, record.steps[-1], record.usage())
            self.play(record, line.beats)

    def play(self, record: RunRecord, beats: Iterable[Beat]) -> None:
        """Let these beats of a run happen now; steps and messages begin to exist with theirs."""
        for beat in beats:
            beat.play()
            if beat.event == "thread.run.step.created":
                record.steps.append(beat.target)
            elif beat.event == "thread.message.created":
                self.messages.append(beat.target)
            if record.leg.streamed and beat.event:
                record.leg.frames.append(beat.frame())


class World:
    """Everything the server knows. One per server; used by one request at a time."""

    def __init__(self, script: Script, random: Random) -> None:
        self.script = script
        self.random = random
        self.assistants: dict[str, JsonObject] = {}
        self.threads: dict[str, ThreadRecord] = {}
        self.files: dict[str, tuple[JsonObject, bytes]] = {}

    def mint(self, prefix: str) -> str:
        """A fresh id with this prefix."""
        return mint(self.random, prefix)

    def assistant(self, assistant_id: str) -> JsonObject:
        """The assistant with this id, or 404."""
        if assistant_id not in self.assistants:
            raise errors.not_found("assistant", assistant_id)
        return self.assistants[assistant_id]

    def thread(self, thread_id: str, now: float) -> ThreadRecord:
        """The thread with this id as it is at this time, or 404."""
        if thread_id not in self.threads:
            raise errors.not_found("thread", thread_id)
        record = self.threads[thread_id]
        record.advance(now)
        return record

    def run(self, thread_id: str, run_id: str, now: float) -> RunRecord:
        """The run with this id on that thread as it is at this time, or 404."""
        thread = self.thread(thread_id, now)
        if run_id not in thread.runs:
            raise errors.not_found("run", run_id)
        return thread.runs[run_id]


def pick(items: Iterable[JsonObject], object_id: str, kind: str) -> JsonObject:
    """The item with this id, or 404 naming the kind."""
    for item in items:
        if item["id"] == object_id:
            return item
    raise errors.not_found(kind, object_id)
