"""Values under secret keys in text that is no JSON: `key=value`, `key: value`, `"key": "value"`."""

from __future__ import annotations

import re
from collections.abc import Callable

from .placeholders import BOUND, is_word
from .shapes import SOME, Accept, Shape, Span

IsSecret = Callable[[str], bool]

SCHEME = re.compile(r"(?i:bearer|basic|token|apikey|digest|negotiate)[ \t]{1,4}")
"""The word before a credential (RFC 9110 §11.4), which stays."""

_HEAD = (
    r"(?P<strong>[?&;] ?)?(?<![A-Za-z0-9])(?P<key>[A-Za-z][A-Za-z0-9_-]{1,47}+)"
    r"(?:\\{0,3}[\"'])?[ \t]{0,4}(?:=>?|:=?)[ \t\n]{0,4}"
)
_BARE = r"[^\s\x00-\x1f\"'<>,;&(){}\[\]|`\\]"
_DOUBLE = r'(?:[^"\\\n]|\\[^\n])'
_SINGLE = r"(?:[^'\\\n]|\\[^\n])"
_ESCAPED = r"[^\"\\\n]"


def assignment_shapes(is_secret: IsSecret) -> tuple[Shape, ...]:
    """Shapes of values under keys for which `is_secret` holds. They have no hints: the keys are the hints."""

    def concerns(match: re.Match[str]) -> bool:
        return is_secret(match["key"])

    def shape(name: str, head: str, run: str, accept: Accept, unfinished: str = r"\Z") -> Shape:
        candidate, goes_on = re.compile(f"{head}(?P<run>{run}{SOME})"), re.compile(f"{run}*+")
        return Shape(name, (), candidate, goes_on, accept, unfinished=re.compile(unfinished), concerns=concerns)

    return (
        shape("double-quoted", f'{_HEAD}"', _DOUBLE, _quoted_value, r"\\?\Z"),
        shape("single-quoted", f"{_HEAD}'", _SINGLE, _quoted_value, r"\\?\Z"),
        shape("escaped", rf"{_HEAD}\\{{1,3}}\"", _ESCAPED, _quoted_value),
        shape("bare", rf"{_HEAD}(?:{SCHEME.pattern})?", _BARE, _bare_value),
    )


def _quoted_value(_: re.Match[str], run: str) -> Span | None:
    scheme = SCHEME.match(run)
    return (scheme.end() if scheme else 0, len(run))


def _bare_value(match: re.Match[str], run: str) -> Span | None:
    """A value without quotes. In prose and code it must not look like a word; in a query it may."""
    value = run.rstrip(".:!?*")
    called = len(run) < BOUND and match.string[match.end("run") : match.end("run") + 1] in ("(", "[")
    if not value or value[0] in "$%*=" or called:
        return None
    strong = match["strong"] is not None and match.string[match.start("run") - 1] == "="
    if not strong and (len(value) < 6 or is_word(value)):
        return None
    return 0, len(value)
