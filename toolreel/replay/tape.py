"""A cassette made ready for replay: every interaction with all that can be known of it beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from toolreel.dialects.calls import calls_in
from toolreel.dialects.ids import ROOTS
from toolreel.dialects.routes import Kind, Routed
from toolreel.messages.bodies import FileReader
from toolreel.messages.model import Cassette, Interaction, Performance, Response
from toolreel.normalise.groups import Item
from toolreel.normalise.order import Conversation, conversations
from toolreel.normalise.performed import unfold
from toolreel.normalise.polls import settle
from toolreel.normalise.said import said_answer
from toolreel.normalise.strings import strings_of_response
from toolreel.normalise.symbols import minted_ids, names_in, prefix_of, renamed
from toolreel.normalise.values import values_of
from toolreel.normalise.volatile import first_second
from toolreel.redaction import PLACEHOLDER

from .canonical import HIDDEN, Asked, recorded
from .collapse import NOTHING_HELD, Held, Reading, held, status_of
from .masks import Mask, mask_of, masked
from .rules import DEFAULT_MATCH_RULES, MatchRules
from .sayings import Meant, Sayings
from .variables import FreeIds, Meaning, Open, alone_in, opened

Key = str
"""What a request means with each minted id reduced to its prefix and each placeholder to one word."""


def loosely(name: str) -> str:
    """What is left of a minted id or a placeholder in a key."""
    return HIDDEN if PLACEHOLDER.fullmatch(name) else prefix_of(name)


def symbols_in(response: Response, minted: set[str]) -> list[str]:
    """The minted ids in a response, in the order in which they first stand."""
    return list(dict.fromkeys(name for name in names_in(strings_of_response(response)) if name in minted))


_NOTHING: Meaning = {}


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
    route: Routed
    kind: Kind
    scope: str | None
    moves: tuple[str, ...]
    whole: Asked
    """Its request."""
    asked: Asked
    """Of its request what counts."""
    key: Key
    place: int
    """Where it stands in its group."""
    line: str
    """Equal lines mean equal answers, but for ids and clock; unequal ones mean nothing."""
    symbols: frozenset[str]
    """The minted ids that its request holds."""
    superseded: tuple[Response, ...]
    """Earlier answers to the same read, in their order."""
    performances: tuple[Performance | None, ...]
    """How each of these was performed."""
    held: Held = NOTHING_HELD
    epoch: int = 0
    overlaps: set[int] = field(default_factory=set)

    def _says(self, *, bare: bool) -> str:
        """What its request means, with its ids; roots by their class. If `bare`, then without the model."""
        tape = self.tape

        def name(found: str) -> str:
            return tape.root_classes.get(found, found)

        return self.asked.canonical(lambda text: renamed(text, tape.minted, name), bare=bare)

    def _opened(self, said: str) -> Open | None:
        return opened(said, self.tape.free, self.tape.minted.__contains__)

    @cached_property
    def said(self) -> str:
        """What its request means."""
        return self._says(bare=False)

    @cached_property
    def bare(self) -> str:
        """What its request means, but for the model."""
        return self._says(bare=True)

    @cached_property
    def leaves_open(self) -> Open | None:
        """Its request as a pattern, if it leaves something open."""
        return self._opened(self.said)

    def meaning(self, meant: Meant, known: Meaning) -> Meaning | None:
        """What is left open in its request, if that is the one that is asked, else None.

        `known` says what variables stand for already.
        """
        what, recorded = meant.asked, self.asked
        if (what.deployment is None) is (recorded.deployment is None):
            if what.deployment != recorded.deployment:
                return None
            if self.leaves_open is None:
                return _NOTHING if meant.said == self.said else None
            return self.leaves_open.meaning(meant.said, known, meant.named)
        if not what.means_model_of(recorded):
            return None
        pattern = self.leaves_open and self._opened(self.bare)
        if pattern is None:
            return _NOTHING if meant.bare == self.bare else None
        return pattern.meaning(meant.bare, known, meant.named)

    def contradiction(self, meant: Meant, known: Meaning) -> tuple[str, str, bool] | None:
        """Why the variables in its request cannot stand for what is asked, if nothing else is in the way."""
        if self.leaves_open and (found := self.leaves_open.contradiction(meant.said, known, meant.named)):
            return found
        bare = self._opened(self.bare)
        return bare.contradiction(meant.bare, known, meant.named) if bare else None

    @cached_property
    def polls(self) -> bool:
        """Whether clients ask again and again until its answer says that something has ended."""
        return self.kind is Kind.READ and status_of(self.interaction.response) is not None

    def performance_of(self, response: Response) -> Performance | None:
        """How one of its answers was performed."""
        earlier = zip(self.superseded, self.performances, strict=True)
        return next((performance for one, performance in earlier if one is response), self.performance)

    @cached_property
    def answered_symbols(self) -> list[str]:
        """The minted ids in its answer, in their order."""
        return symbols_in(self.interaction.response, self.tape.minted)

    @cached_property
    def answer_alike(self) -> str:
        """Equal for answers that are equal but for ids and clock."""
        return _digest(said_answer(self.interaction, self.tape.minted))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True, eq=False)
class Group:
    """A recorded conversation, or what shares a root: tracks in file order."""

    number: int
    tape: Tape
    says: str = ""
    """Equal for conversations that say the same from beginning to end, but for ids and clock."""
    tracks: list[Track] = field(default_factory=list)
    moving: int = 0  # how many of them are no reads
    by_key: dict[Key, list[Track]] = field(default_factory=dict)
    writes: dict[str, list[Track]] = field(default_factory=dict)
    """The successful writes of each scope, in file order."""
    routes: dict[tuple[str, str], list[Track]] = field(default_factory=dict)
    """The tracks of each method and route."""
    _sayings: dict[Key, Sayings] = field(default_factory=dict)

    def sayings(self, key: Key) -> Sayings:
        """Its tracks with this key, by what they say."""
        if key not in self._sayings:
            self._sayings[key] = Sayings(self.by_key.get(key, ()))
        return self._sayings[key]


class Tape:
    """A cassette and its tracks.

    `name` is for messages, `read_file` gives its large bodies by SHA-256. `originals` are the ids that clients are to
    see in place of symbols. `rules` say what counts when requests are compared.
    """

    def __init__(
        self,
        name: str,
        cassette: Cassette,
        read_file: FileReader,
        originals: Mapping[str, str] | None = None,
        rules: MatchRules = DEFAULT_MATCH_RULES,
    ) -> None:
        self.name = name
        self.originals = originals or {}
        self.rules = rules
        self.free = FreeIds(rules.free) if rules.free else None
        self.cassette = cassette
        self.read_file = read_file
        performed = unfold(cassette)
        self.minted = minted_ids(performed)
        answers = (value for one in performed for value in values_of(one.interaction.response))
        self.tools = {call.id: call.tool for value in answers for call in calls_in(value)}
        """The name of the tool that each call asked for."""
        found = conversations(settle(performed), self.minted)
        self.first_second = first_second(one.interaction.response for one in performed)
        self._masks: dict[Mask, None] = {}
        """Where secrets stood, request by request."""
        self.groups = [self._group(number, one) for number, one in enumerate(found)]
        self.root_classes: dict[str, str] = {}
        self.root_tracks: dict[str, Track] = {}
        """Which interaction first held each root id."""
        self._class_roots()
        self.index: dict[Key, list[Group]] = {}
        for group in self.groups:
            for key in group.by_key:
                self.index.setdefault(key, []).append(group)
        self._told: dict[Key, frozenset[str]] = {}

    def key_of(self, asked: Asked, minted: Container[str]) -> Key:
        """The key of a request whose `minted` ids are known."""

        def reduced(text: str) -> str:
            text = renamed(text, minted, loosely)
            return self.free.reduced(text) if self.free else text

        return asked.canonical(reduced, bare=True)

    def masked_key(self, asked: Asked, minted: Container[str]) -> Key | None:
        """The key under which a request was recorded that held secrets, if this may be one like it."""
        keys = (self.key_of(masked(asked, mask), minted) for mask in self._masks)
        return next((key for key in keys if key in self.index), None)

    def told_by(self, key: Key) -> frozenset[str]:
        """The variables that stand, alone in a text, in the same places of all requests with this key."""
        if key not in self._told:
            tracks = (track for group in self.index[key] for track in group.by_key[key])
            forms = {track.asked.canonical(self._without_ids, bare=True) for track in tracks}
            self._told[key] = alone_in(forms.pop(), self.free) if len(forms) == 1 else frozenset()
        return self._told[key]

    def _without_ids(self, text: str) -> str:
        return renamed(text, self.minted, lambda name: name if PLACEHOLDER.fullmatch(name) else prefix_of(name))

    def _group(self, number: int, conversation: Conversation) -> Group:
        group = Group(number, self, _digest(conversation.text))
        tracks: dict[int, Track] = {}
        epochs: dict[str, int] = {}
        lines = conversation.text.split("\n")
        for item, line in zip(conversation.items, lines, strict=True):
            track = self._track(group, item, _digest(line))
            track.epoch = epochs.get(track.scope or "", 0)
            for scope in track.moves:
                epochs[scope] = epochs.get(scope, 0) + 1
                group.writes.setdefault(scope, []).append(track)
            group.tracks.append(track)
            group.moving += track.kind is not Kind.READ
            group.by_key.setdefault(track.key, []).append(track)
            group.routes.setdefault((track.asked.method, track.route.name), []).append(track)
            tracks[id(item)] = track
        readings = [Reading(tracks[id(item)].n, item, tracks[id(item)].epoch) for item in conversation.items]
        holding = held(readings)
        for track in group.tracks if holding else ():
            track.held = holding.get(track.n, track.held)
        for one, other in conversation.overlaps:
            tracks[id(one)].overlaps.add(tracks[id(other)].n)
            tracks[id(other)].overlaps.add(tracks[id(one)].n)
        return group

    def _track(self, group: Group, item: Item, line: str) -> Track:
        settled = item.settled.performed
        request = settled.interaction.request
        whole = recorded(request, self.read_file, self.cassette.upstreams[request.upstream])
        what = self.rules.applied(whole, self.tools.get)
        if mask := mask_of(what):
            self._masks[mask] = None
        return Track(
            tape=self,
            group=group,
            n=settled.interaction.n,
            interaction=settled.interaction,
            performance=settled.performance,
            route=item.route,
            kind=item.route.kind,
            scope=item.scope,
            moves=item.moves,
            whole=whole,
            asked=what,
            key=self.key_of(masked(what, mask), self.minted),
            place=len(group.tracks),
            line=line,
            symbols=item.known,
            superseded=tuple(one.interaction.response for one in item.settled.superseded),
            performances=tuple(one.performance for one in item.settled.superseded),
        )

    def giver_of(self, symbol: str) -> Track | None:
        """The interaction whose answer gave out a minted id."""
        tracks = (track for group in self.groups for track in group.tracks)
        return next((track for track in tracks if symbol in track.answered_symbols), None)

    def _class_roots(self) -> None:
        """Roots that were made by equal requests with equal answers are interchangeable: they are of one class."""
        for group in self.groups:
            for track in group.tracks:
                roots = [symbol for symbol in track.answered_symbols if prefix_of(symbol) in ROOTS]
                for position, symbol in enumerate(roots):
                    if symbol not in track.symbols and symbol not in self.root_classes:
                        self.root_classes[symbol] = _digest(f"{track.key} {track.answer_alike} {position}")
                        self.root_tracks[symbol] = track
