"""Replacements in a text, and the way back from what a text says to how it is spelled.

Redaction decides on *decoded* text (a JSON string without its escapes, a query without its percents) and changes the
*spelled* one, and only there where the secret stands: every other byte stays as it came.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple


class Edit(NamedTuple):
    """`text` shall stand in place of the characters from `start` to `end`; `""` where a secret only goes on."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """`text` after edits that are in order and do not overlap."""
    parts, at = list[str](), 0
    for start, end, new in edits:
        parts += (text[at:start], new)
        at = end
    parts.append(text[at:])
    return "".join(parts)


class Decoded(NamedTuple):
    """A text, and where each of its characters (and its end) is spelled; None if it is spelled as it is."""

    text: str
    places: list[int] | None

    def spelled_at(self, offset: int) -> int:
        """Where in the spelled text the character at `offset` begins."""
        return offset if self.places is None else self.places[offset]


class Places:
    """Where a text that is decoded piece by piece is spelled."""

    def __init__(self, start: int) -> None:
        self._end = 0
        self._offsets, self._starts, self._pieces = [0], [start], [Decoded("", None)]

    def add(self, piece: Decoded, start: int) -> None:
        """The next characters are spelled from `start` on."""
        self._offsets.append(self._end)
        self._starts.append(start)
        self._pieces.append(piece)
        self._end += len(piece.text)

    def spelled_at(self, offset: int) -> int:
        """Where the character at `offset` is spelled; `offset` may not be one that was forgotten."""
        index = max(bisect_right(self._offsets, offset) - 1, 0)
        return self._starts[index] + self._pieces[index].spelled_at(offset - self._offsets[index])

    def forget(self, offset: int) -> None:
        """Nothing before `offset` will be asked for again."""
        index = bisect_right(self._offsets, offset) - 1
        if index > 0:
            del self._offsets[:index], self._starts[:index], self._pieces[:index]


_UNIT = re.compile(
    r"[^\\]+|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.?", re.DOTALL
)
_UNFINISHED = re.compile(r"\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?\Z")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def unescaped(spelled: str) -> Decoded:
    """What stands between the quotes of a JSON string (RFC 8259 §7), decoded; what is no escape stays as it is."""
    if "\\" not in spelled:
        return Decoded(spelled, None)
    parts, places = list[str](), list[int]()
    for match in _UNIT.finditer(spelled):
        unit, start = match.group(), match.start()
        if unit[0] != "\\":
            parts.append(unit)
            places.extend(range(start, match.end()))
            continue
        if len(unit) == 12:
            char = chr(0x10000 + ((int(unit[2:6], 16) & 0x3FF) << 10 | int(unit[8:], 16) & 0x3FF))
        elif len(unit) == 6:
            char = chr(int(unit[2:], 16))
        else:
            char = _ESCAPES.get(unit[1:], unit)
        parts.append(char)
        places.extend(range(start, start + len(char)))
    places.append(len(spelled))
    return Decoded("".join(parts), places)


def whole_escapes(spelled: str) -> int:
    """How many characters of the beginning of a JSON string can be decoded, whatever comes after them."""
    if "\\" in spelled[-12:]:
        for match in _UNIT.finditer(spelled):
            if match.start() >= len(spelled) - 12 and _UNFINISHED.match(spelled, match.start()):
                return match.start()
    return len(spelled)


def escaped(text: str) -> str:
    """A replacement as it is spelled inside a JSON string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


_PERCENTS = re.compile(r"(?:%[0-9a-fA-F]{2})+|[^%]+|%")


def percent_decoded(spelled: str, *, plus: bool = False) -> Decoded:
    """A percent-encoded text (RFC 3986 §2.1) decoded; with `plus`, as forms are, `+` is a space (WHATWG URL §5.1)."""
    if "%" not in spelled:
        return Decoded(spelled.replace("+", " ") if plus else spelled, None)
    parts, places = list[str](), list[int]()
    for match in _PERCENTS.finditer(spelled):
        unit, start = match.group(), match.start()
        if len(unit) < 3 or unit[0] != "%":
            parts.append(unit.replace("+", " ") if plus else unit)
            places.extend(range(start, match.end()))
            continue
        for char in bytes.fromhex(unit.replace("%", "")).decode("utf-8", "surrogateescape"):
            parts.append(char)
            places.append(start)
            start += 3 * len(char.encode("utf-8", "surrogateescape"))
    places.append(len(spelled))
    return Decoded("".join(parts), places)
