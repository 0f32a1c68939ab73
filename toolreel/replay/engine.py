"""The replay engine: a request in, the recorded answer out, by progress and not by counting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice

from toolreel.dialects.ids import ROOTS
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Performance, Response
from toolreel.normalise.strings import in_response
from toolreel.normalise.symbols import prefix_of

from .asking import Asking
from .beginnings import Beginning, Begun, beginnings, bind_roots, singled_out
from .canonical import asked
from .explain import Repeating, missed, torn
from .handed import Handed
from .index import Key
from .live import Conversations, Left, Live
from .miss import Miss, MissCode
from .past import SAFE, Past
from .progress import State
from .retries import is_retry
from .rules import DEFAULT_MATCH_RULES
from .standing import Stands
from .tape import Tape
from .tracks import Group, Track

_MOST_BEGINNINGS = 1024
"""Of so many requests it is remembered what they may begin: one with an id or a secret of its own comes once."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a session answers.

    `faithful` gives every recorded answer of a poll in turn, `repeat` lets clients walk through the cassette again.
    `strict` wants all conversations to be played, not only those that were begun. `hurry` lets no client wait.
    Who does not `explain` misses saves the time that it takes to find the reasons.
    """

    faithful: bool = False
    repeat: bool = True
    strict: bool = False
    hurry: bool = True
    explain: bool = True


@dataclass(frozen=True, slots=True)
class Played:
    """A recorded interaction that answers a request: its response as it was recorded, how it was performed, and the
    conversation of the client.

    If the same request gets the same answer however often it is asked, `stands` are the ids in it that must not be
    handed out for that.
    """

    track: Track
    recorded: Response
    performance: Performance | None
    live: Live
    stands: tuple[str, ...] | None = None

    @property
    def state(self) -> State:
        """The state of the client's conversation, which knows by which names it holds ids."""
        return self.live.states[self.track.group]

    @property
    def response(self) -> Response:
        """The response with the ids that the client holds."""
        return in_response(self.recorded, self.state.naming)


class Engine:
    """One client's progress through its tapes; `play` says what answers a request. The tapes have the same rules.

    `named` gives the placeholder of a text that was found to be a secret in any request, or the text.
    """

    def __init__(self, tapes: Iterable[Tape], options: Options, named: Callable[[str], str] = str) -> None:
        self._tapes = tuple(tapes)
        self._options = options
        self._named = named
        self._rules = self._tapes[0].rules if self._tapes else DEFAULT_MATCH_RULES
        self._walk = 1
        self._ids = Handed(self._tapes)
        self._past = Past(self._ids.forget)
        # One walk is bounded by the cassette; and what it has taken must never be free again.
        self._conversations = Conversations(self._past if options.repeat else None)
        self._known_beginnings: dict[tuple[Key, str, str | None], list[Beginning]] = {}

    def play(self, request: HttpRequest) -> Played | Miss:
        """The answer to a request; raises nothing of its own."""
        asking = self._asking(request)
        for holder in self._ids.holders(asking.held):
            self._past.use(holder)
        lives = self._ids.holders(name for name in asking.held if prefix_of(name) not in ROOTS)
        if len(lives) > 1:
            return torn(asking, lives)
        if lives:
            found = self._advance(lives[0], asking)
        else:
            # Roots alone name no conversation: the request may be about them, or begin something with them.
            roots = self._ids.holders(asking.held)
            found = next(filter(None, (self._advance(root, asking) for root in roots)), None)
            found = found or self._newcomer(asking)
        if found is not None:
            return self._answer(*found, asking)
        retries = is_retry(request)
        if retries and (played := self._again(asking, lives)):
            return played
        if not lives and (found := self._new_walk(asking)):
            return self._answer(*found, asking)
        if not self._options.explain:
            return Miss(MissCode.NO_MATCH, f"{asking.shown} has no answer.")
        players = lives or dict.fromkeys(live for group in asking.groups for live in self._all_of(group))
        for live in players:
            self._conversations.candidates(live, asking)
        repeating = Repeating(not self._options.repeat and not lives, retries)
        return missed(asking, lives, [*players, *self._ids.holders(asking.held)], self._fresh, repeating)

    def concerned(self, request: HttpRequest) -> set[Group]:
        """The recorded conversations that a request may be about, or may begin; it is not played."""
        asking = self._asking(request)
        lives = self._ids.holders(name for name in asking.held if prefix_of(name) not in ROOTS)
        return {group for live in lives for group in live.groups} if lives else set(asking.groups)

    @property
    def played(self) -> set[Track]:
        """The interactions that clients have been answered with."""
        return self._conversations.played

    # ------------------------------------------------------------------------------------------------ who is asking

    def _asking(self, request: HttpRequest) -> Asking:
        whole = asked(request)
        what = self._rules.applied(whole, self._tool_of)
        ids = self._ids
        return Asking(whole, what, ids.names, ids.classes, self._tapes, forgets=ids.forgets, named=self._named)

    def _tool_of(self, call: str) -> str | None:
        """The name of the tool that a call asked for, by the id that the client has for the call."""
        live = self._ids.holder(call)
        states = live.states.values() if live else ()
        names = (state.group.tape.tools.get(state.symbol_of.get(call, "")) for state in states)
        literal = (tape.tools.get(call) for tape in self._tapes)
        return next(filter(None, names if live else literal), None)

    def _advance(self, live: Live, asking: Asking) -> tuple[Live, dict[Group, Track]] | None:
        states = self._conversations.candidates(live, asking)
        due = {state.group: track for state in states if (track := state.due(asking)) is not None}
        if len(due) > 1:
            agreeing = {group: due[group] for group in due if not live.states[group].contradicts}
            due = agreeing or due
        if not due or self._conversations.choose(live, list(due)) is None:  # or somebody else would be left without
            return None
        return live, due

    def _newcomer(self, asking: Asking) -> tuple[Live, dict[Group, Track]] | None:
        """A request that names no id of ours: it goes on with a live conversation, or begins a new one.

        A read goes on first, since reading again changes nothing; a write or call begins first.
        """
        steps = [self._going_on, self._beginning] if asking.reads else [self._beginning, self._going_on]
        return next(filter(None, (step(asking) for step in steps)), None)

    def _new_walk(self, asking: Asking) -> tuple[Live, dict[Group, Track]] | None:
        """Only a write or call begins a new walk: a read that is due no more must not get an answer from the past."""
        if not self._options.repeat or asking.reads or not asking.groups:
            return None
        self._walk += 1
        found = self._beginning(asking)
        self._walk -= 0 if found else 1
        return found

    def _again(self, asking: Asking, lives: list[Live]) -> Played | None:
        """The last answer once more, for a client that has not got it, if only one can be meant."""
        asking_again = lives or dict.fromkeys(live for group in asking.groups for live in self._all_of(group))
        for live in asking_again:
            self._conversations.candidates(live, asking)
        senders = ((live, track) for live in asking_again if (track := live.asked_before(asking)))
        found = list(islice(senders, 2))
        if len(found) != 1:
            return None
        live, track = found[0]
        return self._played(live, track, track.interaction.response)

    def _all_of(self, group: Group) -> list[Live]:
        return self._conversations.of_group(group)

    def _going_on(self, asking: Asking) -> tuple[Live, dict[Group, Track]] | None:
        for group in asking.groups:
            for live in self._conversations.of_group(group, over=asking.reads):
                if found := self._advance(live, asking):
                    return found
        return None

    def _beginning(self, asking: Asking) -> tuple[Live, dict[Group, Track]] | None:
        """A new live conversation, in the first recorded one that is free, or in any that begins like it."""
        free = ((self._conversations.first_free(self._walk, one), one) for one in self._beginnings(asking))
        found = [(asking.place_of(group), group, beginning) for group, beginning in free if group is not None]
        if not found:
            return None
        _, first, beginning = min(found, key=lambda one: one[0])
        if asking.meaning(self._fresh(first), beginning.firsts[first]) is None:
            return None  # its variables stand for something else in this walk
        # What reads answer may change; then all candidates are known from the beginning.
        groups = self._conversations.free(self._walk, beginning.groups) if asking.reads else [first]
        live = Live(self._walk, [self._fresh(group) for group in groups])
        if not asking.reads and not beginning.says_the_same:
            live.begun = Begun(beginning, asking, (), self._options.faithful)
        self._conversations.add(live)
        for _, _, other in found:
            if other is not beginning:
                live.leave_all(other.firsts, Left(beginning.firsts[first], True))
        return live, {group: beginning.firsts[group] for group in groups if group in live.states}

    def _fresh(self, group: Group) -> State:
        """The state of a client that begins a recorded conversation."""
        known = self._conversations.known(self._walk)[group.tape]
        return State(group, faithful=self._options.faithful, known=known)

    def _beginnings(self, asking: Asking) -> list[Beginning]:
        """What a request may begin; it is the same for all requests that say the same, and hold roots only."""
        if not asking.groups or any(name not in self._ids.classes for name in asking.held):
            return beginnings(singled_out(asking.groups, asking, faithful=self._options.faithful))
        meant = asking.meant(State(asking.groups[0]))
        said = asking.key, meant.said, asking.what.deployment
        if said not in self._known_beginnings:
            firsts = singled_out(asking.groups, asking, faithful=self._options.faithful)
            if len(self._known_beginnings) >= _MOST_BEGINNINGS:
                self._known_beginnings.clear()
            self._known_beginnings[said] = beginnings(firsts)
        return self._known_beginnings[said]

    # ------------------------------------------------------------------------------------------------- what it gets

    def _answer(self, live: Live, due: dict[Group, Track], asking: Asking) -> Played:
        """Plays what is due; candidates whose answers differ from that of the chosen one fall away."""
        chosen = due[self._conversations.choose(live, list(due)) or next(iter(due))]
        alike = [group for group, track in due.items() if track is chosen or _alike(track, chosen)]
        if live.begun is None or not live.states[chosen.group].is_new:
            self._narrow(live, due, alike, chosen)
        chosen = next(due[group] for group in alike if group in live.states)
        state = live.states[chosen.group]
        response = state.response(chosen)
        meanings = {group: asking.meaning(candidate, due[group]) for group, candidate in live.states.items()}
        for group, candidate in live.states.items():
            bind_roots(candidate, due[group], asking)
        names = self._mint(live, due, response, chosen)
        if live.begun is not None:
            live.begun = replace(live.begun, names=names)
        for group, candidate in live.states.items():
            candidate.play(due[group], meanings[group] or {})
        if meaning := meanings[chosen.group]:
            state.known.learn({name: meaning[name] for name in asking.tells & meaning.keys()}, chosen.n)
        self._conversations.note_played(live)
        return self._played(live, chosen, response, self._stands(chosen, asking))

    def _narrow(self, live: Live, due: dict[Group, Track], alike: list[Group], chosen: Track) -> None:
        """Keeps the candidates that are answered alike, and notes why the others are none."""
        before, begun = list(live.states), live.begun
        self._conversations.narrow(live, alike)
        for group in before:
            if group not in live.states:
                live.leave(group, Left(chosen, group in due))
        if begun is not None:
            live.leave_all(begun.beginning.firsts, Left(chosen, False))

    @staticmethod
    def _played(live: Live, track: Track, response: Response, stands: tuple[str, ...] | None = None) -> Played:
        return Played(track, response, track.performance_of(response), live, stands)

    def _stands(self, track: Track, asking: Asking) -> tuple[str, ...] | None:
        """The ids in a request that is a conversation of its own, tied to nothing: every walk is like the first."""
        if asking.held or asking.groups != [track.group] or not track.group.is_alone:
            return None
        if track.group.tape.free is not None:
            return None  # what the walk says of ids of the program stands in answers too
        is_same = self._options.repeat and not (self._options.faithful and track.superseded)
        # Before that, a retry can only be of the one that was answered.
        is_usual = asking.reads or len(self._past.newest(track.group)) >= SAFE
        return asking.what.names if is_same and is_usual else None

    def stands(self, what: Stands) -> bool:
        """Whether the answer to a request is still the one that stands for it; if so, it is played once more."""
        if (handed := self._ids.names) and not handed.keys().isdisjoint(what.names):
            return False
        if what.group is not None:
            self._walk = self._conversations.walk_again(self._walk, what.group)
        return True

    def _mint(self, live: Live, due: dict[Group, Track], response: Response, chosen: Track) -> tuple[str, ...]:
        """Hands out a live id for each id that the answer holds and the client does not know yet; gives them all."""
        state = live.states[chosen.group]
        held = {group: due[group].answered_symbols for group in live.states}
        held[chosen.group] = chosen.symbols_of(response)
        for position, symbol in enumerate(held[chosen.group]):
            if symbol in state.live_of:
                continue
            alike = {group: symbols[position] for group, symbols in held.items() if position < len(symbols)}
            name = self._ids.known_root(chosen, symbol) or self._ids.fresh(chosen.tape, dict.fromkeys(alike.values()))
            if other := self._ids.holder(name):
                self._past.use(other)
            self._ids.hand_out(name, live, chosen.tape.root_classes.get(symbol))
            for group, same in alike.items():
                live.states[group].bind(name, same)
        return tuple(state.live_of[symbol] for symbol in held[chosen.group])


def _alike(one: Track, other: Track) -> bool:
    if one.group.says == other.group.says and one.place == other.place:
        return True
    return one.answer_alike == other.answer_alike
