"""Secrets in bytes that are no text: overwritten with `*`, so that every offset stays."""

from __future__ import annotations

import re

from .plain import PlainScanner
from .search import Search

_PRINTABLE = re.compile(rb"[ -~]")  # what makes the body binary must stay, so that it is binary the next time too


def overwritten(search: Search, data: bytes) -> tuple[bytes, int]:
    """The bytes without secrets, and how many secrets there were.

    Every byte counts as a character; where there are zero bytes, every other byte too (ASCII as UTF-16 spells it).
    `search` should give no placeholders: its name is not used.
    """
    result, count = bytearray(data), 0
    lanes = [slice(0, None, 1)]
    if b"\0" in data:
        lanes += [slice(0, None, 2), slice(1, None, 2)]
    for lane in lanes:
        text = data[lane].decode("latin-1")
        for start, end, _ in PlainScanner(search).close(text):
            first, step = lane.start, lane.step
            count += 1
            place = slice(first + start * step, first + end * step, step)
            result[place] = _PRINTABLE.sub(b"*", result[place])
    return bytes(result), count
