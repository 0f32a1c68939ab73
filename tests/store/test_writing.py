from __future__ import annotations

from pathlib import Path

import pytest

from tests.normalise.conversations import performed
from tests.normalise.takes import get, take
from toolreel.messages.model import Cassette, FileBody, Take
from toolreel.normalise.cassette import normal_form, normalise
from toolreel.normalise.performed import unfold
from toolreel.store.files import LargeBodies
from toolreel.store.layout import cassette_text
from toolreel.store.spool import rank
from toolreel.store.writing import Made, write


def written(path: Path, cassette: Cassette) -> Made:
    assert cassette.take
    noted = Take(recorded_at=cassette.take.recorded_at, tool=cassette.take.tool)
    return write(path, normal_form(unfold(cassette), cassette.upstreams, rank), noted, path.parent)


@pytest.mark.parametrize("said", range(12))
def test_what_is_written_piece_by_piece_is_the_normal_cassette(said: int, tmp_path: Path) -> None:
    for how in range(3):
        received = performed(said, how)
        cassette = normalise(received)[0]
        assert cassette.take
        made = written(tmp_path / "a.json", received)
        assert (tmp_path / "a.json").read_text(encoding="utf-8") == cassette_text(cassette)
        assert made == Made(
            interactions=len(cassette.interactions),
            streams=sum(one.response.frames is not None for one in cassette.interactions),
            polls=sum(read.count for reads in cassette.take.reads.values() for read in reads),
        )
        assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_an_empty_take_is_a_cassette(tmp_path: Path) -> None:
    empty = take()
    assert written(tmp_path / "a.json", empty) == Made()
    assert (tmp_path / "a.json").read_text() == cassette_text(empty.model_copy(update={"upstreams": ()}))


def test_large_bodies_that_are_named_stay_and_others_go(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    kept, gone = (LargeBodies(path).keep([data]) for data in (b"kept", b"gone"))
    [one] = take(get("/x")).interactions
    answered = one.model_copy(update={"response": one.response.model_copy(update={"body": FileBody(file=kept)})})
    written(path, take(get("/x")).model_copy(update={"interactions": (answered,)}))
    assert [file.name for file in (tmp_path / "a.files").iterdir()] == [kept]
    assert kept != gone
