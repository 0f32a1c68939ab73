from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.audit.mutants import mutants, spread
from toolreel.audit.sent import Content, Json, Parts, Sent, meaning
from toolreel.messages.multipart import Part

CALL_1, CALL_2 = "call_000000000000000000000001", "call_000000000000000000000002"
FORM = Part((("Content-Disposition", 'form-data; name="purpose"'),), b"assistants")


def sent(content: Content = None, path: str = "/threads", **more: Any) -> Sent:
    return replace(Sent("POST", "/v1", path, (), (), content), **more)


def of(request: Sent, where: str, known: tuple[str, ...] = ()) -> dict[str, list[Sent]]:
    """The mutants at a place, by what was done."""
    found: dict[str, list[Sent]] = {}
    for mutant in mutants(request, known):
        if mutant.where == where:
            found.setdefault(mutant.what, []).append(mutant.sent)
    return found


def values(value: Any, where: str) -> dict[str, list[Any]]:
    made = of(sent(Json(value)), where)
    return {
        what: [one.content.value for one in found if isinstance(one.content, Json)] for what, found in made.items()
    }


def test_each_field_is_dropped_changed_and_of_another_type() -> None:
    assert values({"a": "text", "b": 1}, "$.a") == {
        "dropped": [{"b": 1}],
        "null": [{"a": None, "b": 1}],
        "changed": [{"a": "teyt", "b": 1}],
        "lengthened": [{"a": "textx", "b": 1}],
        "shortened": [{"a": "tex", "b": 1}],
        "emptied": [{"a": "", "b": 1}],
        "spaced": [{"a": "text ", "b": 1}],
        "recased": [{"a": "TEXT", "b": 1}],
        "retyped": [{"a": ["text"], "b": 1}],
    }


@pytest.mark.parametrize(
    ("value", "others"),
    [
        (True, [False, 1, "true"]),
        (False, [True, 0, "false"]),
        (1, [2, "1", True]),
        (0.0, [1.0, "0.0", False]),
        (2.5, [3.5, "2.5"]),
        (None, [False, ""]),
        ("true", [True, ["true"]]),
        ("12", [12, ["12"]]),
        ({"b": 1}, [{}, [{"b": 1}]]),
        ([1], [[], {}]),
    ],
)
def test_values_become_what_a_careless_reader_takes_for_them(value: Any, others: list[Any]) -> None:
    made = [repr(one["a"]) for found in values({"a": value}, "$.a").values() for one in found if "a" in one]
    assert {repr(other) for other in others} <= set(made)
    assert (repr(None) in made) is (value is not None)


def test_fields_are_added_and_so_are_bodies() -> None:
    assert values({"a": {}}, "$.a.toolreel_audit") == {"added": [{"a": {"toolreel_audit": None}}]}
    assert values([1], "$[1]") == {"added": [[1, "toolreel_audit"]]}
    assert values([1], "$[0]")["doubled"] == [[1, 1]]
    assert [one.content for one in of(sent(), "body")["added"]] == [Json({}), b"x"]
    assert of(sent(Json({})), "body") == {"dropped": [sent()]}


def test_lists_are_reordered_unless_their_order_says_nothing() -> None:
    assert values([1, 2], "$")["reordered"] == [[2, 1]]
    assert "reordered" not in values([1, 1], "$")
    assert "reordered" not in values({"tool_outputs": [1, 2]}, "$.tool_outputs")


def test_tool_outputs_are_exchanged_and_every_field_of_them_counts() -> None:
    one, other = {"tool_call_id": CALL_1, "output": '{"t": 18}'}, {"tool_call_id": CALL_2, "output": "sun"}
    body = {"tool_outputs": [one, other]}
    assert values(body, "$.tool_outputs[*].output") == {
        "exchanged": [{"tool_outputs": [{**one, "output": "sun"}, {**other, "output": '{"t": 18}'}]}]
    }
    inside = values(body, "$.tool_outputs[0].output → $.t")
    assert inside["changed"] == [{"tool_outputs": [{**one, "output": '{"t":19}'}, other]}]
    assert inside["dropped"] == [{"tool_outputs": [{**one, "output": "{}"}, other]}]


def test_method_path_and_query_are_changed() -> None:
    request = sent(path="/threads/thread_a", query=(("limit", "2"), ("api-version", "1")))
    assert {one.method for one in of(request, "method")["changed"]} == {"GET", "DELETE", "PUT", "PATCH", "HEAD"}
    paths = {one.path for found in of(request, "path").values() for one in found}
    assert {"/thread_a", "/threads", "/threads/thread_a/", "/threads/thread_ax", "/THREADS/thread_a"} <= paths
    queries = [one.query for found in of(request, "query limit").values() for one in found]
    assert (("api-version", "1"),) in queries
    assert (("limit", "2"), ("limit", "2"), ("api-version", "1")) in queries
    assert (("limitx", "2"), ("api-version", "1")) in queries
    assert not of(request, "query api-version")
    assert of(request, "query toolreel_audit")


def test_ids_are_exchanged_for_known_ones_and_for_one_that_nobody_knows() -> None:
    request = sent(Json({"call": CALL_1}), f"/threads/{CALL_1}")
    others = [one.content for one in of(request, f"id {CALL_1}", (CALL_1, CALL_2, "thread_" + "1" * 24))["exchanged"]]
    unknown = Json({"call": CALL_1[:-6] + "999999"})
    assert others == [Json({"call": CALL_2}), unknown]


def test_two_ids_of_one_request_change_places() -> None:
    (swapped,) = of(sent(Json([CALL_1, CALL_2])), f"ids {CALL_1} and {CALL_2}")["exchanged"]
    assert swapped.content == Json([CALL_2, CALL_1])


def test_texts_and_binary_bodies_are_changed() -> None:
    assert {one.content for found in of(sent(b"text"), "body").values() for one in found} == {
        None, b"tex", b"teyt", b"textx", b"TEXT",
    }  # fmt: skip
    assert {one.content for found in of(sent(b"\xff\xfe\xfd"), "body").values() for one in found} == {
        None, b"\xff\xfe", b"\xff\xff\xfd", b"\xff\xfe\xfd\0",
    }  # fmt: skip


def test_parts_of_uploads_are_changed() -> None:
    upload = sent(Parts((FORM, FORM._replace(data=b"x"))))
    found = [one.content.parts for one in (m.sent for m in mutants(upload)) if isinstance(one.content, Parts)]
    first = [parts[0] for parts in found if len(parts) == 2 and parts[1] == FORM._replace(data=b"x")]
    assert FORM._replace(data=b"assistantsx") in first
    assert Part((("Content-Disposition", 'form-data; name="purposex"'),), b"assistants") in first
    assert {len(parts) for parts in found} == {1, 2, 3}


@pytest.mark.parametrize(
    ("most", "sends"), [(9, {0, 1, 3, 4, 5}), (5, {0, 1, 3, 4, 5}), (3, {0, 3, 5}), (4, {0, 1, 3, 5}), (1, {0})]
)
def test_too_many_are_spread_over_all_places(most: int, sends: set[int]) -> None:
    assert spread(["a", "a", None, "b", "b", "c"], most) == sends


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_whatever_the_body_every_mutant_can_be_sent(value: Any) -> None:
    request = sent(Json(value))
    made = list(mutants(request))
    assert all(mutant.sent.http() for mutant in made)
    assert sum(meaning(mutant.sent) != meaning(request) for mutant in made) > 8
