"""A cassette's interactions as replay sees them: tracks, and the conversations that they are in, groups."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from toolreel.dialects.routes import Kind, Routed
from toolreel.messages.model import Interaction, Performance, Response
from toolreel.normalise.groups import Item
from toolreel.normalise.names import names_in
from toolreel.normalise.order import Conversation
from toolreel.normalise.said import said_answer
from toolreel.normalise.strings import strings_of_response
from toolreel.normalise.symbols import renamed

from .canonical import Asked, recorded
from .collapse import NOTHING_HELD, Held, Reading, held, status_of
from .index import Key
from .masks import Mask, mask_of, masked
from .sayings import Meant, Sayings
from .variables import Meaning, Open, opened

if TYPE_CHECKING:
    from .tape import Tape

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
    place: int
    """Where it stands in its group."""
    symbols: frozenset[str]
    """The minted ids that its request holds."""
    adds: frozenset[str]
    """Those that its answer adds."""
    superseded: tuple[Response, ...]
    """Earlier answers to the same read, in their order."""
    performances: tuple[Performance | None, ...]
    """How each of these was performed."""
    held: Held = NOTHING_HELD
    epoch: int = 0
    overlaps: set[int] = field(default_factory=set)

    @cached_property
    def whole(self) -> Asked:
        """Its request; raises CassetteError if that has a body file that cannot be read."""
        request = self.interaction.request
        return recorded(request, self.tape.read_file, self.tape.cassette.upstreams[request.upstream])

    @cached_property
    def asked(self) -> Asked:
        """Of its request what counts."""
        tape = self.tape
        return tape.rules.applied(self.whole, lambda call: tape.tools.get(call))

    def _says(self, *, bare: bool) -> str:
        """What its request means, with its ids; roots by their class. If `bare`, then without the model."""
        tape = self.tape
        if tape.root_classes.keys().isdisjoint(self.asked.names):
            return self.asked.bare_literal if bare else self.asked.literal

        def name(found: str) -> str:
            return tape.root_classes.get(found, found)

        return self.asked.canonical(lambda text: renamed(text, tape.minted, name), bare=bare)

    def _opened(self, said: str) -> Open | None:
        return opened(said, self.tape.free, self.tape.minted.__contains__)

    @cached_property
    def mask(self) -> Mask:
        """Where secrets stood in its request."""
        return mask_of(self.asked)

    @cached_property
    def key(self) -> Key:
        """The key of its request."""
        return self.tape.key_of(masked(self.asked, self.mask), self.tape.minted)

    @property
    def line(self) -> str:
        """Equal lines mean equal answers, but for ids and clock; unequal ones mean nothing."""
        return self.tape.told[self.group.number].lines[self.place]

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
        return self._symbols_in(self.interaction.response)

    def symbols_of(self, response: Response) -> list[str]:
        """The minted ids in one of its answers, in their order."""
        return self.answered_symbols if response is self.interaction.response else self._symbols_in(response)

    def _symbols_in(self, response: Response) -> list[str]:
        names = names_in(strings_of_response(response))
        return list(dict.fromkeys(name for name in names if name in self.tape.minted))

    @cached_property
    def answer_alike(self) -> str:
        """Equal for answers that are equal but for ids and clock."""
        return digest(said_answer(self.interaction, self.tape.minted))


class Group:
    """A recorded conversation, or what shares a root; all about its tracks is found when it is first asked for."""

    def __init__(self, number: int, tape: Tape, conversation: Conversation) -> None:
        self.number = number
        self.tape = tape
        self.conversation = conversation
        self.by_key: dict[Key, list[Track]] = {}
        """For the tape's index, which knows them when it is asked: all others ask `having`."""
        self._sayings: dict[Key, Sayings] = {}

    @cached_property
    def tracks(self) -> list[Track]:
        """Its tracks in file order."""
        items = self.conversation.items
        epochs: dict[str, int] = {}
        readings: list[Reading] = []
        for item in items:
            epoch = epochs.get(item.scope or "", 0)
            readings.append(Reading(item.interaction.n, item, epoch))
            for scope in item.moves:
                epochs[scope] = epochs.get(scope, 0) + 1
        holding = held(readings) if len(items) > 1 else {}
        tracks = {
            item: self._track(place, item, reading.epoch, holding.get(reading.n, NOTHING_HELD))
            for place, (item, reading) in enumerate(zip(items, readings, strict=True))
        }
        for one, other in self.conversation.overlaps:
            tracks[one].overlaps.add(tracks[other].n)
            tracks[other].overlaps.add(tracks[one].n)
        return list(tracks.values())

    def _track(self, place: int, item: Item, epoch: int, held: Held) -> Track:
        performed, superseded = item.settled.performed, item.settled.superseded
        return Track(
            tape=self.tape,
            group=self,
            n=performed.interaction.n,
            interaction=performed.interaction,
            performance=performed.performance,
            route=item.route,
            kind=item.route.kind,
            scope=item.scope,
            moves=item.moves,
            place=place,
            symbols=item.known,
            adds=item.minted_first,
            superseded=tuple(one.interaction.response for one in superseded),
            performances=tuple(one.performance for one in superseded),
            held=held,
            epoch=epoch,
        )

    @cached_property
    def moving(self) -> int:
        """How many of its tracks are no reads."""
        return sum(item.route.kind is not Kind.READ for item in self.conversation.items)

    @cached_property
    def writes(self) -> dict[str, list[Track]]:
        """The successful writes of each scope, in file order."""
        writes: dict[str, list[Track]] = {}
        for track in self.tracks:
            for scope in track.moves:
                writes.setdefault(scope, []).append(track)
        return writes

    @cached_property
    def routes(self) -> dict[tuple[str, str], list[Track]]:
        """The tracks of each method and route."""
        routes: dict[tuple[str, str], list[Track]] = {}
        for track in self.tracks:
            routes.setdefault((track.interaction.request.method, track.route.name), []).append(track)
        return routes

    @cached_property
    def is_alone(self) -> bool:
        """Whether it is one request that nothing ties to others: no id in it was minted, nothing is left open."""
        [track, *others] = self.tracks
        answers = (track.interaction.response, *track.superseded)
        return not others and not track.symbols and not track.leaves_open and not any(map(track.symbols_of, answers))

    @cached_property
    def says(self) -> str:
        """Equal for conversations that say the same from beginning to end, but for ids and clock."""
        return self.tape.told[self.number].says

    def having(self, key: Key) -> Sequence[Track]:
        """Its tracks with this key."""
        return self.by_key.get(key, ()) if self.tape.index.groups(key) else ()

    def sayings(self, key: Key) -> Sayings:
        """The same, by what they say."""
        if key not in self._sayings:
            self._sayings[key] = Sayings(self.having(key))
        return self._sayings[key]


def digest(text: str) -> str:
    """Equal for equal texts, and short."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
