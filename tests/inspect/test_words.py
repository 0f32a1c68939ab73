from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.inspect.words import (
    counted,
    duration,
    long_ids,
    printable,
    printable_lines,
    short_ids,
    shortened,
    size,
)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("/threads/thread_000000000000000000000001/runs", "/threads/thread_1/runs"),
        ("run_000000000000000000000012", "run_12"),
        ("call_Vfq8wpokTGewt0ubGCkeuwo1", "call_Vfq8wpokTGewt0ubGCkeuwo1"),
        ("chatcmpl-00000000000000000000000000003", "chatcmpl-3"),
        ("thread_000000000000000000000000", "thread_000000000000000000000000"),
        ("thread_1", "thread_1"),
        ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_symbols_are_short(text: str, short: str) -> None:
    assert short_ids(text) == short


def test_what_is_shown_short_can_be_asked_for() -> None:
    for id_ in ("thread_000000000000000000000001", "call_000000000000000000000123"):
        assert long_ids(short_ids(id_)) == id_
    assert long_ids("in thread_7, my_thread_7 and thread_0") == f"in thread_{'7'.zfill(24)}, my_thread_7 and thread_0"


def test_nothing_steers_the_terminal() -> None:
    assert printable(" a\n b\t\x1b[31m\x07\u202e ") == r"a b \x1b[31m\x07\u202e"
    assert printable_lines("a\tb\r\nc\x1b]0;x") == ["a\tb\\r", "c\\x1b]0;x"]


@given(st.text())
def test_what_is_printable_stays(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_long_texts_are_cut() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"
    assert shortened("abcdefg", None) == "abcdefg"


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "0 ms"),
        (9999, "9999 ms"),
        (10_000, "10.0 s"),
        (99_949, "99.9 s"),
        (99_950, "1 min 40 s"),
        (200_000, "3 min 20 s"),
    ],
)
def test_times(ms: int, said: str) -> None:
    assert duration(ms) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (45_899, "46 kB"),
        (999_600, "1.0 MB"),
        (3 * 10**9, "3.0 GB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    assert size(count) == said


def test_numbers_agree() -> None:
    assert [counted(0, "run"), counted(1, "run"), counted(2, "miss", "misses")] == ["0 runs", "1 run", "2 misses"]
