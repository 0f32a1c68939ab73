"""The replay engine: a request in, the recorded answer out, by progress and not by counting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from toolreel.dialects.ids import ID, ROOTS
from toolreel.dialects.routes import Kind
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Response
from toolreel.normalise.strings import Find, in_response
from toolreel.normalise.symbols import names_in, prefix_of, renamed, replaced_by
from toolreel.redaction import PLACEHOLDER

from .canonical import Asked, asked
from .live import Conversations, Live
from .miss import Miss, MissCode
from .progress import State
from .tape import HIDDEN, Group, Tape, Track, loosely, symbols_in


@dataclass(frozen=True, slots=True)
class Options:
    """How a session answers: `faithful` gives every recorded answer of a poll in turn, `repeat` lets a client walk
    through the cassette again. `replace` finds what the program varies, and is the tapes' own too."""

    faithful: bool = False
    repeat: bool = True
    replace: Find | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """A recorded interaction that answers a request, and its response with the ids that the client holds."""

    track: Track
    response: Response


class Engine:
    """One client's progress through its tapes; `play` says what answers a request."""

    def __init__(self, tapes: Iterable[Tape], options: Options) -> None:
        self._tapes = tuple(tapes)
        self._options = options
        self._walk = 1
        self._conversations = Conversations()
        self._holders: dict[str, Live] = {}
        """Every id that was handed out, and the live conversation that it belongs to."""
        self._classes: dict[str, str] = {}
        """The class of each root id that was handed out."""
        self._counts: dict[str, int] = {}

    def play(self, request: HttpRequest) -> Played | Miss:
        """The answer to a request; raises nothing of its own."""
        what = asked(request).replaced(self._options.replace)
        held = [name for name in dict.fromkeys(names_in(what.texts())) if name in self._holders]
        key = what.canonical(lambda text: renamed(text, self._holders, loosely))
        key = next(filter(None, (tape.recorded_key(key) for tape in self._tapes)), key)
        matcher = self._matcher(what, held)
        lives = self._holders_of(name for name in held if prefix_of(name) not in ROOTS)
        if len(lives) > 1:
            return self._torn(what, lives)
        if lives:
            found = self._advance(lives[0], key, matcher)
        else:
            # Roots alone name no conversation: the request may be about them, or begin something with them.
            roots = self._holders_of(held)
            found = next(filter(None, (self._advance(root, key, matcher) for root in roots)), None)
            found = found or self._newcomer(key, matcher)
        if found is None:
            return self._miss(what, key, matcher, lives)
        return self._answer(*found, held)

    @property
    def unplayed(self) -> int:
        """How many interactions no client has been answered with."""
        played = {track for state in self._conversations.decided() for track in state.played}
        return sum(len(group.tracks) for tape in self._tapes for group in tape.groups) - len(played)

    # ------------------------------------------------------------------------------------------------ who is asking

    def _holders_of(self, held: Iterable[str]) -> list[Live]:
        """The live conversations that ids belong to."""
        return list(dict.fromkeys(self._holders[name] for name in held))

    def _matcher(self, what: Asked, held: list[str]) -> Callable[[State], Callable[[Track], bool]]:
        """Compares a request with recorded ones, in a state that knows what the client's ids stand for."""

        said: dict[tuple[str, ...], str] = {}  # states in which the ids stand for the same share it

        def in_state(state: State) -> Callable[[Track], bool]:
            def name(found: str) -> str:
                if PLACEHOLDER.fullmatch(found):
                    return HIDDEN
                return self._classes.get(found) or state.symbol_of.get(found, found)

            def matches(track: Track) -> bool:
                meant = tuple(map(name, held))
                if meant not in said:
                    said[meant] = what.canonical(lambda text: renamed(text, self._holders, name))
                return track.is_asked_by(said[meant])

            return matches

        return in_state

    def _advance(
        self, live: Live, key: str, matcher: Callable[[State], Callable[[Track], bool]]
    ) -> tuple[Live, dict[Group, Track]] | None:
        due = live.due(key, matcher)
        return (live, due) if due else None

    def _newcomer(
        self, key: str, matcher: Callable[[State], Callable[[Track], bool]]
    ) -> tuple[Live, dict[Group, Track]] | None:
        """A request that names no id of ours: it goes on with a live conversation, or begins a new one.

        A read goes on first, since reading again changes nothing; a write or call begins first. Only a write or call
        begins a new walk: a read that is due no more must not get an answer from the past.
        """
        groups = [group for tape in self._tapes for group in tape.index.get(key, ())]
        reads = any(track.kind is Kind.READ for group in groups for track in group.by_key[key])
        steps = [self._going_on, self._beginning] if reads else [self._beginning, self._going_on]
        for step in steps:
            if found := step(groups, key, matcher):
                return found
        if self._options.repeat and groups and not reads:
            self._walk += 1
            if found := self._beginning(groups, key, matcher):
                return found
            self._walk -= 1
        return None

    def _going_on(
        self, groups: list[Group], key: str, matcher: Callable[[State], Callable[[Track], bool]]
    ) -> tuple[Live, dict[Group, Track]] | None:
        for group in groups:
            for live in self._conversations.of_group(group):
                if found := self._advance(live, key, matcher):
                    return found
        return None

    def _beginning(
        self, groups: list[Group], key: str, matcher: Callable[[State], Callable[[Track], bool]]
    ) -> tuple[Live, dict[Group, Track]] | None:
        states = {group: State(group) for group in groups}
        due = {group: track for group, state in states.items() if (track := state.due(key, matcher(state)))}
        free = self._conversations.free(self._walk, due)
        if not free:
            return None
        live = Live(self._walk, [states[group] for group in free])
        self._conversations.add(live)
        return live, {group: due[group] for group in free if group in live.states}

    # ------------------------------------------------------------------------------------------------- what it gets

    def _answer(self, live: Live, due: dict[Group, Track], held: list[str]) -> Played:
        """Plays what is due; candidates whose answers differ from that of the chosen one fall away."""
        chosen = due[self._conversations.choose(live, list(due))]
        alike = [group for group, track in due.items() if track is chosen or _alike(track, chosen)]
        self._conversations.narrow(live, alike)
        chosen = next(due[group] for group in alike if group in live.states)
        state = live.states[chosen.group]
        response = state.response(chosen, faithful=self._options.faithful)
        self._bind_roots(live, due, held)
        self._mint(live, due, response, chosen)
        for group, candidate in live.states.items():
            candidate.play(due[group])
        return Played(chosen, in_response(response, replaced_by(state.live_of)))

    def _bind_roots(self, live: Live, due: dict[Group, Track], held: list[str]) -> None:
        """The roots that a request names are those that the recorded one names, class by class."""
        roots = [name for name in held if name in self._classes]
        for group, state in live.states.items():
            tape = group.tape
            for symbol in due[group].symbols:
                same = (name for name in roots if self._classes[name] == tape.root_classes.get(symbol))
                if (name := next(same, None)) and symbol not in state.live_of:
                    state.bind(name, symbol)

    def _mint(self, live: Live, due: dict[Group, Track], response: Response, chosen: Track) -> None:
        """Hands out a live id for each id that the answer holds and the client does not know yet."""
        state = live.states[chosen.group]
        held = {group: due[group].answered_symbols for group in live.states}
        held[chosen.group] = symbols_in(response, chosen.tape.minted)
        for position, symbol in enumerate(held[chosen.group]):
            if symbol in state.live_of:
                continue
            alike = {group: symbols[position] for group, symbols in held.items() if position < len(symbols)}
            name = self._known_root(chosen, symbol) or self._fresh(chosen.tape, dict.fromkeys(alike.values()))
            self._holders.setdefault(name, live)
            if symbol in chosen.tape.root_classes:
                self._classes[name] = chosen.tape.root_classes[symbol]
            for group, other in alike.items():
                live.states[group].bind(name, other)

    def _known_root(self, track: Track, symbol: str) -> str | None:
        """The client's newest id for a root that another interaction made, if the client knows one like it."""
        wanted = track.tape.root_classes.get(symbol)
        if wanted is None or track.tape.root_tracks[symbol] is track:
            return None
        return next((name for name, known in reversed(self._classes.items()) if known == wanted), None)

    def _fresh(self, tape: Tape, symbols: Iterable[str]) -> str:
        """A live id that nobody holds: one of the symbols, or what it stands for, if it is free; else a number."""
        example = ""
        for symbol in symbols:
            example = example or symbol
            name = tape.originals.get(symbol, symbol)
            if name not in self._holders:
                return name
        prefix = prefix_of(example)
        while True:
            count = self._counts[prefix] = self._counts.get(prefix, 10_000) + 1
            digits = str(count).zfill(len(example) - len(prefix))
            name = prefix + digits if prefix else f"00000000-0000-4000-8000-{count:012}"
            if ID.fullmatch(name) and name not in self._holders:
                return name

    # -------------------------------------------------------------------------------------------------- why nothing

    @staticmethod
    def _torn(what: Asked, lives: list[Live]) -> Miss:
        return Miss(
            MissCode.AMBIGUOUS,
            f"{_shown(what)} names ids of {len(lives)} conversations that were recorded apart.",
        )

    def _miss(
        self, what: Asked, key: str, matcher: Callable[[State], Callable[[Track], bool]], lives: list[Live]
    ) -> Miss:
        names = "cassette " + ", ".join(tape.name for tape in self._tapes)
        states = [state for live in lives for state in live.states.values()]
        groups = [group for tape in self._tapes for group in tape.index.get(key, ())]
        states = [state for state in states if state.group in groups] or [State(group) for group in groups]
        epochs = sorted({epoch for state in states for epoch in state.epochs_of(key, matcher(state))})
        if not epochs:
            return Miss(MissCode.NO_MATCH, f"{_shown(what)} is like no recorded request of {names}.")
        if what.method in ("GET", "HEAD"):
            shown = ", ".join(map(str, epochs))
            return Miss(
                MissCode.WRONG_EPOCH,
                f"{_shown(what)} was recorded in {names} after {shown} writes of its scope, not at this point.",
            )
        return Miss(MissCode.EXHAUSTED, f"{_shown(what)} was asked more often than {names} has it, or out of order.")


def _alike(one: Track, other: Track) -> bool:
    if one.group.says == other.group.says and one.place == other.place:
        return True
    return one.answer_alike == other.answer_alike


def _shown(what: Asked) -> str:
    return f"{what.method} {what.path}"
