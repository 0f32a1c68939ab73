"""Minted ids and their symbols.

An id that first occurs in an answer is minted by the server, and gets a stable name; one that first occurs in a
request is the program's own, and stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from toolreel.dialects.ids import ID, ID_AFTER_ESCAPE, is_id_key
from toolreel.messages.model import Interaction, Response
from toolreel.redaction import PLACEHOLDER

from .performed import Performed
from .strings import Find, Span, strings_of_request, strings_of_response
from .values import values_of_body, values_of_frame


def minted_ids(performed: Iterable[Performed]) -> set[str]:
    """The ids that servers minted: they stand under an id key of an answer before any request holds them."""
    sightings = Sightings()
    for one in performed:
        sightings.note(one)
    return sightings.minted


class Sightings:
    """When each id was first seen in a request, and when first under an id key of an answer."""

    def __init__(self) -> None:
        self._asked: dict[str, _When] = {}
        self._told: dict[str, _When] = {}
        self._count = 0

    def note(self, one: Performed) -> None:
        """Takes note of the ids in a request and its answer; they come in the order of arrival."""
        interaction = one.interaction
        order, self._count = self._count, self._count + 1
        for id_ in names_in(strings_of_request(interaction.request)):
            _see(self._asked, id_, (one.start, order, 0))
        for when, values in _told(one, interaction.response):
            for id_ in under_id_keys(values):
                _see(self._told, id_, (when, order, 1))

    @property
    def minted(self) -> set[str]:
        """The ids that servers minted."""
        asked = self._asked
        return {id_ for id_, when in self._told.items() if id_ not in asked or when < asked[id_]}


_When = tuple[float, int, int]
"""A time, the number of the interaction, 0 for its request and 1 for its answer."""


def _see(first: dict[str, _When], id_: str, when: _When) -> None:
    known = first.get(id_)
    if known is None or when < known:
        first[sys.intern(id_)] = when  # it stands in many messages, and is held once


def _told(one: Performed, response: Response) -> Iterator[tuple[float, list[Any]]]:
    """The JSON values of an answer, and when a client can have known of them."""
    if response.frames is None:
        yield one.end, values_of_body(response.body)
        return
    performance = one.performance
    times = performance.frame_ms if performance else None
    for index, frame in enumerate(response.frames):
        when = one.start + times[index] if times and index < len(times) else one.end
        yield when, values_of_frame(frame)


def under_id_keys(value: Any) -> list[str]:
    """What is shaped like an id and stands under an id key of a JSON value."""
    found: list[str] = []
    _under_id_keys(value, False, found)
    return found


def _under_id_keys(value: Any, is_id: bool, found: list[str]) -> None:
    kind = type(value)
    if kind is dict:
        for key, member in value.items():
            kind = type(member)
            if kind is str:
                if is_id_key(key) and ID.fullmatch(member):
                    found.append(member)
            elif kind is dict or kind is list:
                _under_id_keys(member, is_id_key(key), found)
    elif kind is list:
        for item in value:
            _under_id_keys(item, is_id, found)
    elif is_id and kind is str and ID.fullmatch(value):
        found.append(value)


def ids_of(interaction: Interaction, minted: set[str]) -> Iterator[str]:
    """The minted ids and the placeholders in an interaction, in the order in which they stand, repeats included."""
    texts = (*strings_of_request(interaction.request), *strings_of_response(interaction.response))
    return (name for name in names_in(texts) if name in minted or name.startswith("REDACTED-"))


def names_in(texts: Iterable[str]) -> Iterator[str]:
    """Everything in texts that is shaped like an id or a placeholder."""
    for text in texts:
        if len(text) <= _SHORT:
            yield from _names_in_short(text)
        elif _may_hold(text):
            yield from (match.group() for match in _matches(text))


@lru_cache(maxsize=16384)
def _names_in_short(text: str) -> tuple[str, ...]:
    """The same of one text; nearly all short ones, keys above all, come again and again."""
    return tuple(match.group() for match in _matches(text)) if _may_hold(text) else ()


_SHORT = 128


def _matches(text: str) -> Iterator[re.Match[str]]:
    return _pattern_for(text).finditer(text)


def _pattern_for(text: str) -> re.Pattern[str]:
    return _NAMES_AFTER_ESCAPE if "\\" in text or "%" in text else _NAMES


_NAMES = re.compile(rf"{PLACEHOLDER.pattern}|(?x:{ID.pattern})")
_NAMES_AFTER_ESCAPE = re.compile(rf"{PLACEHOLDER.pattern}|(?x:{ID_AFTER_ESCAPE.pattern})")
"""Takes longer."""
_SHORTEST = len("vs_12345678")

_NUMBER = re.compile("[0-9]{8}")
"""Stands in every symbol, and in few other texts."""


def numbered(texts: Iterable[str]) -> Iterator[str]:
    """Everything in texts that may look like a symbol."""
    return names_in(text for text in texts if _NUMBER.search(text))


def _may_hold(text: str) -> bool:
    """Whether a text may hold an id or a placeholder. Most texts in JSON show at a glance that they do not."""
    return len(text) >= _SHORTEST and ("_" in text or "-" in text)


def prefix_of(id_: str) -> str:
    """The prefix of an id, such as `thread_`; `""` for a UUID."""
    match = ID.fullmatch(id_)
    return (match["prefix"] or "") if match else ""


def replaced_by(names: Mapping[str, str]) -> Find:
    """Finds the ids and placeholders that `names` knows."""

    def find(text: str) -> list[Span]:
        if not _may_hold(text):
            return []
        return [
            Span(match.start(), match.end(), names[match.group()])
            for match in _matches(text)
            if match.group() in names
        ]

    return find


def renamed(text: str, minted: Container[str], rename: Callable[[str], str]) -> str:
    """A text with the minted ids and the placeholders in it renamed."""
    if not _may_hold(text):
        return text

    def name(match: re.Match[str]) -> str:
        found = match.group()
        return rename(found) if found in minted or PLACEHOLDER.fullmatch(found) else found

    return _pattern_for(text).sub(name, text)


class Numbering:
    """Gives symbols and placeholders their numbers, by first appearance; `taken` are names that are not free."""

    def __init__(self, taken: Callable[[str], bool] = lambda name: False) -> None:
        self.names: dict[str, str] = {}
        self._taken = taken
        self._counts: dict[str, int] = {}

    def number(self, id_: str) -> None:
        """Names an id or a placeholder, if it has no name yet."""
        while id_ not in self.names:
            prefix = "REDACTED-" if PLACEHOLDER.fullmatch(id_) else prefix_of(id_)
            count = self._counts[prefix] = self._counts.get(prefix, 0) + 1
            name = _symbol(prefix, id_, count)
            if name == id_ or not self._taken(name):
                self.names[id_] = name


def _symbol(prefix: str, id_: str, count: int) -> str:
    if prefix == "REDACTED-":
        return f"{prefix}{count:04}"
    digits = str(count)
    if not prefix:  # a UUID keeps its hyphens
        filled = digits.zfill(32)
        return "-".join((filled[:8], filled[8:12], filled[12:16], filled[16:20], filled[20:]))
    return prefix + digits.zfill(len(id_) - len(prefix))
