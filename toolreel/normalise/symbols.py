"""Minted ids and their symbols.

An id that first occurs in an answer is minted by the server, and gets a stable name; one that first occurs in a
request is the program's own, and stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from toolreel.dialects.ids import ID
from toolreel.messages.model import Interaction
from toolreel.redaction import PLACEHOLDER

from .names import may_hold, names_in, words_for
from .performed import Ids, Performed, ids_in
from .strings import Find, Span, strings_of_request, strings_of_response


def minted_ids(performed: Iterable[Performed], ids: Callable[[Performed], Ids] = ids_in) -> set[str]:
    """The ids that servers minted: they stand under an id key of an answer before any request holds them.

    `ids` gives those in an interaction.
    """
    sightings = Sightings()
    for one in performed:
        sightings.note(one, ids(one))
    return sightings.minted


class Sightings:
    """When each id was first seen in a request, and when first under an id key of an answer."""

    def __init__(self) -> None:
        self._asked: dict[str, _When] = {}
        self._told: dict[str, _When] = {}
        self._count = 0

    def note(self, one: Performed, ids: Ids) -> None:
        """Takes note of the ids in a request and its answer; they come in the order of arrival."""
        order, self._count = self._count, self._count + 1
        for id_ in ids.asked:
            _see(self._asked, id_, (one.start, order, 0))
        for when, id_ in ids.told:
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


def ids_of(interaction: Interaction, minted: set[str]) -> Iterator[str]:
    """The minted ids and the placeholders in an interaction, in the order in which they stand, repeats included."""
    texts = (*strings_of_request(interaction.request), *strings_of_response(interaction.response))
    return (name for name in names_in(texts) if name in minted or name.startswith("REDACTED-"))


_NUMBER = re.compile("[0-9]{8}")
"""Stands in every symbol, and in few other texts."""


def numbered(ids: Ids) -> Iterator[str]:
    """Everything in an interaction that may look like a symbol."""
    return (name for name in (*ids.asked, *ids.answered) if _NUMBER.search(name))


def prefix_of(id_: str) -> str:
    """The prefix of an id, such as `thread_`; `""` for a UUID."""
    match = ID.fullmatch(id_)
    return (match["prefix"] or "") if match else ""


def replaced_by(names: Mapping[str, str]) -> Find:
    """Finds the ids and placeholders that `names` knows."""

    def find(text: str) -> list[Span]:
        if not may_hold(text):
            return []
        return [
            Span(match.start(), match.end(), names[match.group()])
            for match in words_for(text).finditer(text)
            if match.group() in names
        ]

    return find


def renamed(text: str, minted: Container[str], rename: Callable[[str], str]) -> str:
    """A text with the minted ids and the placeholders in it renamed."""
    if not may_hold(text):
        return text

    def name(match: re.Match[str]) -> str:
        found = match.group()
        return rename(found) if found in minted or PLACEHOLDER.fullmatch(found) else found

    return words_for(text).sub(name, text)


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
