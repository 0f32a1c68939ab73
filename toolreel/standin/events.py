"""What happens in a run, when, and in which order the stream shows it. Pure: times in, beats out.

The order of events is the recorded one (event tables of the wire notes). A JSON run goes through the same beats as a
streamed one; it is only not watched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .model import Answer, argument_pieces, text_pieces
from .objects import JsonObject, compact, stream_view, text_content, tool_call
from .script import Failure

DONE_FRAME = "event: done\ndata: [DONE]\n\n"


@dataclass(frozen=True)
class Beat:
    """One change: at this time (Unix seconds) `target` gets the fields of `patch`, and `event` is sent.

    Without an `event` the change is silent; with a `payload` that is sent instead of the target (deltas).
    """

    at: float
    event: str | None
    target: JsonObject
    patch: JsonObject = field(default_factory=dict)
    payload: JsonObject | None = None

    def play(self) -> None:
        """Make the change."""
        self.target.update(self.patch)

    def frame(self) -> str:
        """The stream frame of this beat, once played; empty if it is silent."""
        if self.event is None:
            return ""
        return f"event: {self.event}\ndata: {compact(self.payload or stream_view(self.target))}\n\n"


class Timeline:
    """Collects beats from a start time on; `frame_ms` passes before every delta."""

    def __init__(self, start: float, frame_ms: float) -> None:
        self.now = start
        self.frame_ms = frame_ms
        self.beats: list[Beat] = []

    def wait(self, ms: float) -> None:
        """Let this many milliseconds pass."""
        self.now += ms / 1000

    def show(self, event: str | None, target: JsonObject, **patch: Any) -> None:
        """The next change; its event, None for a silent one."""
        self.beats.append(Beat(self.now, event, target, patch))

    def delta(self, target: JsonObject, delta: JsonObject) -> None:
        """The next delta of a step or message."""
        self.wait(self.frame_ms)
        kind = f"{target['object']}.delta"
        payload = {"id": target["id"], "object": kind, "delta": delta}
        self.beats.append(Beat(self.now, kind, target, payload=payload))

    def seconds(self) -> int:
        """The present as the API writes it."""
        return int(self.now)


def opening(line: Timeline, run: JsonObject, thread: JsonObject | None) -> None:
    """A run is created; `thread` if the same request created it (POST /threads/runs)."""
    if thread is not None:
        line.show("thread.created", thread)
    line.show("thread.run.created", run)
    line.show("thread.run.queued", run)


def resubmission(
    line: Timeline, run: JsonObject, step: JsonObject, outputs: dict[str, str], usage: JsonObject
) -> None:
    """The outputs of the waiting step arrive: first of all that step completes, then the run is queued again."""
    calls = [
        tool_call(call["id"], call["function"]["name"], call["function"]["arguments"], output=outputs[call["id"]])
        for call in step["step_details"]["tool_calls"]
    ]
    details = {"type": "tool_calls", "tool_calls": calls}
    line.show(
        "thread.run.step.completed",
        step,
        status="completed",
        completed_at=line.seconds(),
        step_details=details,
        usage=usage,
    )
    line.show("thread.run.queued", run, status="queued", required_action=None)


def start(line: Timeline, run: JsonObject) -> None:
    """The run leaves the queue."""
    line.show("thread.run.in_progress", run, status="in_progress", started_at=line.seconds())


def calls(line: Timeline, run: JsonObject, step: JsonObject, wanted: Sequence[JsonObject]) -> None:
    """The run asks for these tool calls, in parallel, and waits."""
    _begin_step(line, step)
    for index, call in enumerate(wanted):
        function = call["function"]
        head = {"name": function["name"], "arguments": "", "output": None}
        line.delta(step, _call_delta({"index": index, "id": call["id"], "type": "function", "function": head}))
        for piece in argument_pieces(function["arguments"]):
            body = {"index": index, "type": "function", "function": {"arguments": piece}}
            line.delta(step, _call_delta(body))
    unanswered = [tool_call(call["id"], **call["function"], output=None) for call in wanted]
    line.show(None, step, step_details={"type": "tool_calls", "tool_calls": unanswered})
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": list(wanted)}}
    line.show("thread.run.requires_action", run, status="requires_action", required_action=action)


def _call_delta(call: JsonObject) -> JsonObject:
    return {"step_details": {"type": "tool_calls", "tool_calls": [call]}}


def _begin_step(line: Timeline, step: JsonObject) -> None:
    line.show("thread.run.step.created", step, created_at=line.seconds())
    line.show("thread.run.step.in_progress", step)


@dataclass(frozen=True)
class Spent:
    """Token counts: of the step that ends, and of the whole run."""

    step: JsonObject
    run: JsonObject


def answer(
    line: Timeline, run: JsonObject, step: JsonObject, message: JsonObject, said: Answer, spent: Spent
) -> None:
    """The run writes its message and ends, completed or incomplete."""
    _begin_step(line, step)
    line.show("thread.message.created", message, created_at=line.seconds())
    line.show("thread.message.in_progress", message)
    for index, piece in enumerate(text_pieces(said.text)):
        text: JsonObject = {"value": piece} if index else {"value": piece, "annotations": []}
        line.delta(message, {"content": [{"index": 0, "type": "text", "text": text}]})
    now, content = line.seconds(), text_content(said.text)
    if said.incomplete:
        cut = {"status": "incomplete", "incomplete_details": {"reason": "max_tokens"}, "incomplete_at": now}
        line.show("thread.message.incomplete", message, content=content, **cut)
    else:
        line.show("thread.message.completed", message, content=content, status="completed", completed_at=now)
    line.show("thread.run.step.completed", step, status="completed", completed_at=now, usage=spent.step)
    end = "incomplete" if said.incomplete else "completed"
    why = {"reason": said.incomplete} if said.incomplete else None
    line.show(
        f"thread.run.{end}",
        run,
        status=end,
        expires_at=None,
        completed_at=now,
        incomplete_details=why,
        usage=spent.run,
    )


def failure(line: Timeline, run: JsonObject, why: Failure, usage: JsonObject) -> None:
    """The run fails."""
    error = {"code": why.code, "message": why.message}
    line.show(
        "thread.run.failed",
        run,
        status="failed",
        expires_at=None,
        failed_at=line.seconds(),
        last_error=error,
        usage=usage,
    )


def cancelling(line: Timeline, run: JsonObject) -> None:
    """A cancel request arrives."""
    line.show("thread.run.cancelling", run, status="cancelling", required_action=None)


def cancelled(line: Timeline, run: JsonObject, open_objects: Iterable[JsonObject], usage: JsonObject) -> None:
    """The run is cancelled, with the step and the message that were not finished."""
    now = line.seconds()
    for item in open_objects:
        if item["object"] == "thread.run.step":
            line.show("thread.run.step.cancelled", item, status="cancelled", cancelled_at=now)
        else:
            why = {"reason": "run_cancelled"}
            line.show(
                "thread.message.incomplete", item, status="incomplete", incomplete_details=why, incomplete_at=now
            )
    line.show("thread.run.cancelled", run, status="cancelled", expires_at=None, cancelled_at=now, usage=usage)


def expired(line: Timeline, run: JsonObject, step: JsonObject, usage: JsonObject) -> None:
    """Nobody answered the calls in time."""
    line.show("thread.run.step.expired", step, status="expired")
    line.show("thread.run.expired", run, status="expired", required_action=None, usage=usage)
