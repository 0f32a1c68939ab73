from __future__ import annotations

import pytest

from toolreel.errors import CommandError
from toolreel.server.hosts import Listen, is_loopback, own_host, parse_listen


@pytest.mark.parametrize(
    ("text", "listen", "shown"),
    [
        pytest.param("127.0.0.1:8080", Listen("127.0.0.1", 8080), "127.0.0.1:8080", id="address"),
        pytest.param("127.1.2.3:8080", Listen("127.1.2.3", 8080), "127.1.2.3:8080", id="other-loopback-address"),
        pytest.param("localhost:8080", Listen("127.0.0.1", 8080), "127.0.0.1:8080", id="localhost"),
        pytest.param(":8080", Listen("127.0.0.1", 8080), "127.0.0.1:8080", id="port-with-colon"),
        pytest.param("8080", Listen("127.0.0.1", 8080), "127.0.0.1:8080", id="port-only"),
        pytest.param("127.0.0.1:0", Listen("127.0.0.1", 0), "127.0.0.1:0", id="any-port"),
        pytest.param("127.0.0.1:65535", Listen("127.0.0.1", 65535), "127.0.0.1:65535", id="last-port"),
        pytest.param("[::1]:8080", Listen("::1", 8080), "[::1]:8080", id="ipv6"),
        pytest.param("[0:0:0:0:0:0:0:1]:1", Listen("0:0:0:0:0:0:0:1", 1), "[0:0:0:0:0:0:0:1]:1", id="ipv6-long"),
    ],
)
def test_an_address_of_this_machine_is_taken(text: str, listen: Listen, shown: str) -> None:
    assert parse_listen(text) == listen
    assert parse_listen(text).shown == shown


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0.0.0.0:8080", id="all-addresses"),
        pytest.param("[::]:8080", id="all-ipv6-addresses"),
        pytest.param("192.168.1.5:8080", id="network"),
        pytest.param("example.com:8080", id="name"),
        pytest.param("localhost.example.com:8080", id="name-that-begins-like-ours"),
        pytest.param("notlocalhost:8080", id="name-that-ends-like-ours"),
        pytest.param("[fe80::1]:8080", id="link-local"),
    ],
)
def test_an_address_that_others_could_reach_is_refused(text: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_listen(text)
    assert str(caught.value) == f"--listen {text}: toolreel listens on this machine only; use 127.0.0.1:8080."
    with pytest.raises(
        CommandError, match=r"use 127\.0\.0\.1:8080, or demand a token of every client with --token\.$"
    ):
        parse_listen(text, guarded=False)
    assert parse_listen(text, guarded=True).port == 8080


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", ":-1", ":8 0", ":٣", "[::1]"],
)
def test_an_address_without_a_port_is_refused(text: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_listen(text)
    assert str(caught.value) == f"--listen {text}: no port; write HOST:PORT, such as 127.0.0.1:8080."


HOSTS = {
    # This machine.
    "localhost": True,
    "127.0.0.1": True,
    "127.255.255.254": True,
    "::1": True,
    "api.localhost": True,
    # Others, and names that resolve to this machine by somebody else's word.
    "": False,
    "0.0.0.0": False,
    "::": False,
    "10.0.0.1": False,
    "128.0.0.1": False,
    "example.com": False,
    "localhost.example.com": False,
    "127.0.0.1.example.com": False,
    "127.0.0.1.nip.io": False,
    "localtest.me": False,
    "evillocalhost": False,
    "evil-localhost": False,
    "localhost.": False,
    "2130706433": False,
    "0x7f000001": False,
    "127.1": False,
    "0177.0.0.1": False,
    "[::1]": False,
}


@pytest.mark.parametrize(("host", "ours"), HOSTS.items())
def test_a_host_is_this_machine_or_not(host: str, ours: bool) -> None:
    assert is_loopback(host) is ours


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        pytest.param(None, True, id="no-header"),
        pytest.param("127.0.0.1:8080", True, id="address-and-port"),
        pytest.param("127.0.0.1", True, id="address"),
        pytest.param("localhost:8080", True, id="name-and-port"),
        pytest.param("localhost", True, id="name"),
        pytest.param("LocalHost:80", True, id="capitals"),
        pytest.param(" localhost:80 ", True, id="spaces"),
        pytest.param("api.localhost:8080", True, id="name-below-localhost"),
        pytest.param("[::1]:8080", True, id="ipv6-and-port"),
        pytest.param("[::1]", True, id="ipv6"),
        pytest.param("", False, id="empty"),
        pytest.param(":8080", False, id="port-only"),
        pytest.param("evil.example:8080", False, id="rebound-name"),
        pytest.param("evil.example", False, id="rebound-name-without-port"),
        pytest.param("api.openai.com", False, id="upstream"),
        pytest.param("localhost.evil.example:8080", False, id="begins-like-ours"),
        pytest.param("evillocalhost:8080", False, id="ends-like-ours"),
        pytest.param("127.0.0.1.evil.example", False, id="begins-like-our-address"),
        pytest.param("evil.example:127.0.0.1", False, id="address-as-port"),
        pytest.param("evil.example#localhost", False, id="fragment"),
        pytest.param("192.168.0.2:8080", False, id="network"),
        pytest.param("0.0.0.0:8080", False, id="all-addresses"),
        pytest.param("[::]:8080", False, id="all-ipv6-addresses"),
        pytest.param("[2001:db8::1]:8080", False, id="other-ipv6"),
        pytest.param("localhost, evil.example", False, id="two-headers-joined"),
    ],
)
def test_a_host_header_is_our_own_or_not(value: str | None, ours: bool) -> None:
    assert own_host(value) is ours
