from __future__ import annotations

import io
from typing import Any

import pytest

from toolreel.formats.found import FormatError, LeftError, asked, exactly, fields, headed, members, shown, stored


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://API.openai.com", "https://api.openai.com", "/"),
        ("https://api.openai.com:443/v1?a=b", "https://api.openai.com", "/v1?a=b"),
        ("http://user:secret@h.example:80/x", "http://h.example", "/x"),
        ("https://h.example/a b/é?x=ü#part", "https://h.example", "/a%20b/%C3%A9?x=%C3%BC"),
        ("https://h.example/%5B%2A%5D?include[]=a%2Fb", "https://h.example", "/%5B%2A%5D?include[]=a%2Fb"),
        (" https://h.example/x\n", "https://h.example", "/x"),
        ("https://[::1]:8443/x", "https://[::1]:8443", "/x"),
    ],
)
def test_urls_are_taken_apart(url: str, origin: str, target: str) -> None:
    request = asked("get", url, (), None)
    assert (request.method, request.origin, request.target) == ("GET", origin, target)


@pytest.mark.parametrize(
    ("headers", "stored_", "body"),
    [
        ((), b"", None),
        ((), None, None),
        ((("content-length", "0"),), b"", b""),
        ((("transfer-encoding", "chunked"),), b"", b""),
        ((("content-length", "0"),), None, None),
        ((), b"x", b"x"),
    ],
)
def test_an_empty_body_is_none_unless_the_headers_speak_of_one(
    headers: Any, stored_: bytes | None, body: bytes | None
) -> None:
    assert asked("POST", "https://h.example", headers, stored_).body == body


def test_fields_are_as_on_the_wire() -> None:
    pairs = [("Accept", ["a", b"b", 7, None, True]), (b"X", "y"), (":path", "/"), (7, "n"), ("T", "a\r\n b\0c")]
    assert fields(pairs) == (
        ("accept", "a"),
        ("accept", "b"),
        ("accept", "7"),
        ("x", "y"),
        ("7", "n"),
        ("t", "a b c"),
    )


@pytest.mark.parametrize("status", [100, "200", 404, 599])
def test_statuses_may_be_text(status: object) -> None:
    assert headed(status, ()).status == int(str(status))


@pytest.mark.parametrize("status", [None, "", "OK", 99, 600, 2.5, True, [], "9" * 5000])
def test_statuses_that_are_none_are_left(status: object) -> None:
    with pytest.raises(LeftError, match="status"):
        headed(status, ())


def test_what_is_long_is_shown_short() -> None:
    with pytest.raises(LeftError) as error:
        asked("GET", "x" * 10_000, (), None)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"request": {"method": "get", "uri": "https://u:p@h.example/v1/x?key=secret"}}, "GET /v1/x"),
        ({"RequestMethod": "POST", "RequestUri": "https://h.example/y"}, "POST /y"),
        ({"request": {"method": "a\x1b[31m", "url": "\u202e"}}, "A?[31M ?"),
        ({"request": 7}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_what_was_asked_is_shown_without_query_and_tricks(item: object, text: str) -> None:
    assert shown(item) == text


def test_bodies_are_text_or_bytes() -> None:
    assert stored(None) == b""
    assert stored("é", "latin-1") == b"\xe9"
    assert stored("€", "latin-1") == "€".encode()
    assert stored("\ud800") == b"\xed\xa0\x80"
    with pytest.raises(LeftError):
        stored(7)


def test_members_are_those_of_an_object() -> None:
    assert members({"a": 1}) == {"a": 1}
    with pytest.raises(LeftError):
        members([])


def test_so_many_bytes_or_none() -> None:
    file = io.BufferedReader(io.BytesIO(b"abc"))
    assert exactly(file, 2) == b"ab"
    assert exactly(file, 0) == b""
    with pytest.raises(FormatError, match="is cut short"):
        exactly(file, 10**15)
