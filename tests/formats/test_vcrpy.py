from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import yaml

from toolreel.messages.http import header
from toolreel.messages.model import JsonBody, TextBody, UnknownBody

from .writers import example, found, left, received, vcrpy, vcrpy_value


def changed(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None) -> bytes:
    """A cassette of VCR.py with one interaction, with other members."""
    value = vcrpy_value([example()])
    [one] = value["interactions"]
    one["request"] |= request or {}
    one["response"] |= response or {}
    return yaml.dump(value).encode()


def test_request_and_answer_are_taken() -> None:
    one = found(vcrpy([example(url="https://h.example:8443/v1/threads?limit=2&order=desc")]))
    assert (one.request.method, one.request.origin) == ("POST", "https://h.example:8443")
    assert one.request.target == "/v1/threads?limit=2&order=desc"
    assert one.request.body == b'{"a":1}'
    assert (one.answer.head.status, one.answer.body) == (200, example().answer)
    assert header(one.answer.head.headers, "content-type") == "application/json"


def test_no_body_is_none() -> None:
    one = found(changed({"body": None, "method": "GET"}))
    assert (one.request.body, one.body_kept) == (None, True)


@pytest.mark.parametrize("body", [None, ""])
def test_a_body_that_the_headers_speak_of_is_unknown_if_it_is_not_there(body: str | None) -> None:
    data = changed({"body": body, "headers": {"Content-Length": ["12"]}})
    assert found(data).body_kept is False
    assert received(data).interactions[0].request.body == UnknownBody(unknown=True)


def test_an_empty_body_is_one_if_the_headers_say_so() -> None:
    data = changed({"body": "", "headers": {"content-length": ["0"]}})
    assert received(data).interactions[0].request.body == TextBody(text="")


def test_a_binary_body_comes_back() -> None:
    assert found(changed({"body": b"\0\xff"})).request.body == b"\0\xff"


def test_the_body_of_a_request_may_stand_as_that_of_an_answer() -> None:
    assert found(changed({"body": {"string": "{}"}})).request.body == b"{}"


def test_answers_of_httpx_as_old_releases_wrote_them() -> None:
    value = vcrpy_value([example()])
    value["interactions"][0]["response"] = {
        "content": '{"b": 2}',
        "headers": {"Content-Type": "application/json"},
        "http_version": "HTTP/1.1",
        "status_code": 201,
    }
    one = found(yaml.dump(value).encode())
    assert (one.answer.head.status, one.answer.body) == (201, b'{"b": 2}')
    assert one.answer.head.headers == (("content-type", "application/json"),)


def test_base64_strings_are_decoded() -> None:
    data = changed(response={"body": {"base64_string": base64.b64encode(b"\0\1").decode()}})
    assert found(data).answer.body == b"\0\1"
    assert "broken base64" in left(changed(response={"body": {"base64_string": "a"}}))


@pytest.mark.parametrize(
    ("length", "style"), [("7", "compact"), ("8", "spaced"), ("12", "pretty2"), ("99", "unknown")]
)
def test_parsed_bodies_are_written_back(length: str, style: str) -> None:
    """As pydantic-ai's serializer writes them."""
    headers = {"content-length": [length], "content-type": ["application/json"]}
    parsed = {"parsed_body": {"a": 1}, "headers": headers}
    cassette = received(changed({**parsed, "body": None}, {**parsed, "body": None}))
    [one] = cassette.interactions
    assert one.request.body == JsonBody(value={"a": 1}, style=style)
    assert one.response.body == JsonBody(value={"a": 1}, style=style)


def test_parsed_bodies_have_the_types_of_yaml() -> None:
    value = {"n": 1, "f": 0.5, "b": True, "z": None, "s": "1", "t": "true", "d": "2026-06-17", "l": [{"x": "y: z"}]}
    body = received(changed({"parsed_body": value})).interactions[0].request.body
    assert isinstance(body, JsonBody)
    assert json.dumps(body.value) == json.dumps(dict(sorted(value.items())))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"uri": "file:///etc/passwd"}, "its URL 'file:///etc/passwd' is none of http"),
        ({"uri": "../../etc/passwd"}, "its URL '../../etc/passwd' is none of http"),
        ({"uri": "https://[::1"}, "its URL 'https://[::1' is none of http"),
        ({"uri": "https:///v1"}, "its URL 'https:///v1' is none of http"),
        ({"uri": "https://h:99999999/"}, "its URL 'https://h:99999999/' is none of http"),
        ({"uri": None}, "it has no URL"),
        ({"method": "GE T"}, "its method 'GE T' is none"),
        ({"method": None}, "it has no method"),
        ({"method": "CONNECT"}, "it only opened a tunnel (CONNECT)"),
        ({"headers": ["a"]}, "it is not made as its format demands"),
        ({"body": 1.5, "headers": {}}, None),
        ({"body": [1]}, "a body of it is neither text nor bytes"),
    ],
)
def test_requests_that_cannot_be_taken(change: dict[str, Any], reason: str | None) -> None:
    if reason is None:  # a plain scalar is the text that it was
        assert found(changed(change)).request.body == b"1.5"
    else:
        assert left(changed(change)) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": {"code": 0}}, "it got no answer (status 0)"),
        ({"status": {"code": 101}}, "it became a websocket or another protocol, which toolreel does not record"),
        ({"status": {"code": 1000}}, "its status '1000' is none"),
        ({"status": {"code": "ok"}}, "its status 'ok' is none"),
        ({"status": {}}, "its answer has no status"),
        ({"status": 200}, "it is not made as its format demands"),
        ({"body": [1]}, "a body of it is neither text nor bytes"),
    ],
)
def test_answers_that_cannot_be_taken(change: dict[str, Any], reason: str) -> None:
    assert left(changed(response=change)) == reason


def test_an_interaction_without_an_answer_is_left() -> None:
    value = vcrpy_value([example()])
    del value["interactions"][0]["response"]
    assert left(yaml.dump(value).encode()) == "it is not made as its format demands"
