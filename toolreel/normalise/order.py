"""The canonical order of a take: conversation by conversation, whatever ran at the same time.

A *conversation* is what minted ids tie together. What many conversations share, assistants and files, are *roots*:
they stand first and tie nothing.
"""

from __future__ import annotations

import heapq
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from .groups import Item, creators_of, grouped, minters_of, shared_roots
from .performed import Ids, Performed, ids_in
from .polls import Settled
from .said import said
from .symbols import Numbering, prefix_of


@dataclass(slots=True, eq=False)
class Conversation:
    """Items in their canonical order, and the text by which conversations are sorted.

    `needs` are the conversations that it builds on: they stand before it. `place` is that of its text among those
    of others, equal texts having the same; the text is empty if a `Rank` found it.
    """

    items: list[Item]
    text: str = ""
    overlaps: Sequence[tuple[Item, Item]] = ()
    needs: Collection[Conversation] = ()
    place: int = 0

    @property
    def tells(self) -> set[str]:
        """Ids of the program that its answers hold before its requests do."""
        asked: set[str] = set()
        told: set[str] = set()
        for item in self.items:
            asked |= item.asks
            told |= item.tells - asked
        return told


Rank = Callable[[Iterable[str]], Sequence[int]]
"""Gives each of many lines its rank in the order of their characters, equal lines the same."""


class Gathered:
    """The conversations of a take, in the order in which they begin in it; `tell` finds their places and texts.

    That is their canonical order, if the take is that of a cassette in its normal form. `ids` gives those in an
    interaction.
    """

    def __init__(self, settled: list[Settled], minted: set[str], ids: Callable[[Performed], Ids] = ids_in) -> None:
        self._items = [Item(one, minted, ids(one.performed)) for one in settled]
        self._shared = shared_roots(self._items)
        self.conversations = [_ordered(group) for group in grouped(self._items, self._shared)]

    def tell(self, rank: Rank | None = None) -> tuple[list[list[Conversation]], list[Conversation]]:
        """Finds what all of them say, and what they need; gives the roots in layers, and the others.

        With `rank` their texts, which are as long as the take, are never held.
        """
        roots: list[Conversation] = []
        others: list[Conversation] = []
        for conversation in self.conversations:
            touched = {id_ for item in conversation.items for id_ in item.touched}
            (roots if touched and touched <= self._shared else others).append(conversation)
        _find_needs(self.conversations, self._items)
        layers = _layers(roots)
        names = _name_roots(layers, rank)
        _find_places(others, names, rank)
        return layers, others


def conversations(settled: list[Settled], minted: set[str], rank: Rank | None = None) -> list[Conversation]:
    """The conversations of a take in their canonical order, roots first.

    With `rank` their texts, which are as long as the take, are never held.
    """
    layers, others = Gathered(settled, minted).tell(rank)
    others.sort(key=lambda conversation: conversation.place)
    preferred = others
    for layer in reversed(layers):
        used = _first_uses(preferred)
        layer.sort(key=lambda root: (root.place, min(used.get(id_, len(used)) for id_ in _ids(root))))
        preferred = [*layer, *preferred]
    return placed(preferred)


def _find_needs(found: list[Conversation], items: list[Item]) -> None:
    """Requests need whoever told their ids first, and everybody needs the creators of what is named."""
    told, created = minters_of(items), creators_of(items)
    home = {item: conversation for conversation in found for item in conversation.items}
    for conversation in found:
        known = {id_ for item in conversation.items for id_ in item.known}
        touched = {id_ for item in conversation.items for id_ in item.touched}
        needed = [told[id_] for id_ in known if id_ in told] + [created[id_] for id_ in touched if id_ in created]
        conversation.needs = {home[item] for item in needed} - {conversation} or ()


def placed(preferred: list[Conversation]) -> list[Conversation]:
    """Conversations in the order that is preferred, but that each stands after what it needs.

    Whoever reads the file from its beginning must find the same ids minted, and the same ids the program's own: a
    minted id first in an answer, the program's own first in a request.
    """
    done: dict[Conversation, None] = {}
    asked: set[str] = set()

    def place(conversation: Conversation) -> None:
        done[conversation] = None
        asked.update(*(item.asks for item in conversation.items))

    waiting = preferred
    while waiting:
        later = []
        for conversation in waiting:
            if all(map(done.__contains__, conversation.needs)) and conversation.tells <= asked:
                place(conversation)
            else:
                later.append(conversation)
        if len(later) == len(waiting):  # a circle
            place(later.pop(0))
        waiting = later
    return list(done)


def _ids(conversation: Conversation) -> list[str]:
    return [id_ for item in conversation.items for id_ in item.touched]


def _first_uses(placed: list[Conversation]) -> dict[str, int]:
    """When each id is first used, in the order of these conversations."""
    uses: dict[str, int] = {}
    for conversation in placed:
        for id_ in _ids(conversation):
            uses.setdefault(id_, len(uses))
    return uses


# ------------------------------------------------------------------------------------------- order in a conversation


def _ordered(items: list[Item]) -> Conversation:
    """By arrival; what overlapped, and does not depend on each other, by what it says."""
    if len(items) == 1:
        return Conversation(items)
    ordered: list[Item] = []
    overlaps: list[tuple[Item, Item]] = []
    for cluster in _clusters(items):
        found = _cluster_order(cluster) if len(cluster) > 1 else cluster
        ordered += found
        overlaps += _overlaps(found)
    return Conversation(ordered, overlaps=overlaps)


def _clusters(items: list[Item]) -> list[list[Item]]:
    """Items in order of arrival, cut wherever all that came before had ended."""
    clusters: list[list[Item]] = []
    end = 0.0
    for item in items:
        if clusters and item.start < end:
            clusters[-1].append(item)
        else:
            clusters.append([item])
        end = max(end, item.end)
    return clusters


def _cluster_order(cluster: list[Item]) -> list[Item]:
    """Always the item that says the least of those that wait for no other."""
    items = sorted(cluster, key=lambda item: item.counts_from)
    followers: list[list[int]] = [[] for _ in items]
    waits = [0] * len(items)
    for later, item in enumerate(items):
        for earlier in range(later):
            if _precedes(items[earlier], item):
                followers[earlier].append(later)
                waits[later] += 1
    ready = [(item.said, place) for place, item in enumerate(items) if not waits[place]]
    heapq.heapify(ready)
    ordered = []
    while ready:
        _, place = heapq.heappop(ready)
        ordered.append(items[place])
        for later in followers[place]:
            waits[later] -= 1
            if not waits[later]:
                heapq.heappush(ready, (items[later].said, later))
    return ordered


def _precedes(earlier: Item, later: Item) -> bool:
    """Whether of two items, given in the order in which they count, the first must stand before the second.

    It must if it ended before the other began, if the other's request holds what it minted, and if one reads what the
    other writes.
    """
    if earlier.end <= later.start or earlier.minted_first & later.known:
        return True
    return bool(earlier.moves) != bool(later.moves) and (earlier.scope in later.moves or later.scope in earlier.moves)


def _overlaps(ordered: list[Item]) -> list[tuple[Item, Item]]:
    """The pairs that overlapped in time, each in its canonical order."""
    place = {id(item): index for index, item in enumerate(ordered)}
    running: list[Item] = []
    pairs = []
    for item in sorted(ordered, key=lambda item: item.start):
        running = [other for other in running if other.end > item.start]
        pairs += [(other, item) if place[id(other)] < place[id(item)] else (item, other) for other in running]
        running.append(item)
    return pairs


# ------------------------------------------------------------------------------------------------------- roots, texts


def _layers(roots: list[Conversation]) -> list[list[Conversation]]:
    """Roots in layers: what those of one layer need is in the layers before it."""
    layers: list[list[Conversation]] = []
    waiting = set(roots)
    while waiting:
        ready = {root for root in waiting if waiting.isdisjoint(root.needs)}
        ready = ready or waiting  # lists of collections can tie roots into a circle
        layers.append([root for root in roots if root in ready])
        waiting = waiting - ready
    return layers


def _name_roots(layers: list[list[Conversation]], rank: Rank | None) -> dict[str, str]:
    """Names for root ids that do not depend on the order of the roots; those that read the same share a name."""
    names: dict[str, str] = {}
    for depth, layer in enumerate(layers):
        _find_places(layer, names, rank)
        names |= {
            id_: f"{prefix_of(id_)}root-{depth}-{root.place}-{position}"
            for root in layer
            for position, id_ in enumerate(dict.fromkeys(id_ for id_ in _ids(root) if id_ not in names))
        }
    return names


def _find_places(found: list[Conversation], roots: dict[str, str], rank: Rank | None) -> None:
    """Finds the places of conversations among each other."""
    if rank is None:
        for one in found:
            one.text = "\n".join(_lines(one.items, roots))
        _rank(found, [one.text for one in found])
    elif len(found) > 1:
        # No character of a line comes before the one that ends lines, so that they are in the order of their texts.
        ranks = iter(rank(line for one in found for line in _lines(one.items, roots)))
        _rank(found, [tuple(islice(ranks, len(one.items))) for one in found])


_Key = TypeVar("_Key", str, tuple[int, ...])


def _rank(found: list[Conversation], keys: list[_Key]) -> None:
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    for one, key in zip(found, keys, strict=True):
        one.place = places[key]


def _lines(items: list[Item], roots: dict[str, str]) -> Iterator[str]:
    """What a conversation says: its ids numbered locally, roots by `roots`, its clock standing still."""
    numbering = Numbering()
    for item in items:
        for id_ in item.touched:
            if id_ not in roots:
                numbering.number(id_)
    names = ChainMap(numbering.names, roots)
    return (said(item.interaction, names) for item in items)
