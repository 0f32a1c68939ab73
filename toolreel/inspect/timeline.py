"""What happened in a recording: conversation by conversation, request by request.

Values only: how they look on a terminal or in a browser is the business of others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from toolreel.dialects.calls import Call
from toolreel.messages.model import Cassette, Interaction, JsonBody, Performance, Read

from .conversations import Conversation, conversations_of
from .exchange import Exchange


class Kind(StrEnum):
    """What an event is."""

    USER = "user"
    """The user says something."""
    OUTPUT = "output"
    """The program submits the output of a tool call."""
    POLLS = "polls"
    """What earlier answers to the same read said."""
    CALL = "call"
    """The model wants a tool to be called."""
    TEXT = "text"
    """The model says something."""
    RUN = "run"
    """The status of the run."""
    ERROR = "error"
    """The API refuses, or the run failed."""
    ANSWER = "answer"
    """What else was answered: the names of the objects."""
    ENDING = "ending"
    """The answer did not end well."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a request or its answer says; `text` is whole. `tool` and `arguments` are of a tool call."""

    kind: Kind
    text: str
    call: str | None = None
    tool: str | None = None
    arguments: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One interaction. Times are milliseconds since the first request of the cassette, None where nobody noted them.

    `first_frame_ms` and `last_frame_ms` count from its own request.
    """

    n: int
    method: str
    path: str
    query: str
    status: int
    ending: str
    start_ms: int | None
    end_ms: int | None
    frames: int | None
    first_frame_ms: int | None
    last_frame_ms: int | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A conversation and its steps."""

    conversation: Conversation
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a cassette holds, and what happened in it."""

    upstreams: tuple[str, ...]
    recorded_at: str | None
    tool: str | None
    chapters: tuple[Chapter, ...]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        value = asdict(self)
        for chapter in value["chapters"]:
            needs = chapter["conversation"].pop("needs")
            chapter["conversation"]["needs"] = sorted(needs)
        return value


def timeline(cassette: Cassette) -> Timeline:
    """The timeline of a cassette."""
    take = cassette.take
    zero = first_ms(cassette)
    known: dict[str, Call] = {}
    steps: dict[int, Step] = {}
    for interaction in cassette.interactions:
        exchange = Exchange(interaction)
        n = str(interaction.n)
        performance = take.interactions.get(n) if take else None
        reads = take.reads.get(n, ()) if take else ()
        # Of a poll, its first request is when it came to its place.
        first = reads[0].ms[0][0] if reads and reads[0].ms else None
        steps[interaction.n] = _step(exchange, performance, first, zero, reads, known)
        for call in exchange.calls:
            known.setdefault(call.id, call)
    chapters = tuple(
        Chapter(conversation, tuple(steps[n] for n in conversation.interactions))
        for conversation in conversations_of(cassette)
    )
    return Timeline(cassette.upstreams, take.recorded_at if take else None, take.tool if take else None, chapters)


def first_ms(cassette: Cassette) -> int:
    """When the first request came, in milliseconds since the recorder was started."""
    take = cassette.take
    if take is None:
        return 0
    times = [one.ms[0] for one in take.interactions.values() if one.ms]
    times += [ms[0] for reads in take.reads.values() for read in reads for ms in read.ms or ()]
    return min(times, default=0)


def _step(
    exchange: Exchange,
    performance: Performance | None,
    first: int | None,
    zero: int,
    reads: tuple[Read, ...],
    known: Mapping[str, Call],
) -> Step:
    interaction = exchange.interaction
    frames = interaction.response.frames
    ms = performance.ms if performance else None
    frame_ms = (performance.frame_ms if performance else None) or ()
    start = first if first is not None else ms[0] if ms else None
    return Step(
        n=interaction.n,
        method=interaction.request.method,
        path=interaction.request.path,
        query="&".join(f"{name}={value}" for name, value in interaction.request.query),
        status=interaction.response.status,
        ending=interaction.ending.value,
        start_ms=None if start is None else start - zero,
        end_ms=ms[1] - zero if ms else None,
        frames=None if frames is None else len(frames),
        first_frame_ms=frame_ms[0] if frame_ms else None,
        last_frame_ms=frame_ms[-1] if frame_ms else None,
        events=tuple(events_of(exchange, reads, known)),
    )


def events_of(
    exchange: Exchange, reads: tuple[Read, ...] = (), known: Mapping[str, Call] | None = None
) -> list[Event]:
    """What a request and its answer say, in the order in which it happened.

    `reads` are earlier answers to it, `known` the tool calls that were asked for before, by their ids.
    """
    known = known or {}
    events = [Event(Kind.USER, text) for text in exchange.asked]
    for call_id, output in exchange.outputs:
        call = known.get(call_id)
        events.append(
            Event(Kind.OUTPUT, output, call_id, call.tool if call else None, call.arguments if call else None)
        )
    if polls := _polls(exchange.interaction, reads):
        events.append(Event(Kind.POLLS, polls))
    events += _answered(exchange, known)
    if exchange.interaction.ending.value in ("cut", "client_gone"):
        events.append(Event(Kind.ENDING, _ENDINGS[exchange.interaction.ending.value]))
    return events


_ENDINGS = {"cut": "the upstream broke off", "client_gone": "the client left before the end"}


def _answered(exchange: Exchange, known: Mapping[str, Call]) -> list[Event]:
    events = []
    if exchange.error:
        events.append(Event(Kind.ERROR, exchange.error))
    events += [
        Event(Kind.CALL, call.output or "", call.id, call.tool, call.arguments)
        for call in exchange.calls
        if call.id not in known
    ]
    if exchange.answer:
        events.append(Event(Kind.TEXT, exchange.answer))
    if exchange.status:
        events.append(Event(Kind.RUN, exchange.status))
    counts = Counter(exchange.objects)
    if exchange.objects and not events:
        events.append(Event(Kind.ANSWER, ", ".join(f"{n} × {name}" if n > 1 else name for name, n in counts.items())))
    if not events and exchange.values and not exchange.streams:
        listed = isinstance(exchange.values[0], Mapping) and exchange.values[0].get("object") == "list"
        events.append(Event(Kind.ANSWER, "an empty list" if listed else "JSON"))
    return events


def _polls(interaction: Interaction, reads: tuple[Read, ...]) -> str:
    """`2 × queued, 3 × in_progress`."""
    told = [(_status(interaction, read), read.count) for read in reads]
    merged = [(status, sum(count for _, count in group)) for status, group in groupby(told, key=lambda one: one[0])]
    return ", ".join(f"{count} × {status}" for status, count in merged)


def _status(interaction: Interaction, read: Read) -> str:
    """What a superseded answer said, in a word."""
    if read.status is not None and read.status >= 400:
        return str(read.status)
    body = read.body if read.body is not None else interaction.response.body
    value = body.value if isinstance(body, JsonBody) else None
    if isinstance(value, dict):
        if isinstance(value.get("data"), list):
            return f"list of {len(value['data'])}"
        return str(value.get("status") or value.get("object") or read.status or interaction.response.status)
    return str(read.status or interaction.response.status)
