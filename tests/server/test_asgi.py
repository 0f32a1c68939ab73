"""Hosting an application in a thread: a port while the block runs, nothing after it."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from toolreel.server import sending
from toolreel.server.asgi import TRANSPORT, hosting
from toolreel.server.hosts import Listen

FREE = Listen("127.0.0.1", 0)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http", "uvicorn makes no websocket of any request"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def cut(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


async def reset(scope: Any, receive: Any, send: Any) -> None:
    sending.reset(scope["state"][TRANSPORT])
    scope["state"][TRANSPORT].abort()
    await receive()
    await receive()


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise ZeroDivisionError


def ask(address: Listen, *headers: str) -> bytes:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as raw:
        raw.settimeout(10)
        raw.connect(tuple(address))
        lines = ["GET / HTTP/1.1", "host: localhost", *headers, "connection: close"]
        raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b""
        while piece := raw.recv(1000):
            answer += piece
    return answer


def test_the_application_is_served_while_the_block_runs() -> None:
    threads = threading.active_count()
    with hosting(hello, FREE) as address:
        assert address.host == "127.0.0.1"
        assert b"hello" in ask(address)
    with pytest.raises(ConnectionRefusedError):
        ask(address)
    assert threading.active_count() == threads


def test_answers_have_no_headers_but_the_applications() -> None:
    with hosting(hello, FREE) as address:
        head = ask(address).partition(b"\r\n\r\n")[0].lower()
    names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:]}
    assert names <= {b"transfer-encoding", b"connection"}


def test_a_websocket_arrives_as_the_request_that_it_is() -> None:
    with hosting(hello, FREE) as address:
        upgrade = ("upgrade: websocket", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version: 13")
        assert ask(address, *upgrade).startswith(b"HTTP/1.1 200")


def test_an_answer_without_an_end_is_broken_off_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with hosting(cut, FREE) as address:
        answer = ask(address)
    assert answer.endswith(b"4\r\nhalf\r\n"), "no last chunk"
    assert capfd.readouterr() == ("", "")


def test_an_application_that_fails_gives_500_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with hosting(broken, FREE) as address:
        assert ask(address).startswith(b"HTTP/1.1 500")
    assert capfd.readouterr() == ("", "")


def test_an_application_can_reset_its_connection() -> None:
    with hosting(reset, FREE) as address, pytest.raises(ConnectionResetError):
        ask(address)


def test_the_other_loopback_address_is_served_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with hosting(hello, Listen("::1", 0)) as address:
        assert address.host == "::1"
        assert b"hello" in ask(address)


def test_an_error_in_the_block_ends_the_server() -> None:
    with pytest.raises(ZeroDivisionError), hosting(hello, FREE) as address:
        raise ZeroDivisionError
    with pytest.raises(ConnectionRefusedError):
        ask(address)
