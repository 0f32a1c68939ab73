"""Figures over recordings: of tools the calls, shapes of arguments and sizes of outputs; the speed of streams."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from toolreel.store.facts import RequestFacts, ToolCall


@dataclass(frozen=True, slots=True)
class Spread:
    """The smallest, the middle and the largest of some figures."""

    least: float
    median: float
    most: float


@dataclass(frozen=True, slots=True)
class ToolStats:
    """One tool. `shapes` are what its arguments look like, the most frequent first, with their counts.

    `output_size` is in characters, None where no call has an output.
    """

    tool: str
    calls: int
    answered: int
    shapes: tuple[tuple[str, int], ...]
    output_size: Spread | None


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Streams; what nobody timed is counted in `count` and `frames` only."""

    count: int
    frames: int
    first_frame_ms: Spread | None
    frames_per_second: Spread | None


@dataclass(frozen=True, slots=True)
class Stats:
    """All figures; `routes` are the requests of each method and route, `statuses` the answers of each status."""

    requests: int
    routes: tuple[tuple[str, int], ...]
    statuses: tuple[tuple[int, int], ...]
    tools: tuple[ToolStats, ...]
    streams: StreamStats

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def stats(requests: Iterable[RequestFacts], calls: Iterable[ToolCall]) -> Stats:
    """The figures of interactions and tool calls."""
    requests = list(requests)
    of_tool: dict[str, list[ToolCall]] = {}
    for call in calls:
        of_tool.setdefault(call.tool, []).append(call)
    tools = [_tool(tool, found) for tool, found in of_tool.items()]
    return Stats(
        requests=len(requests),
        routes=_counted(f"{one.method} {one.route}" for one in requests),
        statuses=tuple(sorted(Counter(one.status for one in requests).items())),
        tools=tuple(sorted(tools, key=lambda tool: (-tool.calls, tool.tool))),
        streams=_streams([one for one in requests if one.frames is not None]),
    )


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(names).items(), key=lambda one: (-one[1], one[0])))


def _tool(tool: str, calls: Sequence[ToolCall]) -> ToolStats:
    outputs = [call.output for call in calls if call.output is not None]
    return ToolStats(
        tool, len(calls), len(outputs), _counted(shape(call.arguments) for call in calls), _spread(map(len, outputs))
    )


def _streams(streams: Sequence[RequestFacts]) -> StreamStats:
    speeds = [one.frames * 1000 / one.last_frame_ms for one in streams if one.frames and one.last_frame_ms]
    return StreamStats(
        count=len(streams),
        frames=sum(one.frames or 0 for one in streams),
        first_frame_ms=_spread(one.first_frame_ms for one in streams if one.first_frame_ms is not None),
        frames_per_second=_spread(round(speed, 1) for speed in speeds),
    )


def _spread(figures: Iterable[float]) -> Spread | None:
    found = sorted(figures)
    return Spread(found[0], median(found), found[-1]) if found else None


def shape(arguments: str) -> str:
    """What arguments look like: `{"city":"Paris"}` like `{city: string}`."""
    try:
        return _shape(json.loads(arguments))
    except (ValueError, RecursionError):
        return "no JSON" if arguments else "nothing"


def _shape(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_shape(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + " | ".join(sorted({_shape(item) for item in value})) + "]"
        case str():
            return "string"
        case None:
            return "null"
        case bool():
            return "boolean"
        case _:
            return "number"
