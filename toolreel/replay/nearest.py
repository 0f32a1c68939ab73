"""The recorded request that is most like one that has no answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from toolreel.dialects.routes import route
from toolreel.normalise.symbols import replaced_by

from .asking import Asking
from .canonical import Asked, tool_outputs
from .differences import MISSING, Difference, differences
from .live import Live
from .progress import State
from .tape import Tape
from .tracks import Track

_MOST = 300
"""So many recorded requests are compared; a cassette may have ten thousand."""


@dataclass(frozen=True, slots=True)
class Near:
    """A recorded request, and where it differs. `names` are the names of the client's ids in the recording."""

    track: Track
    differences: list[Difference]
    names: Mapping[str, str]


def nearest(asking: Asking, around: Iterable[Live]) -> Near | None:
    """Of the recorded requests of the same route the nearest, if there is any.

    `around` are the live conversations whose ids the request holds: theirs come first.
    """
    states = [state for live in around for state in live.states.values()]
    wanted = asking.what.method, route(asking.what.method, asking.what.path).name
    found = [
        (_cost(near.differences, state is not None and state.has_played(track), state is None), near)
        for state, track in islice(_candidates(asking.tapes, states, wanted), _MOST)
        for near in [_near(asking, state, track)]
    ]
    return min(found, key=lambda candidate: candidate[0])[1] if found else None


def _near(asking: Asking, state: State | None, track: Track) -> Near:
    names = _names(asking, state, track)
    found = differences(asking.what.replaced(replaced_by(names)), track.asked)
    if free := track.tape.free:
        found = [one for one in found if not free.alike(one.asked, one.recorded)]
    return Near(
        track, [_as_said(one, asking.whole.replaced(replaced_by(names)), track.whole) for one in found], names
    )


def _as_said(difference: Difference, asked: Asked, recorded: Asked) -> Difference:
    """A difference between tool outputs, with the outputs in place of what was compared of them."""
    if difference.call is None or not difference.name.endswith(".output"):
        return difference
    outputs = [tool_outputs(one).get(difference.call, MISSING) for one in (asked, recorded)]
    return replace(difference, asked=outputs[0], recorded=outputs[1])


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
    classes = track.tape.root_classes
    roots = {classes[symbol]: symbol for symbol in track.symbols if symbol in classes}
    held = {name: asking.classes[name] for name in asking.held if name in asking.classes}
    return names | {name: roots[found] for name, found in held.items() if found in roots}


def _cost(found: Iterable[Difference], played: bool, elsewhere: bool) -> tuple[float, bool]:
    """The less the nearer; of equally near ones the one that is still to come."""
    return sum(one.weight for one in found) + elsewhere, played
