"""From a take to the cassette: recording the same conversation again gives the same file above `take`.

Pure and idempotent. What is replaced stands inside JSON strings and numbers; no other byte changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from toolreel.messages.model import Cassette, Interaction, Performance, Read, Take
from toolreel.redaction import PLACEHOLDER

from .groups import Item
from .order import Conversation, Rank, conversations
from .performed import Performed, Received, ids_in, in_time, received_in
from .polls import Settling, reads_of
from .strings import Find, in_body, in_request, in_response
from .symbols import Numbering, Sightings, ids_of, numbered, replaced_by
from .volatile import take_out


def normalise(cassette: Cassette, replace: Find | None = None) -> tuple[Cassette, dict[str, str]]:
    """The cassette in its normal form, and the symbol of every minted id.

    `replace` finds what the program varies (`toolreel.normalise.replace`).
    """
    received = received_in(cassette)
    if replace:
        received = [replaced(one, replace) for one in received]
    form = normal_form(in_time(received, [one.times for one in received]), cassette.upstreams)
    interactions, performances, reads = [], {}, {}
    for one in form.written():
        n = str(one.interaction.n)
        interactions.append(one.interaction)
        if one.performance != Performance():
            performances[n] = one.performance
        if earlier := tuple(one.reads):
            reads[n] = earlier
    take = cassette.take and Take(
        recorded_at=cassette.take.recorded_at,
        tool=cassette.take.tool,
        interactions=performances,
        reads=reads,
        overlap=form.overlap,
    )
    return Cassette(upstreams=form.upstreams, interactions=tuple(interactions), take=take), form.names


def replaced(received: Received, find: Find) -> Received:
    """What was received without what the program varies."""
    interaction = received.interaction
    request, response = in_request(interaction.request, find), in_response(interaction.response, find)
    return received._replace(interaction=interaction.model_copy(update={"request": request, "response": response}))


class Written(NamedTuple):
    """An interaction as it stands in the cassette, and what the take says of it."""

    interaction: Interaction
    performance: Performance
    reads: Iterator[Read]
    """To be read before the next interaction is asked for."""


@dataclass(frozen=True, slots=True)
class NormalForm:
    """What a cassette will say; `names` are the symbols of minted ids, `overlap` is as in `Take`."""

    upstreams: tuple[str, ...]
    names: dict[str, str]
    overlap: tuple[tuple[int, int], ...]
    _items: Sequence[Item]
    _moved: Sequence[int]
    """The new number of each upstream, -1 for those that are not used."""

    def written(self) -> Iterator[Written]:
        """The interactions in their order, made one by one."""
        find = replaced_by(self.names)
        for n, item in enumerate(self._items, start=1):
            interaction, performance = _interaction(item, n, find, self._moved[item.upstream])
            yield Written(interaction, performance, (_read(read, find) for read in reads_of(item.settled, n)))


def normal_form(performed: Sequence[Performed], upstreams: Sequence[str], rank: Rank | None = None) -> NormalForm:
    """The normal form of what was performed, which is looked at again and again, one by one.

    Of all the rest little is held, if there is a `rank`; without one, the texts by which conversations are sorted.
    """
    sightings, settling = Sightings(), Settling()
    symbols: set[str] = set()
    for one in performed:
        ids = ids_in(one)
        sightings.note(one, ids)
        settling.add(one)
        symbols.update(numbered(ids))
    minted = sightings.minted
    del sightings
    ordered = conversations(settling.settled, minted, rank)
    items = [item for conversation in ordered for item in conversation.items]
    names = _names(items, minted, symbols)
    used = tuple(dict.fromkeys(upstreams[item.upstream] for item in items))
    moved = [used.index(upstream) if upstream in used else -1 for upstream in upstreams]
    return NormalForm(used, names, tuple(_overlap(ordered, items)), items, moved)


def _names(items: Sequence[Item], minted: set[str], symbols: set[str]) -> dict[str, str]:
    """The symbols of minted ids; none may look like one of `symbols`, unless that is a minted id itself."""

    def is_taken(name: str) -> bool:
        return name in symbols and name not in minted and not PLACEHOLDER.fullmatch(name)

    numbering = Numbering(is_taken)
    for item in items:
        for name in item.names:
            numbering.number(name)
    for item in items:
        for superseded in item.settled.superseded:
            for name in ids_of(superseded.interaction, minted):
                numbering.number(name)
    return numbering.names


def _overlap(ordered: Sequence[Conversation], items: Sequence[Item]) -> list[tuple[int, int]]:
    if not any(conversation.overlaps for conversation in ordered):
        return []
    place = {id(item): n for n, item in enumerate(items, start=1)}
    return sorted((place[id(a)], place[id(b)]) for one in ordered for a, b in one.overlaps)


def _interaction(item: Item, n: int, find: Find, upstream: int) -> tuple[Interaction, Performance]:
    received = item.interaction
    response, values = take_out(received.response, n)
    request = in_request(received.request, find)
    interaction = Interaction(
        n=n,
        request=request.model_copy(update={"upstream": upstream}),
        response=in_response(response, find),
        ending=received.ending,
    )
    performance = item.settled.performed.performance or Performance()
    return interaction, performance.model_copy(update=values._asdict())


def _read(read: Read, find: Find) -> Read:
    return read.model_copy(update={"body": in_body(read.body, find)})
