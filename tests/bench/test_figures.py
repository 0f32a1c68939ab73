"""Rounds in turn, ratios round by round, targets."""

from __future__ import annotations

from functools import partial

import pytest

from bench.figures import Target, in_turn, ratio


def test_every_other_round_goes_backwards() -> None:
    order: list[str] = []

    def measure(name: str) -> int:
        order.append(name)
        return len(order)

    found = in_turn({name: partial(measure, name) for name in "abc"}, 3)
    assert "".join(order) == "abccbaabc"
    assert found == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_a_drift_that_hits_both_does_not_change_the_ratio() -> None:
    assert ratio([100, 50, 10], [200, 100, 20]) == 0.5


@pytest.mark.parametrize(
    ("target", "measured", "met"),
    [
        (Target("rate", least=1), 1.0, True),
        (Target("rate", least=1), 0.99, False),
        (Target("time", most=0.2), 0.2, True),
        (Target("time", most=0.2), 0.21, False),
    ],
)
def test_a_target_is_met_up_to_its_bound(target: Target, measured: float, met: bool) -> None:
    assert target.is_met(measured) is met
