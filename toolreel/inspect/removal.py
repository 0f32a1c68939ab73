"""A cassette without some of its interactions, as if they had never been recorded."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from toolreel.messages.model import Cassette, Take
from toolreel.normalise.cassette import normalise


def without(cassette: Cassette, numbers: Collection[int]) -> tuple[Cassette, Mapping[str, str]]:
    """The cassette without the interactions `numbers`, in its normal form, and the new name of each symbol."""
    left = [interaction for interaction in cassette.interactions if interaction.n not in numbers]
    renumbered = {interaction.n: n for n, interaction in enumerate(left, start=1)}
    interactions = tuple(one.model_copy(update={"n": renumbered[one.n]}) for one in left)
    take = cassette.take and _take(cassette.take, renumbered)
    return normalise(cassette.model_copy(update={"interactions": interactions, "take": take}))


def _take(take: Take, renumbered: Mapping[int, int]) -> Take:
    names = {str(n): str(new) for n, new in renumbered.items()}
    return take.model_copy(
        update={
            "interactions": {names[n]: one for n, one in take.interactions.items() if n in names},
            "reads": {names[n]: reads for n, reads in take.reads.items() if n in names},
            "overlap": tuple((renumbered[a], renumbered[b]) for a, b in take.overlap if {a, b} <= renumbered.keys()),
        }
    )
