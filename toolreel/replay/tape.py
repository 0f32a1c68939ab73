"""A cassette made ready for replay: every interaction with all that can be known of it beforehand."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import cache, cached_property
from typing import NamedTuple
from weakref import WeakKeyDictionary

from toolreel.collecting import no_collecting
from toolreel.dialects.calls import calls_in
from toolreel.dialects.ids import ROOTS
from toolreel.messages.bodies import FileReader, body_files
from toolreel.messages.model import Cassette
from toolreel.normalise.groups import Item
from toolreel.normalise.order import Gathered, placed
from toolreel.normalise.performed import ids_in, unfold
from toolreel.normalise.polls import settle
from toolreel.normalise.strings import in_text
from toolreel.normalise.symbols import minted_ids, prefix_of, renamed
from toolreel.normalise.values import values_of
from toolreel.normalise.volatile import first_second
from toolreel.redaction import PLACEHOLDER

from .canonical import HIDDEN, Asked
from .encoded import Encoded
from .index import Index, Key
from .masks import Mask, masked
from .rules import DEFAULT_MATCH_RULES, MatchRules
from .tracks import Group, Track, digest
from .variables import FreeIds, alone_in


def loosely(name: str) -> str:
    """What is left of a minted id or a placeholder in a key."""
    return HIDDEN if PLACEHOLDER.fullmatch(name) else prefix_of(name)


class Told(NamedTuple):
    """What a conversation says, as digests: all of it, and line by line."""

    says: str
    lines: list[str]


class Tape:
    """A cassette and its tracks.

    `name` is for messages, `read_file` gives its large bodies by SHA-256. `originals` are the ids that clients are to
    see in place of symbols. `rules` say what counts when requests are compared. Raises whatever `read_file` does.
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
        with no_collecting():
            self._performed = unfold(cassette)
            ids = cache(ids_in)
            self.minted = minted_ids(self._performed, ids)
            self._gathered = Gathered(settle(self._performed), self.minted, ids)
            self._gathered.conversations.sort(key=lambda one: min(item.interaction.n for item in one.items))
            self.groups = [Group(number, self, one) for number, one in enumerate(self._gathered.conversations)]
            self.index = Index(self.groups, self._head)
        for file in body_files(*(one.request.body for one in cassette.interactions)):
            read_file(file)  # what cannot be compared is to be known before anybody asks
        self.encoded: WeakKeyDictionary[object, dict[tuple[int, bool], Encoded]] = WeakKeyDictionary()
        """Its responses as they are sent, by the clock that they go by; for sessions to share."""
        self._told: dict[Key, frozenset[str]] = {}
        self.root_classes: dict[str, str] = {}
        self.root_tracks: dict[str, Track] = {}
        """Which interaction first held each root id."""
        self._class_roots()

    @cached_property
    def tools(self) -> dict[str, str]:
        """The name of the tool that each call asked for."""
        answers = (value for one in self._performed for value in values_of(one.interaction.response))
        return {call.id: call.tool for value in answers for call in calls_in(value)}

    @cached_property
    def first_second(self) -> int:
        """The earliest timestamp in its answers, in Unix seconds."""
        return first_second(one.interaction.response for one in self._performed)

    @cached_property
    def told(self) -> list[Told]:
        """What its conversations say, by their numbers; wanted only where several are alike."""
        self._gathered.tell()
        return [
            Told(digest(one.text), [digest(line) for line in one.text.split("\n")])
            for one in self._gathered.conversations
        ]

    def in_turn(self) -> list[Group]:
        """Its conversations in file order, but each after those that it needs: so they can be played in turn."""
        self._gathered.tell()
        group = dict(zip(self._gathered.conversations, self.groups, strict=True))
        return [group[one] for one in placed(self._gathered.conversations)]

    def key_of(self, asked: Asked, minted: Container[str]) -> Key:
        """The key of a request whose `minted` ids are known."""
        names = (name for name in asked.names if name in minted or PLACEHOLDER.fullmatch(name))
        if self.free is None and not asked.headers and next(names, None) is None:
            return Key(f"{asked.method} {asked.path}", asked.bare_literal)
        said = asked.canonical(lambda text: self._reduced(text, minted), bare=True)
        return Key(f"{asked.method} {self._reduced(asked.path, minted)}", said)

    def _head(self, item: Item) -> str:
        """The head of the key of a recorded request."""
        request = item.interaction.request
        path = in_text(request.path, self.rules.replace) if self.rules.replace else request.path
        if "REDACTED-" in path and PLACEHOLDER.search(path):  # then nothing of the path counts
            path = HIDDEN
        if item.known or self.free or self.rules.replace:
            path = self._reduced(path, self.minted)
        return f"{request.method} {path}"

    def _reduced(self, text: str, minted: Container[str]) -> str:
        text = renamed(text, minted, loosely)
        return self.free.reduced(text) if self.free else text

    def masked_key(self, asked: Asked, minted: Container[str]) -> Key | None:
        """The key under which a request was recorded that held secrets, if this may be one like it."""
        keys = (self.key_of(masked(asked, mask), minted) for mask in self._masks)
        return next((key for key in keys if self.index.groups(key)), None)

    @cached_property
    def _masks(self) -> list[Mask]:
        """Where secrets stood, request by request."""
        return list(dict.fromkeys(mask for group in self.groups for track in group.tracks if (mask := track.mask)))

    def told_by(self, key: Key) -> frozenset[str]:
        """The variables that stand, alone in a text, in the same places of all requests with this key."""
        if key not in self._told:
            tracks = (track for group in self.index.groups(key) for track in group.having(key))
            forms = {track.asked.canonical(self._without_ids, bare=True) for track in tracks}
            self._told[key] = alone_in(forms.pop(), self.free) if len(forms) == 1 else frozenset()
        return self._told[key]

    def _without_ids(self, text: str) -> str:
        return renamed(text, self.minted, lambda name: name if PLACEHOLDER.fullmatch(name) else prefix_of(name))

    def giver_of(self, symbol: str) -> Track | None:
        """The interaction whose answer gave out a minted id."""
        tracks = (track for group in self.groups for track in group.tracks)
        return next((track for track in tracks if symbol in track.answered_symbols), None)

    def _class_roots(self) -> None:
        """Roots that were made by equal requests with equal answers are interchangeable: they are of one class."""
        roots = {name for name in self.minted if prefix_of(name) in ROOTS}
        makers = (
            group.tracks[place]
            for group in self.groups
            for place, item in enumerate(group.conversation.items)
            if not roots.isdisjoint(item.minted_first)
        )
        for track in sorted(makers, key=lambda track: track.n):  # a file made by hand may mix conversations
            for position, symbol in enumerate(symbol for symbol in track.answered_symbols if symbol in roots):
                if symbol in track.adds and symbol not in self.root_classes:
                    self.root_classes[symbol] = digest(f"{track.key} {track.answer_alike} {position}")
                    self.root_tracks[symbol] = track
