"""How far a client has got in a recorded conversation: which answers are due, and in which order writes may come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from toolreel.dialects.routes import Kind
from toolreel.messages.model import Response

from .tape import Group, Track

Matches = Callable[[Track], bool]


class State:
    """A live conversation seen as one recorded conversation, its group.

    `symbol_of` and `live_of` bind the ids that the client holds to those of the recording. The epoch of a scope is
    the number of its successful writes played so far.
    """

    __slots__ = ("_answered", "_epochs", "_played", "group", "live_of", "symbol_of")

    def __init__(self, group: Group) -> None:
        self.group = group
        self.symbol_of: dict[str, str] = {}
        self.live_of: dict[str, str] = {}
        self._played: set[int] = set()
        self._epochs: dict[str, int] = {}
        self._answered: dict[int, int] = {}

    def bind(self, live: str, symbol: str) -> None:
        """The client knows `symbol` as `live`."""
        self.symbol_of[live] = symbol
        self.live_of.setdefault(symbol, live)

    def due(self, key: str, matches: Matches) -> Track | None:
        """The interaction that answers a request now; `matches` compares it with those that have its key."""
        repeated = None
        for track in self.group.by_key.get(key, ()):
            if self._may_play(track) and matches(track):
                if track.n not in self._played:
                    return track
                repeated = track  # a read; a later one of its epoch may still wait for its turn
        return repeated

    def _may_play(self, track: Track) -> bool:
        if track.kind is Kind.READ:
            return track.epoch == self._epochs.get(track.scope or "", 0)
        if track.n in self._played:
            return False
        return track.kind is Kind.CALL or not any(self._skipped(track))

    def _skipped(self, track: Track) -> Iterable[Track]:
        """The successful writes of its scope that would be passed over, and did not overlap it when recorded."""
        for write in self.group.writes.get(track.scope or "", ()):
            if write is track or write.place > track.place:
                return
            if write.n not in self._played and write.n not in track.overlaps:
                yield write

    def play(self, track: Track) -> None:
        """The interaction is being answered."""
        self._played.add(track.n)
        self._answered[track.n] = self._answered.get(track.n, 0) + 1
        if track.kind is not Kind.READ:
            for scope in track.moves:
                self._epochs[scope] = self._epochs.get(scope, 0) + 1

    def response(self, track: Track, *, faithful: bool) -> Response:
        """The answer that is due: the settled one, or in faithful mode each recorded one in turn, then the last."""
        turn = self._answered.get(track.n, 0)
        if faithful and turn < len(track.superseded):
            return track.superseded[turn]
        return track.interaction.response

    def epochs_of(self, key: str, matches: Matches) -> list[int]:
        """In which epochs a read was recorded."""
        return [track.epoch for track in self.group.by_key.get(key, ()) if matches(track)]

    @property
    def played(self) -> list[Track]:
        """The interactions that have been played."""
        return [track for track in self.group.tracks if track.n in self._played]
