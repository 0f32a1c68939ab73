from __future__ import annotations

import pytest

from toolreel.server.pieces import Cutting, Pieces

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


def test_sizes_can_be_asked_for_once() -> None:
    pieces = Pieces()
    one, other = pieces.keep([b"ab", b"c"]), pieces.keep([b"abc"])
    assert one != other
    assert pieces.cutting(one)(b"abc") == [b"ab", b"c"]
    assert pieces.cutting(other)(b"abc") == [b"abc"]
    assert pieces.cutting(one)(b"abc") == [b"abc"]


def test_what_is_never_asked_for_gives_way() -> None:
    pieces = Pieces()
    keys = [pieces.keep([b"a", b"b"]) for _ in range(5000)]
    assert pieces.cutting(keys[0])(b"ab") == [b"ab"]
    assert pieces.cutting(keys[-1])(b"ab") == [b"a", b"b"]
