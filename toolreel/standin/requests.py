"""A request and its reply as the handlers of the API see them: plain values, no HTTP library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from . import bodies
from .objects import JsonObject
from .state import Leg, RunRecord, ThreadRecord, World


@dataclass(frozen=True)
class Request:
    """A request that was routed: `now` in Unix seconds, `ids` from the path (`thread_id`, `run_id` …)."""

    now: float
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    content_type: str = "application/json"

    def body(self) -> JsonObject:
        """The JSON object that was sent."""
        return bodies.parse(self.raw)


@dataclass(frozen=True)
class Stream:
    """A reply that goes on: the frames of this leg, as they happen."""

    thread: ThreadRecord
    leg: Leg


@dataclass(frozen=True)
class Content:
    """A reply of plain bytes: the content of a file."""

    data: bytes


Reply = JsonObject | Stream | Content
Handler = Callable[[World, Request], Reply]


def thread_of(world: World, request: Request) -> ThreadRecord:
    """The thread that the path names, as it is now."""
    return world.thread(request.ids["thread_id"], request.now)


def run_of(world: World, request: Request) -> RunRecord:
    """The run that the path names, as it is now."""
    return world.run(request.ids["thread_id"], request.ids["run_id"], request.now)


def change_metadata(item: JsonObject, body: JsonObject) -> JsonObject:
    """The item, changed by a modify request that may set nothing but metadata."""
    bodies.check_metadata(body)
    if body.get("metadata") is not None:
        item["metadata"] = body["metadata"]
    return item
