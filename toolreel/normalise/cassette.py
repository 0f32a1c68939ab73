"""From a take to the cassette: recording the same conversation again gives the same file above `take`.

Pure and idempotent. What is replaced stands inside JSON strings and numbers; no other byte changes.
"""

from __future__ import annotations

import dataclasses

from toolreel.messages.model import Cassette, Interaction, Performance, Read, Take
from toolreel.redaction import PLACEHOLDER

from .groups import Item
from .order import Conversation, conversations
from .performed import Performed, unfold
from .polls import reads_of, settle
from .strings import Find, in_body, in_request, in_response, strings_of_request, strings_of_response
from .symbols import Numbering, ids_of, minted_ids, names_in, replaced_by
from .volatile import take_out


def normalise(cassette: Cassette, replace: Find | None = None) -> tuple[Cassette, dict[str, str]]:
    """The cassette in its normal form, and the symbol of every minted id.

    `replace` finds what the program varies (`toolreel.normalise.replace`).
    """
    performed = unfold(cassette)
    if replace:
        performed = [_replaced(one, replace) for one in performed]
    minted = minted_ids(performed)
    ordered = conversations(settle(performed), minted)
    items = [item for conversation in ordered for item in conversation.items]
    numbering = Numbering(_own_names(performed, minted).__contains__)
    for item in items:
        for id_ in ids_of(item.interaction, minted):
            numbering.number(id_)
    for item in items:
        for superseded in item.settled.superseded:
            for id_ in ids_of(superseded.interaction, minted):
                numbering.number(id_)
    return _written(cassette, ordered, items, numbering.names), numbering.names


def _replaced(performed: Performed, find: Find) -> Performed:
    interaction = performed.interaction
    request, response = in_request(interaction.request, find), in_response(interaction.response, find)
    changed = interaction.model_copy(update={"request": request, "response": response})
    return dataclasses.replace(performed, interaction=changed)


def _own_names(performed: list[Performed], minted: set[str]) -> set[str]:
    """What looks like an id and stays as it is: no symbol may look the same."""
    texts = (
        text
        for one in performed
        for text in (*strings_of_request(one.interaction.request), *strings_of_response(one.interaction.response))
    )
    return {name for name in names_in(texts) if name not in minted and not PLACEHOLDER.fullmatch(name)}


def _written(cassette: Cassette, ordered: list[Conversation], items: list[Item], names: dict[str, str]) -> Cassette:
    find = replaced_by(names)
    upstreams = _upstreams(cassette, items)
    place = {id(item): n for n, item in enumerate(items, start=1)}
    interactions, performances, reads = [], {}, {}
    for n, item in enumerate(items, start=1):
        interaction, performance = _interaction(item, n, find, upstreams, cassette)
        interactions.append(interaction)
        if performance != Performance():
            performances[str(n)] = performance
        if superseded := reads_of(item.settled, n):
            reads[str(n)] = tuple(_read(read, find) for read in superseded)
    overlap = sorted((place[id(a)], place[id(b)]) for one in ordered for a, b in one.overlaps)
    take = cassette.take and Take(
        recorded_at=cassette.take.recorded_at,
        tool=cassette.take.tool,
        interactions=performances,
        reads=reads,
        overlap=tuple(overlap),
    )
    return Cassette(upstreams=tuple(upstreams), interactions=tuple(interactions), take=take)


def _upstreams(cassette: Cassette, items: list[Item]) -> list[str]:
    """The upstreams in the order in which the interactions name them."""
    return list(dict.fromkeys(cassette.upstreams[item.interaction.request.upstream] for item in items))


def _interaction(
    item: Item, n: int, find: Find, upstreams: list[str], cassette: Cassette
) -> tuple[Interaction, Performance]:
    received = item.interaction
    response, values = take_out(received.response, n)
    request = in_request(received.request, find)
    upstream = upstreams.index(cassette.upstreams[received.request.upstream])
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
