"""Where in a JSON text something stands, so that a message about it can name the line."""

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


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


def duplicate_of(text: str) -> tuple[str, int]:
    """The first member that an object in a valid JSON `text` has a second time, and the line of that.

    Raises ValueError if there is none.
    """
    stack: list[set[str] | None] = []  # of an object the names so far, of an array None
    is_key = False
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "{[":
            stack.append(set() if token == "{" else None)
        elif token in "}]":
            stack.pop()
        elif token != "," and is_key and (names := stack[-1]) is not None:
            name = json.loads(token)
            if name in names:
                return name, text.count("\n", 0, match.start()) + 1
            names.add(name)
        is_key = token in "{," and bool(stack) and stack[-1] is not None
    raise ValueError("no object has a member twice")
