"""Secrets in bytes that are no text: overwritten with `*`, so that every offset stays."""

from __future__ import annotations

from typing import NamedTuple

from .plain import PlainScanner
from .search import Search


class Overwritten(NamedTuple):
    """Bytes without secrets, and how many secrets there were."""

    data: bytes
    secrets: int


def overwritten(search: Search, data: bytes, *, cut: bool = False) -> Overwritten:
    """The bytes without secrets; if they are `cut`, without what might have become one.

    Every byte counts as a character; where there are zero bytes, every other byte too (ASCII as UTF-16 spells it).
    `search` should give no placeholders: its name is not used.
    """
    result, count = bytearray(data), 0
    lanes = [slice(0, None, 1)]
    if b"\0" in data:
        lanes += [slice(0, None, 2), slice(1, None, 2)]
    for lane in lanes:
        text = data[lane].decode("latin-1")
        for start, end, _ in PlainScanner(search).close(text, cut=cut):
            first, step = lane.start, lane.step
            place = slice(first + start * step, first + end * step, step)
            secret = bytes(result[place])
            result[place] = _hidden(secret)
            count += result[place] != secret  # else it had been overwritten before
    return Overwritten(bytes(result), count)


def _hidden(secret: bytes) -> bytes:
    """As many bytes: what makes the body binary must stay, so that it is binary the next time too."""
    text = secret.decode("utf-8", "surrogateescape")
    return b"".join(_HIDDEN.get(char) or b"*" * len(char.encode("utf-8", "surrogateescape")) for char in text)


_HIDDEN = {"\0": b"\0", **{chr(0xDC00 + byte): b"\xff" for byte in range(0x80, 0x100)}}
"""Zero bytes, and bytes that are no UTF-8 and so become others that are none."""
