"""When the parts of an answer are sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from toolreel.messages.model import Performance

from .answer import Answer

_FASTER, _FIXED = re.compile(r"x([0-9]{1,6}(?:\.[0-9]{1,6})?)"), re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)ms")


class Tempo(StrEnum):
    """What sets the time."""

    INSTANT = "instant"
    """Nothing: all is sent at once."""
    RECORDED = "recorded"
    """The recording, at its own or another speed."""
    FIXED = "fixed"
    """A number of milliseconds before the headers, and before each further frame."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`number` is how many times faster than recorded, or the fixed milliseconds."""

    tempo: Tempo = Tempo.INSTANT
    number: float = 1

    @property
    def instant(self) -> bool:
        """Whether nothing waits."""
        return self.tempo is Tempo.INSTANT

    def timed(self, answer: Answer, performance: Performance | None) -> Answer:
        """An answer whose pieces are the frames as received, with the time that passes before each."""
        if self.tempo is Tempo.INSTANT or (self.tempo is Tempo.RECORDED and performance is None):
            return answer
        frames = len(answer.pieces)
        if self.tempo is Tempo.FIXED or performance is None:
            return replace(answer, wait=self.number, delays=(0, *[self.number] * (frames - 1)) if frames else ())
        times = [time / self.number for time in _times(performance, frames)]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        if not frames:
            return replace(answer, wait=times[0])
        return replace(answer, wait=times[0], delays=(0, *gaps[:-1]), end_delay=gaps[-1])


INSTANT = Pace()


def parse_pace(text: str) -> Pace:
    """`instant`, `recorded`, `xN` (N times faster) or `MSms`; raises ValueError."""
    if text in (Tempo.INSTANT, Tempo.RECORDED):
        return Pace(Tempo(text))
    if (match := _FASTER.fullmatch(text)) and float(match[1]):
        return Pace(Tempo.RECORDED, float(match[1]))
    if match := _FIXED.fullmatch(text):
        return Pace(Tempo.FIXED, float(match[1]))
    raise ValueError(f"{text!r} is no pace; write instant, recorded, xN or MSms, such as x10 or 50ms")


def _times(performance: Performance, frames: int) -> list[int]:
    """When each frame was there and when the answer ended, in milliseconds since the request.

    Nobody notes when headers come: they go with the first frame. Where frames have no times, all come at the end.
    """
    noted = list((performance.frame_ms or ())[:frames])
    span = max(0, performance.ms[1] - performance.ms[0]) if performance.ms else max(noted, default=0)
    times = noted + [span] * (frames - len(noted)) + [span]
    for place in range(1, len(times)):
        times[place] = max(times[place], times[place - 1])  # a clock that went back while recording
    return times
