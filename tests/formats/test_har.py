from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from toolreel.messages.model import Ending, UnknownBody

from .writers import BEGAN, example, found, har_value, left, received


def entry(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None, **changes: Any) -> bytes:
    value = har_value([example()])
    [one] = value["log"]["entries"]
    one |= changes
    one["request"] |= request or {}
    one["response"] |= response or {}
    return json.dumps(value).encode()


def content(**changes: Any) -> bytes:
    return entry(response={"content": changes})


@pytest.mark.parametrize(
    ("started", "began"),
    [
        ("2025-10-30T21:58:50.250Z", BEGAN),
        ("2025-10-30T23:58:50.25+02:00", BEGAN),
        ("2025-10-30T21:58:50.250123456Z", BEGAN + 0.000123),
        ("2025-10-30T21:58:50.250+00:00", BEGAN),
    ],
)
def test_times_are_taken(started: str, began: float) -> None:
    one = found(entry(startedDateTime=started, time=12.5))
    assert one.timing
    assert one.timing.began == pytest.approx(began * 1000, abs=0.01)
    assert one.timing.ended - one.timing.began == pytest.approx(12.5)
    assert one.recorded_at == "2025-10-30T21:58:50Z"


@pytest.mark.parametrize(
    "change",
    [
        {"startedDateTime": "soon"},
        {"startedDateTime": None},
        {"time": None},
        {"time": "1"},
        {"time": -1},
        {"time": True},
    ],
)
def test_times_that_are_none_are_unknown(change: dict[str, Any]) -> None:
    assert found(entry(**change)).timing is None


def test_bodies_may_be_base64() -> None:
    one = found(content(text=base64.b64encode(b"\0\xff").decode(), encoding="base64", size=2))
    assert one.answer.body == b"\0\xff"
    assert left(content(text="a", encoding="base64")) == "a body of it is broken base64"


def test_an_answer_whose_body_was_not_kept_is_left() -> None:
    """As browsers do with streams, and with what they have dropped from memory."""
    assert left(content(size=1234, mimeType="text/event-stream")) == "the body of its answer was not kept"
    assert found(content(size=0)).answer.body == b""
    assert found(content()).answer.body == b""
    assert found(entry(response={"content": None})).answer.body == b""


def test_answers_have_been_decoded_whatever_the_headers_say() -> None:
    answer = gzip.compress(b"a gzip file that was asked for")
    headers = [{"name": "Content-Encoding", "value": "gzip"}, {"name": "Content-Type", "value": "application/gzip"}]
    stored = {"text": base64.b64encode(answer).decode(), "encoding": "base64", "size": len(answer)}
    cassette = received(entry(response={"headers": headers, "content": stored}))
    assert base64.b64decode(cassette.interactions[0].response.body.base64) == answer  # type: ignore[union-attr]
    assert cassette.interactions[0].response.headers == (("content-type", "application/gzip"),)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "°é".encode()),
        ("text/plain; charset=iso-8859-1", "°é".encode("latin-1")),
        ('text/plain; charset="windows-1252"', "€é".encode("windows-1252")),
        ("text/plain", "°é".encode("latin-1")),
        ("text/plain; charset=no-such", "°é".encode()),
    ],
)
def test_texts_are_bytes_again_in_the_encoding_that_has_their_size(content_type: str, body: bytes) -> None:
    charset = content_type.partition("charset=")[2].strip('"')
    for encoding in (charset, "utf-8", "latin-1"):
        try:
            text = body.decode(encoding)
            break
        except (LookupError, UnicodeDecodeError):
            pass
    headers = [{"name": "Content-Type", "value": content_type}]
    one = found(entry(response={"headers": headers, "content": {"text": text, "size": len(body)}}))
    assert one.answer.body == body


def test_mitmproxy_says_the_size_on_the_wire() -> None:
    """And how much was saved; and it takes texts without a charset for Latin-1."""
    body = "data: °\n\n".encode()
    stored = {"text": body.decode("latin-1"), "size": 7, "compression": len(body) - 7}
    headers = [{"name": "content-type", "value": "text/event-stream"}, {"name": "content-encoding", "value": "gzip"}]
    one = found(entry(response={"headers": headers, "content": stored, "bodySize": 7}))
    assert one.answer.body == body


def test_no_body_and_one_that_was_not_kept_are_told_apart() -> None:
    value = har_value([example(body=None)])
    [one] = value["log"]["entries"]
    assert found(json.dumps(value).encode()).body_kept
    one["request"]["bodySize"] = -1
    assert found(json.dumps(value).encode()).body_kept, "-1 is how many say that they did not count"
    one["request"]["bodySize"] = 12
    assert received(json.dumps(value).encode()).interactions[0].request.body == UnknownBody(unknown=True)
    one["request"] |= {"bodySize": 0, "headers": [{"name": "Content-Length", "value": "12"}]}
    assert not found(json.dumps(value).encode()).body_kept


def test_forms_without_their_text_are_unknown() -> None:
    posted = {"mimeType": "multipart/form-data", "params": [{"name": "a", "value": "b"}]}
    assert found(entry(request={"postData": posted})).body_kept is False
    assert found(entry(request={"postData": {"text": "", "params": []}, "bodySize": 0})).body_kept is True
    assert found(entry(request={"postData": {"text": ""}, "bodySize": 5})).body_kept is False


def test_what_a_browser_did_not_send_or_finish_says_so() -> None:
    assert left(entry(response={"status": 0})) == "it got no answer (status 0)"
    assert left(entry(response={"status": 0, "_error": "net::ERR_FAILED"})) == "it got no answer (net::ERR_FAILED)"
    assert left(entry(_webSocketMessages=[{}])) == "it became a websocket, which toolreel does not record"
    assert left(entry(_resourceType="websocket")) == "it became a websocket, which toolreel does not record"
    assert found(entry(response={"_error": "net::ERR_HTTP2_PROTOCOL_ERROR"})).answer.ending is Ending.CUT


def test_pseudo_headers_and_nonsense_are_no_headers() -> None:
    headers = [
        {"name": ":authority", "value": "h"},
        {"name": "Accept", "value": "a\r\nx: injected"},
        {"name": "", "value": "x"},
        {"name": "x", "value": None},
        {"name": "Content-Type", "value": "☃"},
        ["accept", "b"],
        7,
    ]
    one = found(entry(request={"headers": headers}))
    assert one.request.headers == (("accept", "a x: injected"), ("content-type", "☃".encode().decode("latin-1")))
    assert left(entry(request={"headers": 7})) == "its headers are no list"


@pytest.mark.parametrize(
    "own",
    [
        {"ending": "no such"},
        {"chunks": "x", "frame_ms": [1, "2"]},
        {"request_base64": 7},
        {"coded": "yes", "body": 1},
        "text",
        [],
        {"origin": 7, "untimed": 1, "undated": 1},
    ],
)
def test_nonsense_in_our_own_members_does_no_harm(own: object) -> None:
    assert found(entry(_toolreel=own)).answer.ending is Ending.COMPLETE


def test_the_recorder_is_named_by_our_own_files_only() -> None:
    from .writers import opened

    value = har_value([example()])
    value["log"]["_toolreel"] = {"tool": 7}
    source = opened(json.dumps(value).encode())
    assert len(list(source)) == 1
    assert source.take is None
