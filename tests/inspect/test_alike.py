from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.inspect.alike import ABSENT, Ids, Leaf, aligned, differing, loosely, parsed

from .tapes import CALL, OTHER, RUN, THREAD

NEW_THREAD, NEW_CALL = "thread_ABCDEFGHIJKLMNOPQRSTUVWX", "call_ABCDEFGHIJKLMNOPQRSTUVWX"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


def ids() -> Ids:
    return Ids({THREAD, CALL, OTHER, RUN}, {NEW_THREAD, NEW_CALL, RUN})


def leaves(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    return [(".".join(map(str, one.path)), one.before, one.after) for one in differing(before, after, ids())]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"a": 1, "b": [2]}, {"b": [2], "a": 1.0}, id="order-and-spelling-of-numbers"),
        pytest.param({"id": THREAD}, {"id": NEW_THREAD}, id="minted-ids"),
        pytest.param([THREAD, f"/threads/{THREAD}"], [NEW_THREAD, f"/threads/{NEW_THREAD}"], id="the-same-id-twice"),
        pytest.param({"x": '{"a": 1}'}, {"x": '{"a":1}'}, id="json-in-a-text"),
    ],
)
def test_these_are_the_same(before: Any, after: Any) -> None:
    assert leaves(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1}, {"a": 2}, [("a", 1, 2)], id="number"),
        pytest.param({"a": 1}, {"a": True}, [("a", 1, True)], id="true-is-no-1"),
        pytest.param({"a": None}, {}, [("a", None, ABSENT)], id="absent-is-not-null"),
        pytest.param({"a": {"b": 1}}, {"a": 1}, [("a", {"b": 1}, 1)], id="kind"),
        pytest.param([1, 2, 3], [1, 3], [("1", 2, ABSENT)], id="an-item-less"),
        pytest.param([1, 3], [1, 2, 3], [("1", ABSENT, 2)], id="an-item-more"),
        pytest.param([{"x": "a"}], [{"x": "b"}], [("0.x", "a", "b")], id="inside-an-item"),
        pytest.param({"x": '{"a":1}'}, {"x": '{"a":2}'}, [("x.a", 1, 2)], id="inside-json-in-a-text"),
        pytest.param({"x": '{"a":1}'}, {"x": "[1]"}, [("x", '{"a":1}', "[1]")], id="other-json-in-a-text"),
        pytest.param([CALL, CALL], [NEW_CALL, RUN], [("1", CALL, RUN)], id="other-id"),
        pytest.param([CALL, OTHER], [NEW_CALL, NEW_CALL], [("1", OTHER, NEW_CALL)], id="two-ids-become-one"),
        pytest.param(["call_mineABCDEFGH"], [NEW_CALL], [("0", "call_mineABCDEFGH", NEW_CALL)], id="own-id"),
        pytest.param([THREAD], [NEW_CALL], [("0", THREAD, NEW_CALL)], id="id-of-another-kind"),
    ],
)
def test_these_differ(before: Any, after: Any, expected: list[Any]) -> None:
    assert leaves(before, after) == expected


@given(JSON)
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    assert list(differing(value, value, ids())) == []


@given(JSON, JSON)
def test_what_differs_one_way_differs_the_other_way(before: Any, after: Any) -> None:
    assert bool(list(differing(before, after, ids()))) == bool(list(differing(after, before, ids())))


def test_lists_are_aligned_by_what_is_equal() -> None:
    assert aligned("abcd", "xbd", str) == [(0, "a", "x"), (1, "b", "b"), (2, "c", ABSENT), (3, "d", "d")]
    assert aligned("", "ab", str) == [(0, ABSENT, "a"), (1, ABSENT, "b")]


def test_loosely_ids_are_their_prefixes() -> None:
    assert loosely({"a": [THREAD, 1, f"/{RUN}/x"]}) == {"a": ["thread_", 1, "/run_/x"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a": 1}', {"a": 1}), (" [1]", [1]), ("1", None), ("{", None), ("[" * 100_000, None), ("text", None)],
)
def test_only_objects_and_lists_count_as_json(text: str, value: Any) -> None:
    assert parsed(text) == value


def test_a_leaf_is_a_value() -> None:
    assert Leaf((), 1, 2) == Leaf((), 1, 2)
    assert repr(ABSENT) == "ABSENT"
