from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.http import (
    Headers,
    HttpRequest,
    header,
    headers_of,
    is_event_stream,
    media_type,
    origin_of,
)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        pytest.param("/v1/threads", "/v1/threads", (), id="no-query"),
        pytest.param("/v1/threads?", "/v1/threads", (), id="empty-query"),
        pytest.param("/t?a=1&b=2", "/t", (("a", "1"), ("b", "2")), id="pairs-in-order"),
        pytest.param("/t?b=2&a=1&b=1", "/t", (("b", "2"), ("a", "1"), ("b", "1")), id="repeats-kept"),
        pytest.param("/t?include[]=x%5B%2A%5D", "/t", (("include[]", "x[*]"),), id="percent-decoded"),
        pytest.param("/t?a=1+2%2B3", "/t", (("a", "1 2+3"),), id="plus-is-a-space"),
        pytest.param("/t?a&b=", "/t", (("a", ""), ("b", "")), id="without-value"),
        pytest.param("/t?a=b=c", "/t", (("a", "b=c"),), id="equals-sign-in-value"),
        pytest.param("/t?a=1?b=2", "/t", (("a", "1?b=2"),), id="question-mark-in-value"),
        pytest.param("/t?a=1;b=2", "/t", (("a", "1;b=2"),), id="semicolon-is-no-separator"),
        pytest.param("/a%2Fb%20c/d", "/a%2Fb%20c/d", (), id="path-stays-as-sent"),
        pytest.param("*", "*", (), id="asterisk"),
    ],
)
def test_path_and_query_of_a_request(target: str, path: str, query: Headers) -> None:
    request = HttpRequest("GET", target)
    assert request.path == path
    assert request.query == query


def test_header_names_are_lower_case_and_repeats_stay_in_order() -> None:
    fields = [(b"Set-Cookie", b"a"), (b"X-A", b"\xe9"), (b"set-cookie", b"b")]
    assert headers_of(fields) == (("set-cookie", "a"), ("x-a", "é"), ("set-cookie", "b"))


@given(st.lists(st.tuples(st.binary(), st.binary())))
@settings(max_examples=100, deadline=None)
def test_header_values_can_be_sent_again_as_they_came(fields: list[tuple[bytes, bytes]]) -> None:
    assert [value.encode("latin-1") for _, value in headers_of(fields)] == [value for _, value in fields]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("a", "1, 3", id="joined"),
        pytest.param("b", "2", id="single"),
        pytest.param("c", None, id="absent"),
        pytest.param("d", "", id="empty"),
        pytest.param("A", None, id="names-are-lower-case"),
    ],
)
def test_a_header_is_looked_up(name: str, value: str | None) -> None:
    assert header((("a", "1"), ("b", "2"), ("a", "3"), ("d", "")), name) == value


@pytest.mark.parametrize(
    ("value", "kind", "stream"),
    [
        pytest.param("text/event-stream", "text/event-stream", True, id="stream"),
        pytest.param("text/event-stream; charset=utf-8", "text/event-stream", True, id="stream-with-charset"),
        pytest.param("Text/Event-Stream ;charset=utf-8", "text/event-stream", True, id="capitals-and-space"),
        pytest.param("application/json", "application/json", False, id="json"),
        pytest.param("text/event-streams", "text/event-streams", False, id="longer-name"),
        pytest.param("application/json; x=text/event-stream", "application/json", False, id="only-in-a-parameter"),
        pytest.param("", "", False, id="empty"),
        pytest.param(None, "", False, id="absent"),
    ],
)
def test_the_media_type_tells_a_stream(value: str | None, kind: str, stream: bool) -> None:
    headers: Headers = () if value is None else (("content-type", value),)
    assert media_type(headers) == kind
    assert is_event_stream(headers) is stream


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        pytest.param("https://api.openai.com", "https://api.openai.com", id="plain"),
        pytest.param("https://api.openai.com/v1/threads?a=1", "https://api.openai.com", id="path-goes"),
        pytest.param("HTTPS://API.OpenAI.com/V1", "https://api.openai.com", id="lower-case"),
        pytest.param("https://a.example:443", "https://a.example", id="https-port"),
        pytest.param("http://a.example:80/", "http://a.example", id="http-port"),
        pytest.param("http://a.example:443", "http://a.example:443", id="https-port-with-http"),
        pytest.param("https://a.example:8443/v1", "https://a.example:8443", id="other-port"),
        pytest.param("http://[::1]:8080/v1", "http://[::1]:8080", id="ipv6"),
        pytest.param("https://[2001:DB8::1]:443", "https://[2001:db8::1]", id="ipv6-own-port"),
        pytest.param("https://user:secret@a.example/v1", "https://a.example", id="credentials-go"),
    ],
)
def test_the_origin_of_a_url(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert origin_of(origin) == origin


@pytest.mark.parametrize("url", ["https://a.example:port", "https://a.example:99999", "https://[::1"])
def test_a_url_that_is_none_is_a_value_error(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        origin_of(url)
