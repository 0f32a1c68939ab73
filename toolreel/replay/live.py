"""Live conversations: what a client does, seen as the recorded conversations that it may be.

Recorded conversations often begin alike. Which of them a client is in, is decided only when their answers begin to
differ; until then all that fit are kept.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from .asking import Asking
from .beginnings import Beginning, Begun
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

    Where a client has only just begun, most of them are not in `states` yet: `begun` knows them. `left` are recorded
    conversations that it might have been, None where another client is in it.
    """

    __slots__ = ("_left", "_left_at_once", "begun", "states", "walk")

    def __init__(self, walk: int, states: Iterable[State] = (), begun: Begun | None = None) -> None:
        self.walk = walk
        self.begun = begun
        self.states = {state.group: state for state in states}
        self._left: dict[Group, Left | None] = {}
        self._left_at_once: list[tuple[Container[Group], Left]] = []

    def may_be(self, group: Group) -> bool:
        """Whether it may be this recorded conversation."""
        return group in self.states or (self.begun is not None and group in self.begun.beginning.firsts)

    @property
    def groups(self) -> set[Group]:
        """The recorded conversations that it may be, or might have been until another client took them."""
        return {*self.states, *(self.begun.beginning.firsts if self.begun else ())}

    def state(self, group: Group) -> State:
        """The state in which it would be in one of its candidates."""
        if group not in self.states and self.begun is not None:
            self.states[group] = self.begun.state(group)
        return self.states[group]

    def keep(self, groups: Iterable[Group]) -> None:
        """Only these candidates are left."""
        self.states = {group: self.states[group] for group in groups}
        self.begun = None

    def leave(self, group: Group, why: Left | None) -> None:
        """It is not this recorded conversation."""
        self._left.setdefault(group, why)

    def leave_all(self, groups: Container[Group], why: Left) -> None:
        """It is none of these, but for those that it is in."""
        self._left_at_once.append((groups, why))

    def why_left(self, group: Group) -> tuple[bool, Left | None]:
        """Whether it was a candidate once, and why it is none any more."""
        if group in self._left:
            return True, self._left[group]
        why = next((why for groups, why in self._left_at_once if group in groups), None)
        return why is not None, why

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
        self._begin: dict[tuple[int, Beginning], int] = {}
        """Of conversations that begin alike, how many of the first ones are owned."""

    def of_group(self, group: Group) -> list[Live]:
        """The live conversations that may be this recorded one, the newest first."""
        lives = [live for live in self._seats if live.may_be(group)]
        return sorted(lives + self._owners_of.get(group, []), key=self._lives.__getitem__, reverse=True)

    def candidates(self, live: Live, groups: Iterable[Group]) -> list[State]:
        """The states in which a live conversation would be in those of these that it may be."""
        if live.begun is None:
            return [live.states[group] for group in groups if group in live.states]
        may_be = (group for group in groups if live.may_be(group) and (live.walk, group) not in self._owners)
        return [live.state(group) for group in may_be]

    def free(self, walk: int, groups: Iterable[Group]) -> list[Group]:
        """Of these recorded conversations, those that a new live one may be."""
        wanted = [group for group in groups if (walk, group) not in self._owners]
        if not any((walk, group) in self._taken for group in wanted):
            return wanted
        movable = self._movable()
        return [group for group in wanted if (walk, group) not in self._taken or (walk, group) in movable]

    def first_free(self, walk: int, beginning: Beginning) -> Group | None:
        """Of conversations that begin alike the first that a new live one may be."""
        groups = self._unowned(walk, beginning)
        if (found := next((group for group in groups if (walk, group) not in self._taken), None)) is not None:
            return found
        movable = self._movable()
        return next((group for group in self._unowned(walk, beginning) if (walk, group) in movable), None)

    def _unowned(self, walk: int, beginning: Beginning) -> Iterator[Group]:
        groups = beginning.groups
        begin = self._begin.get((walk, beginning), 0)
        while begin < len(groups) and (walk, groups[begin]) in self._owners:
            begin += 1
        self._begin[walk, beginning] = begin
        found = (groups[at] for at in range(begin, len(groups)))
        return (group for group in found if (walk, group) not in self._owners)

    def _places(self, live: Live) -> Iterator[Place]:
        """The recorded conversations that a live one may be."""
        groups = live.states if live.begun is None else self._unowned(live.walk, live.begun.beginning)
        return ((live.walk, group) for group in groups)

    def seat_of(self, live: Live) -> Group:
        """The recorded conversation that a live one is, as far as anybody can tell."""
        return self._seats[live][1] if live in self._seats else next(iter(live.states))

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
        if len(kept) < len(live.states) or live.begun is not None:
            live.keep(kept)
            if live in self._seats:
                self._sit(live)
                self._settle([live])

    def decided(self) -> list[State]:
        """Every live conversation as the recorded one that it is; the undecided ones are given one each."""
        seats = {**self._owners, **self._taken}
        return [live.state(group) for (_, group), live in seats.items()]

    def _movable(self) -> set[Place]:
        """The seats that could be had, because whoever sits there could sit elsewhere."""
        movable: set[Place] = set()
        waiting = dict(self._seats)
        found = True
        while found:
            found = False
            for live, seat in list(waiting.items()):
                if any(place not in self._taken or place in movable for place in self._places(live) if place != seat):
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
            for place in self._places(one):
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
            if len(live.states) != 1 or live.begun is not None or live not in self._seats:
                continue
            place = self._seats.pop(live)
            del self._taken[place]
            self._owners[place] = live
            self._owners_of.setdefault(place[1], []).append(live)
            for other in self._seats:
                if other.walk == live.walk and other.may_be(place[1]):
                    other.leave(place[1], None)
                    if other.states.pop(place[1], None) is not None and not other.states:
                        other.state(self._seats[other][1])
                    changed.append(other)
