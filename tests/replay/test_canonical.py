from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.bodies import body_of
from toolreel.messages.http import Headers, HttpRequest
from toolreel.messages.model import FileBody, Request
from toolreel.replay.canonical import Asked, asked, recorded
from toolreel.replay.rules import DEFAULT_MATCH_RULES


def as_it_is(text: str) -> str:
    return text


def of(request: Asked) -> str:
    return DEFAULT_MATCH_RULES.applied(request, no_tool).canonical(as_it_is)


def no_tool(call: str) -> None:
    del call


def key(target: str = "/v1/x", body: bytes | None = None, method: str = "POST", headers: Headers = ()) -> str:
    return of(asked(HttpRequest(method, target, headers, body, "https://a.example")))


def key_of(request: Request, files: dict[str, bytes] | None = None) -> str:
    return of(recorded(request, (files or {}).__getitem__))


def of_body(text: str) -> str:
    return key(body=text.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param('{"a":1,"b":2}', '{"b":2,"a":1}', id="key-order"),
        pytest.param('{"a":{"x":1,"y":2}}', '{"a":{"y":2,"x":1}}', id="key-order-within"),
        pytest.param('[{"a":1,"b":2}]', '[{"b":2,"a":1}]', id="key-order-in-arrays"),
        pytest.param('{"a":1}', '{\n  "a" : 1\n}\n', id="spaces"),
        pytest.param('{"a":"é"}', '{"a":"\\u00e9"}', id="escapes"),
        pytest.param('{"a":"/"}', '{"a":"\\/"}', id="escaped-slash"),
        pytest.param('{"a":1}', '{"a":1.0}', id="integer-as-float"),
        pytest.param('{"a":[1,{"b":2}]}', '{"a":[1.0,{"b":2.0}]}', id="integer-as-float-within"),
        pytest.param("[10000000000000000]", "[1e16]", id="exponent"),
        pytest.param("[1.10]", "[1.1]", id="trailing-zero"),
        pytest.param("[0]", "[-0]", id="negative-zero"),
        pytest.param("[0]", "[-0.0]", id="negative-float-zero"),
        pytest.param('{"a":1,"a":2}', '{"a":1,"a":2}', id="same-duplicate-keys"),
        pytest.param("plain text", "plain text", id="same-text"),
    ],
)
def test_bodies_that_are_the_same_request(one: str, other: str) -> None:
    assert of_body(one) == of_body(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param('{"a":1}', '{"a":2}', id="value"),
        pytest.param('{"a":1}', '{"A":1}', id="key"),
        pytest.param('{"a":1}', '{"a":true}', id="true-is-no-1"),
        pytest.param('{"a":0}', '{"a":false}', id="false-is-no-0"),
        pytest.param('{"a":1.0}', '{"a":true}', id="true-is-no-1.0"),
        pytest.param('{"a":1}', '{"a":"1"}', id="text-is-no-number"),
        pytest.param('{"a":null}', "{}", id="null-is-not-absent"),
        pytest.param('{"a":null}', '{"a":"null"}', id="null-is-no-text"),
        pytest.param('{"a":""}', '{"a":null}', id="empty-is-not-null"),
        pytest.param('{"a":[]}', '{"a":{}}', id="array-is-no-object"),
        pytest.param("[1,2]", "[2,1]", id="order-in-arrays"),
        pytest.param("[1]", "[1,1]", id="length"),
        pytest.param('{"a":1,"a":2}', '{"a":2}', id="duplicate-keys-are-no-object"),
        pytest.param('{"a":1,"a":2}', '{"a":2,"a":1}', id="duplicate-keys-in-another-order"),
        pytest.param("[1]", "[1.5]", id="fraction"),
        pytest.param("[9007199254740993]", "[9007199254740992]", id="beyond-doubles"),
        pytest.param('"a"', "a", id="string-is-no-text"),
        pytest.param("plain text", "Plain text", id="text"),
        pytest.param("{}", "", id="empty-object-is-no-empty-body"),
        pytest.param("null", "", id="null-is-no-empty-body"),
        pytest.param("[NaN]", "[null]", id="nan"),
        pytest.param('{"stream":true}', '{"stream":false}', id="stream"),
        pytest.param('{"stream":true}', "{}", id="stream-absent"),
        pytest.param('{"a":" x"}', '{"a":"x"}', id="space-in-string"),
        pytest.param('{"a":"é"}', '{"a":"e\\u0301"}', id="unicode-forms"),
    ],
)
def test_bodies_that_are_another_request(one: str, other: str) -> None:
    assert of_body(one) != of_body(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("/v1/x", "/openai/v1/x", id="azure-v1"),
        pytest.param("/v1/x", "/openai/x", id="azure"),
        pytest.param("/v1/x", "/openai/deployments/d/x", id="azure-deployment"),
        pytest.param("/v1/x", "/api/projects/p/x", id="foundry"),
        pytest.param("/v1/x", "/x", id="no-base"),
        pytest.param("/v1/x", "/v1/x?", id="empty-query"),
        pytest.param("/v1/x?a=1&b=2", "/v1/x?b=2&a=1", id="query-order"),
        pytest.param("/v1/x?a=1&b=2&a=3", "/v1/x?a=1&a=3&b=2", id="query-order-with-repeats"),
        pytest.param("/v1/x?a=%C3%A9%20b", "/v1/x?a=é+b", id="query-spelling"),
        pytest.param("/v1/x?include[]=y", "/v1/x?include%5B%5D=y", id="query-name-spelling"),
        pytest.param("/v1/x", "/v1/x?api-version=2024-05-01-preview", id="api-version"),
        pytest.param("/v1/x?api-version=1&a=1", "/v1/x?a=1&api-version=2", id="other-api-version"),
        pytest.param("/v1/x?a", "/v1/x?a=", id="query-without-value"),
    ],
)
def test_targets_that_are_the_same_request(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("/v1/x", "/v1/y", id="path"),
        pytest.param("/v1/x", "/v1/x/", id="slash-at-the-end"),
        pytest.param("/v1/x", "/v1/X", id="case"),
        pytest.param("/v1/x", "/v1beta/x", id="unknown-base"),
        pytest.param("/v1/x", "/v1/x?a=1", id="query"),
        pytest.param("/v1/x?a=1", "/v1/x?a=2", id="query-value"),
        pytest.param("/v1/x?a=1&a=2", "/v1/x?a=2&a=1", id="order-of-equal-names"),
        pytest.param("/v1/x?a=1", "/v1/x?a=1&a=1", id="repeat"),
        pytest.param("/v1/x?order=asc", "/v1/x?order=desc", id="order"),
        pytest.param("/v1/x?a=1&b=2", "/v1/x?a=2&b=1", id="values-exchanged"),
        pytest.param("/v1/x", "/v1/x?Api-Version=1", id="api-version-in-capitals"),
    ],
)
def test_targets_that_are_another_request(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_the_method_counts() -> None:
    assert key(method="POST") != key(method="GET")
    assert key(method="post") != key(method="POST")


def test_no_body_and_an_empty_one_are_the_same_request() -> None:
    assert key(body=None) == key(body=b"")


def test_headers_and_host_do_not_count() -> None:
    one = HttpRequest("GET", "/v1/x", (("authorization", "Bearer a"),), None, "https://a.example")
    other = HttpRequest("GET", "/v1/x", (("accept", "b"),), None, None)
    assert of(asked(one)) == of(asked(other))


def test_a_coded_body_is_compared_decoded() -> None:
    coding = (("content-encoding", "gzip"),)
    assert key(body=gzip.compress(b'{"a": 1}'), headers=coding) == key(body=b'{"a":1.0}')
    assert key(body=b'{"a": 1}', headers=coding) == key(body=b'{"a":1}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


def shuffled(value: Any) -> Any:
    """The same value in another order and with other numbers."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    if isinstance(value, list):
        return list(map(shuffled, value))
    if type(value) is int and int(float_of(value)) == value:
        return float_of(value)
    return value


def float_of(value: int) -> float:
    return float(value) if abs(value) < 2**53 else 0.0


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_order_and_spelling_never_count(value: Any) -> None:
    plain = json.dumps(value)
    other = json.dumps(shuffled(value), indent=3, ensure_ascii=False)
    assert key(body=plain.encode("utf-8", "surrogatepass")) == key(body=other.encode("utf-8", "surrogatepass"))


@given(JSON, JSON)
@settings(max_examples=150, deadline=None)
def test_equal_keys_mean_equal_values(one: Any, other: Any) -> None:
    if key(body=json.dumps(one).encode()) == key(body=json.dumps(other).encode()):
        assert one == other


@given(st.none() | st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=150, deadline=None)
def test_a_request_has_the_key_of_its_own_recording(body: bytes | None) -> None:
    request = Request(
        method="POST",
        path="/threads",
        query=(("b", "2"), ("api-version", "1"), ("a", "1")),
        headers=(("accept", "*/*"),),
        body=body_of(body),
    )
    assert key_of(request) == key("/openai/v1/threads?b=2&a=1", body)


def test_a_body_in_a_file_is_compared_by_its_bytes() -> None:
    request = Request(method="POST", path="/x", body=FileBody(file="a" * 64))
    assert key_of(request, {"a" * 64: b"upload"}) == key(body=b"upload")
    assert key_of(request, {"a" * 64: b"upload"}) != key(body=b"other")


# ------------------------------------------------------------------------------------------------------ tool outputs


def outputs(*pairs: tuple[str, Any], key: str = "tool_outputs", **more: Any) -> str:
    """A body that submits outputs, by the ids of their calls."""
    items = [{"tool_call_id": call, "output": output} for call, output in pairs]
    return json.dumps({key: items, **more})


A, B = ("call_1", "21"), ("call_2", "22")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(outputs(A, B), outputs(B, A), id="order"),
        pytest.param(outputs(A, B, key="tool_approvals"), outputs(B, A, key="tool_approvals"), id="approvals"),
        pytest.param(outputs(("c", '{"a": 1, "b": 2}')), outputs(("c", '{"b":2.0,"a":1}')), id="object"),
        pytest.param(outputs(("c", '[{"a": "\u00e9"}]')), outputs(("c", '[{"a":"é"}]')), id="array"),
        pytest.param(outputs(("c", '{"a": 1}\n')), outputs(("c", '{"a":1}')), id="newline-at-the-end"),
        pytest.param(outputs(("c", ' \n\t{"a": 1}')), outputs(("c", '{"a":1}')), id="space-in-front"),
        pytest.param(outputs(("c", '{"a": ')), outputs(("c", '{"a": ')), id="broken-json"),
    ],
)
def test_outputs_that_are_the_same(one: str, other: str) -> None:
    assert of_body(one) == of_body(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(outputs(A), outputs(("call_1", "22")), id="output"),
        pytest.param(outputs(A), outputs(("call_2", "21")), id="call"),
        pytest.param(outputs(A, B), outputs(("call_1", "22"), ("call_2", "21")), id="exchanged"),
        pytest.param(outputs(A, B), outputs(A), id="one-less"),
        pytest.param(outputs(A), outputs(A, A), id="twice"),
        pytest.param(outputs(A), outputs(A, stream=True), id="stream"),
        pytest.param(outputs(("c", "1")), outputs(("c", "1.0")), id="numbers-are-text"),
        pytest.param(outputs(("c", "a b")), outputs(("c", "a  b")), id="text"),
        pytest.param(outputs(("c", '"x"')), outputs(("c", "x")), id="string-is-no-text"),
        pytest.param(outputs(("c", '{"a":1}')), outputs(("c", '{"a":true}')), id="true-is-no-1"),
        pytest.param(outputs(("c", '{"a":null}')), outputs(("c", "{}")), id="null-is-not-absent"),
        pytest.param(outputs(("c", "[1,2]")), outputs(("c", "[2,1]")), id="order-in-an-array"),
        pytest.param(outputs(("c", '{"a":1,"a":2}')), outputs(("c", '{"a":2}')), id="duplicate-keys"),
        pytest.param(outputs(("c", '{"a": ')), outputs(("c", '{"a":')), id="broken-json"),
        pytest.param(outputs(("c", None)), outputs(("c", "null")), id="null-is-no-text"),
        pytest.param('{"outputs":[1,2]}', '{"outputs":[2,1]}', id="other-lists-keep-their-order"),
    ],
)
def test_outputs_that_differ(one: str, other: str) -> None:
    assert of_body(one) != of_body(other)


def test_an_object_is_no_text_that_reads_the_same() -> None:
    assert of_body('{"output": "{}"}') != of_body('{"output": {"json": {}}}')


# --------------------------------------------------------------------------------------------------------- renaming


def test_ids_are_renamed_wherever_a_text_can_stand() -> None:
    def rename(text: str) -> str:
        return text.replace("one", "two")

    body = {"a": ["one"], "one": {"tool_outputs": [{"output": '{"x": "one"}'}]}}
    before = asked(HttpRequest("POST", "/v1/one?a=one", (), json.dumps(body).encode()))
    after = asked(HttpRequest("POST", "/v1/two?a=two", (), json.dumps(body).replace("one", "two").encode()))
    assert before.canonical(rename) == after.canonical(as_it_is)
    assert asked(HttpRequest("POST", "/x", (), b"one {")).canonical(rename) == key("/x", b"two {")


def test_all_texts_can_be_had() -> None:
    texts = asked(HttpRequest("POST", "/v1/p?q=r", (), b'{"k": ["v", {"output": "[1, \\"o\\"]"}]}')).texts()
    assert set(texts) == {"/p", "r", "k", "v", "output", "o"}
    assert set(asked(HttpRequest("POST", "/p", (), b"plain")).texts()) == {"/p", "plain"}
