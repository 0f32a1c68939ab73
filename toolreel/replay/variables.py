"""What a recorded request leaves open: secrets, of which only placeholders are left, and ids that the program varies.

A variable stands for any one text, but for the same wherever it stands in a walk. So do free ids: they are in place
of a literal, which would be the same in all conversations too.
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

Named = Callable[[str], str]
"""Gives the placeholder of a text that was found to be a secret somewhere, or the text.

What is seen to be a secret under some key need not be seen to be one elsewhere, and is the same all the same.
"""


class Known:
    """What the variables of one cassette stand for in one walk, as far as it is sure.

    `since` says which interaction told, by number.
    """

    __slots__ = ("since", "values")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.since: dict[str, int] = {}

    def learn(self, meaning: Meaning, n: int) -> None:
        """What variables stand for, from an interaction."""
        for name, value in meaning.items():
            self.values.setdefault(name, value)
            self.since.setdefault(name, n)


_ANY = r'(?:[^"\\]|\\.)+'
"""One non-empty text inside a JSON string. CI has another key than the recorder had, or none that looks like one."""
_REST = "[A-Za-z0-9_-]+"
"""What follows the prefix of an id."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_IN_JSON = r"(?<=\\[bfnrt]) | (?<=\\u[0-9a-f]{4})"
"""What stands before the first character of a word in JSON text, though it looks like a part of the word."""


class FreeIds:
    """The program's own ids that differ from run to run: those with one of `prefixes`."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        any_of = "|".join(map(re.escape, sorted(prefixes, key=len, reverse=True)))
        id_ = f"(?P<prefix>{any_of}){_REST}"
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
    """What a recorded request says, with variables; `names` are theirs, in the order of the pattern's groups.

    In the pattern `loose` each of the `places` of variables stands for itself.
    """

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    loose: str
    places: tuple[str, ...]

    def meaning(self, said: str, known: Meaning, named: Named = str) -> Meaning | None:
        """What the variables stand for if a request says this, None if it does not fit what is known of them."""
        if match := self.pattern.fullmatch(said):
            found = dict(zip(self.names, match.groups(), strict=True))
            return None if contradicted(found, known, named) else found
        if len(self.places) == len(self.names) or self.contradiction(said, known, named):
            return None
        return dict(self._loosely(said)) or None

    def contradiction(self, said: str, known: Meaning, named: Named = str) -> tuple[str, str, bool] | None:
        """As `contradicted`, of a request that fits but for that; and whether what is in its way was known before."""
        stands = dict(known)
        for name, value in self._loosely(said):
            if found := contradicted({name: value}, stands, named):
                return *found, found[1] in known
            stands[name] = value
        return None

    def _loosely(self, said: str) -> list[tuple[str, str]]:
        match = re.fullmatch(self.loose, said)
        return list(zip(self.places, match.groups(), strict=True)) if match else []


def contradicted(found: Meaning, known: Meaning, named: Named = str) -> tuple[str, str] | None:
    """A variable that cannot stand for what was found, and the one that stands in its way; None if all can."""
    for name, value in found.items():
        if known.get(name, value) != value and named(known[name]) != named(value):
            return name, name
    # Secrets may be alike in CI, where nobody has any; two ids are two ids.
    names = {value: name for name, value in known.items() if not PLACEHOLDER.fullmatch(name)}
    for name, value in found.items():
        if not PLACEHOLDER.fullmatch(name) and names.setdefault(value, name) != name:
            return name, names[value]
    return None


def alone_in(said: str, free: FreeIds | None) -> frozenset[str]:
    """The variables in canonical JSON that share their string with no other, so that it is plain where they end."""
    finds = _finding(free)
    found = ([match.group() for match in finds.finditer(string.group())] for string in _STRING.finditer(said))
    return frozenset(names[0] for names in found if len(names) == 1)


def _finding(free: FreeIds | None) -> re.Pattern[str]:
    return re.compile(f"{PLACEHOLDER.pattern}|{free.in_json.pattern}") if free else PLACEHOLDER


def opened(said: str, free: FreeIds | None, is_literal: Callable[[str], bool]) -> Open | None:
    """What a recorded request says, in canonical JSON, as a pattern; None if it leaves nothing open.

    `is_literal` says of an id with a free prefix that it is known all the same.
    """
    strict: list[str] = []
    loose: list[str] = []
    names: dict[str, int] = {}
    places: list[str] = []
    at = 0
    for match in _finding(free).finditer(said):
        name, prefix = match.group(), match["prefix"] if free else None
        if prefix and is_literal(name):
            continue
        if name == HIDDEN:  # a body that nobody kept: in place of the string any value will do, or none
            any_value = re.escape(said[at : match.start() - 1]) + ".*"
            strict.append(any_value)
            loose.append(any_value)
            at = match.end() + 1
            continue
        before, text = re.escape(said[at : match.start()]), _ANY if prefix is None else f"{re.escape(prefix)}{_REST}"
        at = match.end()
        number = names.setdefault(name, len(names))
        strict.append(before + (f"(?P=v{number})" if name in places else f"(?P<v{number}>{text})"))
        loose.append(f"{before}({text})")
        places.append(name)
    if not strict:
        return None
    rest = re.escape(said[at:])
    return Open(re.compile("".join([*strict, rest])), tuple(names), "".join([*loose, rest]), tuple(places))
