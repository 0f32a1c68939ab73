"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Paged(Generic[_T]):
    """One page of a list: its `items`, the place of the first of them in the list, and which page of how many."""

    items: Sequence[_T]
    first: int
    number: int
    count: int


def paged(items: Sequence[_T], asked: str | None, length: int) -> Paged[_T]:
    """The page that is asked for, from 1 on; the nearest there is if there is none of that number."""
    number, count = page_asked(asked, len(items), length)
    first = (number - 1) * length
    return Paged(items[first : first + length], first, number, count)


def page_asked(asked: str | None, total: int, length: int) -> tuple[int, int]:
    """Which page of how many is asked for, of a list of so many items."""
    count = max(1, -(-total // length))
    number = int(asked) if asked and asked.isascii() and asked.isdigit() and len(asked) < 10 else 1
    return min(max(number, 1), count), count
