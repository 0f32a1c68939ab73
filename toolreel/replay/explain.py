"""Why a request has no answer: what was asked, what comes nearest, and what would have let it match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from toolreel.dialects.routes import Kind

from .asking import Asking
from .collapse import status_of
from .cures import cure
from .differences import Difference, Missing, Part
from .live import Live
from .miss import Miss, MissCode
from .nearest import Near, nearest
from .progress import State
from .tape import Track
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
        told.append(f"{name} ({_giver(state, name)})")
    return Miss(
        MissCode.AMBIGUOUS,
        f"{asking.shown} names ids of {len(lives)} conversations that were recorded apart: {listed(told)}.",
    )


def _giver(state: State, name: str) -> str:
    """Which interaction gave out an id."""
    symbol = state.symbol_of[name]
    giver = next((track for track in state.group.tracks if symbol in track.answered_symbols), None)
    return f"from {interaction(giver)}" if giver else f"recorded as {symbol}"


def missed(asking: Asking, lives: Sequence[Live], players: Sequence[Live], options: Repeating) -> Miss:
    """A request that nothing answers.

    `lives` are the live conversations whose ids it holds, `players` all that it may have to do with.
    """
    states = [state for live in lives or players for state in live.states.values() if state.group in asking.groups]
    fresh = [State(group) for group in asking.groups]
    if own := _equal(asking, states):
        return _not_now(asking, own, options)
    if others := _equal(asking, fresh):
        return _elsewhere(asking, lives[0], others) if lives else _not_now(asking, others, options)
    return _unlike(asking, lives or players)


def _equal(asking: Asking, states: Iterable[State]) -> list[Place]:
    """The recorded requests that say the same."""
    found = ((state, track) for state in states for track in state.group.by_key.get(asking.key, ()))
    return [(state, track) for state, track in found if asking.meaning(state, track) is not None]


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
            f"{asking.shown} is {interaction(track, fully=True)}, but {interaction(first)} was recorded before it, "
            "and has not been sent.",
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


def _elsewhere(asking: Asking, live: Live, others: list[Place]) -> Miss:
    """The client is in one conversation, and asks what was asked in another one."""
    _, track = others[0]
    own = next(iter(live.states))
    span = (
        numbers([own.tracks[0]]) if len(own.tracks) == 1 else f"interactions {own.tracks[0].n} to {own.tracks[-1].n}"
    )
    message = (
        f"{asking.shown} is {interaction(track, fully=True)}, which belongs to another conversation than the one "
        f"that this client is in ({span})"
    )
    if track.group not in live.left:
        return Miss(MissCode.AMBIGUOUS, f"{message}.")
    decided = live.left[track.group]
    why = f"{interaction(decided)} decided between them" if decided else "another client is in that one"
    return Miss(MissCode.AMBIGUOUS, f"{message}: {why}.")


# ------------------------------------------------------------------------------------------------------ not recorded


def _unlike(asking: Asking, around: Iterable[Live]) -> Miss:
    message = f"{asking.shown} is like no recorded request of {cassettes(asking.tapes)}"
    near = nearest(asking, around)
    if near is None:
        return Miss(MissCode.NO_MATCH, f"{message}{_no_such_path(asking)}", Part.PATH)
    tape, found = near.track.tape, near.differences
    message += f". Nearest is {interaction(near.track)}"
    if not found:
        return Miss(MissCode.NO_MATCH, f"{message}, but what varies there stood for something else before.")
    shown = [_told(asking, near, one) for one in found[:_SHOWN]]
    more = f", and {len(found) - _SHOWN} more differences" if len(found) > _SHOWN else ""
    message += f": {'; '.join(shown)}{more}."
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
    hint = f"; the nearest is {interaction(recorded[near[0]])}" if near else ""
    return f": there is no {method} of such a path{hint}."


def _told(asking: Asking, near: Near, one: Difference) -> str:
    """A difference in words."""
    if stranger := asking.stranger_in(one.asked, one.recorded, near.track.tape):
        return stranger
    asked, recorded = both(one.asked, one.recorded)
    what = one.name
    if one.call:
        tool = near.track.tape.tools.get(one.call)
        what = f"the output of {f'{tool} ({one.call})' if tool else one.call}"
        what += "" if one.name.endswith(".output") else f" at {one.name}"
    elif one.part is not Part.BODY:
        what = f"the {_NAMES[one.part]} {one.name}".rstrip()
    if isinstance(one.asked, Missing):
        return f"{what} is missing, recorded was {recorded}"
    if isinstance(one.recorded, Missing):
        return f"{what} is {asked}, recorded was none"
    return f"{what} is {asked}, recorded was {recorded}"


_NAMES = {Part.PATH: "path", Part.DEPLOYMENT: "deployment", Part.QUERY: "parameter", Part.HEADER: "header"}
