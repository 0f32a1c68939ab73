"""Where in a JSON text a value stands, so that a message about it can name the line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = json.JSONDecoder()


def line_of(text: str, location: Sequence[str | int]) -> int:
    """The line, counted from 1, of the value at `location` (member names and indexes) in a valid JSON `text`.

    Steps that the text does not have are skipped: the line is then that of the nearest value around it.
    """
    at = _skip(text, 0)
    for step in location:
        found = _step(text, at, step)
        if found is not None:
            at = found
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _step(text: str, at: int, step: str | int) -> int | None:
    opening = text[at]
    if opening == "{" and isinstance(step, str):
        return _member(text, at, step)
    if opening == "[" and isinstance(step, int):
        return _element(text, at, step)
    return None


def _member(text: str, at: int, name: str) -> int | None:
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _decoder.raw_decode(text, at)
        value = _skip(text, _skip(text, at) + 1)
        if key == name:
            return value
        at = _next(text, value)
    return None


def _element(text: str, at: int, index: int) -> int | None:
    at = _skip(text, at + 1)
    while text[at] != "]":
        if index == 0:
            return at
        index -= 1
        at = _next(text, at)
    return None


def _next(text: str, value: int) -> int:
    at = _skip(text, _decoder.raw_decode(text, value)[1])
    return _skip(text, at + 1) if text[at] == "," else at
