from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.store.lines import duplicate_of, line_of

TEXT = """
{ "a": 1,
  "b": [ 10,
    20, {"x":
      true}
  ],
  "c\\n\\"": {}, "e": [],
  "a.b":
    "two\\nlines",
  "é": null
}
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        pytest.param([], 2, id="the-whole"),
        pytest.param(["a"], 2, id="first-member"),
        pytest.param(["b"], 3, id="array"),
        pytest.param(["b", 0], 3, id="first-element"),
        pytest.param(["b", 1], 4, id="second-element"),
        pytest.param(["b", 2], 4, id="object-in-array"),
        pytest.param(["b", 2, "x"], 5, id="member-in-array"),
        pytest.param(['c\n"'], 7, id="escaped-name"),
        pytest.param(["e"], 7, id="second-member-on-a-line"),
        pytest.param(["a.b"], 9, id="value-on-the-next-line"),
        pytest.param(["é"], 10, id="newlines-in-strings-do-not-count"),
        pytest.param(["b", 3], 3, id="index-beyond-the-end"),
        pytest.param(["b", 2, "y"], 4, id="missing-member"),
        pytest.param(["z"], 2, id="missing-first-step"),
        pytest.param(["b", "JsonBody", 1], 4, id="step-that-the-text-does-not-have"),
        pytest.param(["b", "x"], 3, id="name-in-an-array"),
        pytest.param([0], 2, id="index-in-an-object"),
        pytest.param(["a", "x", 0], 2, id="step-into-a-number"),
        pytest.param(["e", 0], 7, id="index-in-an-empty-array"),
        pytest.param(['c\n"', "x"], 7, id="member-of-an-empty-object"),
    ],
)
def test_the_line_of_a_value(location: list[str | int], line: int) -> None:
    assert line_of(TEXT, location) == line


JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=10,
)


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for step, child in steps for place in places(child, (*at, step)))]


@given(JSON, st.data())
@settings(max_examples=100, deadline=None)
def test_the_value_at_any_location_stands_on_its_line(value: Any, data: st.DataObject) -> None:
    """In the text every value that holds nothing stands alone on a line, in the order of the locations."""
    location = data.draw(st.sampled_from(places(value)))
    text = json.dumps(value, indent=1)
    found = value
    for step in location:
        found = found[step]
    first_line = json.dumps(found, indent=1).split("\n")[0]
    on_line = text.split("\n")[line_of(text, location) - 1].strip().removesuffix(",")
    assert on_line.endswith(first_line)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1,\n"a": 2}', ("a", 2)),
        ('[{"a": "b", "b": ["a", "a"]},\n {"x": {"y": 1,\n "\\u0079": 2}}]', ("y", 3)),
        ('{"a": {"a": 1}, "b": {"a": 1},\n "a": 3}', ("a", 2)),
        ('{"a, {b": 1, "c": "}", "a, {b": 2}', ("a, {b", 1)),
    ],
)
def test_the_line_of_a_member_that_stands_twice(text: str, found: tuple[str, int]) -> None:
    assert duplicate_of(text) == found


@pytest.mark.parametrize("text", ["{}", "[]", '{"a": "a", "b": ["a", "a"], "c": [{"a": 1}, {"a": 1}]}', '"a"', "1"])
def test_where_no_member_stands_twice_there_is_no_line(text: str) -> None:
    with pytest.raises(ValueError, match="twice"):
        duplicate_of(text)
