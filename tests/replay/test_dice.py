from __future__ import annotations

from itertools import islice

from toolreel.replay.dice import draws, falls

NUMBERS = [1532842304, 4265305334, 3568000920]


def test_a_seed_gives_the_same_numbers_for_ever() -> None:
    assert list(islice(draws("chunks", 7, "weather 3"), 3)) == NUMBERS
    assert list(islice(draws("chunks", 7, "weather 3"), 40))[:3] == NUMBERS


def test_all_that_is_given_counts_as_the_seed() -> None:
    seeds: list[tuple[object, ...]] = [(1,), (2,), ("1", "2"), ("12",), ("1\0", "2"), ("\ud800",), ()]
    assert len({next(draws(*seed)) for seed in seeds}) == len(seeds)


def test_the_numbers_go_on_and_cover_their_range() -> None:
    numbers = list(islice(draws("range"), 5000))
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) < 2**32 / 1000
    assert max(numbers) > 2**32 - 2**32 / 1000


def test_a_chance_falls_as_often_as_it_says() -> None:
    assert 220 < sum(falls(0.25, "seed", n) for n in range(1000)) < 280
    assert all(falls(1, n) for n in range(1000))
    assert not any(falls(0, n) for n in range(1000))
