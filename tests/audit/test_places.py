from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.audit.places import Place, changed, dropped, members, shown

VALUE = {"a": [1, {"b": None}], "c d": "x"}


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((), "$"),
        (("a", 1, "b"), "$.a[1].b"),
        (("c d",), "$['c d']"),
        (("it's",), '$["it\'s"]'),
        (("0",), "$['0']"),
    ],
)
def test_a_place_is_shown_as_json_path(place: Place, text: str) -> None:
    assert shown(place) == text


def test_members_are_all_that_is_in_a_value_parents_first() -> None:
    assert [place for place, _ in members(VALUE)] == [
        (),
        ("a",),
        ("a", 0),
        ("a", 1),
        ("a", 1, "b"),
        ("c d",),
    ]


def test_a_changed_value_is_another_one() -> None:
    assert changed(VALUE, ("a", 1, "b"), 2) == {"a": [1, {"b": 2}], "c d": "x"}
    assert changed(VALUE, ("new",), 2) == {**VALUE, "new": 2}
    assert changed(VALUE, (), 2) == 2
    assert dropped(VALUE, ("a", 0)) == {"a": [{"b": None}], "c d": "x"}
    assert dropped(VALUE, ("a", 1, "b")) == {"a": [1, {}], "c d": "x"}
    assert VALUE == {"a": [1, {"b": None}], "c d": "x"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_what_is_put_at_a_place_stands_there(value: Any) -> None:
    for place, member in members(value):
        assert changed(value, place, member) == value
        assert dict(members(changed(value, place, "toolreel")))[place] == "toolreel"
        if place:
            assert len(list(members(dropped(value, place)))) == len(list(members(value))) - len(list(members(member)))
