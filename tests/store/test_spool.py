from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.normalise.conversations import performed
from tests.normalise.takes import get, take
from toolreel.errors import MachineError
from toolreel.messages.model import JsonBody
from toolreel.normalise.performed import received_in
from toolreel.store import spool as spool_module
from toolreel.store.spool import Notes, Spool, rank


@pytest.fixture(params=[0, 1 << 30], ids=["in a file", "in memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    monkeypatch.setattr(spool_module, "MOST_IN_MEMORY", request.param or 1)  # 0 would be without a limit
    with closing(Spool(tmp_path)) as opened:
        yield opened


def test_what_was_received_is_found_again(spool: Spool, tmp_path: Path) -> None:
    received = [one for how in range(6) for one in received_in(performed(how, how))]
    for one in received:
        spool.append(one)
    assert list(map(repr, spool)) == list(map(repr, received))  # == takes 1, 1.0 and true for the same
    assert spool.times == [one.times for one in received]
    assert len(spool) == len(received)
    assert spool[-1] == received[-1]
    assert spool[1:3] == received[1:3]
    for place in Random(1).choices(range(len(received)), k=200):
        assert spool[place] == received[place]
    with pytest.raises(IndexError):
        spool[len(received)]
    assert list(tmp_path.iterdir()) == [], "nobody else can see the file"


def test_what_is_put_there_after_something_was_looked_up_stands_behind_all(spool: Spool) -> None:
    first, second, third, *_ = received_in(performed(1, 1))
    spool.append(first)
    spool.append(second)
    assert spool[0] == first
    spool.append(third)
    assert list(spool) == [first, second, third]


def test_values_keep_their_types_and_what_nobody_noted_stays_unknown(spool: Spool) -> None:
    value = {"b": 1.0, "a": [1, True, None, -0.0, 1e-7, 10**30], "": "é\u2028\U0001f600\x00"}
    [received] = received_in(take(get("/x", JsonBody(value=value, style="spaced")), timed=False))
    assert received.performance is None
    spool.append(received)
    assert repr(spool[0]) == repr(received)


def test_what_was_looked_up_last_is_at_hand(spool: Spool) -> None:
    for one in received_in(performed(1, 1)):
        spool.append(one)
    assert spool[1] is spool[1]
    assert spool[0] is not spool[1]


def test_a_full_disk_is_said(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "_file", Full())
    [received] = received_in(take(get("/x")))
    with pytest.raises(MachineError) as caught:
        spool.append(received)
    assert str(caught.value) == (
        "A temporary file cannot be written or read ([Errno 28] No space left on device); free the disk."
    )
    monkeypatch.undo()


@pytest.mark.parametrize("texts", [[], ["a"], ["a", "b", "é\nb\r\n"], ["x" * 9, "y\n" * 9]])
def test_notes_are_read_as_they_were_written(
    texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "MOST_IN_MEMORY", 4)
    with closing(Notes(tmp_path, ",\n")) as notes:
        for text in texts:
            notes.add([text[:1], text[1:]])
            notes.add([])
        assert "".join(notes) == ",\n".join(texts)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3)))
def test_the_rank_of_a_text_is_its_place_among_all_that_differ(texts: list[str]) -> None:
    order = sorted(set(texts))
    assert list(rank(iter(texts))) == [order.index(text) for text in texts]
