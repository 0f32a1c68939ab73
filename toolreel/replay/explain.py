"""Why a request has no answer: what was asked, what comes nearest, and what would have let it match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from toolreel.dialects.routes import Kind
from toolreel.normalise.strings import Span, in_text
from toolreel.normalise.symbols import replaced_by

from .asking import Asking
from .collapse import status_of
from .cures import cure
from .differences import Difference, Missing, Part, differences
from .live import Live
from .miss import Miss, MissCode
from .nearest import Near, nearest
from .progress import State
from .tracks import Group, Track
from .words import both, cassettes, interaction, listed, numbers, times

Place = tuple[State, Track]
"""A recorded request, and the state of the client that asks for it."""


@dataclass(frozen=True, slots=True)
class Repeating:
    """Whether clients could be allowed to begin again, and whether this one says that it tries again."""

    may_repeat: bool
    retried: bool


_SHOWN = 3
"""So many differences are told."""


def torn(asking: Asking, lives: Sequence[Live]) -> Miss:
    """A request that names ids of several conversations."""
    told = []
    for live in lives:
        state = next(iter(live.states.values()))
        name = next(name for name in asking.held if name in state.symbol_of)
        told.append(f"{name} {_giver(state, name)}")
    return Miss(
        MissCode.AMBIGUOUS,
        f"{asking.shown} names ids of {len(lives)} conversations that were recorded apart: {listed(told)}.",
    )


def _giver(state: State, name: str) -> str:
    """Which interaction gave out an id."""
    symbol = state.symbol_of[name]
    giver = next((track for track in state.group.tracks if symbol in track.answered_symbols), None)
    return f"from {interaction(giver)}" if giver else f"(recorded as {symbol})"


def missed(
    asking: Asking,
    lives: Sequence[Live],
    players: Sequence[Live],
    begin: Callable[[Group], State],
    options: Repeating,
) -> Miss:
    """A request that nothing answers.

    `lives` are the live conversations whose ids it holds, `players` all that it may have to do with; with `begin` it
    would be the first of another one.
    """
    states = [state for live in lives or players for state in live.states.values() if state.group in asking.groups]
    if own := _equal(asking, states):
        return _not_now(asking, own, options)
    known = {state.group for state in states}
    fresh = [begin(group) for group in asking.groups if group not in known] if not lives else []
    if recorded := _equal(asking, fresh):
        return _not_now(asking, recorded, options)
    if miss := _contradicting(asking, [*states, *fresh], options):
        return miss
    others = [group.having(asking.key)[0] for live in lives for group in asking.groups if group not in live.states]
    return _elsewhere(asking, lives[0], others[0]) if others else _unlike(asking, lives or players)


def _equal(asking: Asking, states: Iterable[State]) -> list[Place]:
    """The recorded requests that say the same."""
    found = _of_key(asking, states)
    return [(state, track) for state, track in found if asking.meaning(state, track) is not None]


def _of_key(asking: Asking, states: Iterable[State]) -> Iterator[Place]:
    return ((state, track) for state in states for track in state.group.having(asking.key))


# ----------------------------------------------------------------------------------- variables that contradict others


def _contradicting(asking: Asking, states: Iterable[State], options: Repeating) -> Miss | None:
    """A request that says what was recorded, but for variables; these may stand for secrets: none is told."""
    places = sorted(_of_key(asking, states), key=lambda place: place[0].has_played(place[1]))
    for state, track in places:
        what = f"{asking.shown} is interaction {track.n} of cassette {track.tape.name}"
        again = " With --repeat clients may begin again." if options.may_repeat else ""
        if found := track.contradiction(asking.meant(state), asking.known(state, track)):
            name, other, before = found
            where = f" in interaction {state.since(other)}" if before else ""
            message = f"{what}, but {_stands(name, other, where)}.{again}"
            return Miss(MissCode.NO_MATCH, message, _place_of(name, track, last=not before))
    return None


def _stands(name: str, other: str, where: str) -> str:
    """Why a variable cannot stand for what it is to stand for."""
    if name != other:
        return f"{name} stands there for the same as {other}{where}; two ids are two"
    if not where:
        return f"{name} stands there for more than one text"
    return f"{name} stands there for something else than{where}; within one walk it stands for the same"


def _place_of(name: str, track: Track, *, last: bool) -> str | None:
    """The first or last place in a recorded request where a variable stands."""

    def find(text: str) -> list[Span]:
        return [Span(*match.span(), "") for match in re.finditer(re.escape(name), text)]

    found = differences(track.asked, track.asked.replaced(find))
    return found[-1 if last else 0].param if found else None


# ----------------------------------------------------------------------------------------- recorded, but not for now


def _not_now(asking: Asking, equal: list[Place], options: Repeating) -> Miss:
    reads = [place for place in equal if place[1].kind is Kind.READ]
    if reads:
        return Miss(MissCode.WRONG_EPOCH, _wrong_epoch(asking, reads))
    waiting = [(state, track, first) for state, track in equal if (first := _first_skipped(state, track))]
    if waiting and not all(state.has_played(track) for state, track in equal):
        _, track, first = waiting[0]
        return Miss(
            MissCode.WRONG_EPOCH,
            f"{asking.shown} is interaction {track.n} of cassette {track.tape.name}, but {interaction(first)} was "
            "recorded before it, and has not been sent.",
        )
    return Miss(MissCode.EXHAUSTED, _exhausted(asking, [track for _, track in equal], options))


def _first_skipped(state: State, track: Track) -> Track | None:
    return None if state.has_played(track) else next(iter(state.skipped(track)), None)


def _exhausted(asking: Asking, tracks: list[Track], options: Repeating) -> str:
    tracks = list(dict.fromkeys(tracks))
    which = "it has" if len(tracks) == 1 else "each has"
    message = (
        f"{asking.shown} was recorded {times(len(tracks))} in {cassettes(asking.tapes)} ({numbers(tracks)}), "
        f"and {which} been played."
    )
    if options.retried:
        message += " It is a retry, but more than one client may have sent it."
    if options.may_repeat:
        message += " With --repeat clients may begin again."
    return message


def _wrong_epoch(asking: Asking, reads: list[Place]) -> str:
    state, track = reads[0]
    now = [(state, track) for state, track in reads if track.epoch == state.epoch_of(track.scope)]
    if now:
        return _outdated(asking, *now[0])
    stands = dict.fromkeys(_bounds(state, track.scope, track.epoch) for state, track in reads)
    return (
        f"{asking.shown} was recorded at another point of {cassettes(asking.tapes)}: {listed(list(stands))}. "
        f"This client is {_bounds(state, track.scope, state.epoch_of(track.scope))}, "
        "where the answer from there would be wrong."
    )


def _bounds(state: State, scope: str | None, epoch: int) -> str:
    """Between which writes an epoch lies."""
    writes = state.group.writes.get(scope or "", [])
    before, after = writes[:epoch][-1:], writes[epoch : epoch + 1]
    if before and after:
        return f"between {interaction(before[0])} and {interaction(after[0])}"
    if before:
        return f"after {interaction(before[0])}"
    return f"before {interaction(after[0])}" if after else "at its beginning"


def _outdated(asking: Asking, state: State, track: Track) -> str:
    numbers = state.outdating(track)
    poll = next(one for one in state.group.tracks if one.n in numbers)
    return (
        f"{asking.shown} was recorded in {cassettes(asking.tapes)} only while {interaction(poll)} had not said "
        f'"{status_of(poll.interaction.response)}" yet, which this client has been told. '
        "With --poll faithful each poll gets its recorded answers in turn."
    )


# ----------------------------------------------------------------------------------------------- recorded, elsewhere


def _elsewhere(asking: Asking, live: Live, track: Track) -> Miss:
    """The client is in one conversation, and asks what was asked in another one."""
    like = f"interaction {track.n} of another conversation"
    was_candidate, left = live.why_left(track.group)
    if left and left.guess:
        message = (
            f"{asking.shown} is like {like} than the one that this client is in: up to {interaction(left.at)} it "
            "could have been either, and got the answer of the first in the file."
        )
        return Miss(MissCode.AMBIGUOUS, message)
    if was_candidate and left is None:
        return Miss(MissCode.AMBIGUOUS, f"{asking.shown} is like {like}, which another client is in.")
    miss = _unlike(asking, [live])
    decided = f"; {interaction(left.at)} decided that this client is not in it" if left else ""
    return replace(miss, message=f"{miss.message} It is like {like}{decided}.")


# ------------------------------------------------------------------------------------------------------ not recorded


def _unlike(asking: Asking, around: Iterable[Live]) -> Miss:
    message = f"{asking.shown} is like no recorded request of {cassettes(asking.tapes)}"
    near = nearest(asking, around)
    if near is None:
        return Miss(MissCode.NO_MATCH, f"{message}{_no_such_path(asking)}", Part.PATH)
    tape, found = near.track.tape, near.differences
    message += f". Nearest is interaction {near.track.n}"
    if not found:
        why = asking.as_recorded(tape) or "what stands for its secrets or free ids was another before"
        return Miss(MissCode.NO_MATCH, f"{message}, but {why}.")
    shown = [_told(asking, near, one) for one in found[:_SHOWN]]
    if len(found) > _SHOWN:
        shown.append(f"and {len(found) - _SHOWN} more")
    message += f": {'; '.join(shown)}."
    if option := cure(found, tape.tools.get, tape.minted):
        message += f" To let it match: {option}."
    return Miss(MissCode.NO_MATCH, message, found[0].param)


def _no_such_path(asking: Asking) -> str:
    """What to say where nothing of the route was recorded."""
    method, path = asking.what.method, asking.what.path
    recorded = {track.asked.path: track for tape in asking.tapes for group in tape.groups for track in group.tracks}
    if path in recorded:
        methods = {
            track.asked.method
            for tape in asking.tapes
            for group in tape.groups
            for track in group.tracks
            if track.asked.path == path
        }
        return f": of this path there is {listed(sorted(methods))} only."
    [*near] = get_close_matches(path, recorded, n=1)
    if not near:
        return f": there is no {method} of such a path."
    track = recorded[near[0]]
    nearest = f"interaction {track.n} ({track.asked.method} {near[0]})"
    return f": there is no {method} of such a path; the nearest is {nearest}."


def _told(asking: Asking, near: Near, one: Difference) -> str:
    """A difference in words."""
    if stranger := asking.stranger_in(one.asked, one.recorded, near.track.tape):
        return stranger
    theirs = {symbol: name for name, symbol in near.names.items()}
    asked, recorded = both(_in_their_words(one.asked, theirs), _whole_of(one.recorded))
    what = "the body" if one.name == "$" else one.name
    if one.call:
        tool, call = near.track.tape.tools.get(one.call), theirs.get(one.call, one.call)
        what = f"the output of {f'{tool} ({call})' if tool else call}"
    elif one.part is not Part.BODY:
        what = f"the {_NAMES[one.part]} {one.name}".rstrip()
    if isinstance(one.asked, Missing):
        return f"{what} is missing, recorded was {recorded}"
    if isinstance(one.recorded, Missing):
        return f"{what} is {asked}, recorded was none"
    return f"{what} is {asked}, recorded was {recorded}"


def _in_their_words(asked: object, theirs: Mapping[str, str]) -> object:
    """What was asked, with the ids that the client holds."""
    return in_text(asked, replaced_by(theirs)) if isinstance(asked, str) else _whole_of(asked)


def _whole_of(value: object) -> object:
    """A value; of a whole tool output what the tool said."""
    return value["output"] if isinstance(value, dict) and value.keys() == {"tool_call_id", "output"} else value


_NAMES = {Part.PATH: "path", Part.DEPLOYMENT: "deployment", Part.QUERY: "parameter", Part.HEADER: "header"}
