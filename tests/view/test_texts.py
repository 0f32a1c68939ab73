from __future__ import annotations

import pytest
from markupsafe import Markup

from toolreel.view.texts import breaks, clipped, shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Wetter in Köln? 天気 ☀ שלום", "Wetter in Köln? 天気 ☀ שלום"),
        ("two\nlines\tand\u00a0more", "two\nlines\tand\u00a0more"),
        ("two\r\nlines", "two\nlines"),
        ("lone\rreturn", "lone\\rreturn"),
        ("\x00\x1b[31m\x7f", "\\x00\\x1b[31m\\x7f"),
        ("\u202etxt\u2066\u200b\ufeff", "\\u202etxt\\u2066\\u200b\\ufeff"),
        ("\ud800", "\\ud800"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_what_could_hide_or_turn_a_text_round_is_written_out(text: str, seen: str) -> None:
    assert shown(text) == seen
    assert shown(text).encode()


def test_markup_and_numbers_are_left_alone() -> None:
    markup = Markup("<b>\x00</b>")
    assert shown(markup) is markup
    assert (shown(None), shown(3)) == ("", 3)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("a\n  b", 9, "a b"),
        ("a" + " " * 100 + "b", 5, "a…"),
        ("", 5, ""),
    ],
)
def test_clipped(text: str, limit: int, cut: str) -> None:
    assert clipped(text, limit) == cut


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("plain", ["plain"]),
        ("/threads/thread_1/runs?after=x", ["/", "threads/", "thread_", "1/", "runs?", "after=", "x"]),
        ("a-b.c", ["a-", "b.", "c"]),
        ("<b>/x", ["&lt;b&gt;/", "x"]),
        ("", [""]),
    ],
)
def test_paths_break_after_their_signs(text: str, pieces: list[str]) -> None:
    assert breaks(text) == Markup("<wbr>").join(map(Markup, pieces))
