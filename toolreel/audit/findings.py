"""What an audit found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Passage:
    """`count` mutants of what stands at `where` are answered because of `rule`: a placeholder, or a setting."""

    where: str
    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class Hole:
    """A mutant that is answered, and should not be: what was done, and where."""

    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Audited:
    """One recorded request, and what became of its mutants and variants.

    `mutants` is how many were sent, `left_out` how many were too many, `apart` how many equal another recorded
    request and so prove nothing. `refused` says what is wrong if the recorded request itself is not answered as it
    was recorded; `unanswered` are the ways to send it that are not answered like the others.
    """

    n: int
    method: str
    path: str
    kind: str
    mutants: int
    apart: int
    left_out: int
    variants: int
    passages: tuple[Passage, ...] = ()
    holes: tuple[Hole, ...] = ()
    unanswered: tuple[str, ...] = ()
    refused: str | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it."""
        return not (self.holes or self.unanswered or self.refused)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "sound": self.sound}
