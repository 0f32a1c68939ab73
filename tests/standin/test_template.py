from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.standin.template import Values, fill, names_in, render

VALUES = Values(
    {"city": "Paris", "message": "hé"},
    {"get": ['{"t": 21.5, "days": [1, {"sky": "clair"}], "on": true}', "plain"], "city": ["hidden"]},
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("in {city}", "in Paris"),
        ("{message}", "hé"),
        ("{get}", '{"t": 21.5, "days": [1, {"sky": "clair"}], "on": true}'),
        ("{get.1}", "plain"),
        ("{get.0.t}°", "21.5°"),
        ("{get.t}", "21.5"),
        ("{get.0.days.0}", "1"),
        ("{get.0.days.1.sky}", "clair"),
        ("{get.0.days.1}", '{"sky":"clair"}'),
        ("{get.on}", "true"),
        ("{{city}}", "{city}"),
        ('{"a":{"b":1}}', '{"a":{"b":1}}'),
        ('{"t": {get.t}}', '{"t": 21.5}'),
        ("{get.0.none}", "(no get.0.none)"),
        ("{get.2}", "(no get.2)"),
        ("{get.1.t}", "(no get.1.t)"),
        ("{get.0.t.deep}", "(no get.0.t.deep)"),
        ("{get.0.days.9}", "(no get.0.days.9)"),
        ("{other}", "(no other)"),
        ("{} { city } {1}", "{} { city } {1}"),
    ],
)
def test_render(template: str, text: str) -> None:
    assert render(template, VALUES) == text


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"city": "{city}", "n": 3}, {"city": "Paris", "n": 3}),
        (["{get.0.t}", "{get.0.days}"], [21.5, [1, {"sky": "clair"}]]),
        ("t={get.0.t}", "t=21.5"),
        ({"a": {"b": ["{get.1}"]}}, {"a": {"b": ["plain"]}}),
        ("{{city}}", "{city}"),
    ],
)
def test_fill_keeps_types(node: Any, value: Any) -> None:
    assert fill(node, VALUES) == value


def test_hostile_output_is_only_a_gap() -> None:
    assert render("{t.0.a}", Values({}, {"t": ["[" * 100_000]})) == "(no t.0.a)"
    assert render("{t." + "9" * 5000 + "}", Values({}, {"t": ["x"]})).startswith("(no t.9")


def test_names_in_reads_every_string() -> None:
    assert list(names_in({"a": "{x} {{y}}", "b": [1, "{z.0.f}"]})) == ["x", "z"]


@given(st.text())
def test_text_without_braces_is_itself(text: str) -> None:
    plain = text.replace("{", "").replace("}", "")
    assert render(plain, VALUES) == plain
