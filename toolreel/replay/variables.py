"""What a recorded request leaves open: secrets, of which only placeholders are left, and ids that the program varies.

A variable stands for any one text, but for the same wherever it stands in a walk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toolreel.normalise.strings import Find, Span
from toolreel.redaction import PLACEHOLDER

from .canonical import HIDDEN

Meaning = Mapping[str, str]
"""What variables stand for, by their names."""

_ANY = r'(?:[^"\\]|\\.)+'
"""One non-empty text inside a JSON string. CI has another key than the recorder had, or none that looks like one."""
_IN_JSON = r"(?<=\\[bfnrt]) | (?<=\\u[0-9a-f]{4})"
"""What stands before the first character of a word in JSON text, though it looks like a part of the word."""


class FreeIds:
    """The program's own ids that differ from run to run: those with one of `prefixes`."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        any_of = "|".join(map(re.escape, sorted(prefixes, key=len, reverse=True)))
        id_ = rf"(?P<prefix>{any_of})[A-Za-z0-9_-]+"
        self._in_text = re.compile(rf"(?<![A-Za-z0-9_-]){id_}")
        self.in_json = re.compile(rf"(?:(?<![A-Za-z0-9_-])|{_IN_JSON.replace(' ', '')}){id_}")
        """Matches one in JSON text."""

    def reduced(self, text: str) -> str:
        """A text with their prefixes in their place."""
        return self._in_text.sub(lambda match: match["prefix"], text)

    def alike(self, one: object, other: object) -> bool:
        """Whether two texts differ in nothing but free ids."""
        both = isinstance(one, str) and isinstance(other, str)
        return both and self.reduced(str(one)) == self.reduced(str(other))

    def finding(self, names: Meaning, other: Find) -> Find:
        """Finds those that `names` knows, and what another one finds."""

        def find(text: str) -> list[Span]:
            ours = (match for match in self._in_text.finditer(text) if match.group() in names)
            return sorted([*other(text), *(Span(*match.span(), names[match.group()]) for match in ours)])

        return find


@dataclass(frozen=True, slots=True)
class Open:
    """What a recorded request says, with variables; `names` are theirs, in the order of the pattern's groups."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]

    def meaning(self, said: str, known: Meaning) -> Meaning | None:
        """What the variables stand for if a request says this, None if it does not fit what is known of them."""
        match = self.pattern.fullmatch(said)
        if match is None:
            return None
        found = dict(zip(self.names, match.groups(), strict=True))
        if any(known.get(name, value) != value for name, value in found.items()):
            return None
        # Secrets may be alike in CI, where nobody has any; two ids are two ids.
        ids = [value for name, value in {**known, **found}.items() if not PLACEHOLDER.fullmatch(name)]
        return found if len(ids) == len(set(ids)) else None


def opened(said: str, free: FreeIds | None, is_literal: Callable[[str], bool]) -> Open | None:
    """What a recorded request says, in canonical JSON, as a pattern; None if it leaves nothing open.

    `is_literal` says of an id with a free prefix that it is known all the same.
    """
    finds = re.compile(f"{PLACEHOLDER.pattern}|{free.in_json.pattern}") if free else PLACEHOLDER
    parts: list[str] = []
    names: dict[str, int] = {}
    at = 0
    for match in finds.finditer(said):
        name, prefix = match.group(), match["prefix"] if free else None
        if prefix and is_literal(name):
            continue
        if name == HIDDEN:  # a body that nobody kept: in place of the string any value will do, or none
            parts.append(re.escape(said[at : match.start() - 1]) + ".*")
            at = match.end() + 1
            continue
        parts.append(re.escape(said[at : match.start()]))
        at = match.end()
        if name in names:
            parts.append(f"(?P=v{names[name]})")
        else:
            parts.append(f"(?P<v{len(names)}>{re.escape(prefix) + '[A-Za-z0-9_-]+' if prefix else _ANY})")
            names[name] = len(names)
    if not parts:
        return None
    return Open(re.compile("".join([*parts, re.escape(said[at:])])), tuple(names))
