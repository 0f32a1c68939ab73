"""What toolreel reads from mitmproxy's flows."""

from __future__ import annotations

import json

import pytest
from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error

from toolreel.addons.flows import broken_ending, head_of, normal_ending, origin, own_response, request_of
from toolreel.messages.model import Ending

from .conftest import flow_of, response_of


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com"),
        ("https://API.openai.com:443/v1", "https://api.openai.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://[::1]/", "http://[::1]"),
    ],
)
def test_the_origin_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(flow_of(url)) == expected


def test_a_request_keeps_target_headers_and_body() -> None:
    flow = flow_of("https://h/v1/a%20b?x=1&x=2", headers={"Content-Type": "a/b"}, content=b"\x00\xff")
    request = request_of(flow)
    assert (request.method, request.target, request.body) == ("POST", "/v1/a%20b?x=1&x=2", b"\x00\xff")
    assert request.origin == "https://h"
    assert ("content-type", "a/b") in request.headers


def test_no_body_and_an_empty_one_are_told_apart() -> None:
    flow = flow_of(method="GET", content=b"")
    flow.request.headers.pop("content-length", None)
    assert request_of(flow).body is None
    flow.request.headers["content-length"] = "0"
    assert request_of(flow).body == b""


def test_bytes_that_are_no_text_are_latin_1_as_in_the_plain_door() -> None:
    flow = flow_of()
    flow.request.data.path = b"/caf\xc3\xa9/\xff"
    flow.request.data.method = b"G\xffT"
    request = request_of(flow)
    assert request.target.encode("latin-1") == b"/caf\xc3\xa9/\xff"
    assert request.method.encode("latin-1") == b"G\xffT"


def test_a_head_has_status_and_headers() -> None:
    head = head_of(response_of(404, headers=[(b"X-A", b"1"), (b"x-a", b"2")]))
    assert (head.status, head.headers) == (404, (("x-a", "1"), ("x-a", "2")))


LENGTH, CHUNKED = (b"Content-Length", b"3"), (b"Transfer-Encoding", b"gzip, Chunked")


@pytest.mark.parametrize(
    ("method", "response", "expected"),
    [
        ("GET", response_of(headers=[LENGTH]), Ending.COMPLETE),
        ("GET", response_of(headers=[CHUNKED]), Ending.COMPLETE),
        ("GET", response_of(), Ending.EOF),
        ("GET", response_of(headers=[(b"connection", b"close")]), Ending.EOF),
        ("GET", response_of(version=b"HTTP/1.0"), Ending.EOF),
        ("GET", response_of(version=b"HTTP/2.0"), Ending.COMPLETE),
        ("GET", response_of(version=b"HTTP/3"), Ending.COMPLETE),
        ("HEAD", response_of(), Ending.COMPLETE),
        ("DELETE", response_of(204), Ending.COMPLETE),
        ("GET", response_of(304), Ending.COMPLETE),
    ],
)
def test_only_a_length_or_http_2_proves_that_an_answer_is_whole(
    method: str, response: object, expected: Ending
) -> None:
    flow = flow_of(method=method)
    flow.response = response
    assert normal_ending(flow) is expected


@pytest.mark.parametrize(
    ("message", "client_there", "version", "expected"),
    [
        ("Client disconnected.", True, "HTTP/1.1", Ending.CLIENT_GONE),
        ("anything", False, "HTTP/1.1", Ending.CLIENT_GONE),
        ("stream reset by client (CANCEL)", True, "HTTP/2.0", Ending.CLIENT_GONE),
        ("stream reset by client (CANCEL)", True, "HTTP/1.1", Ending.CUT),
        ("peer closed connection without sending complete message body", True, "HTTP/1.1", Ending.CUT),
        ("", True, "HTTP/1.1", Ending.CUT),
    ],
)
def test_who_broke_off_is_told_by_the_error(message: str, client_there: bool, version: str, expected: Ending) -> None:
    flow = flow_of()
    flow.request.http_version = version
    flow.error = Error(message)
    flow.client_conn.state = ConnectionState.OPEN if client_there else ConnectionState.CLOSED
    assert broken_ending(flow) is expected


def test_an_answer_of_toolreels_own_looks_like_the_apis_errors() -> None:
    response = own_response(503, "Grüße", "toolreel_recorder")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["content-length"] == str(len(response.content or b""))
    error = json.loads(response.content or b"")["error"]
    assert error == {"message": "Grüße", "type": "toolreel_recorder", "param": None, "code": None}
