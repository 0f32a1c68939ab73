"""The conversations of a cassette: which of its interactions belong together."""

from __future__ import annotations

from dataclasses import dataclass

from toolreel.dialects.ids import ROOTS
from toolreel.messages.model import Cassette
from toolreel.normalise import order
from toolreel.normalise.performed import unfold
from toolreel.normalise.polls import settle
from toolreel.normalise.symbols import minted_ids, prefix_of


@dataclass(frozen=True, slots=True)
class Conversation:
    """Interactions that minted ids tie together, by their numbers.

    `number` counts from 1 in the order of the cassette. `shared` is one that made what others use, such as an
    assistant. `name` is the id that it is known by, empty if it has none; `needs` are the numbers of those it needs.
    """

    number: int
    name: str
    shared: bool
    interactions: tuple[int, ...]
    needs: frozenset[int]


def conversations_of(cassette: Cassette) -> list[Conversation]:
    """The conversations of a cassette in the order in which they begin."""
    performed = unfold(cassette)
    minted = minted_ids(performed)
    found = order.conversations(settle(performed), minted)
    found.sort(key=lambda one: _numbers(one)[0])
    number = {id(one): place for place, one in enumerate(found, start=1)}
    return [
        Conversation(
            number=number[id(one)],
            name=_name(one),
            shared=_is_shared(one),
            interactions=_numbers(one),
            needs=frozenset(number[id(other)] for other in one.needs),
        )
        for one in found
    ]


def _numbers(conversation: order.Conversation) -> tuple[int, ...]:
    return tuple(sorted(item.interaction.n for item in conversation.items))


def _is_shared(conversation: order.Conversation) -> bool:
    touched = [id_ for item in conversation.items for id_ in item.touched]
    return bool(touched) and all(prefix_of(id_) in ROOTS for id_ in touched)


def _name(conversation: order.Conversation) -> str:
    """The thread, or what else was minted first."""
    minted = [id_ for item in conversation.items for id_ in item.touched if id_ in item.minted_first]
    asked = [id_ for item in conversation.items for id_ in sorted(item.asks)]
    named = [id_ for id_ in (*minted, *asked) if prefix_of(id_) == "thread_"]
    return next(iter((*named, *minted, *asked)), "")
