"""A request on its way through the engine: what it says, and what that means to whom."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from toolreel.dialects.routes import Kind
from toolreel.normalise.names import names_in

from .canonical import Asked
from .index import Key
from .sayings import Meant
from .tape import Tape
from .tracks import Group, Track
from .variables import Meaning
from .words import interaction

if TYPE_CHECKING:
    from .progress import State


class Asking:
    """A request. `whole` is all of it, `what` is what counts.

    `held` are the ids in it that clients were given. `given` are all ids that were given out, `classes` the classes
    of root ids. If the replay `forgets`, there are ids that it gave out and knows no more. `named` is as in Meant.
    """

    def __init__(
        self,
        whole: Asked,
        what: Asked,
        given: Container[str],
        classes: Mapping[str, str],
        tapes: tuple[Tape, ...],
        *,
        forgets: bool = False,
        named: Callable[[str], str] = str,
    ) -> None:
        self.whole = whole
        self.what = what
        self.held = [name for name in what.names if name in given]
        self.tapes = tapes
        self.classes = classes
        self._given = given
        self._forgets = forgets
        self._named = named
        self._meant: dict[tuple[str, ...], Meant] = {}  # states in which the ids stand for the same share it

    @cached_property
    def key(self) -> Key:
        """The key under which requests like this one were recorded; its own if none was."""
        if not self.tapes:
            return Key("", "")
        key = self.tapes[0].key_of(self.what, self._given)
        if any(tape.index.groups(key) for tape in self.tapes):
            return key
        masked = (tape.masked_key(self.what, self._given) for tape in self.tapes)
        return next(filter(None, masked), key)

    @cached_property
    def groups(self) -> Sequence[Group]:
        """The recorded conversations in which requests like this one stand."""
        if len(self.tapes) == 1:  # there may be thousands
            return self.tapes[0].index.groups(self.key)
        return [group for tape in self.tapes for group in tape.index.groups(self.key)]

    @cached_property
    def reads(self) -> bool:
        """Whether requests like this one change nothing."""
        return bool(self.groups) and self.groups[0].having(self.key)[0].kind is Kind.READ

    def meaning(self, state: State, track: Track) -> Meaning | None:
        """What a recorded request leaves open, if in this state it is the one that is asked; else None."""
        return track.meaning(self.meant(state), self.known(state, track))

    def known(self, state: State, track: Track) -> Meaning:
        """What variables stand for already, so that they can stand for nothing else in a recorded request.

        Where requests are alike but for variables, nobody can tell which of them a client has sent; they are bound by
        their conversation only. Equal calls are no conversation.
        """
        if track.leaves_open is None:
            return {}
        own = {} if track.kind is Kind.CALL else state.open
        if not self.tells or not state.known.values:
            return own
        doubtful = {name for name in track.leaves_open.names if name not in self.tells}
        return {**own, **{name: value for name, value in state.known.values.items() if name not in doubtful}}

    @cached_property
    def tells(self) -> frozenset[str]:
        """The variables of which this request says for sure what they stand for, whichever recorded one it is."""
        [tape, *others] = [tape for tape in self.tapes if tape.index.groups(self.key)]
        return frozenset() if others else tape.told_by(self.key)

    def meant(self, state: State) -> Meant:
        """What is asked in a state, which knows what the client's ids stand for."""
        names = {name: self.classes.get(name) or state.symbol_of.get(name, name) for name in self.held}
        stand_for = tuple(names.values())
        if stand_for not in self._meant:
            self._meant[stand_for] = Meant(self.what, names, self._named)
        return self._meant[stand_for]

    def place_of(self, group: Group) -> tuple[int, int]:
        """Where a recorded conversation stands among all."""
        return self.tapes.index(group.tape), group.number

    @property
    def shown(self) -> str:
        """Method and path, for messages."""
        return f"{self.whole.method} {self.whole.path}"

    def stranger_in(self, asked: object, recorded: object, tape: Tape) -> str | None:
        """In words, what is wrong with an id that no client was given, where one that was given is recorded."""
        if not isinstance(asked, str) or not isinstance(recorded, str):
            return None
        for ours, theirs in zip(names_in([asked]), names_in([recorded]), strict=False):
            if ours != theirs and ours not in self._given and theirs in tape.minted:
                giver = tape.giver_of(theirs)
                from_ = f", which the answer to {interaction(giver)} gives out" if giver else ""
                return f"{self._not_given(ours)}; recorded was {theirs}{from_}"
        return None

    def as_recorded(self, tape: Tape) -> str | None:
        """In words, what is wrong with an id of the recording that no client was given, or that was forgotten."""
        names = (name for name in self.what.names if name in tape.minted and name not in self._given)
        return next(map(self._not_given, names), None)

    def _not_given(self, name: str) -> str:
        forgot = ", or one that it forgot after thousands of other conversations" if self._forgets else ""
        return f"{name} is no id that this replay gave out{forgot}"
