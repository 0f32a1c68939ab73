"""The recorded request that is most like one that has no answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from toolreel.dialects.routes import route
from toolreel.normalise.symbols import replaced_by

from .asking import Asking
from .differences import Difference, differences
from .live import Live
from .progress import State
from .tape import Tape, Track

_MOST = 300
"""So many recorded requests are compared; a cassette may have ten thousand."""


@dataclass(frozen=True, slots=True)
class Near:
    """A recorded request, and where it differs."""

    track: Track
    differences: list[Difference]


def nearest(asking: Asking, around: Iterable[Live]) -> Near | None:
    """Of the recorded requests of the same route the nearest, if there is any.

    `around` are the live conversations whose ids the request holds: theirs come first.
    """
    states = [state for live in around for state in live.states.values()]
    wanted = asking.what.method, route(asking.what.method, asking.what.path).name
    candidates = [
        (_cost(found, state is not None and state.has_played(track), state is None), track, found)
        for state, track in islice(_candidates(asking.tapes, states, wanted), _MOST)
        for found in [differences(asking.what.replaced(replaced_by(_names(asking, state, track))), track.asked)]
    ]
    best = min(candidates, key=lambda candidate: candidate[0], default=None)
    return Near(best[1], best[2]) if best else None


def _candidates(
    tapes: Iterable[Tape], states: list[State], wanted: tuple[str, str]
) -> Iterable[tuple[State | None, Track]]:
    own = {state.group: state for state in states}
    for state in states:
        for track in state.group.routes.get(wanted, ()):
            yield state, track
    for tape in tapes:
        for group in tape.groups:
            if group not in own:
                for track in group.routes.get(wanted, ()):
                    yield None, track


def _names(asking: Asking, state: State | None, track: Track) -> Mapping[str, str]:
    """What the client's ids are called in the recording, as far as it is known."""
    names = {name: state.symbol_of[name] for name in asking.held if name in state.symbol_of} if state else {}
    roots = {track.tape.root_classes.get(symbol): symbol for symbol in track.symbols}
    classes = ((name, asking.classes.get(name)) for name in asking.held)
    return names | {name: roots[found] for name, found in classes if found in roots}


def _cost(found: Iterable[Difference], played: bool, elsewhere: bool) -> tuple[float, bool]:
    """The less the nearer; of equally near ones the one that is still to come."""
    return sum(one.weight for one in found) + elsewhere, played
