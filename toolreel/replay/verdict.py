"""What came of a replay: what was served, what was missed, what should have been played and never was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from toolreel.dialects.routes import Kind
from toolreel.errors import MISSES, UNPLAYED

from .miss import Miss
from .tape import Tape
from .tracks import Group, Track
from .trouble import Struck, Trouble


@dataclass(frozen=True, slots=True)
class Unplayed:
    """An interaction that no client has been answered with; `session` where several are told of together."""

    cassette: str
    n: int
    method: str
    path: str
    session: str | None = None

    def __str__(self) -> str:
        what = f"interaction {self.n} of cassette {self.cassette}, {self.method} {self.path}"
        return what if self.session is None else f"{what}, in session {self.session}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Missed:
    """A miss, and how often it came."""

    miss: Miss
    times: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`unplayed` are the interactions that should have been played; `never_played` counts all that were not.

    Where there are too many to name each, `unplayed_more` says how many more should have been.
    `faults` are those that struck, in their order, `idle` the numbers of those that never did.
    """

    served: int
    misses: tuple[Missed, ...]
    unplayed: tuple[Unplayed, ...]
    never_played: int
    faults: tuple[Struck, ...] = ()
    idle: tuple[int, ...] = ()
    unplayed_more: int = 0

    @property
    def missed(self) -> int:
        """How many requests had no answer."""
        return sum(one.times for one in self.misses)

    @property
    def good(self) -> bool:
        """Whether everything had its answer, and everything that should be played was."""
        return not self.misses and not self.unplayed

    def exit_status(self, status: int = 0) -> int:
        """The status to exit with: that of a COMMAND that failed, else 3 for misses, 4 for what was not played."""
        return status or (MISSES if self.misses else UNPLAYED if self.unplayed else 0)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "served": self.served,
            "missed": self.missed,
            "never_played": self.never_played,
            "misses": [{**asdict(one.miss), "times": one.times} for one in self.misses],
            "unplayed": [one.as_json() for one in self.unplayed],
            "unplayed_more": self.unplayed_more,
            "faults": [{**asdict(one), "times": times} for one, times in Counter(self.faults).items()],
            "idle_faults": list(self.idle),
        }


def verdict(
    tapes: Iterable[Tape],
    played: set[Track],
    misses: Mapping[Miss, int],
    served: int,
    *,
    everything: bool,
    trouble: Trouble | None = None,
    touched: Collection[Group] = (),
) -> Verdict:
    """The verdict on what was `played`; `misses` says how often each came.

    What changed something must be played, or the client took another way: successful writes and calls, of the
    conversations that were begun, or if `everything` must be played, of all. Not of those that faults have `touched`:
    nobody can say what a client must do after a fault.
    """
    groups = [group for tape in tapes for group in tape.groups]
    begun = Counter(track.group for track in played)
    due = [
        track
        for group in groups
        if (everything or group in begun) and group not in touched
        for track in group.tracks
        if track not in played and _counts(track)
    ]
    return Verdict(
        served=served,
        misses=tuple(Missed(miss, times) for miss, times in misses.items()),
        unplayed=tuple(map(_unplayed, due)),
        never_played=sum(len(group.conversation.items) - begun[group] for group in groups),
        faults=tuple(trouble.struck) if trouble else (),
        idle=tuple(trouble.idle) if trouble else (),
    )


def _counts(track: Track) -> bool:
    return track.kind is not Kind.READ and track.interaction.response.status < 400


def _unplayed(track: Track) -> Unplayed:
    request = track.interaction.request
    return Unplayed(track.tape.name, track.n, request.method, request.path)
