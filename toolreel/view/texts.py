"""Texts of cassettes on a page: whatever they hold, they are seen, and do nothing."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

_KEPT = "\n\t\u00a0\u200d"
"""Shown as they are though they are not printable: line breaks, and what joins words and emoji."""


def shown(value: Any) -> Any:
    """What a page shows for a value: control characters, bidirectional overrides and lone surrogates written out.

    Everything that a template prints goes through here; what is markup already has.
    """
    if value is None:
        return ""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join(
        char if char.isprintable() or char in _KEPT else ascii(char)[1:-1] for char in value.replace("\r\n", "\n")
    )


def clipped(text: str, limit: int) -> str:
    """A text as one line, cut with `…` after `limit` characters."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1] + "…"


def breaks(text: str) -> Markup:
    """A path or a name, which a narrow window breaks after one of its signs, and not just anywhere."""
    return Markup("<wbr>").join(piece for piece in _AFTER_SIGNS.split(shown(text)) if piece)


_AFTER_SIGNS = re.compile(r"(?<=[/_.?&=-])(?=[A-Za-z0-9])")
