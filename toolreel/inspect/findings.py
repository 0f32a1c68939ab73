"""What `lint` finds: where, what, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from toolreel.messages.model import Cassette

from .exchange import Exchange


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """The cassette must not be committed, or will not replay as it was recorded."""
    WARNING = "warning"
    """It replays, but it is odd: most likely the recording is not what was meant."""
    NOTE = "note"
    """Odd, and explained: nothing needs to be done."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`rule` is its short name. `n` is the interaction, `place` where in it; None and empty: the whole cassette."""

    rule: str
    level: Level
    n: int | None
    place: str
    message: str
    remedy: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


class Recording:
    """A cassette that is looked through."""

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette

    @cached_property
    def exchanges(self) -> list[Exchange]:
        """Its interactions."""
        return [Exchange(interaction) for interaction in self.cassette.interactions]
