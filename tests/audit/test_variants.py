from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.audit.sent import Json, Parts, Sent, content_of, meaning
from toolreel.audit.variants import VARIANTS
from toolreel.messages.http import HttpRequest
from toolreel.messages.multipart import Part

OUTPUTS = [
    {"tool_call_id": "call_1", "output": '{"a": 1, "b": 2}'},
    {"tool_call_id": "call_2", "output": "two"},
]


def sent(value: Any = None, **more: Any) -> Sent:
    return replace(Sent("POST", "/v1", "/threads", (), (), None if value is None else Json(value)), **more)


def made(name: str, request: Sent) -> HttpRequest:
    found = VARIANTS[name](request)
    assert found is not None
    return found


def body(name: str, value: Any) -> str:
    return (made(name, sent(value)).body or b"").decode()


@pytest.mark.parametrize(
    ("name", "value", "spelled"),
    [
        ("key order", {"a": {"b": 1, "c": 2}, "d": 3}, '{"d":3,"a":{"c":2,"b":1}}'),
        ("1 and 1.0", {"a": [1, 2.0, 2.5, True]}, '{"a":[1.0,2,2.5,true]}'),
        ("whitespace", {"a": [1]}, '\r\n{\n\t"a" : [\n\t\t1\n\t]\n}\n'),
        ("unicode escapes", {"é": "a😀"}, '{"\\u00e9":"\\u0061\\uD83d\\uDE00"}'),
        ("escaped slashes", {"a": "b/c"}, '{"a": "b\\/c"}'),
    ],
)
def test_json_in_other_spellings(name: str, value: Any, spelled: str) -> None:
    assert body(name, value) == spelled


def test_tool_outputs_in_another_order_and_spelling() -> None:
    reversed_ = json.loads(body("order of tool outputs", {"tool_outputs": OUTPUTS}))
    assert reversed_ == {"tool_outputs": OUTPUTS[::-1]}
    respelled = json.loads(body("JSON in tool outputs", {"tool_outputs": OUTPUTS}))["tool_outputs"]
    assert respelled[0]["output"] == '\n{\n   "b": 2,\n   "a": 1\n}'
    assert respelled[1] == OUTPUTS[1]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("base /openai", "/openai/threads"),
        ("no base", "/threads"),
        ("base /api/projects/P", "/api/projects/another/threads"),
        ("base /openai/deployments/D", "/openai/deployments/gpt-4o/threads"),
        ("api-version", "/v1/threads?api-version=2099-01-01-preview"),
    ],
)
def test_other_paths(name: str, target: str) -> None:
    assert made(name, sent({"model": "gpt-4o"})).target == target


def test_other_spellings_of_a_query() -> None:
    request = sent(query=(("a[]", "1 2"), ("b", "x"), ("a[]", "3")))
    assert made("query spelling", request).target == "/v1/threads?b=x&a%5B%5D=1+2&a%5B%5D=3"


def test_other_headers_leave_what_the_body_is() -> None:
    request = sent({}, headers=(("accept", "x"), ("content-type", "application/json")))
    assert made("no headers", request).headers == (("content-type", "application/json"),)
    other = made("another client", request).headers
    assert ("accept", "*/*") in other
    assert ("accept", "x") not in other
    assert other[-1] == ("content-type", "application/json")


def test_a_packed_body_says_so() -> None:
    request = made("content-encoding", sent({"a": 1}))
    assert gzip.decompress(request.body or b"") == b'{"a":1}'
    assert ("content-encoding", "gzip") in request.headers


def test_an_upload_with_another_boundary() -> None:
    headers = (("content-type", "multipart/form-data; boundary=toolreel-boundary"),)
    request = made("boundary", sent(headers=headers, content=Parts((Part((), b"x"),))))
    assert request.headers == (("content-type", "multipart/form-data; boundary=another--boundary"),)
    assert (request.body or b"").startswith(b"--another--boundary\r\n")


def test_there_is_no_other_spelling_of_nothing() -> None:
    plain = sent(base="")
    left = {name for name, variant in VARIANTS.items() if variant(plain) is not None}
    assert left == {
        "base /v1", "base /openai", "base /openai/v1", "base /api/projects/P",
        "api-version", "another client", "no headers",
    }  # fmt: skip


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "output", "tool_outputs"]), inner, max_size=3)
        | inner.map(lambda value: {"output": json.dumps([value])})
    ),
    max_leaves=8,
)


@given(VALUES, st.sampled_from(sorted(VARIANTS)))
def test_a_variant_says_the_same(value: Any, name: str) -> None:
    request = sent(value)
    if (variant := VARIANTS[name](request)) is not None:
        data = variant.body or b""
        if ("content-encoding", "gzip") in variant.headers:
            data = gzip.decompress(data)
        assert meaning(replace(request, content=content_of(data))) == meaning(request)
