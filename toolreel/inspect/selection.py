"""Which cassettes are listed, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolreel.store.catalogue import Row

SORTS = ("name", "requests", "runs", "calls", "streams", "frames", "failures", "size", "age")
"""What a list can be sorted by."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cassettes are listed: whose name fits one of `patterns`, and all that is asked for besides."""

    patterns: Sequence[str] = ()
    tool: str | None = None
    older_than: timedelta | None = None
    larger_than: int = 0
    streams: bool = False
    failed: bool = False

    def fits(self, row: Row, now: datetime) -> bool:
        """Whether a cassette is listed."""
        if not is_named(row.name, self.patterns):
            return False
        if self.older_than is not None and not _is_older(row, now - self.older_than):
            return False
        return (
            row.size >= self.larger_than
            and (row.streams > 0 or not self.streams)
            and (row.failures > 0 or not self.failed)
        )


EVERYTHING = Filter()
"""Leaves nothing out."""


def is_named(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits one of the patterns: names, folders, or with wildcards. All fit where there is none."""
    return not patterns or any(
        fnmatchcase(name, pattern) or name.startswith(pattern.rstrip("/") + "/") for pattern in patterns
    )


def _is_older(row: Row, than: datetime) -> bool:
    recorded = _instant(row.recorded_at)
    return recorded is not None and recorded < than


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def sort_key(row: Row, sort: str, now: datetime) -> tuple[float, str]:
    """What goes first has the most of it, or is the oldest."""
    if sort == "name":
        return 0, row.name
    if sort == "age":
        return -(now - (_instant(row.recorded_at) or now)).total_seconds(), row.name
    return -float(getattr(row, sort)), row.name
