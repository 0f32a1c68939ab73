"""Answers as bytes on the wire."""

from __future__ import annotations

import pytest

from toolreel.messages.http import Headers
from toolreel.replay.answer import Answer
from toolreel.server.sending import Form, fields, is_instant, sheet, whole

KEPT = Form(keeps=True)
OLD = Form(is_old=True)
KIND: Headers = (("content-type", "text/plain"),)


def sent(answer: Answer, form: Form = KEPT) -> bytes:
    return whole(answer, sheet(answer, form))


def test_a_body_has_its_length() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n"
    answer = Answer(200, KIND, (b"abc",), length=3)
    assert sent(answer) == head + b"\r\nabc"
    assert sent(answer, Form()) == head + b"connection: close\r\n\r\nabc"
    assert sent(answer, Form(is_head=True, keeps=True)) == head + b"\r\n"


def test_a_stream_is_chunked_and_ends() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert sent(Answer(200, (), (b"x" * 26,))) == head + b"1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"
    assert sent(Answer(200, ())) == head + b"0\r\n\r\n"
    assert sent(Answer(200, (), (b"abc",)), Form(is_head=True, keeps=True)) == head


def test_a_stream_that_is_cut_has_no_end() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert sent(Answer(200, (), (b"abc",), cut=True)) == head + b"3\r\nabc\r\n"
    assert sent(Answer(200, (), cut=True)) == head


def test_the_end_of_the_connection_ends_a_stream_of_http_1_0() -> None:
    assert sent(Answer(200, (), (b"abc",)), OLD) == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc"
    assert sent(Answer(200, (), (b"abc",), length=3), OLD).endswith(b"length: 3\r\nconnection: close\r\n\r\nabc")


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    head = sent(Answer(status, KIND))
    assert head.startswith(b"HTTP/1.1 %d N" % status)
    assert head.endswith(b"\r\ncontent-type: text/plain\r\n\r\n")
    assert sent(Answer(status, KIND, (b"a",))) == head


def test_a_304_may_say_how_long_the_body_would_be_and_a_204_may_not() -> None:
    assert b"content-length: 7" in sent(Answer(304, (), length=7))
    assert b"content-length" not in sent(Answer(204, (), length=0))


def test_a_status_without_a_name_is_sent() -> None:
    assert sent(Answer(599, (), length=0)).startswith(b"HTTP/1.1 599 \r\n")


def test_what_says_where_the_body_ends_is_said_by_us_alone() -> None:
    foreign: Headers = (("Content-Length", "9"), ("transfer-encoding", "gzip"), ("connection", "upgrade"), ("a", "b"))
    assert fields(foreign) == ((b"a", b"b"),)
    assert sent(Answer(200, foreign, (b"x",), length=1)) == b"HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 1\r\n\r\nx"


def test_fields_are_sent_as_they_are() -> None:
    headers: Headers = (("a", "é"), ("a", ""), ("b", "x\ty"))
    assert fields(headers) == ((b"a", b"\xe9"), (b"a", b""), (b"b", b"x\ty"))


@pytest.mark.parametrize(
    "header",
    [("a", "b\r\nc: d"), ("a", "b\nc"), ("a", "\0"), ("a", "東"), ("a b", "c"), ("a:", "c"), ("", "c"), ("é", "")],
)
def test_what_would_be_more_than_a_field_is_not_sent(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        sheet(Answer(200, (header,)), KEPT)


def test_an_interim_status_is_no_answer() -> None:
    with pytest.raises(ValueError, match="101 is no status"):
        sheet(Answer(101, ()), KEPT)


@pytest.mark.parametrize(
    ("answer", "instant"),
    [
        (Answer(200, ()), True),
        (Answer(200, (), (b"a",), cut=True), True),
        (Answer(200, (), (b"a", b"b")), False),
        (Answer(200, (), wait=1), False),
        (Answer(200, (), (b"a",), delays=(1,)), False),
        (Answer(200, (), (b"a",), end_delay=1), False),
        (Answer(0, (), reset=True), False),
    ],
)
def test_what_waits_for_nothing_is_instant(answer: Answer, instant: bool) -> None:
    assert is_instant(answer) is instant
