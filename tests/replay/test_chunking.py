from __future__ import annotations

import pytest

from toolreel.replay.chunking import BY_FRAME, Chunking, How, parse_chunking

ENDS = [10, 25, 40]


@pytest.mark.parametrize(
    ("text", "recorded", "cuts"),
    [
        pytest.param("frame", [3, 37], [10, 25, 40], id="frame"),
        pytest.param("recorded", [3, 0, 20, 17], [3, 23, 40], id="recorded"),
        pytest.param("recorded", [3, 4], [3, 7, 40], id="recorded-too-few"),
        pytest.param("recorded", [30, 20, 5], [30, 40], id="recorded-too-many"),
        pytest.param("recorded", None, [10, 25, 40], id="not-recorded"),
        pytest.param("bytes:15", None, [15, 30, 40], id="bytes"),
        pytest.param("bytes:20", None, [20, 40], id="bytes-to-the-end"),
        pytest.param("bytes:40", None, [40], id="one-piece"),
        pytest.param("bytes:999", None, [40], id="larger-than-all"),
    ],
)
def test_pieces_end_where_the_chunking_says(text: str, recorded: list[int] | None, cuts: list[int]) -> None:
    assert parse_chunking(text).cuts(ENDS, recorded, "n") == cuts


@pytest.mark.parametrize("text", ["frame", "recorded", "bytes:3", "random:1"])
def test_nothing_has_no_pieces(text: str) -> None:
    assert parse_chunking(text).cuts([], [], "n") == []


def test_random_pieces_are_the_same_for_the_same_seed_and_answer() -> None:
    chunking = parse_chunking("random:7")
    assert chunking.cuts([5000], None, "weather 1") == chunking.cuts([2000, 5000], [1], "weather 1")
    assert chunking.cuts([5000], None, "weather 1") != chunking.cuts([5000], None, "weather 2")
    assert chunking.cuts([5000], None, "weather 1") != parse_chunking("random:8").cuts([5000], None, "weather 1")


def test_random_pieces_are_small_and_large() -> None:
    sizes = []
    for seed in range(200):
        cuts = Chunking(How.RANDOM, seed).cuts([5000], None, "n")
        assert cuts == sorted(set(cuts))
        assert (cuts[0] > 0, cuts[-1]) == (True, 5000)
        sizes += [end - start for start, end in zip([0, *cuts], cuts, strict=False)]
    assert {1, 2, 3, 4} <= set(sizes)
    assert max(sizes) > 800


def test_what_is_written_is_what_is_meant() -> None:
    assert parse_chunking("frame") == BY_FRAME
    assert parse_chunking("bytes:12") == Chunking(How.BYTES, 12)
    assert parse_chunking("random:0") == Chunking(How.RANDOM, 0)


@pytest.mark.parametrize(
    "text", ["", "Frame", "bytes", "bytes:", "bytes:0", "bytes:-1", "random", "random:x", "frame "]
)
def test_what_is_no_chunking_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no chunking; write frame, recorded, bytes:N or random:SEED"):
        parse_chunking(text)
