from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from toolreel.messages.bodies import body_bytes
from toolreel.messages.model import JsonBody

from .writers import Sent, example, found, left, proxy_value, received


def entry(**changes: Any) -> bytes:
    value = proxy_value([example()])
    value["Entries"][0] |= changes
    return json.dumps(value).encode()


def no_file(digest: str) -> bytes:
    raise AssertionError(digest)


def written(one: Sent) -> bytes:
    """The exchange as the test proxy writes it, with the length of its answer."""
    length = ("content-length", str(len(one.answer)))
    value = proxy_value([Sent(**{**_members(one), "answered": (*one.answered, length)})])
    return json.dumps(value, ensure_ascii=False).encode()


def _members(one: Sent) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Sent.__dataclass_fields__}


@pytest.mark.parametrize(
    "answer",
    [
        '{\n  "a": "é \\" \\\\ / \\u0001",\n  "b": [],\n  "c": {}\n}',
        '{\n  "top_p": 1.0\n}\n',
        '{"a":"é"}',
        '{"a": "\\u00e9\\u00e9\\u00e9"}',
        '{"big":12345678901234567890,"neg":-0.5}',
    ],
)
def test_parsed_bodies_come_back_byte_for_byte(answer: str) -> None:
    [one] = received(written(example(answer=answer.encode()))).interactions
    assert isinstance(one.response.body, JsonBody)
    assert one.response.body.style != "unknown"
    assert body_bytes(one.response.body, no_file) == answer.encode()


@pytest.mark.parametrize("answer", ['{"a":1.10,"b":1e16,"c":-0,"d":1E+2}', '{\n  "a": 1.10\n}'])
def test_numbers_come_back_as_they_were_spelled(answer: str) -> None:
    data = written(example(answer=b"{}")).replace(b'"ResponseBody": {}', f'"ResponseBody": {answer}'.encode())
    data = data.replace(b'"Content-Length": "2"', f'"Content-Length": "{len(answer)}"'.encode())
    [one] = received(data).interactions
    assert body_bytes(one.response.body, no_file) == answer.encode()


def test_a_length_that_no_spelling_has_leaves_it_unknown() -> None:
    headers = {"Content-Type": "application/json", "Content-Length": "999"}
    [one] = received(entry(ResponseHeaders=headers, ResponseBody={"a": 1})).interactions
    assert one.response.body == JsonBody(value={"a": 1}, style="unknown")
    assert body_bytes(one.response.body, no_file) == b'{\n  "a": 1\n}', "as the API spells its answers"


def test_lines_are_put_together() -> None:
    headers = {"Content-Type": "text/event-stream; charset=utf-8"}
    lines = ["event: done\n", "data: [DONE]\n\n"]
    assert found(entry(ResponseHeaders=headers, ResponseBody=lines)).answer.body == b"event: done\ndata: [DONE]\n\n"
    assert left(entry(ResponseHeaders=headers, ResponseBody=["a", 1])) == "a body of it is a list, and not of lines"


def test_no_body_and_an_empty_one_are_told_apart() -> None:
    assert found(entry(RequestBody=None)).request.body is None
    framed = {"Content-Length": "0"}
    assert found(entry(RequestBody=[], RequestHeaders=framed)).request.body == b""
    assert found(entry(RequestBody=None, RequestHeaders={"Content-Length": "7"})).body_kept is False


@pytest.mark.parametrize(
    ("content_type", "stored", "body"),
    [
        ("application/json", "no JSON", b"no JSON"),
        ("text/plain; charset=iso-8859-1", "é", b"\xe9"),
        ("application/octet-stream", base64.b64encode(b"\0\xff").decode(), b"\0\xff"),
        ("application/octet-stream", "no base64!", b"no base64!"),
        ("application/problem+json", "text", b"text"),
        ("application/x-www-form-urlencoded", "a=b", b"a=b"),
    ],
)
def test_texts_are_text_and_the_rest_is_base64(content_type: str, stored: str, body: bytes) -> None:
    headers = {"Content-Type": content_type}
    assert found(entry(ResponseHeaders=headers, ResponseBody=stored)).answer.body == body


def test_numbers_and_the_like_may_be_bodies() -> None:
    headers = {"Content-Type": "application/json", "Content-Length": "4"}
    assert found(entry(ResponseHeaders=headers, ResponseBody=True)).answer.body == b"true"


def test_several_headers_stand_in_a_list() -> None:
    headers = {"Set-Cookie": ["a", "b"], "Retry-After": "1"}
    one = found(entry(ResponseHeaders=headers, ResponseBody=None))
    assert one.answer.head.headers == (("set-cookie", "a"), ("set-cookie", "b"), ("retry-after", "1"))


def test_an_entry_that_is_none_is_left() -> None:
    assert left(entry(RequestHeaders=7)) == "it is not made as its format demands"
    assert left(b'{"Entries": [[]]}') == "it is made as no known format demands"
