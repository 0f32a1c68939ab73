"""The canonical order of a take: conversation by conversation, whatever ran at the same time.

A *conversation* is what minted ids tie together. What many conversations share, assistants and files, are *roots*:
they stand first and tie nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from toolreel.dialects.ids import ROOTS
from toolreel.dialects.routes import Kind, route
from toolreel.messages.model import Interaction

from .polls import Settled, scope_of
from .strings import in_request, in_response, strings_of_request
from .symbols import Numbering, ids_of, ids_of_texts, prefix_of, replaced_by
from .volatile import take_out


class Item:
    """A settled interaction on its way to its place.

    `touched` are the minted ids in it, `known` those that its request holds, `minted_first` the others. `moves` are
    the scopes that it moves on, as a successful write. `start` and `end` are its times, in the unit of `Performed`.
    """

    def __init__(self, settled: Settled, minted: set[str]) -> None:
        self.settled = settled
        request, response = self.interaction.request, self.interaction.response
        self.touched = [id_ for id_ in ids_of(self.interaction, minted) if id_ in minted]
        self.known = frozenset(ids_of_texts(strings_of_request(request), minted))
        self.minted_first = frozenset(self.touched) - self.known
        self.route = route(request.method, request.path)
        self.scope = scope_of(self.route, response)
        writes = self.route.kind is Kind.WRITE and response.status < 400
        self.moves = tuple(filter(None, (self.scope, self.route.collection))) if writes else ()
        self.start = settled.first.start
        self.end = settled.first.usable_from

    @property
    def interaction(self) -> Interaction:
        """Request and settled answer."""
        return self.settled.performed.interaction

    @cached_property
    def said(self) -> str:
        """What it says, its ids reduced to their prefixes."""
        return _said(self.interaction, {id_: prefix_of(id_) for id_ in self.touched})


@dataclass(slots=True, eq=False)
class Conversation:
    """Items in their canonical order, and the text by which conversations are sorted."""

    items: list[Item]
    text: str = ""
    overlaps: list[tuple[Item, Item]] = field(default_factory=list)


def conversations(settled: list[Settled], minted: set[str]) -> list[Conversation]:
    """The conversations of a take in their canonical order, roots first."""
    items = [Item(one, minted) for one in settled]
    found = [_ordered(group) for group in _groups(items, _lists_read(items))]
    roots = [conversation for conversation in found if _is_root(conversation)]
    others = [conversation for conversation in found if not _is_root(conversation)]
    ranks = _rank_roots(roots)
    for conversation in others:
        conversation.text = _text(conversation.items, ranks)
    others.sort(key=lambda conversation: conversation.text)
    first_use = {id_: place for place, id_ in _reversed_uses(others)}
    roots.sort(
        key=lambda root: (root.text, min((first_use.get(id_, len(first_use)) for id_ in _ids(root)), default=0))
    )
    return [*roots, *others]


def _is_root(conversation: Conversation) -> bool:
    """Whether nothing but roots is touched, and the routes are theirs: a stateless call is no root."""
    return all(item.touched and all(prefix_of(id_) in ROOTS for id_ in item.touched) for item in conversation.items)


def _ids(conversation: Conversation) -> list[str]:
    return [id_ for item in conversation.items for id_ in item.touched]


def _reversed_uses(sorted_conversations: list[Conversation]) -> list[tuple[int, str]]:
    """Each root id with the place of the first conversation that uses it, the first use last so that it counts."""
    uses = [(place, id_) for place, one in enumerate(sorted_conversations) for id_ in _ids(one)]
    return uses[::-1]


# ------------------------------------------------------------------------------------------------------------ groups


def _lists_read(items: list[Item]) -> set[str]:
    """The collections that somebody read: only then does their order of creation matter to anyone."""
    return {item.scope for item in items if item.route.lists and item.scope}


def _groups(items: list[Item], lists: set[str]) -> list[list[Item]]:
    """The items that belong together, each group in order of arrival."""
    parent = list(range(len(items)))

    def find(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[object, int] = {}
    for index, item in enumerate(items):
        for tie in (*_ties(item), *({item.route.collection} & lists)):
            other = seen.setdefault(tie, index)
            parent[find(index)] = find(other)
    groups: dict[int, list[Item]] = {}
    for index, item in enumerate(items):
        groups.setdefault(find(index), []).append(item)
    return list(groups.values())


def _ties(item: Item) -> Iterable[object]:
    """What ties an item to others: minted ids that are no roots, its scope, and for calls the equal request."""
    shared = [id_ for id_ in item.touched if prefix_of(id_) not in ROOTS]
    if item.route.kind is Kind.CALL:
        return shared or [repr(item.interaction.request)]  # equal calls are answered in their order, so they keep it
    if item.scope and (not shared or prefix_of(item.scope) not in ROOTS):
        shared.append(item.scope)
    return shared or item.touched


# ------------------------------------------------------------------------------------------- order in a conversation


def _ordered(items: list[Item]) -> Conversation:
    """By arrival; what overlapped, and does not depend on each other, by what it says."""
    waiting = list(items)
    ordered: list[Item] = []
    while waiting:
        ready: list[Item] = []
        earliest_end = waiting[0].end
        for index, item in enumerate(waiting):
            if item.start >= earliest_end and index:
                break  # it and all later ones came after the end of one that waits
            if not any(_precedes(other, item) for other in waiting[:index]):
                ready.append(item)
            earliest_end = min(earliest_end, item.end)
        chosen = ready[0] if len(ready) == 1 else min(ready, key=lambda item: item.said)
        waiting.remove(chosen)
        ordered.append(chosen)
    return Conversation(ordered, overlaps=_overlaps(ordered))


def _precedes(earlier: Item, later: Item) -> bool:
    """Whether of two items, given in order of arrival, the first must stand before the second.

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


# ------------------------------------------------------------------------------------------------------------- texts


def _rank_roots(roots: list[Conversation]) -> dict[str, str]:
    """Names for root ids that do not depend on the order of the roots; those that read the same share a name."""
    for root in roots:
        root.text = _text(root.items, {})
    ranks = {text: rank for rank, text in enumerate(sorted({root.text for root in roots}))}
    return {
        id_: f"{prefix_of(id_)}root-{ranks[root.text]}-{position}"
        for root in roots
        for position, id_ in enumerate(dict.fromkeys(_ids(root)))
    }


def _text(items: list[Item], roots: Mapping[str, str]) -> str:
    """What a conversation says: its ids numbered locally, roots by `roots`, its clock standing still."""
    numbering = Numbering()
    for item in items:
        for id_ in item.touched:
            if id_ not in roots:
                numbering.number(id_)
    return "\n".join(_said(item.interaction, {**numbering.names, **roots}) for item in items)


def _said(interaction: Interaction, names: Mapping[str, str]) -> str:
    request = in_request(interaction.request, replaced_by(names)).model_dump(exclude={"upstream"})
    return json.dumps(request, sort_keys=True) + _answered(interaction, names)


def _answered(interaction: Interaction, names: Mapping[str, str]) -> str:
    response, _ = take_out(interaction.response, 0)
    answer = in_response(response, replaced_by(names)).model_dump()
    return json.dumps([answer, interaction.ending], sort_keys=True)


def said_answer(interaction: Interaction, minted: set[str]) -> str:
    """What an answer says, its ids reduced to their prefixes and its clock standing still."""
    return _answered(interaction, {id_: prefix_of(id_) for id_ in ids_of(interaction, minted)})
