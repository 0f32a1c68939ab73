from __future__ import annotations

from toolreel.inspect.detail import FrameLine
from toolreel.view.strip import BARS, bars


def frames(*times: int | None) -> list[FrameLine]:
    return [FrameLine(at, ms, "x", "") for at, ms in enumerate(times)]


def test_a_bar_for_each_stretch_in_which_frames_came() -> None:
    drawn = bars(frames(0, 0, 0, 0, 500, 1000))
    assert [(bar.place, bar.count, bar.height) for bar in drawn] == [
        (0, 4, 100),
        (BARS // 2, 1, 25),
        (BARS - 1, 1, 25),
    ]


def test_nothing_is_drawn_of_what_nobody_timed_or_what_came_at_once() -> None:
    assert bars(frames(None, None, 3)) == []
    assert bars(frames(0, 0)) == []
    assert bars([]) == []


def test_odd_times_do_no_harm() -> None:
    assert sum(bar.count for bar in bars(frames(-5, 10, 3, None))) == 3
