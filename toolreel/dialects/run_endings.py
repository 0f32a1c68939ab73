"""How runs of the Assistants API end badly: what the run then says of itself, and what its stream shows.

Fields and events: https://platform.openai.com/docs/api-reference/runs/object and assistants-streaming/events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

JsonObject = dict[str, Any]

DONE = "done", "[DONE]"
"""The event that ends a stream, and its data."""

_RESTS = frozenset({"requires_action", "completed", "failed", "cancelled", "expired", "incomplete"})
SETTLED = frozenset({"thread.message.completed", *(f"thread.run.{status}" for status in _RESTS)})
"""Events with which a stream comes to its end; a run that ends badly ends before them."""


class Status(StrEnum):
    """The status with which a run can end badly."""

    FAILED = "failed"
    EXPIRED = "expired"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ends: `code` and `message` are the last_error of a failed one, `reason` why one is incomplete."""

    status: Status
    code: str = "server_error"
    message: str = "Sorry, something went wrong."
    reason: str = "max_completion_tokens"

    @property
    def last_error(self) -> JsonObject | None:
        """As it stands in a run; only failed ones have it."""
        return {"code": self.code, "message": self.message} if self.status is Status.FAILED else None

    def of(self, run: JsonObject) -> JsonObject:
        """The run, having ended like this."""
        at = latest(run)
        ended = {
            "status": self.status.value,
            "failed_at": at if self.status is Status.FAILED else None,
            "completed_at": at if self.status is Status.INCOMPLETE else None,
            "required_action": None,
            "last_error": self.last_error,
            "incomplete_details": {"reason": self.reason} if self.status is Status.INCOMPLETE else None,
            "usage": run.get("usage") or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }
        if self.status is not Status.EXPIRED:
            ended["expires_at"] = None
        return run | ended

    def of_step(self, step: JsonObject, at: int) -> tuple[str, JsonObject]:
        """The event of a step that the run leaves unfinished, and the step; one of an incomplete run is completed."""
        status = "completed" if self.status is Status.INCOMPLETE else self.status.value
        return f"thread.run.step.{status}", step | {
            "status": status,
            f"{status}_at": at,
            "last_error": self.last_error,
        }

    def of_message(self, message: JsonObject, at: int) -> tuple[str, JsonObject]:
        """The event of a message that the run leaves unfinished, and the message."""
        reason = "max_tokens" if self.status is Status.INCOMPLETE else f"run_{self.status}"
        return "thread.message.incomplete", message | {
            "status": "incomplete",
            "incomplete_details": {"reason": reason},
            "incomplete_at": at,
        }


@dataclass(slots=True)
class Watch:
    """What the frames of a stream have told so far: the run, and the steps and messages that are not finished."""

    run: JsonObject | None = None
    _open: dict[str, JsonObject] = field(default_factory=dict)

    def see(self, value: Any) -> None:
        """The next frame's JSON."""
        kind, name = (value.get("object"), value.get("id")) if isinstance(value, dict) else (None, None)
        if kind == "thread.run":
            self.run = value
        elif kind in ("thread.run.step", "thread.message") and isinstance(name, str):
            self._open[name] = value
            if value.get("status") != "in_progress":
                del self._open[name]
        elif kind == "thread.message.delta" and name in self._open:
            self._open[name] = _grown(self._open[name], value.get("delta"))

    def ended(self, end: RunEnd) -> Iterator[tuple[str, JsonObject]]:
        """The events with which the stream ends, if the run ends now; none if it has not shown a run yet."""
        if self.run is None:
            return
        run = end.of(self.run)
        at = latest(self.run)
        for item in sorted(self._open.values(), key=lambda item: str(item["object"])):  # messages before steps
            yield end.of_message(item, at) if item["object"] == "thread.message" else end.of_step(item, at)
        yield f"thread.run.{end.status}", run


def refusal(run: JsonObject, calls: list[str]) -> str | None:
    """Why the API takes no outputs for these calls, in its own words; None if the run waits for them."""
    if run.get("status") != "requires_action":
        return f'Runs in status "{run.get("status")}" do not accept tool outputs.'
    action: Any = run.get("required_action") or {}
    wanted = [call.get("id") for call in action.get("submit_tool_outputs", {}).get("tool_calls", ())]
    if sorted(map(str, wanted)) == sorted(calls):
        return None
    return f"Expected tool outputs for call_ids {wanted}, got {calls}"


def latest(run: JsonObject) -> int:
    """The last moment that a run knows of, in Unix seconds; when it expires is no such moment."""
    times = [run.get(f"{name}_at") for name in ("created", "started", "completed", "failed", "cancelled")]
    return max((time for time in times if type(time) is int), default=0)


def _grown(message: JsonObject, delta: Any) -> JsonObject:
    """The message with what a delta adds to its text."""
    content: list[Any] = [*message.get("content", ())]
    for part in (delta.get("content") if isinstance(delta, dict) else None) or ():
        text, place = part.get("text"), part.get("index")
        if place == len(content):
            content.append({"type": "text", "text": {"value": "", "annotations": []}})
        old = content[place].get("text") if isinstance(place, int) and place < len(content) else None
        if isinstance(old, dict) and isinstance(text, dict):
            value = old["value"] + (text.get("value") or "")
            annotations = old["annotations"] + (text.get("annotations") or [])
            content[place] = {"type": "text", "text": {"value": value, "annotations": annotations}}
    return message | {"content": content}
