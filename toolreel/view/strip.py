"""When the frames of a stream came, as a small drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from toolreel.inspect.detail import FrameLine

BARS = 80


@dataclass(frozen=True, slots=True)
class Bar:
    """How many frames came in one stretch of time; `height` is its share of the most, in percent."""

    place: int
    height: int
    count: int


def bars(frames: Sequence[FrameLine]) -> list[Bar]:
    """The stretches in which frames came; none if nobody timed them or they came at once."""
    times = [frame.ms for frame in frames if frame.ms is not None]
    last = max(times, default=0)
    if len(times) < 2 or last <= 0:
        return []
    counts = Counter(min(max(ms, 0) * BARS // last, BARS - 1) for ms in times)
    most = max(counts.values())
    return [Bar(place, max(6, 100 * count // most), count) for place, count in sorted(counts.items())]
