from __future__ import annotations

import pytest

from toolreel.messages.model import Performance
from toolreel.replay.answer import Answer
from toolreel.replay.pace import INSTANT, Pace, Tempo, parse_pace

FRAMES = Answer(200, (), (b"1", b"2", b"3"))
BODY = Answer(200, (), (b"{}",), length=2)
NOTED = Performance(ms=(1000, 1900), frame_ms=(100, 100, 700))


def when(answer: Answer) -> tuple[float, tuple[float, ...], float]:
    """When headers, pieces and end are due, in milliseconds after the request."""
    now, pieces = answer.wait, []
    for delay in answer.delays or (0,) * len(answer.pieces):
        now += delay
        pieces.append(now)
    return answer.wait, tuple(pieces), now + answer.end_delay


@pytest.mark.parametrize(
    ("pace", "answer", "noted", "expected"),
    [
        pytest.param("instant", FRAMES, NOTED, (0, (0, 0, 0), 0), id="instant"),
        pytest.param("recorded", FRAMES, NOTED, (100, (100, 100, 700), 900), id="recorded"),
        pytest.param("x2", FRAMES, NOTED, (50, (50, 50, 350), 450), id="twice-as-fast"),
        pytest.param("x0.5", FRAMES, NOTED, (200, (200, 200, 1400), 1800), id="half-as-fast"),
        pytest.param("20ms", FRAMES, NOTED, (20, (20, 40, 60), 60), id="fixed"),
        pytest.param("2.5ms", FRAMES, None, (2.5, (2.5, 5, 7.5), 7.5), id="fixed-needs-no-recording"),
        pytest.param("recorded", BODY, Performance(ms=(5, 85)), (80, (80,), 80), id="body"),
        pytest.param("20ms", BODY, None, (20, (20,), 20), id="fixed-body"),
        pytest.param("recorded", Answer(204, ()), Performance(ms=(5, 85)), (80, (), 80), id="no-body"),
        pytest.param("20ms", Answer(204, ()), None, (20, (), 20), id="fixed-no-body"),
        pytest.param("recorded", FRAMES, None, (0, (0, 0, 0), 0), id="no-performance"),
        pytest.param("recorded", FRAMES, Performance(), (0, (0, 0, 0), 0), id="no-times"),
        pytest.param("recorded", FRAMES, Performance(ms=(0, 50)), (50, (50, 50, 50), 50), id="no-frame-times"),
        pytest.param("recorded", FRAMES, Performance(frame_ms=(3, 4, 5)), (3, (3, 4, 5), 5), id="frame-times-only"),
        pytest.param("recorded", FRAMES, Performance(ms=(0, 9), frame_ms=(3,)), (3, (3, 9, 9), 9), id="too-few"),
        pytest.param(
            "recorded", FRAMES, Performance(ms=(0, 9), frame_ms=(1, 2, 3, 4)), (1, (1, 2, 3), 9), id="too-many"
        ),
        pytest.param(
            "recorded", FRAMES, Performance(ms=(9, 0), frame_ms=(5, 3, 4)), (5, (5, 5, 5), 5), id="backwards"
        ),
    ],
)
def test_every_part_is_due_when_the_pace_says(
    pace: str, answer: Answer, noted: Performance | None, expected: tuple[float, tuple[float, ...], float]
) -> None:
    timed = parse_pace(pace).timed(answer, noted)
    assert when(timed) == expected
    assert (timed.pieces, timed.length, timed.cut) == (answer.pieces, answer.length, answer.cut)


def test_what_is_written_is_what_is_meant() -> None:
    assert parse_pace("instant") == INSTANT
    assert INSTANT.instant
    assert parse_pace("recorded") == parse_pace("x1") == Pace(Tempo.RECORDED, 1)
    assert not parse_pace("x1000").instant
    assert parse_pace("0ms") == Pace(Tempo.FIXED, 0)


@pytest.mark.parametrize("text", ["", "fast", "x", "x0", "x-1", "xx", "ms", "-5ms", "5", "5s", "5 ms", "1e3ms"])
def test_what_is_no_pace_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no pace; write instant, recorded, xN or MSms"):
        parse_pace(text)
