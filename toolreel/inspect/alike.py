"""Values of two takes compared: minted ids by what they stand for, JSON by its members, texts as texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from toolreel.dialects.ids import ID
from toolreel.normalise.symbols import prefix_of

Path = tuple[str | int, ...]

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
"""Stands for a member that one side does not have."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place at which two values differ; ABSENT where one of them has nothing."""

    path: Path
    before: Any
    after: Any


class Ids:
    """Which id of the one take is which of the other: they pair up where they stand in the same place."""

    def __init__(self, minted_before: set[str], minted_after: set[str]) -> None:
        self._minted = minted_before, minted_after
        self._after: dict[str, str] = {}
        self._before: dict[str, str] = {}

    def equal(self, before: str, after: str) -> bool:
        """Whether two texts are equal but for ids that pair up; pairs those that were not paired yet."""
        if before == after and not ID.search(before):
            return True
        if ID.sub("\0", before) != ID.sub("\0", after):
            return False
        pairs = [(a[0], b[0]) for a, b in zip(ID.finditer(before), ID.finditer(after), strict=True)]
        if not all(self._fit(a, b) for a, b in pairs):
            return False
        for a, b in pairs:
            if a in self._minted[0]:
                self._after.setdefault(a, b)
                self._before.setdefault(b, a)
        return True

    def _fit(self, before: str, after: str) -> bool:
        minted = before in self._minted[0], after in self._minted[1]
        if minted != (True, True):
            return minted == (False, False) and before == after
        if prefix_of(before) != prefix_of(after):
            return False
        return self._after.get(before, after) == after and self._before.get(after, before) == before


def loosely(value: Any) -> Any:
    """A value with its ids reduced to their prefixes, to find what may belong together."""
    if isinstance(value, str):
        return ID.sub(lambda match: match["prefix"] or "-", value)
    if isinstance(value, dict):
        return {key: loosely(member) for key, member in value.items()}
    if isinstance(value, list):
        return [loosely(item) for item in value]
    return value


def differing(before: Any, after: Any, ids: Ids, path: Path = ()) -> Iterator[Leaf]:
    """The places at which two JSON values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from differing(before.get(key, ABSENT), after.get(key, ABSENT), ids, (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for place, old, new in aligned(before, after, _dumps):
            yield from differing(old, new, ids, (*path, place))
    elif isinstance(before, str) and isinstance(after, str):
        if not ids.equal(before, after):
            yield from _texts(before, after, ids, path)
    elif before is ABSENT or after is ABSENT or not _same(before, after):
        yield Leaf(path, before, after)


def _texts(before: str, after: str, ids: Ids, path: Path) -> Iterator[Leaf]:
    """JSON in a text differs in its members, whatever its spelling."""
    old, new = parsed(before), parsed(after)
    if old is None or new is None or type(old) is not type(new):
        yield Leaf(path, before, after)
        return
    yield from differing(old, new, ids, path)


def parsed(text: str) -> Any:
    """The object or list that a text is in JSON, else None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _same(before: Any, after: Any) -> bool:
    """`1` is `1.0`, and `true` is no 1."""
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)


def aligned(before: Sequence[Any], after: Sequence[Any], key: Callable[[Any], str]) -> list[tuple[int, Any, Any]]:
    """The items of two lists side by side: equal keys first, what stands between them in its order, the rest alone.

    Each with its place in the list that has it.
    """
    matcher = SequenceMatcher(None, [key(one) for one in before], [key(one) for one in after], autojunk=False)
    found: list[tuple[int, Any, Any]] = []
    for _, a, a_end, b, b_end in matcher.get_opcodes():
        for step in range(max(a_end - a, b_end - b)):
            old = before[a + step] if a + step < a_end else ABSENT
            new = after[b + step] if b + step < b_end else ABSENT
            found.append((a + step if old is not ABSENT else b + step, old, new))
    return found


def _dumps(value: Any) -> str:
    return json.dumps(loosely(value), sort_keys=True, default=str)
