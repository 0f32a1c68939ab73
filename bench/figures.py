"""What a benchmark finds: tables, and the targets beside what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars to draw: label, value, and the kind of contender, which gives the colour."""

    title: str
    unit: str
    bars: Sequence[tuple[str, float, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's result. A cell that is a number is shown as one; None is an empty cell."""

    title: str
    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A promise of the project: `least` or `most` bounds the measured figure, in `unit`."""

    what: str
    least: float | None = None
    most: float | None = None
    unit: str = "×"

    def is_met(self, measured: float) -> bool:
        """Whether the figure keeps the promise."""
        return (self.least is None or measured >= self.least) and (self.most is None or measured <= self.most)


@dataclass(slots=True)
class Findings:
    """What a run has found so far: sections, measured targets by key with what they were measured against, and what
    was left out and why."""

    sections: list[Section] = field(default_factory=list)
    measured: dict[str, tuple[float, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    """Every single reading, for the JSON."""


def in_turn(measures: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Measures each in turn, several times; every other round backwards, so that a machine's drift cancels."""
    found: dict[str, list[T]] = {name: [] for name in measures}
    for number in range(rounds):
        order = list(measures)[:: 1 if number % 2 == 0 else -1]
        for name in order:
            found[name].append(measures[name]())
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios round by round."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def median(values: Sequence[float]) -> float:
    """The median."""
    return float(statistics.median(values))
