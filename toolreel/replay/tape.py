"""A cassette made ready for replay: every interaction with all that can be known of it beforehand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from toolreel.dialects.ids import ROOTS
from toolreel.dialects.routes import Kind
from toolreel.messages.bodies import FileReader
from toolreel.messages.model import Cassette, Interaction, Performance, Response
from toolreel.normalise.groups import Item
from toolreel.normalise.order import Conversation, conversations
from toolreel.normalise.performed import unfold
from toolreel.normalise.polls import settle
from toolreel.normalise.said import said_answer
from toolreel.normalise.strings import Find, strings_of_response
from toolreel.normalise.symbols import minted_ids, names_in, prefix_of, renamed
from toolreel.normalise.volatile import first_second
from toolreel.redaction import PLACEHOLDER

from .canonical import Asked, recorded

Key = str
"""What a request means with each minted id reduced to its prefix and each placeholder to one word."""

HIDDEN = "REDACTED-0000"
"""What placeholders are reduced to: itself one, so that no text that a program sends is taken for it."""


def loosely(name: str) -> str:
    """What is left of a minted id or a placeholder in a key."""
    return HIDDEN if PLACEHOLDER.fullmatch(name) else prefix_of(name)


def symbols_in(response: Response, minted: set[str]) -> list[str]:
    """The minted ids in a response, in the order in which they first stand."""
    return list(dict.fromkeys(name for name in names_in(strings_of_response(response)) if name in minted))


def _variable(said: str) -> re.Pattern[str] | None:
    """Fits what a request says, any text in place of each placeholder; None if there is no placeholder.

    CI has another key than the recorder had, or none that looks like one.
    """
    if HIDDEN not in said:
        return None
    return re.compile(r'(?:[^"\\]|\\.)+'.join(map(re.escape, said.split(HIDDEN))))


@dataclass(eq=False)
class Track:
    """One interaction on a tape.

    `epoch` says after how many successful writes of its scope it was recorded. `moves` are the scopes that a
    successful write moves on. `overlaps` are tracks of its group that overlapped it when recorded.
    """

    tape: Tape
    group: Group
    n: int
    interaction: Interaction
    performance: Performance | None
    kind: Kind
    scope: str | None
    moves: tuple[str, ...]
    asked: Asked
    key: Key
    place: int
    """Where it stands in its group."""
    symbols: frozenset[str]
    """The minted ids that its request holds."""
    superseded: tuple[Response, ...]
    """Earlier answers to the same read, in their order."""
    epoch: int = 0
    overlaps: set[int] = field(default_factory=set)

    @cached_property
    def strict(self) -> str:
        """What its request means, with its ids; roots by their class."""
        tape = self.tape

        def name(found: str) -> str:
            return HIDDEN if PLACEHOLDER.fullmatch(found) else tape.root_classes.get(found, found)

        return self.asked.canonical(lambda text: renamed(text, tape.minted, name))

    @cached_property
    def _variable(self) -> re.Pattern[str] | None:
        return _variable(self.strict)

    def is_asked_by(self, said: str) -> bool:
        """Whether a request that says this, with the ids of the recording, is the recorded one."""
        return said == self.strict or (self._variable is not None and bool(self._variable.fullmatch(said)))

    @cached_property
    def answered_symbols(self) -> list[str]:
        """The minted ids in its answer, in their order."""
        return symbols_in(self.interaction.response, self.tape.minted)

    @cached_property
    def answer_alike(self) -> str:
        """Equal for answers that are equal but for ids and clock."""
        return hashlib.sha256(said_answer(self.interaction, self.tape.minted).encode()).hexdigest()


@dataclass(slots=True, eq=False)
class Group:
    """A recorded conversation, or what shares a root: tracks in file order."""

    number: int
    tape: Tape
    says: str = ""
    """Equal for conversations that say the same from beginning to end, but for ids and clock."""
    tracks: list[Track] = field(default_factory=list)
    by_key: dict[Key, list[Track]] = field(default_factory=dict)
    writes: dict[str, list[Track]] = field(default_factory=dict)
    """The successful writes of each scope, in file order."""


class Tape:
    """A cassette and its tracks.

    `name` is for messages, `read_file` gives its large bodies by SHA-256. `originals` are the ids that clients are to
    see in place of symbols. `replace` finds what the program varies.
    """

    def __init__(
        self,
        name: str,
        cassette: Cassette,
        read_file: FileReader,
        originals: Mapping[str, str] | None = None,
        replace: Find | None = None,
    ) -> None:
        self.name = name
        self.originals = originals or {}
        self._replace = replace
        self.cassette = cassette
        self.read_file = read_file
        performed = unfold(cassette)
        self.minted = minted_ids(performed)
        found = conversations(settle(performed), self.minted)
        self.first_second = first_second(one.interaction.response for one in performed)
        self.groups = [self._group(number, one) for number, one in enumerate(found)]
        self.root_classes: dict[str, str] = {}
        self.root_tracks: dict[str, Track] = {}
        """Which interaction first held each root id."""
        self._class_roots()
        self.index: dict[Key, list[Group]] = {}
        for group in self.groups:
            for key in group.by_key:
                self.index.setdefault(key, []).append(group)
        self._variable_keys = [(fits, key) for key in self.index if (fits := _variable(key))]

    def recorded_key(self, key: Key) -> Key | None:
        """The key under which requests like this one were recorded: its own, or one with placeholders."""
        if key in self.index:
            return key
        return next((recorded for fits, recorded in self._variable_keys if fits.fullmatch(key)), None)

    def _group(self, number: int, conversation: Conversation) -> Group:
        group = Group(number, self, hashlib.sha256(conversation.text.encode("utf-8", "surrogatepass")).hexdigest())
        tracks: dict[int, Track] = {}
        epochs: dict[str, int] = {}
        for item in conversation.items:
            track = self._track(group, item)
            track.epoch = epochs.get(track.scope or "", 0)
            for scope in track.moves:
                epochs[scope] = epochs.get(scope, 0) + 1
                group.writes.setdefault(scope, []).append(track)
            group.tracks.append(track)
            group.by_key.setdefault(track.key, []).append(track)
            tracks[id(item)] = track
        for one, other in conversation.overlaps:
            tracks[id(one)].overlaps.add(tracks[id(other)].n)
            tracks[id(other)].overlaps.add(tracks[id(one)].n)
        return group

    def _track(self, group: Group, item: Item) -> Track:
        settled = item.settled.performed
        what = recorded(settled.interaction.request, self.read_file).replaced(self._replace)
        return Track(
            tape=self,
            group=group,
            n=settled.interaction.n,
            interaction=settled.interaction,
            performance=settled.performance,
            kind=item.route.kind,
            scope=item.scope,
            moves=item.moves,
            asked=what,
            key=what.canonical(lambda text: renamed(text, self.minted, loosely)),
            place=len(group.tracks),
            symbols=item.known,
            superseded=tuple(one.interaction.response for one in item.settled.superseded),
        )

    def _class_roots(self) -> None:
        """Roots that were made by equal requests with equal answers are interchangeable: they are of one class."""
        for group in self.groups:
            for track in group.tracks:
                roots = [symbol for symbol in track.answered_symbols if prefix_of(symbol) in ROOTS]
                for position, symbol in enumerate(roots):
                    if symbol not in track.symbols and symbol not in self.root_classes:
                        self.root_classes[symbol] = f"{track.key} {track.answer_alike} {position}"
                        self.root_tracks[symbol] = track
