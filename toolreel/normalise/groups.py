"""Which interactions belong together: what minted ids and scopes tie is one conversation."""

from __future__ import annotations

from collections.abc import Iterable

from toolreel.dialects.ids import ROOTS
from toolreel.dialects.routes import Kind
from toolreel.messages.model import Interaction

from .performed import Ids
from .polls import Settled, scope_of
from .said import said
from .symbols import prefix_of
from .values import digest

_NONE: frozenset[str] = frozenset()
"""Shared by all items that have none."""


class Item:
    """A settled interaction on its way to its place.

    `known` are the minted ids that its request holds, `minted_first` those that its answer adds. `asks` and `tells`
    are ids of the program, in its request and under the id keys of its answer. `moves` are the scopes that it moves
    on, as a successful write. `start` and `end` are its times, in the unit of `Performed`; `counts_from` is when it
    takes effect. `names` are the minted ids and the placeholders in it, in the order in which they first stand;
    `upstream` is whom it asked, and `call` is equal for equal requests of its kind, if it is a call.

    There is one for every interaction of a take, so it holds little.
    """

    __slots__ = (
        *("asks", "call", "counts_from", "end", "known", "minted_first", "moves"),
        *("names", "route", "scope", "settled", "start", "tells", "upstream"),
    )

    def __init__(self, settled: Settled, minted: set[str], ids: Ids) -> None:
        self.settled = settled
        interaction = self.interaction
        request, response = interaction.request, interaction.response
        texts = dict.fromkeys((*ids.asked, *ids.answered))
        self.names = tuple([name for name in texts if name in minted or name.startswith("REDACTED-")])
        held = frozenset(ids.asked)
        self.known, self.asks = held & minted or _NONE, held - minted or _NONE
        self.minted_first = frozenset(self.touched) - self.known or _NONE if self.names else _NONE
        self.tells = frozenset([id_ for _, id_ in ids.told if id_ not in minted]) or _NONE
        self.upstream = request.upstream
        self.route = settled.route
        self.call = digest(request) if self.route.kind is Kind.CALL else None
        self.scope = scope_of(self.route, response)
        writes = self.route.kind is Kind.WRITE and response.status < 400
        self.moves = tuple(filter(None, (self.scope, self.route.collection))) if writes else ()
        first = settled.first
        self.start = first.start
        self.end = first.usable_from if response.frames else first.end
        self.counts_from = self.end if self.moves and response.frames is None else self.start

    @property
    def interaction(self) -> Interaction:
        """Request and settled answer."""
        return self.settled.performed.interaction

    @property
    def touched(self) -> list[str]:
        """The minted ids in it, in the order in which they first stand."""
        return [name for name in self.names if not name.startswith("REDACTED-")]

    @property
    def said(self) -> str:
        """What it says, its ids reduced to their prefixes."""
        return said(self.interaction, {id_: prefix_of(id_) for id_ in self.touched})


def shared_roots(items: list[Item]) -> set[str]:
    """The ids of roots that belong to no conversation.

    A file that the code interpreter made in a run, or a vector store that a new thread brought along, is nothing that
    conversations share: it belongs to the conversation whose answer named it first.
    """
    seen: set[str] = set()
    shared: set[str] = set()
    for item in items:
        new = set(item.touched) - seen
        seen |= new
        if all(prefix_of(id_) in ROOTS for id_ in item.touched):
            shared |= new
    return shared


def grouped(items: list[Item], shared: set[str]) -> list[list[Item]]:
    """The items that belong together, each group in order of arrival."""
    # Only if somebody read a collection does the order in which its members were created matter to anyone.
    lists = {item.scope for item in items if item.route.lists and item.scope}
    asked = {id_ for item in items for id_ in item.known}
    parent = list(range(len(items)))

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[object, int] = {}
    for index, item in enumerate(items):
        for tie in (*_ties(item, shared, asked), *({item.route.collection} & lists)):
            other = seen.setdefault(tie, index)
            parent[find(index)] = find(other)
    groups: dict[int, list[Item]] = {}
    for index, item in enumerate(items):
        groups.setdefault(find(index), []).append(item)
    return list(groups.values())


def _ties(item: Item, shared: set[str], asked: set[str]) -> Iterable[object]:
    """What ties an item to others: ids that are not shared, its scope, and for calls the equal request.

    `asked` are the ids that requests hold.
    """
    own = [id_ for id_ in item.touched if id_ not in shared]
    if item.route.kind is Kind.CALL:
        # An id that no request ever holds ties nothing. Equal calls are answered in their order, so they keep it.
        return [id_ for id_ in own if id_ in asked] or [item.call]
    if item.scope and (not own or prefix_of(item.scope) not in ROOTS):
        own.append(item.scope)
    return own or item.touched


def minters_of(items: list[Item]) -> dict[str, Item]:
    """The item whose answer held each id first; `items` are in order of arrival."""
    minters: dict[str, Item] = {}
    for item in items:
        for id_ in item.minted_first:
            minters.setdefault(id_, item)
    return minters


def creators_of(items: list[Item]) -> dict[str, Item]:
    """The item that created each resource."""
    return {item.scope: item for item in items if item.moves and item.scope in item.minted_first}
