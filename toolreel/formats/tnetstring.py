"""Typed netstrings, as mitmproxy writes its flows: `LENGTH:PAYLOAD` and one character for the type."""

from __future__ import annotations

from typing import Any

from .found import LARGEST, BufferedFile, FormatError, exactly

_DEEPEST = 50
_MOST_DIGITS = 12


def read(file: BufferedFile) -> Any:
    """The next value of a file, or None at its end. Raises FormatError.

    A value that is too large is passed over, and is its length.
    """
    digits = b""
    while (char := file.read(1)).isdigit() and len(digits) < _MOST_DIGITS:
        digits += char
    if not char:
        if digits:
            raise FormatError("is cut short")
        return None
    if char != b":" or not digits:
        raise FormatError("is no file of flows any more, somewhere in it")
    size = int(digits)
    if size > LARGEST:
        _skip(file, size + 1)
        return size
    data = exactly(file, size + 1)
    return _value(memoryview(data)[:size], data[size:], 0)


def _skip(file: BufferedFile, size: int) -> None:
    while size:
        size -= len(exactly(file, min(size, 1 << 20)))


def _value(data: memoryview, kind: bytes, depth: int) -> Any:
    if depth > _DEEPEST:
        raise FormatError("is nested too deep")
    try:
        match kind:
            case b",":
                return bytes(data)
            case b";":
                return str(data, "utf-8", "surrogateescape")
            case b"#":
                return int(bytes(data))
            case b"^":
                return float(bytes(data))
            case b"!":
                return {b"true": True, b"false": False}[bytes(data)]
            case b"~" if not data:
                return None
            case b"]":
                return _items(data, depth)
            case b"}":
                items = _items(data, depth)
                names = [_name(item) for item in items[::2]]
                return dict(zip(names, items[1::2], strict=True))
    except FormatError:
        raise
    except (ValueError, KeyError, TypeError):
        pass
    raise FormatError("is no file of flows any more, somewhere in it")


def _name(value: Any) -> str:
    """Keys were bytes once."""
    return value.decode("ascii", "surrogateescape") if isinstance(value, bytes) else str(value)


def _items(data: memoryview, depth: int) -> list[Any]:
    items, at = [], 0
    while at < len(data):
        digits = bytes(data[at : at + _MOST_DIGITS + 1]).partition(b":")[0]
        begin = at + len(digits) + 1
        end = begin + int(digits)
        if not digits.isdigit() or end >= len(data):
            raise ValueError("a length that leads out of its list")
        items.append(_value(data[begin:end], bytes(data[end : end + 1]), depth + 1))
        at = end + 1
    return items
