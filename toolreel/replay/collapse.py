"""Collapse for a whole scope: what a client is told of one resource fits what it is told of the others.

A poll gets at once the answer on which polling ended. Where a list was read while the polled status was still another
one, that list is from before the change: a completed run with an empty list of steps is a state that never was. So
the poll is answered as it was then, until the client has read the list; and who has been told the end does not get
the list any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from toolreel.dialects.routes import Kind
from toolreel.messages.model import Response
from toolreel.normalise.groups import Item
from toolreel.normalise.values import values_of

_ENDS = frozenset({"completed", "failed", "cancelled", "expired", "incomplete", "requires_action"})
"""On these statuses polling ends."""


class Stage(NamedTuple):
    """What a poll was answered before it was settled.

    `waits_for` are the numbers of the reads that go with it, `polls` is how often it was asked before they came.
    """

    response: Response
    waits_for: frozenset[int]
    polls: int = 1


class Held(NamedTuple):
    """What is held for one read: its `stages`, and the numbers of the polls whose settled answer outdates it."""

    stages: tuple[Stage, ...] = ()
    outdated_by: frozenset[int] = frozenset()


NOTHING_HELD = Held()


class Reading(NamedTuple):
    """A read, by its number, in its epoch."""

    n: int
    item: Item
    epoch: int


def held(readings: Iterable[Reading]) -> dict[int, Held]:
    """What is held for the reads of one conversation, by their numbers; nothing for most."""
    places: dict[tuple[str | None, int], list[Reading]] = {}
    for reading in readings:
        if reading.item.route.kind is Kind.READ:
            places.setdefault((reading.item.scope, reading.epoch), []).append(reading)
    stages: dict[int, list[Stage]] = {}
    outdated: dict[int, set[int]] = {}
    for together in places.values():
        polls = [one for one in together if _is_poll(one.item)]
        early = [one for one in together if polls and _may_be_early(one.item)]
        for poll in polls:
            for stage in _stages(poll, [one for one in early if one is not poll]):
                stages.setdefault(poll.n, []).append(stage)
                for n in stage.waits_for:
                    outdated.setdefault(n, set()).add(poll.n)
    return {
        n: Held(tuple(stages.get(n, ())), frozenset(outdated.get(n, ()))) for n in stages.keys() | outdated.keys()
    }


def _stages(poll: Reading, early: Iterable[Reading]) -> list[Stage]:
    """The answers that a poll had while other reads saw what went with them."""
    settled = poll.item.settled
    answers = [*settled.superseded, settled.performed]
    final = status_of(settled.performed.interaction.response)
    while len(answers) > 1 and status_of(answers[-2].interaction.response) == final:
        answers.pop()
    settled_from = answers.pop().start
    waiting: dict[int, set[int]] = {}
    for other in early:
        when = other.item.settled.performed.start
        if answers and when < settled_from:
            place = max((at for at, one in enumerate(answers) if one.start <= when), default=0)
            waiting.setdefault(place, set()).add(other.n)
    before = [-1, *sorted(waiting)]
    return [
        Stage(answers[at].interaction.response, frozenset(waiting[at]), at - last) for last, at in pairwise(before)
    ]


def _is_poll(item: Item) -> bool:
    return bool(item.settled.superseded) and status_of(item.interaction.response) is not None


def _may_be_early(item: Item) -> bool:
    """Whether an answer may have been true for a while only: a list, or something unfinished."""
    value = _value(item.interaction.response)
    if isinstance(value, dict) and value.get("object") == "list":
        return True
    status = status_of(item.interaction.response)
    return status is not None and status not in _ENDS


def status_of(response: Response) -> str | None:
    """The status of what an answer tells of, if it has any."""
    value = _value(response)
    status = value.get("status") if isinstance(value, dict) else None
    return status if isinstance(status, str) else None


def _value(response: Response) -> Any:
    if response.frames is not None or response.status >= 400:
        return None
    return next(iter(values_of(response)), None)
