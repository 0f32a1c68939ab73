from __future__ import annotations

import pytest

from toolreel.messages.model import Performance
from toolreel.replay.answer import Answer
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.delivery import PLAIN, Delivery
from toolreel.replay.pace import INSTANT

STREAM = Answer(200, (("a", "b"),), (b"0123456789", b"abcde", b"vwxyz"), cut=True, wait=5, end_delay=9)


@pytest.mark.parametrize(
    ("chunks", "delays", "pieces", "later"),
    [
        pytest.param("frame", (), (b"0123456789abcdevwxyz",), (), id="frames-together"),
        pytest.param("frame", (0, 0, 7), (b"0123456789abcde", b"vwxyz"), (0, 7), id="frame"),
        pytest.param("bytes:8", (), (b"01234567", b"89abcdev", b"wxyz"), (), id="bytes"),
        pytest.param("bytes:8", (0, 0, 7), (b"01234567", b"89abcde", b"v", b"wxyz"), (0, 0, 7, 0), id="never-early"),
        pytest.param("recorded", (3, 4, 0), (b"01", b"23456789", b"a", b"bcdevwxyz"), (3, 0, 4, 0), id="recorded"),
        pytest.param("bytes:99", (0, 4, 4), (b"0123456789", b"abcde", b"vwxyz"), (0, 4, 4), id="never-late"),
        pytest.param("bytes:99", (), (b"0123456789abcdevwxyz",), (), id="one-piece"),
    ],
)
def test_pieces_are_cut_where_they_are_asked_for_and_before_what_waits(
    chunks: str, delays: tuple[float, ...], pieces: tuple[bytes, ...], later: tuple[float, ...]
) -> None:
    answer = Answer(200, STREAM.headers, STREAM.pieces, cut=True, wait=5, delays=delays, end_delay=9)
    delivery = Delivery(INSTANT, parse_chunking(chunks))
    cut = delivery.cut(answer, Performance(chunks=(2, 9)), "n")
    assert cut == Answer(200, STREAM.headers, pieces, cut=True, wait=5, delays=later, end_delay=9)


def test_a_body_is_cut_like_a_stream_and_keeps_its_length() -> None:
    answer = Answer(200, (), (b"0123456789",), length=10)
    assert Delivery(INSTANT, parse_chunking("bytes:4")).cut(answer, None, "n").pieces == (b"0123", b"4567", b"89")
    assert PLAIN.cut(answer, None, "n") == answer


def test_an_answer_without_a_body_has_no_pieces() -> None:
    empty = Answer(204, (), wait=3)
    assert Delivery(INSTANT, parse_chunking("random:1")).cut(empty, None, "n") == empty
