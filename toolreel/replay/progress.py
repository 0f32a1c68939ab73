"""How far a client has got in a recorded conversation: which answers are due, and in which order writes may come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toolreel.dialects.routes import Kind
from toolreel.messages.model import Response
from toolreel.normalise.strings import Find
from toolreel.normalise.symbols import replaced_by

from .asking import Asking
from .sayings import Equals
from .tracks import Group, Track
from .variables import Known, Meaning, contradicted

_PATIENCE = 4
"""How many times as often as when it was recorded a poll may be asked before what was read after it."""


class State:
    """A live conversation seen as one recorded conversation, its group.

    `symbol_of` and `live_of` bind the ids that the client holds to those of the recording. The epoch of a scope is
    the number of its successful writes played so far. `known` is what all of the walk says of
    variables.
    """

    __slots__ = (
        "_answered",
        "_epochs",
        "_faithful",
        "_next_stage",
        "_played",
        "_settled",
        "_to_play",
        "_unplayed",
        "_waited",
        "group",
        "known",
        "live_of",
        "open",
        "symbol_of",
    )

    def __init__(self, group: Group, *, faithful: bool = False, known: Known | None = None) -> None:
        self.group = group
        self.known = Known() if known is None else known
        self.symbol_of: dict[str, str] = {}
        self.live_of: dict[str, str] = {}
        self.open: dict[str, str] = {}
        """What the variables of requests stand for if the client is in this conversation."""
        self._faithful = faithful
        self._played: dict[int, None] = {}
        self._epochs: dict[str, int] = {}
        self._answered: dict[int, int] = {}
        self._settled: set[int] = set()
        self._next_stage: dict[int, int] = {}
        self._waited: dict[tuple[int, int], int] = {}
        self._unplayed: dict[int, int] = {}
        self._to_play = group.moving

    def bind(self, live: str, symbol: str) -> None:
        """The client knows `symbol` as `live`."""
        self.symbol_of[live] = symbol
        self.live_of.setdefault(symbol, live)

    def due(self, asking: Asking) -> Track | None:
        """The interaction that answers a request now."""
        meant = asking.meant(self)
        repeated = None
        for equals in self.group.sayings(asking.key).of(meant):
            for track in self._due_of(equals):
                if track.meaning(meant, asking.known(self, track)) is None:
                    continue
                if track.n not in self._played:
                    return track
                repeated = track  # a read; a later one of its epoch may still wait for its turn
        return repeated

    def _due_of(self, equals: Equals) -> Iterator[Track]:
        """Of tracks that may be meant those that may be played."""
        for track in equals.reads.get(self.epoch_of(equals.scope), ()):
            if not self.outdating(track):
                yield track
        for track in self._from_first_unplayed(equals.others):
            if track.n not in self._played and (track.kind is Kind.CALL or not any(self.skipped(track))):
                yield track

    def _from_first_unplayed(self, tracks: list[Track]) -> Iterator[Track]:
        """A list from its first track on that was not played; where that is, is remembered."""
        place = self._unplayed.get(id(tracks), 0)
        while place < len(tracks) and tracks[place].n in self._played:
            place += 1
        if place:
            self._unplayed[id(tracks)] = place
        return (tracks[at] for at in range(place, len(tracks)))

    def epoch_of(self, scope: str | None) -> int:
        """How many successful writes of a scope have been played."""
        return self._epochs.get(scope or "", 0)

    def outdating(self, track: Track) -> set[int]:
        """The polls whose end the client knows, though they had not ended when this read was recorded."""
        return set() if self._faithful else self._settled & track.held.outdated_by

    def skipped(self, track: Track) -> Iterable[Track]:
        """The successful writes of its scope that would be passed over, and did not overlap it when recorded."""
        writes = self.group.writes.get(track.scope or "", [])
        for write in self._from_first_unplayed(writes):
            if write is track or write.place > track.place:
                return
            if write.n not in self._played and write.n not in track.overlaps:
                yield write

    def play(self, track: Track, meaning: Meaning) -> None:
        """The interaction is being answered; `meaning` is what its variables stand for."""
        if meaning:
            self.open.update(meaning)
        stage = self._stage(track)
        if stage is None:
            self._settled.add(track.n)
        else:
            self._wait(track, stage)
        if track.kind is not Kind.READ and track.n not in self._played:
            self._to_play -= 1
        self._played.pop(track.n, None)
        self._played[track.n] = None
        self._answered[track.n] = self._answered.get(track.n, 0) + 1
        if track.kind is not Kind.READ:
            for scope in track.moves:
                self._epochs[scope] = self._epochs.get(scope, 0) + 1

    @property
    def renames(self) -> bool:
        """Whether the client has other ids of its own than the recorded program had."""
        return self.group.tape.free is not None and bool(self.open or self.known.values)

    @property
    def contradicts(self) -> bool:
        """Whether what variables stand for was found to be something else elsewhere in the walk."""
        return bool(self.open) and contradicted(self.open, self.known.values) is not None

    def since(self, name: str) -> int | None:
        """The interaction that first said what a variable stands for, by number; None if none has."""
        said = ((track.n, track.leaves_open) for track in self.played)
        own = (n for n, opened in said if opened and name in opened.names)
        return next(own, self.known.since.get(name))

    @property
    def naming(self) -> Find:
        """Finds the ids of the recording in an answer, and gives those that the client knows."""
        find, free = replaced_by(self.live_of), self.group.tape.free
        return free.finding({**self.known.values, **self.open}, find) if free and self.renames else find

    def response(self, track: Track) -> Response:
        """The answer that is due: the settled one, or in faithful mode each recorded one in turn, then the last."""
        turn = self._answered.get(track.n, 0)
        if self._faithful and turn < len(track.superseded):
            return track.superseded[turn]
        stage = self._stage(track)
        return track.interaction.response if stage is None else track.held.stages[stage].response

    def _stage(self, track: Track) -> int | None:
        """Collapsing: the stage at which a poll is held for reads that are yet to come, None if it is settled."""
        if self._faithful:
            return None
        stages = enumerate(track.held.stages)
        begin = self._next_stage.get(track.n, 0)
        return next((at for at, one in stages if at >= begin and not one.waits_for <= self._played.keys()), None)

    def _wait(self, track: Track, stage: int) -> None:
        """Whoever asks far more often than was recorded will not read what goes with the stage, and goes on."""
        asked = self._waited[track.n, stage] = self._waited.get((track.n, stage), 0) + 1
        if asked >= _PATIENCE * track.held.stages[stage].polls:
            self._next_stage[track.n] = stage + 1

    def asked_before(self, asking: Asking) -> Track | None:
        """The last interaction played that a request asks for again."""
        again = {track.n: track for track in self.group.having(asking.key) if asking.meaning(self, track) is not None}
        return next((again[n] for n in reversed(self._played) if n in again), None)

    @property
    def is_new(self) -> bool:
        """Whether nothing has been played yet."""
        return not self._played

    @property
    def is_over(self) -> bool:
        """Whether nothing can follow but reads."""
        return self._to_play == 0

    def has_played(self, track: Track) -> bool:
        """Whether the interaction has been played."""
        return track.n in self._played

    @property
    def played(self) -> list[Track]:
        """The interactions that have been played."""
        return [track for track in self.group.tracks if track.n in self._played]
