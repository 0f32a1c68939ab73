from __future__ import annotations

import json
from typing import Any

import pytest

from toolreel.formats.found import LeftError
from toolreel.formats.jsonitems import Number
from toolreel.formats.spelling import written_back
from toolreel.formats.yamlitems import Plain
from toolreel.messages.jsontext import STYLES, UNKNOWN, spell

VALUE = {"a": [1, 2.5, None, True], "b": "é", "c": {}}


@pytest.mark.parametrize("style", [style for style in STYLES if style != UNKNOWN])
def test_the_length_tells_the_style(style: str) -> None:
    data = spell(VALUE, style).encode()
    assert written_back(VALUE, len(data)) == (data, True)


@pytest.mark.parametrize("length", [None, 0, 10_000])
def test_without_a_length_that_fits_the_spelling_is_unknown(length: int | None) -> None:
    assert written_back(VALUE, length) == (spell(VALUE, UNKNOWN).encode(), False)


def test_of_several_styles_with_this_length_the_usual_one_is_taken() -> None:
    assert written_back({}, 2) == (b"{}", True)


@pytest.mark.parametrize("spelling", ["1.10", "1e16", "-0", "1" * 5000])
def test_numbers_keep_their_spelling(spelling: str) -> None:
    text = f'{{"a":{spelling}}}'
    assert written_back({"a": Number(spelling)}, len(text)) == (text.encode(), True)


def test_texts_that_look_like_the_mark_stay_text() -> None:
    value = {"a": "\x00number:x", "b": "number:1"}
    data, _ = written_back(value, None)
    assert json.loads(data) == value


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("NaN", "NaN"),
        ("[1]", "[1]"),
        ("2026-06-17", "2026-06-17"),
    ],
)
def test_what_yaml_leaves_plain_gets_its_type(plain: str, value: Any) -> None:
    data, _ = written_back({"a": Plain(plain)}, None)
    assert json.loads(data) == {"a": value}


def test_keys_are_text() -> None:
    assert json.loads(written_back({1: "a", None: "b"}, None)[0]) == {"1": "a", "null": "b"}


def test_half_a_surrogate_pair_comes_back() -> None:
    assert written_back({"a": "\ud800"}, 15) == (b'{"a": "\\ud800"}', True)


def test_what_cannot_be_written_is_left() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in ({"a": b"bytes"}, deep):
        with pytest.raises(LeftError, match="its JSON cannot be written"):
            written_back(value, None)
