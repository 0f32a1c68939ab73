"""Flow files of mitmproxy: our own, and those that the real one writes."""

from __future__ import annotations

import io
import warnings
from typing import Any

import pytest

from toolreel.formats.found import FormatError, Found, Left
from toolreel.messages.model import Ending, UnknownBody

from .writers import example, flow_value, flows, found, left, received, taken, tnetstring

with warnings.catch_warnings():
    # mitmproxy imports ldap3, which uses names that its own dependency calls deprecated (Python 3.11).
    warnings.simplefilter("ignore", DeprecationWarning)
    from mitmproxy import http, tcp
    from mitmproxy.io import FlowWriter
    from mitmproxy.test import tflow


def flow(**changes: Any) -> bytes:
    return tnetstring(flow_value(example()) | changes)


def with_request(**changes: Any) -> bytes:
    value = flow_value(example())
    return tnetstring(value | {"request": value["request"] | changes})


def with_response(**changes: Any) -> bytes:
    value = flow_value(example())
    return tnetstring(value | {"response": value["response"] | changes})


def by_mitmproxy(*flows: Any) -> bytes:
    file = io.BytesIO()
    writer = FlowWriter(file)
    for one in flows:
        writer.add(one)
    return file.getvalue()


def real(content: bytes | None = b"answer") -> http.HTTPFlow:
    made = tflow.tflow(resp=True)
    assert made.response
    fields = http.Headers(content_type="a/b")
    made.request = http.Request.make("POST", "https://h.example:8443/v1/threads?a=b", b"{}", fields)
    made.request.timestamp_start, made.request.timestamp_end = 100.0, 100.25
    made.response = http.Response.make(200, content or b"", http.Headers(content_type="text/plain"))
    made.response.raw_content = content
    made.response.timestamp_start, made.response.timestamp_end = 101.0, 102.5
    return made


def test_a_flow_of_the_real_mitmproxy_is_taken() -> None:
    one = found(by_mitmproxy(real()))
    assert (one.request.method, one.request.origin) == ("POST", "https://h.example:8443")
    assert (one.request.target, one.request.body) == ("/v1/threads?a=b", b"{}")
    assert (one.answer.head.status, one.answer.body, one.answer.ending) == (200, b"answer", Ending.COMPLETE)
    assert ("content-type", "text/plain") in one.answer.head.headers
    assert one.timing
    assert (one.timing.began, one.timing.ended) == (100_250, 102_500), "as a recorder counts: from the whole request"
    assert one.recorded_at == "1970-01-01T00:01:40Z"


def test_what_the_real_mitmproxy_holds_of_other_things_is_left() -> None:
    broken = tflow.tflow(err=True)
    streamed = real(content=None)
    socket = tflow.twebsocketflow()
    other = tflow.ttcpflow()
    assert isinstance(other, tcp.TCPFlow)
    dns = tflow.tdnsflow(resp=True)
    reasons = [
        one.reason for one in taken(by_mitmproxy(broken, streamed, socket, other, dns)) if isinstance(one, Left)
    ]
    assert reasons == [
        "it got no answer (error)",
        "its answer was streamed, and mitmproxy kept nothing of the body (store_streamed_bodies)",
        "it became a websocket, which toolreel does not record",
        "it is no HTTP, but tcp",
        "it is no HTTP, but dns",
    ]


def test_a_request_whose_body_was_streamed_is_unknown() -> None:
    made = real()
    made.request.raw_content = None
    data = by_mitmproxy(made)
    assert received(data).interactions[0].request.body == UnknownBody(unknown=True)


@pytest.mark.parametrize(
    ("message", "ending"), [("Client disconnected.", Ending.CLIENT_GONE), ("peer closed connection", Ending.CUT)]
)
def test_an_answer_that_broke_off_says_who_did_it(message: str, ending: Ending) -> None:
    assert found(flow(error={"msg": message, "timestamp": 1.0})).answer.ending is ending


@pytest.mark.parametrize(
    ("change", "ending"),
    [
        ({}, Ending.EOF),
        ({"headers": [[b"Content-Length", b"3"]]}, Ending.COMPLETE),
        ({"headers": [[b"Transfer-Encoding", b"chunked"]]}, Ending.COMPLETE),
        ({"http_version": b"HTTP/2.0"}, Ending.COMPLETE),
        ({"status_code": 204}, Ending.COMPLETE),
    ],
)
def test_only_a_length_or_http_2_proves_that_an_answer_was_whole(change: dict[str, Any], ending: Ending) -> None:
    assert found(with_response(**{"headers": [], **change})).answer.ending is ending


def test_older_versions_say_the_same_in_text() -> None:
    """Before version 7 some of these were text, and there was no authority."""
    data = with_request(method="POST", scheme="https", path="/v1/x", http_version="HTTP/1.1", host=b"h.example")
    assert found(data).request.origin == "https://h.example"
    assert found(tnetstring(flow_value(example()) | {"version": 4})).request.method == "POST"


@pytest.mark.parametrize("version", [3, [0, 18], None])
def test_very_old_files_are_refused(version: object) -> None:
    with pytest.raises(FormatError, match="mitmproxy 3 or older"):
        taken(flow(version=version))


def test_hosts_may_be_addresses() -> None:
    assert found(with_request(host="::1", port=8080, scheme=b"http")).request.origin == "http://[::1]:8080"


def test_trailers_are_named() -> None:
    assert found(with_response(trailers=[[b"x", b"y"]])).not_kept == ("trailers",)


def test_times_that_are_not_there_are_unknown() -> None:
    data = with_request(timestamp_start=None, timestamp_end=None)
    assert found(data).timing is None
    assert found(data).recorded_at is None


@pytest.mark.parametrize(
    "data",
    [
        flow(request=None),
        with_request(headers=7),
        with_request(port="x"),
        with_request(port=None),
        with_response(headers=[[b"a"]]),
        with_response(content=7),
        flow(response=[]),
    ],
)
def test_flows_that_are_none_are_left(data: bytes) -> None:
    assert left(data) == "it is not made as its format demands"


def test_the_rest_of_the_file_is_read() -> None:
    first, second = taken(flow(request=None) + flows([example()]))
    assert first == Left(1, "it is not made as its format demands")
    assert isinstance(second, Found)


def test_a_file_that_is_cut_is_refused() -> None:
    with pytest.raises(FormatError, match="is cut short"):
        taken(flows([example(), example()])[:-1])
