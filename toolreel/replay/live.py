"""Live conversations: what a client does, seen as the recorded conversations that it may be.

Recorded conversations often begin alike. Which of them a client is in, is decided only when their answers begin to
differ; until then all that fit are kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .asking import Asking
from .beginnings import Beginning, Begun
from .past import Past
from .progress import State
from .tape import Tape
from .tracks import Group, Track
from .variables import Known

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
    conversations that it might have been, None where another client is in it. `names` are the ids that it gave out.
    Newer ones have a higher `age`. One that `is_over` only answers reads.
    """

    __slots__ = ("_left", "_left_at_once", "age", "begun", "is_over", "known", "names", "states", "walk")

    def __init__(self, walk: int, states: Iterable[State] = (), begun: Begun | None = None) -> None:
        self.walk = walk
        self.age = 0
        self.is_over = False
        self.names: list[str] = []
        self.begun = begun
        self.known: Mapping[Tape, Known] = defaultdict(Known)
        """What is known of the variables of its walk."""
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
            self.states[group] = self.begun.state(group, self.known[group.tape])
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


@dataclass(slots=True)
class _Walk:
    """What is taken for good in one walk; of conversations that `begin` alike, how many of the first ones."""

    owned: set[Group] = field(default_factory=set)
    begin: dict[Beginning, int] = field(default_factory=dict)
    known: dict[Tape, Known] = field(default_factory=lambda: defaultdict(Known))

    def clear(self) -> None:
        """Nothing is taken yet."""
        self.owned.clear()
        self.begin.clear()
        self.known.clear()


class Conversations:
    """All live conversations of a session, and which recorded ones are still free.

    No two of them are ever the same recorded conversation of the same walk; so the candidates of all must allow a
    choice in which each gets one of its own. One such choice is kept at all times, the *seats*: it is changed along
    augmenting paths (Kuhn's algorithm for bipartite matching) and proves that nobody is left without.

    Those that are over go to the `past`, if there is any.
    """

    def __init__(self, past: Past | None = None) -> None:
        self._past = past
        self._count = 0
        self._played: set[Track] = set()
        """What was played in those that are over."""
        self._seats: dict[Live, Place] = {}
        """Of those that are undecided."""
        self._taken: dict[Place, Live] = {}
        """Who sits where."""
        self._owners: dict[Group, dict[Live, None]] = {}
        """The decided ones that are not over."""
        self._walks: dict[int, _Walk] = defaultdict(_Walk)
        """The newest walk, those in which somebody is undecided, and older ones until somebody begins anew."""

    def of_group(self, group: Group, *, over: bool = True) -> list[Live]:
        """The live conversations that may be this recorded one, the newest first; `over`: even if over."""
        lives = [live for live in self._seats if live.may_be(group)]
        lives += self._owners.get(group, ())
        if over and self._past is not None:
            lives += self._past.newest(group)
        return sorted(lives, key=lambda live: live.age, reverse=True)

    def candidates(self, live: Live, asking: Asking) -> list[State]:
        """The states in which a live conversation would be in those that it may be and that know such a request."""
        if live.begun is None:
            return [state for group, state in live.states.items() if group.having(asking.key)]
        may_be = (group for group in asking.groups if live.may_be(group) and not self._is_owned((live.walk, group)))
        return [live.state(group) for group in may_be]

    def free(self, walk: int, groups: Iterable[Group]) -> list[Group]:
        """Of these recorded conversations, those that a new live one may be."""
        wanted = [group for group in groups if not self._is_owned((walk, group))]
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
        groups, known = beginning.groups, self._walks[walk]
        begin = known.begin.get(beginning, 0)
        while begin < len(groups) and groups[begin] in known.owned:
            begin += 1
        known.begin[beginning] = begin
        found = (groups[at] for at in range(begin, len(groups)))
        return (group for group in found if group not in known.owned)

    def _is_owned(self, place: Place) -> bool:
        walk, group = place
        return group in self._walks[walk].owned

    def _places(self, live: Live) -> Iterator[Place]:
        """The recorded conversations that a live one may be."""
        groups = live.states if live.begun is None else self._unowned(live.walk, live.begun.beginning)
        return ((live.walk, group) for group in groups)

    def add(self, live: Live) -> None:
        """Takes in a new live conversation."""
        self._count += 1
        live.age = self._count
        live.known = self.known(live.walk)
        self._sit(live)
        self._settle([live])
        self._close([walk for walk in self._walks if walk < live.walk])

    def walk_again(self, walk: int, group: Group) -> int:
        """A conversation is played that is over as soon as it begins; gives the number of the walk in which it is.

        That is a new one if it was played in this one. It gets a number of its own only if somebody is undecided in
        the old one: nobody else goes by it.
        """
        known = self._walks[walk]
        if group in known.owned:
            if self._seats:
                walk += 1
                self._close([older for older in self._walks if older < walk])
                known = self._walks[walk]
            else:
                known.clear()
        known.owned.add(group)
        return walk

    def choose(self, live: Live, groups: list[Group]) -> Group | None:
        """The first of its candidates `groups` that leaves every other live conversation one of its own, if any."""
        seat = self._seats.get(live)
        if seat is None or groups == [seat[1]]:
            return groups[0]
        del self._taken[seat]
        movable = self._movable()
        places = ((live.walk, group) for group in groups)
        chosen = next((place for place in places if place not in self._taken or place in movable), None)
        self._taken[seat] = live
        return chosen[1] if chosen else None

    def narrow(self, live: Live, groups: Iterable[Group]) -> None:
        """Keeps only these candidates of a live conversation; others may thereby be decided too.

        If all of them say the same from beginning to end, there is nothing left to decide.
        """
        kept = list(groups)
        if len(kept) > 1 and len({group.says for group in kept}) == 1:
            kept = [self.choose(live, kept) or kept[0]]
        if len(kept) < len(live.states) or live.begun is not None:
            live.keep(kept)
            if live in self._seats:
                self._sit(live)
                self._settle([live])

    def note_played(self, live: Live) -> None:
        """Something was played in a live conversation; if nothing but reads can follow, it is over."""
        if self._past is None or live in self._seats:
            return
        [(group, state)] = live.states.items()
        if not state.is_over:
            return
        self._played.update(state.played)
        if not live.is_over:
            live.is_over = True
            self._owners[group].pop(live, None)
            self._past.add(live, group)

    def known(self, walk: int) -> Mapping[Tape, Known]:
        """What is known of the variables of each tape in a walk."""
        return self._walks[walk].known

    def decided(self) -> list[State]:
        """Every live conversation that is not over as the recorded one that it is; undecided ones get one each."""
        owners = [live.state(group) for group, owners in self._owners.items() for live in owners]
        return owners + [live.state(group) for (_, group), live in self._taken.items()]

    @property
    def played(self) -> set[Track]:
        """The interactions that were played in any of them."""
        return self._played.union(*(state.played for state in self.decided()))

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
                if place in came or self._is_owned(place):
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
            self._walks[live.walk].owned.add(place[1])
            self._owners.setdefault(place[1], {})[live] = None
            for other in self._seats:
                if other.walk == live.walk and other.may_be(place[1]):
                    other.leave(place[1], None)
                    if other.states.pop(place[1], None) is not None and not other.states:
                        other.state(self._seats[other][1])
                    changed.append(other)
        for live in changed:
            self.note_played(live)

    def _close(self, walks: Iterable[int]) -> None:
        """Forgets what was taken in walks in which nobody begins any more, unless somebody is undecided there."""
        undecided = {live.walk for live in self._seats}
        for walk in walks:
            if walk not in undecided:
                del self._walks[walk]
