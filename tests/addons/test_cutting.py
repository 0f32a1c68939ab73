from __future__ import annotations

import pytest

from toolreel.addons.cutting import Cutting

PIECES = [b"a", b"x" * 300, "é".encode(), b"\0\0\0\1"]
SIZES = list(map(len, PIECES))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 10_000])
def test_pieces_come_out_as_they_went_in_however_they_travel(size: int) -> None:
    data, cut = b"".join(PIECES), Cutting(SIZES)
    came = [piece for start in range(0, len(data), size) for piece in cut(data[start : start + size])]
    assert came == PIECES
    assert cut(b"") == []


def test_a_piece_comes_out_when_it_is_whole() -> None:
    cut = Cutting([3, 2])
    assert [cut(bytes([n])) for n in b"abcde"] == [[], [], [b"abc"], [], [b"de"]]


def test_a_body_that_ends_early_or_goes_on_is_not_lost() -> None:
    short, long = Cutting([3, 9]), Cutting([3])
    assert (short(b"abcde"), short(b"")) == ([b"abc"], [b"de"])
    assert (long(b"abcde"), long(b"fg"), long(b"")) == ([b"abc", b"de"], [b"fg"], [])
