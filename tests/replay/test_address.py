"""Which session a request is for."""

from __future__ import annotations

import pytest

from toolreel.messages.http import HttpRequest
from toolreel.replay.address import Address, addressed, prefix


def at(target: str, *headers: tuple[str, str]) -> tuple[Address | None, str]:
    found = addressed(HttpRequest("GET", target, headers))
    return (None, target) if found is None else (found[0], found[1].target)


@pytest.mark.parametrize(
    ("target", "cassettes", "session", "rest"),
    [
        ("/@weather/s1/v1/threads", ("weather",), "s1", "/v1/threads"),
        ("/@weather:two-cities/s1/v1", ("weather/two-cities",), "s1", "/v1"),
        ("/@a:b:c,d.e,f_g/s/x?y=/@z/1", ("a/b/c", "d.e", "f_g"), "s", "/x?y=/@z/1"),
        (
            "/@weather%2Ftwo-cities%2Cother/my%20test%2F1/v1/a%2Fb",
            ("weather/two-cities", "other"),
            "my test/1",
            "/v1/a%2Fb",
        ),
        ("/@a/s", ("a",), "s", "/"),
        ("/@a/s?q", ("a",), "s", "/?q"),
        ("/@a/s/?", ("a",), "s", "/?"),
        ("/@a?/s/x?y", ("a",), "", "/?/s/x?y"),
        ("/@a/s//x", ("a",), "s", "//x"),
        ("/@a/s/@b/t", ("a",), "s", "/@b/t"),
        ("/@a/v1/threads", ("a",), "", "/threads"),
        ("/@a/v1s/v1/threads", ("a",), "v1s", "/v1/threads"),
        ("/@a", ("a",), "", "/"),
        ("/@a/", ("a",), "", "/"),
        ("/@%2c/s/x", (), "s", "/x"),
    ],
)
def test_a_prefix_names_cassettes_and_session(
    target: str, cassettes: tuple[str, ...], session: str, rest: str
) -> None:
    assert at(target) == (Address(session, cassettes), rest)


@pytest.mark.parametrize(
    "target", ["/v1/threads", "/", "", "/x/@a/s", "/@", "/@/sessions", "/@/", "@a/s", "/v1?x=/@a/s"]
)
def test_other_paths_name_nobody(target: str) -> None:
    assert at(target) == (None, target)


def test_headers_name_them_where_the_url_does_not() -> None:
    both = (("x-toolreel-cassette", "a/b, c:d"), ("x-toolreel-session", " s1 "))
    assert at("/v1", *both) == (Address("s1", ("a/b", "c/d")), "/v1")
    assert at("/v1", both[1]) == (Address("s1"), "/v1")
    assert at("/v1", both[0]) == (Address("", ("a/b", "c/d")), "/v1")
    assert at("/@x/y/v1", *both) == (Address("y", ("x",)), "/v1")


@pytest.mark.parametrize("session", ["s1", "my test/1 > works", "100%", "?#", "雨", ":,"])
@pytest.mark.parametrize("cassettes", [("a",), ("a/b/c", "d-e/f.g"), ("tests/test_x/test_y-0a1b2c3d",)])
def test_a_prefix_says_what_it_was_made_of(cassettes: tuple[str, ...], session: str) -> None:
    made = prefix(cassettes, session)
    assert made.isascii()
    assert at(f"{made}/v1/x?y") == (Address(session, cassettes), "/v1/x?y")
