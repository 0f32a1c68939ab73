"""Live conversations: what a client does, seen as the recorded conversations that it may be.

Recorded conversations often begin alike. Which of them a client is in, is decided only when their answers begin to
differ; until then all that fit are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .asking import Asking
from .progress import State
from .tape import Group, Track

Place = tuple[int, Group]
"""A recorded conversation in one walk: each can be played once in each walk."""


class Left(NamedTuple):
    """Why a live conversation is not the recorded one that it might have been.

    `at` is what was played when that was decided: by the request, or if it was a `guess`, only by the answer.
    """

    at: Track
    guess: bool


class Live:
    """One live conversation: its candidates, each with the state in which it would be.

    `left` are the recorded conversations that it might have been, None where another client is in it.
    """

    __slots__ = ("left", "states", "walk")

    def __init__(self, walk: int, states: Iterable[State]) -> None:
        self.walk = walk
        self.states = {state.group: state for state in states}
        self.left: dict[Group, Left | None] = {}

    @property
    def places(self) -> Iterator[Place]:
        """The recorded conversations that it may be."""
        return ((self.walk, group) for group in self.states)

    def due(self, asking: Asking) -> dict[Group, Track]:
        """What would answer a request, by candidate."""
        found = {group: state.due(asking) for group, state in self.states.items()}
        return {group: track for group, track in found.items() if track is not None}

    def asked_before(self, asking: Asking) -> Track | None:
        """The last interaction played that a request asks for again; candidates have been answered alike."""
        return next(filter(None, (state.asked_before(asking) for state in self.states.values())), None)


class Conversations:
    """All live conversations of a session, and which recorded ones are still free.

    No two of them are ever the same recorded conversation of the same walk; so the candidates of all must allow a
    choice in which each gets one of its own. One such choice is kept at all times, the *seats*: it is changed along
    augmenting paths (Kuhn's algorithm for bipartite matching) and proves that nobody is left without.
    """

    def __init__(self) -> None:
        self._lives: dict[Live, int] = {}
        """All, with their ages."""
        self._seats: dict[Live, Place] = {}
        """Of those that are undecided."""
        self._taken: dict[Place, Live] = {}
        """Who sits where."""
        self._owners: dict[Place, Live] = {}
        """The decided ones."""
        self._owners_of: dict[Group, list[Live]] = {}

    def of_group(self, group: Group) -> list[Live]:
        """The live conversations that may be this recorded one, the newest first."""
        lives = [live for live in self._seats if group in live.states]
        return sorted(lives + self._owners_of.get(group, []), key=self._lives.__getitem__, reverse=True)

    def free(self, walk: int, groups: Iterable[Group]) -> list[Group]:
        """Of these recorded conversations, those that a new live one may be."""
        wanted = [group for group in groups if (walk, group) not in self._owners]
        if not any((walk, group) in self._taken for group in wanted):
            return wanted
        movable = self._movable()
        return [group for group in wanted if (walk, group) not in self._taken or (walk, group) in movable]

    def add(self, live: Live) -> None:
        """Takes in a new live conversation."""
        self._lives[live] = len(self._lives)
        self._sit(live)
        self._settle([live])

    def choose(self, live: Live, groups: list[Group]) -> Group:
        """The first of its candidates `groups` that leaves every other live conversation one of its own."""
        seat = self._seats.get(live)
        if seat is None or len(groups) == 1:
            return groups[0]
        del self._taken[seat]
        movable = self._movable()
        places = ((live.walk, group) for group in groups)
        chosen = next((place for place in places if place not in self._taken or place in movable), seat)
        self._taken[seat] = live
        return chosen[1]

    def narrow(self, live: Live, groups: Iterable[Group]) -> None:
        """Keeps only these candidates of a live conversation; others may thereby be decided too.

        If all of them say the same from beginning to end, there is nothing left to decide.
        """
        kept = list(groups)
        if len(kept) > 1 and len({group.says for group in kept}) == 1:
            kept = [self.choose(live, kept)]
        if len(kept) < len(live.states):
            live.states = {group: live.states[group] for group in kept}
            if live in self._seats:
                self._sit(live)
                self._settle([live])

    def decided(self) -> list[State]:
        """Every live conversation as the recorded one that it is; the undecided ones are given one each."""
        seats = {**self._owners, **self._taken}
        return [live.states[group] for (_, group), live in seats.items()]

    def _movable(self) -> set[Place]:
        """The seats that could be had, because whoever sits there could sit elsewhere."""
        movable: set[Place] = set()
        waiting = dict(self._seats)
        found = True
        while found:
            found = False
            for live, seat in list(waiting.items()):
                if any(place not in self._taken or place in movable for place in live.places if place != seat):
                    movable.add(seat)
                    del waiting[live]
                    found = True
        return movable

    def _sit(self, live: Live) -> None:
        """Gives a live conversation a seat among its candidates; others may have to move."""
        if (seat := self._seats.pop(live, None)) is not None:
            del self._taken[seat]
        came: dict[Place, Live] = {}
        asking = [live]
        for one in asking:
            for place in one.places:
                if place in came or place in self._owners:
                    continue
                came[place] = one
                if place not in self._taken:
                    self._move(live, place, came)
                    return
                asking.append(self._taken[place])

    def _move(self, newcomer: Live, place: Place, came: Mapping[Place, Live]) -> None:
        """Everybody on the way from a newcomer to the empty `place` moves up."""
        while True:
            one = came[place]
            left = self._seats.get(one)
            self._seats[one], self._taken[place] = place, one
            if one is newcomer or left is None:
                return
            place = left

    def _settle(self, changed: list[Live]) -> None:
        """Whoever has one candidate left owns it, and nobody else can be it any more."""
        for live in changed:
            if len(live.states) != 1 or live not in self._seats:
                continue
            place = self._seats.pop(live)
            del self._taken[place]
            self._owners[place] = live
            self._owners_of.setdefault(place[1], []).append(live)
            for other in self._seats:
                if other.walk == live.walk and place[1] in other.states:
                    del other.states[place[1]]
                    other.left[place[1]] = None
                    changed.append(other)
