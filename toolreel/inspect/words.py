"""Values as people read them: ids short, texts on one line, nothing that could steer a terminal."""

from __future__ import annotations

import re

from toolreel.dialects.ids import ID

_SYMBOL = re.compile(r"0*([1-9][0-9]*)\Z")


def short_ids(text: str) -> str:
    """A text with its symbols short: `thread_000000000000000000000001` as `thread_1`. Other ids stay whole."""
    return ID.sub(_short, text)


def _short(match: re.Match[str]) -> str:
    prefix = match["prefix"]
    number = _SYMBOL.match(match[0], len(prefix)) if prefix else None
    return f"{prefix}{number[1]}" if prefix and number else match[0]


def long_ids(text: str) -> str:
    """A text with the symbols in it as cassettes write them: `thread_1` as `thread_000000000000000000000001`."""
    return _SHORT_ID.sub(lambda match: match[1] + match[2].zfill(24), text)


_SHORT_ID = re.compile(r"(?<![A-Za-z0-9_-])((?:thread|run|step|msg|asst|call|file|vs)[_-])([1-9][0-9]{0,6})(?![\w-])")


def printable(text: str) -> str:
    """A text as one line. A cassette may come from anyone: what could steer the terminal is written out."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(map(_written_out, line))


def _written_out(char: str) -> str:
    return char if char.isprintable() else ascii(char)[1:-1]


def printable_lines(text: str) -> list[str]:
    """A text as the lines that it has."""
    return [
        line if line.isprintable() else "".join(char if char == "\t" else _written_out(char) for char in line)
        for line in text.split("\n")
    ]


def shortened(text: str, limit: int | None) -> str:
    """A text as one line, cut with `…` after `limit` characters; None: never."""
    line = printable(text)
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def duration(ms: int) -> str:
    """Milliseconds as people say them: `584 ms`, `12.4 s`, `3 min 20 s`."""
    if ms < 10_000:
        return f"{ms} ms"
    if ms < 99_950:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds} s"


def size(count: int) -> str:
    """Bytes as people say them: `812 B`, `45 kB`, `1.2 MB`."""
    if count < 1000:
        return f"{count} B"
    amount = count / 1000
    for unit in ("kB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if amount >= 9.95 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 run`, `2 runs`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
