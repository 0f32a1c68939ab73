from __future__ import annotations

import pytest

from toolreel.server.parcels import Unpacking, parcel

PIECES = [b"a", b"", b"x" * 300, "é".encode(), b"\0\0\0\1"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 10_000])
def test_pieces_come_out_as_they_went_in_however_they_travel(size: int) -> None:
    data, unpack = b"".join(map(parcel, PIECES)), Unpacking()
    came = [piece for start in range(0, len(data), size) for piece in unpack(data[start : start + size])]
    assert came == PIECES
    assert unpack(b"") == []


def test_a_piece_comes_out_when_it_is_whole() -> None:
    unpack, data = Unpacking(), parcel(b"abc") + parcel(b"de")
    assert [unpack(data[n : n + 1]) for n in range(len(data))] == [
        *[[]] * 6,
        [b"abc"],
        *[[]] * 5,
        [b"de"],
    ]


def test_a_piece_that_was_cut_never_comes_out() -> None:
    unpack = Unpacking()
    assert unpack(parcel(b"abc") + parcel(b"defg")[:-1]) == [b"abc"]
    assert unpack(b"") == []
