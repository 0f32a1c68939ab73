"""Live conversations: what a client does, seen as the recorded conversations that it may be.

Recorded conversations often begin alike. Which of them a client is in, is decided only when their answers begin to
differ; until then all that fit are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .progress import State
from .tape import Group, Track

Place = tuple[int, Group]
"""A recorded conversation in one walk: each can be played once in each walk."""


class Live:
    """One live conversation: its candidates, each with the state in which it would be."""

    __slots__ = ("states", "walk")

    def __init__(self, walk: int, states: Iterable[State]) -> None:
        self.walk = walk
        self.states = {state.group: state for state in states}

    @property
    def places(self) -> list[Place]:
        """The recorded conversations that it may be."""
        return [(self.walk, group) for group in self.states]

    def due(self, key: str, matcher: Callable[[State], Callable[[Track], bool]]) -> dict[Group, Track]:
        """What would answer a request, by candidate."""
        found = {group: state.due(key, matcher(state)) for group, state in self.states.items()}
        return {group: track for group, track in found.items() if track is not None}

    def narrow(self, groups: Iterable[Group]) -> None:
        """Keeps only these candidates."""
        self.states = {group: self.states[group] for group in groups}


class Conversations:
    """All live conversations of a session, and which recorded ones are still free.

    No two of them are ever the same recorded conversation of the same walk; so the candidates of all must allow a
    choice in which each gets one of its own.
    """

    def __init__(self) -> None:
        self._undecided: list[Live] = []
        self._owners: dict[Place, Live] = {}
        self._by_group: dict[Group, list[Live]] = {}

    def of_group(self, group: Group) -> list[Live]:
        """The live conversations that may be this recorded one, the newest first."""
        lives = self._by_group.get(group, [])
        return [live for live in reversed(lives) if group in live.states]

    def free(self, walk: int, groups: Iterable[Group]) -> list[Group]:
        """Of these recorded conversations, those that a new live one may be."""
        return [
            group
            for group in groups
            if (walk, group) not in self._owners and (not self._undecided or self._fits([[(walk, group)]]))
        ]

    def add(self, live: Live) -> None:
        """Takes in a new live conversation."""
        self._undecided.append(live)
        for group in live.states:
            self._by_group.setdefault(group, []).append(live)
        self._settle()

    def choose(self, live: Live, groups: list[Group]) -> Group:
        """The first of its candidates `groups` that leaves every other live conversation one of its own."""
        if len(groups) > 1 and live in self._undecided:
            others = [one for one in self._undecided if one is not live]
            for group in groups:
                if self._matchable([[(live.walk, group)], *(one.places for one in others)]):
                    return group
        return groups[0]

    def narrow(self, live: Live, groups: Iterable[Group]) -> None:
        """Keeps only these candidates of a live conversation; others may thereby be decided too."""
        kept = list(groups)
        if len(kept) < len(live.states):
            live.narrow(kept)
            self._settle()

    def _settle(self) -> None:
        """Whoever has one candidate left owns it, and nobody else can be it any more."""
        while decided := [live for live in self._undecided if len(live.states) <= 1]:
            for live in decided:
                self._undecided.remove(live)
                for place in live.places:
                    self._owners[place] = live
            for live in self._undecided:
                kept = [group for group in live.states if (live.walk, group) not in self._owners]
                if kept:
                    live.narrow(kept)

    def decided(self) -> list[State]:
        """Every live conversation as the recorded one that it is; the undecided ones are given one each."""
        states = [state for live in self._owners.values() for state in live.states.values()]
        seats = self._match([live.places for live in self._undecided]) or {}
        return states + [self._undecided[index].states[group] for (_, group), index in seats.items()]

    def _fits(self, wanted: list[list[Place]]) -> bool:
        return self._matchable([*wanted, *(live.places for live in self._undecided)])

    def _matchable(self, wanted: list[list[Place]]) -> bool:
        """Whether each can get a place of its own."""
        return self._match(wanted) is not None

    def _match(self, wanted: list[list[Place]]) -> dict[Place, int] | None:
        """A free place for each, or None if there is no way to do it (Kuhn's algorithm for bipartite matching)."""
        taken: dict[Place, int] = {}

        def seat(index: int, tried: set[Place]) -> bool:
            for place in wanted[index]:
                if place in tried or place in self._owners:
                    continue
                tried.add(place)
                if place not in taken or seat(taken[place], tried):
                    taken[place] = index
                    return True
            return False

        return taken if all(seat(index, set()) for index in range(len(wanted))) else None
