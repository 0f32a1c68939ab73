from __future__ import annotations

import json
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.redaction.edits import (
    Edit,
    Places,
    applied,
    escaped,
    percent_decoded,
    unescaped,
    whole_escapes,
)

STRINGS = st.text() | st.text(alphabet='\\"u0d8é😀\ud83d\ude00\n/')


def test_edits_are_applied_in_order() -> None:
    assert applied("abcdef", [Edit(1, 3, "X"), Edit(3, 4, ""), Edit(6, 6, "!")]) == "aXef!"


@given(STRINGS, st.booleans())
def test_json_strings_are_decoded_with_places(text: str, ascii_: bool) -> None:
    spelled = json.dumps(text, ensure_ascii=ascii_)[1:-1]
    decoded = unescaped(spelled)
    assert decoded.text == json.loads(f'"{spelled}"')
    for at in range(len(decoded.text)):
        piece = spelled[decoded.spelled_at(at) : decoded.spelled_at(at + 1)]
        assert json.loads(f'"{piece}"') == decoded.text[at]


@given(STRINGS.map(lambda text: json.dumps(text)[1:-1]), st.lists(st.integers(0, 20)))
def test_json_strings_are_decoded_piece_by_piece(spelled: str, sizes: list[int]) -> None:
    places, text, at, end = Places(0), "", 0, 0
    for size in [*sizes, len(spelled)]:
        end = min(end + size, len(spelled))
        ready = at + whole_escapes(spelled[at:end]) if end < len(spelled) else end
        decoded = unescaped(spelled[at:ready])
        places.add(decoded, at)
        text, at = text + decoded.text, ready
    whole = unescaped(spelled)
    assert text == whole.text
    assert [places.spelled_at(at) for at in range(len(text) + 1)] == [
        whole.spelled_at(at) for at in range(len(text) + 1)
    ]


@pytest.mark.parametrize("spelled", ["\\", "a\\x", "\\u12", "\\u12g4", "\\ud83d", "\\ud83dx", "\\ude00"])
def test_what_is_no_escape_stays_and_has_its_place(spelled: str) -> None:
    decoded = unescaped(spelled)
    assert decoded.spelled_at(len(decoded.text)) == len(spelled)


@pytest.mark.parametrize(
    ("spelled", "whole"),
    [
        ("a", 1),
        ("a\\", 1),
        ("a\\n", 3),
        ("a\\\\", 3),
        ("a\\u0", 1),
        ("\\\\u0", 4),
        ("\\ud83d", 0),
        ("\\ud83d\\u", 0),
        ("\\ud83dx", 7),
        ("\\ud83d\\ude00", 12),
        ("\\u0073", 6),
        ("x" * 20 + "\\u007", 20),
    ],
)
def test_escapes_may_be_unfinished(spelled: str, whole: int) -> None:
    assert whole_escapes(spelled) == whole


def test_places_can_be_forgotten() -> None:
    places = Places(7)
    for start in range(7, 107, 10):
        places.add(unescaped("\\n" * 5), start)
    places.forget(23)
    assert places.spelled_at(23) == 7 + 46


def test_quotes_in_replacements_are_escaped() -> None:
    assert escaped('"\\"') == '\\"\\\\\\"'


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.booleans())
def test_percent_codes_are_decoded_with_places(text: str, plus: bool) -> None:
    spelled = quote_plus(text) if plus else quote(text)
    decoded = percent_decoded(spelled, plus=plus)
    assert decoded.text == text
    for at in range(len(text)):
        piece = spelled[decoded.spelled_at(at) : decoded.spelled_at(at + 1)]
        assert (unquote_plus if plus else unquote)(piece) == text[at]


@pytest.mark.parametrize(("spelled", "text"), [("%", "%"), ("%g1%4", "%g1%4"), ("%ff%41", "\udcffA"), ("+%2B", "++")])
def test_odd_percent_codes(spelled: str, text: str) -> None:
    decoded = percent_decoded(spelled)
    assert decoded.text == text
    assert decoded.spelled_at(len(text)) == len(spelled)
