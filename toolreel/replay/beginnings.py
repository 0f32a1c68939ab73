"""Recorded conversations that begin alike, so that nobody can tell yet which of them a client is in.

A cassette may hold thousands that open a thread in the same way. They are looked at one by one only when a client's
second request singles some of them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .asking import Asking
from .progress import State
from .tracks import Group, Track
from .variables import Known


class Beginning:
    """Recorded conversations in file order; `firsts` are the interactions with which they begin, all alike."""

    def __init__(self, firsts: Mapping[Group, Track]) -> None:
        self.firsts = dict(firsts)
        self.groups = list(self.firsts)
        self.says_the_same = len(self.groups) == 1 or len({group.says for group in self.groups}) == 1
        """Whether they are alike to their ends, so that there is nothing to tell apart."""


def beginnings(firsts: Mapping[Group, Track]) -> list[Beginning]:
    """Interactions that say the same, by what is answered; in file order of the first of each."""
    if len(firsts) == 1:
        return [Beginning(firsts)]
    by_line: dict[str, dict[Group, Track]] = {}
    for group, track in firsts.items():
        by_line.setdefault(track.line, {})[group] = track
    alike: dict[str, dict[Group, Track]] = {}
    for found in by_line.values():
        alike.setdefault(next(iter(found.values())).answer_alike, {}).update(found)
    place = {group: at for at, group in enumerate(firsts)}
    ordered = [sorted(found.items(), key=lambda pair: place[pair[0]]) for found in alike.values()]
    return [Beginning(dict(pairs)) for pairs in ordered]


@dataclass(frozen=True, slots=True)
class Begun:
    """How a live conversation began that may be any of several.

    `names` are the ids that the client holds, in the order in which they stand in the answer.
    """

    beginning: Beginning
    asking: Asking
    names: tuple[str, ...]
    faithful: bool

    def state(self, group: Group, known: Known) -> State:
        """The state in which the client is, if it is in this conversation; `known` may contradict it by now."""
        state, track = State(group, faithful=self.faithful), self.beginning.firsts[group]
        meaning = self.asking.meaning(state, track)
        state.known = known
        bind_roots(state, track, self.asking)
        for name, symbol in zip(self.names, track.answered_symbols, strict=False):
            if symbol not in state.live_of:
                state.bind(name, symbol)
        state.play(track, meaning or {})
        return state


def bind_roots(state: State, track: Track, asking: Asking) -> None:
    """The roots that a request names are those that the recorded one names, class by class."""
    classes = state.group.tape.root_classes
    roots = [name for name in asking.held if name in asking.classes]
    for symbol in track.symbols if roots else ():
        same = (name for name in roots if asking.classes[name] == classes.get(symbol))
        if (name := next(same, None)) and symbol not in state.live_of:
            state.bind(name, symbol)


def singled_out(groups: Iterable[Group], asking: Asking, *, faithful: bool) -> dict[Group, Track]:
    """What would answer a request at the beginning of recorded conversations."""
    found = {group: State(group, faithful=faithful).due(asking) for group in groups}
    return {group: track for group, track in found.items() if track is not None}
