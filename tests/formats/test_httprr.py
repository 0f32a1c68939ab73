from __future__ import annotations

import pytest

from toolreel.formats import httprr as module
from toolreel.formats.found import FormatError, Found, Left

from .writers import example, found, httprr, taken


def trace(request: bytes, answer: bytes) -> bytes:
    return b"httprr trace v1\n%d %d\n" % (len(request), len(answer)) + request + answer


REQUEST = b"POST https://h.example/v1/threads HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
ANSWER = b"HTTP/2.0 200 OK\r\nContent-Type: text/plain\r\nX-A: 1\r\nX-A: 2\r\n\r\nyes\r\n\r\nno"


def test_the_messages_are_taken_apart() -> None:
    one = found(trace(REQUEST, ANSWER))
    assert (one.request.method, one.request.origin, one.request.target) == (
        "POST",
        "https://h.example",
        "/v1/threads",
    )
    assert one.request.body == b"{}"
    assert one.answer.body == b"yes\r\n\r\nno"
    assert one.answer.head.headers == (("content-type", "text/plain"), ("x-a", "1"), ("x-a", "2"))


def test_line_ends_may_have_lost_their_cr() -> None:
    one = found(trace(REQUEST.replace(b"\r", b""), ANSWER.replace(b"\r", b"")))
    assert (one.request.body, one.answer.body) == (b"{}", b"yes\n\nno")


def test_a_path_alone_goes_to_the_host_of_the_headers() -> None:
    one = found(trace(b"GET /v1/models?a=b HTTP/1.1\r\nHost: h.example\r\n\r\n", ANSWER))
    assert (one.request.origin, one.request.target, one.request.body) == ("https://h.example", "/v1/models?a=b", None)


def test_chunks_are_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert found(trace(REQUEST, head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")).answer.body == b"abcde"
    assert found(trace(REQUEST, head + b"not chunked any more")).answer.body == b"not chunked any more"
    assert found(trace(REQUEST, head + b"3\r\nab")).answer.body == b"3\r\nab", "cut: as it stands"


def test_a_body_with_a_length_and_nothing_else_is_unknown() -> None:
    assert found(trace(REQUEST.removesuffix(b"{}"), ANSWER)).body_kept is False


@pytest.mark.parametrize(
    ("request_", "answer", "reason"),
    [
        (b"", ANSWER, "its request has no request line"),
        (b"\xff\xfe", ANSWER, "its request has no request line"),
        (b"GET /x HTTP/1.1\r\n\r\n", ANSWER, "its URL 'https:///x' is none of http"),
        (REQUEST, b"", "its answer has no status line"),
        (REQUEST, b"HTTP/1.1 OK\r\n\r\n", "its answer has no status line"),
    ],
)
def test_messages_that_are_none_are_left(request_: bytes, answer: bytes, reason: str) -> None:
    data = trace(request_, answer) + trace(REQUEST, ANSWER).partition(b"\n")[2]
    first, second = taken(data)
    assert first == Left(1, reason)
    assert isinstance(second, Found)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (httprr([example()])[:-1], "is cut short"),
        (b"httprr trace v1\n10 x\n", "has no line of two lengths before exchange 1"),
        (httprr([example()]) + b"\n", "has no line of two lengths before exchange 2"),
        (b"httprr trace v1\n999999999999 1\n", "more than 256 MiB"),
        (b"httprr trace v12\n", "does not begin with the line of httprr"),
    ],
)
def test_broken_files_are_named(data: bytes, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        taken(data)


def test_the_first_line_names_the_format() -> None:
    assert httprr([]).startswith(module.FIRST_LINE)
