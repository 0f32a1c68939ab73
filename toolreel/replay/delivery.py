"""How answers are sent: when, in which pieces, and with which faults."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from toolreel.messages.model import Performance

from .answer import Answer
from .chunking import BY_FRAME, Chunking, How
from .faults import NO_FAULTS, Faults
from .pace import INSTANT, Pace


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way in which a session sends its answers."""

    pace: Pace = INSTANT
    chunking: Chunking = BY_FRAME
    faults: Faults = NO_FAULTS

    def cut(self, answer: Answer, performance: Performance | None, name: str) -> Answer:
        """An answer whose pieces are its frames, in the pieces in which it is to be sent; `name` is its own.

        Where pieces are frames, those between which nothing waits are one: no client may tell, and one write does.
        """
        if self.chunking.how is How.FRAME:
            return answer if len(answer.pieces) < 2 else answer.cut_at([sum(map(len, answer.pieces))])
        recorded = performance.chunks if performance else None
        return answer.cut_at(self.chunking.cuts(list(accumulate(map(len, answer.pieces))), recorded, name))


PLAIN = Delivery()
"""At once, with no faults."""
