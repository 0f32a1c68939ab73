"""In which pieces the bytes of an answer are sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from .dice import draws

_BYTES, _RANDOM = re.compile(r"bytes:([0-9]{1,9})"), re.compile(r"random:([0-9]{1,18})")
_SCALES = 11
"""Random pieces are 1 to 1, to 2, to 4 … to 1024 bytes long, each scale as likely: many end inside a character."""


class How(StrEnum):
    """What ends a piece."""

    FRAME = "frame"
    """The end of a frame; those that need not wait for each other are one piece, as is a body that is no stream."""
    RECORDED = "recorded"
    """What ended it when the answer was recorded."""
    BYTES = "bytes"
    """A number of bytes."""
    RANDOM = "random"
    """Chance."""


@dataclass(frozen=True, slots=True)
class Chunking:
    """`number` is the size of pieces in bytes, or the seed of random ones."""

    how: How = How.FRAME
    number: int = 0

    def cuts(self, ends: Sequence[int], recorded: Sequence[int] | None, name: str) -> list[int]:
        """Where the pieces of a body end, the last one included.

        `ends` are the ends of its frames, `recorded` the sizes of the pieces in which it came, if they are known.
        `name` tells the answers apart that a seed cuts differently.
        """
        length = ends[-1] if ends else 0
        match self.how:
            case How.BYTES:
                found = list(range(self.number, length, self.number))
            case How.RANDOM:
                found = list(_random(length, self.number, name))
            case How.RECORDED if recorded is not None:
                found = [end for end in accumulate(recorded) if 0 < end < length]
            case _:
                return list(ends)
        return [*dict.fromkeys(found), length] if length else []


BY_FRAME = Chunking()


def parse_chunking(text: str) -> Chunking:
    """`frame`, `recorded`, `bytes:N` or `random:SEED`; raises ValueError."""
    if text in (How.FRAME, How.RECORDED):
        return Chunking(How(text))
    if (match := _BYTES.fullmatch(text)) and int(match[1]):
        return Chunking(How.BYTES, int(match[1]))
    if match := _RANDOM.fullmatch(text):
        return Chunking(How.RANDOM, int(match[1]))
    raise ValueError(f"{text!r} is no chunking; write frame, recorded, bytes:N or random:SEED, such as bytes:7")


def _random(length: int, seed: int, name: str) -> Iterator[int]:
    end = 0
    for number in draws("chunks", seed, name):
        end += 1 + (number >> 4) % (1 << number % _SCALES)
        if end >= length:
            return
        yield end
