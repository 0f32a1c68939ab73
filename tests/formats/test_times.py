from __future__ import annotations

import pytest

from toolreel.formats.times import date_of, milliseconds, rfc3339, rfc3339_of


def test_seconds_are_written_as_the_take_says_them() -> None:
    assert rfc3339(1_761_861_530.9) == "2025-10-30T21:58:50Z"
    assert rfc3339_of("2025-10-30T23:58:50.5+02:00") == "2025-10-30T21:58:50Z"
    assert rfc3339_of(7) is None


@pytest.mark.parametrize("text", ["", None, 7, "soon", "2025-13-01T00:00:00Z", "9" * 400])
def test_what_is_no_time_is_none(text: object) -> None:
    assert milliseconds(text) is None


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Thu, 30 Oct 2025 21:58:50 GMT", "2025-10-30T21:58:50Z"),
        ("yesterday", None),
        ("", None),
        ("Thu, 30 Oct 99999 21:58:50 GMT", None),
    ],
)
def test_the_servers_date_is_one(date: str, said: str | None) -> None:
    assert date_of((("date", date),)) == said
    assert date_of(()) is None
