from __future__ import annotations

from typing import Any

import pytest

from toolreel.view.folding import folded

from .hostile import EVIL
from .looking import seen


def text(value: Any) -> str:
    return "".join(seen(folded(value)).text.split())


@pytest.mark.parametrize(
    "value", [None, True, -0.5, 12345678901234567890, "text", "", [], {}, [1, 2], {"a": {"b": [1, "x"]}, "c": None}]
)
def test_a_value_is_shown_as_it_is(value: Any) -> None:
    import json

    shown = text(value)
    for count in ("1item", "2members", "2items", "1member"):
        shown = shown.replace(count, "")
    assert shown.replace(",", "") == json.dumps(value, separators=(",", ":")).replace(",", "")


def test_objects_and_lists_fold_and_the_outer_ones_are_open() -> None:
    deep = {"a": {"b": {"c": {"d": {"e": "x" * 80}}}}}
    details = seen(folded(deep)).all("details")
    assert ["open" in one for one in details] == [True, True, True, False, False]
    assert ["open" in one for one in seen(folded(["x" * 80] * 30)).all("details")] == [False]
    assert seen(folded({"city": "Paris", "days": 3})).all("details") == []


def test_json_in_a_text_folds_too() -> None:
    page = seen(folded({"arguments": '{"city": "Paris", "days": [1, 2, {"deep": true}]}'}))
    assert "as JSON" in page.text
    assert '"deep" : true' in page.text


def test_what_is_very_long_or_deep_says_that_there_is_more() -> None:
    assert "… and 1500 more" in seen(folded(list(range(2000)))).text
    assert "… and 5000 characters more" in seen(folded("x" * 25_000)).text
    nested: Any = 1
    for _ in range(900):
        nested = {"a": nested}
    assert len(seen(folded(nested)).all("details")) == 60
    assert len(seen(folded("[" * 3000 + "]" * 3000)).text) > 3000


def test_a_long_text_folds() -> None:
    assert seen(folded("x" * 1500)).all("details") == []
    page = seen(folded({"text": "<b> word" * 300}))
    assert [one.get("class") for one in page.all("details")] == [None, "long"]
    assert "all 2400 characters" in page.text
    assert not page.all("b")


def test_a_huge_value_makes_no_huge_page() -> None:
    huge = {f"k{n}": [{"x": [{"y": m}, "z" * 80]} for m in range(300)] for n in range(300)}
    markup = folded(huge)
    assert len(markup) < 1_000_000
    assert "more; the raw bytes have all" in seen(markup).text


@pytest.mark.parametrize("evil", EVIL)
def test_keys_and_values_are_text(evil: str) -> None:
    page = seen(folded({evil: [evil, {evil: evil}, f'{{"x": "{len(evil)}"}}']}))
    allowed = {"div", "details", "summary", "ul", "li", "span"}
    assert {tag for tag, _ in page.elements} <= allowed
    assert {name for _, attributes in page.elements for name in attributes} <= {"class", "open", "dir"}
    assert "\u202e" not in page.source
