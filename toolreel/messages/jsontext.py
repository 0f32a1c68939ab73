"""JSON that keeps its spelling: parse a text only if it can be written again byte for byte.

A cassette shows JSON bodies as JSON, because people review them; and a replay must send the very bytes that were
received. Both hold for a text that one of a few known styles spells exactly as received. Everything else (``1.10``,
``1e16``, ``-0``, duplicate keys, ``\\/``) is no JSON to us and is kept as text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

MAX_DEPTH = 64
"""Deeper values stay text: the cassette wraps them in more levels, and every reader of it has a limit of its own."""

_PRETTY = "pretty2"
_SEPARATORS = {"compact": (",", ":"), "spaced": (", ", ": ")}
UNKNOWN = "unknown"
"""The style of a value whose spelling nobody kept. It is spelled like ``pretty2``, as the API spells its answers."""

STYLES = (
    *(
        f"{layout}{ascii_}{newline}"
        for layout in (*_SEPARATORS, _PRETTY)
        for ascii_ in ("", "+ascii")
        for newline in ("", "+nl")
    ),
    UNKNOWN,
)
"""All styles: ``compact`` (``{"a":1}``), ``spaced`` (``{"a": 1}``), ``pretty2`` (indented by two), each optionally
with ``+ascii`` (``\\u00e9`` instead of ``é``) and with ``+nl`` (one newline at the end); and UNKNOWN."""


class Spelled(NamedTuple):
    """A JSON value and the style in which it was spelled."""

    value: Any
    style: str


class _NotJsonError(ValueError):
    """A constant or number that JSON (RFC 8259) does not have, or that does not survive."""


def _refuse(constant: str) -> NoReturn:
    raise _NotJsonError(f"{constant} is no JSON value")


_decoder = json.JSONDecoder(parse_constant=_refuse)
_writers: dict[tuple[str, bool], json.JSONEncoder] = {
    (layout, ascii_): json.JSONEncoder(ensure_ascii=ascii_, allow_nan=False, separators=separators)
    for layout, separators in _SEPARATORS.items()
    for ascii_ in (False, True)
}


def parse(text: str) -> Any:
    """The value of a JSON text (RFC 8259), `NaN` and `Infinity` refused.

    Raises ValueError for anything else, too deep or too long numbers included.
    """
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise _NotJsonError("the value is nested too deep") from None


class DuplicateError(ValueError):
    """An object has a member twice."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateError
    return members


_distinct_decoder = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_distinct)


def parse_distinct(text: str) -> Any:
    """The same, and no object may have a member twice: raises DuplicateError."""
    try:
        return _distinct_decoder.decode(text)
    except RecursionError:
        raise _NotJsonError("the value is nested too deep") from None


def spell(value: Any, style: str) -> str:
    """The text of `value` in one of STYLES; raises KeyError for an unknown style."""
    layout, *options = (_PRETTY if style == UNKNOWN else style).split("+")
    ascii_ = "ascii" in options
    text = _pretty(value, _strings[ascii_]) if layout == _PRETTY else _writers[layout, ascii_].encode(value)
    return text + "\n" if "nl" in options else text


_strings: dict[bool, Callable[[str], str]] = {
    False: json.encoder.encode_basestring,
    True: json.encoder.encode_basestring_ascii,
}


def _pretty(value: Any, string: Callable[[str], str], line: str = "\n") -> str:
    """What `json` writes with an indent of two, which it does in Python only, and more slowly.

    `string` writes strings, `line` begins lines of the value's own level.
    """
    kind = type(value)  # as JSON is parsed: no subclasses
    if kind is str:
        return string(value)
    if kind is dict and value:
        inner = f"{line}  "
        members = [
            f"{string(key)}: {string(member) if type(member) is str else _pretty(member, string, inner)}"
            for key, member in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(members)}{line}}}"
    if kind is list and value:
        inner = f"{line}  "
        return f"[{inner}{f',{inner}'.join([_pretty(item, string, inner) for item in value])}{line}]"
    if value is None:
        return "null"
    return repr(value) if kind is int else _writers["compact", False].encode(value)


def compact(value: Any) -> str:
    """The text of `value` in the style `compact`, the one that event streams use."""
    return _writers["compact", False].encode(value)


def spelled(data: bytes) -> Spelled | None:
    """Value and style of a body, or None if no style gives back exactly `data`."""
    try:
        text = data.decode()
        value = parse(text)
        if _depth_exceeds(value, MAX_DEPTH):
            return None
        for style in _likely_styles(text):
            again = spell(value, style)
            if again == text:
                # A value with a lone surrogate can't be written to a UTF-8 file, even though `+ascii` spells it.
                compact(value).encode()
                return Spelled(value, style)
    except (ValueError, RecursionError):
        pass
    return None


def _likely_styles(text: str) -> list[str]:
    """Every style that could spell `text`: ends and escapes are seen without trying."""
    newline = "+nl" if text.endswith("\n") else ""
    escapes = ("+ascii", "") if text.isascii() and "\\u" in text else ("",)
    layouts = ("pretty2", "compact", "spaced") if "\n" in text.rstrip("\n") else ("compact", "spaced")
    return [f"{layout}{ascii_}{newline}" for layout in layouts for ascii_ in escapes]


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
