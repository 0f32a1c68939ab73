"""multipart bodies (RFC 2046 §5.1): uploads, whose boundary clients choose at random."""

from __future__ import annotations

import re
from typing import NamedTuple

BOUNDARY = "toolreel-boundary"
"""The boundary with which a cassette is written and compared."""

_BOUNDARY = re.compile(r"""boundary=(?:"(?P<quoted>[^"]*)"|(?P<plain>[^;\s]+))""", re.IGNORECASE)


class Part(NamedTuple):
    """One part: its header fields as sent, names included, and its bytes."""

    headers: tuple[tuple[str, str], ...]
    data: bytes


def boundary_of(content_type: str | None) -> str | None:
    """The boundary that a content-type names, if it is a multipart type."""
    if content_type is None or not content_type.strip().lower().startswith("multipart/"):
        return None
    match = _BOUNDARY.search(content_type)
    return (match["quoted"] or match["plain"]) if match else None


def with_boundary(content_type: str, boundary: str) -> str:
    """A multipart content-type that names another boundary."""
    return _BOUNDARY.sub(lambda _: f"boundary={boundary}", content_type)


def split(data: bytes, boundary: str) -> list[Part] | None:
    """The parts of a body, or None if `join` would not give back exactly `data`."""
    delimiter = f"\r\n--{boundary}".encode("latin-1")
    pieces = (b"\r\n" + data).split(delimiter)
    if len(pieces) < 2 or pieces[0] or pieces[-1] not in (b"--\r\n", b"--"):
        return None
    parts = []
    for piece in pieces[1:-1]:
        head, separator, body = piece.partition(b"\r\n\r\n")
        head = head.removeprefix(b"\r\n")
        try:
            fields = [line.split(": ", 1) for line in head.decode().split("\r\n")] if head else []
        except UnicodeDecodeError:
            return None
        if not separator or any(len(field) != 2 for field in fields):
            return None
        parts.append(Part(tuple((name, value) for name, value in fields), body))
    return parts if join(parts, boundary) == data or join(parts, boundary).removesuffix(b"\r\n") == data else None


def join(parts: list[Part], boundary: str = BOUNDARY) -> bytes:
    """The body of these parts."""
    delimiter = f"--{boundary}".encode("latin-1")
    lines = []
    for part in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in part.headers).encode()
        lines += [delimiter, b"\r\n", head, b"\r\n", part.data, b"\r\n"]
    return b"".join([*lines, delimiter, b"--\r\n"])
