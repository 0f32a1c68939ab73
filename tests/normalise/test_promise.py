"""The promise of product.md §4 on conversations at random: recording again changes nothing above `take`."""

from __future__ import annotations

import pytest

from toolreel.normalise.cassette import normalise

from .conversations import performed
from .takes import above


def check(said: int) -> None:
    """Takes of the same conversations that have nothing else in common give one file, which is normal."""
    files = set()
    for how in range(6):
        cassette, names = normalise(performed(said, how))
        files.add(file := above(cassette))
        assert not [id_ for id_ in names if not id_.startswith("REDACTED-") and id_ in file], "an id was left"
        assert normalise(cassette)[0] == cassette, "doing it again changes nothing"
        assert above(normalise(cassette.model_copy(update={"take": None}))[0]) == file
    assert len(files) == 1


@pytest.mark.parametrize("said", range(8))
def test_conversations_recorded_again_are_the_same_file(said: int) -> None:
    check(said)


@pytest.mark.soak
def test_many_conversations_recorded_again_are_the_same_file() -> None:
    for said in range(8, 400):
        check(said)
