"""A request that the cassette cannot answer, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class MissCode(StrEnum):
    """Why there is no answer."""

    NO_MATCH = "no_match"
    """No recorded request is like this one."""
    WRONG_EPOCH = "wrong_epoch"
    """The read was recorded, but before or after other writes of its scope."""
    AMBIGUOUS = "ambiguous"
    """The request ties together what was recorded apart."""
    EXHAUSTED = "exhausted"
    """There are recorded requests like this one, and all have been played."""
    OTHER_HOST = "other_host"
    """The request is for a host that the cassette has no recording of."""
    NO_SESSION = "no_session"
    """The request names no session that could answer it."""
    INTERNAL = "internal"
    """toolreel itself failed; the request still does not leave this machine."""


@dataclass(frozen=True, slots=True)
class Miss:
    """`message` is one sentence for people; `param` is the JSON path of the field that differs, if any."""

    code: MissCode
    message: str
    param: str | None = None


MOST_KEPT = 1_000
"""So many different misses are kept."""


class MissCount:
    """How often each miss came. What is kept stays bounded: who asks for ever is told so often enough."""

    def __init__(self) -> None:
        self.times: Counter[Miss] = Counter()
        """In the order in which each came first."""

    def add(self, miss: Miss, times: int = 1) -> None:
        """Counts a miss in."""
        if miss not in self.times and len(self.times) >= MOST_KEPT:
            miss = Miss(miss.code, "Further requests, too many to name each.")
        self.times[miss] += times
