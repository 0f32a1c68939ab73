"""Serving an application in a thread: a port while the block runs, nothing after it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from toolreel.errors import MachineError
from toolreel.server.hosts import Listen
from toolreel.server.serve import bind, serving
from toolreel.server.tls import authority, certify

FREE = Listen("127.0.0.1", 0)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http", "uvicorn makes no websocket of any request"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def cut(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


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
    with serving(hello, FREE) as address:
        assert address.host == "127.0.0.1"
        assert b"hello" in ask(address)
    with pytest.raises(ConnectionRefusedError):
        ask(address)
    assert threading.active_count() == threads


def test_answers_have_no_headers_but_the_applications() -> None:
    with serving(hello, FREE) as address:
        head = ask(address).partition(b"\r\n\r\n")[0].lower()
    names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:]}
    assert names <= {b"transfer-encoding", b"connection"}


def test_a_websocket_arrives_as_the_request_that_it_is() -> None:
    with serving(hello, FREE) as address:
        upgrade = ("upgrade: websocket", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version: 13")
        assert ask(address, *upgrade).startswith(b"HTTP/1.1 200")


def test_an_answer_without_an_end_is_broken_off_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(cut, FREE) as address:
        answer = ask(address)
    assert answer.endswith(b"4\r\nhalf\r\n"), "no last chunk"
    assert capfd.readouterr() == ("", "")


def test_an_application_that_fails_gives_500_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(broken, FREE) as address:
        assert ask(address).startswith(b"HTTP/1.1 500")
    assert capfd.readouterr() == ("", "")


def test_the_other_loopback_address_is_served_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(hello, Listen("::1", 0)) as address:
        assert address.host == "::1"
        assert b"hello" in ask(address)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = Listen("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(MachineError) as raised, serving(hello, listen):
            pass
    assert str(raised.value) == (
        f"Cannot listen on {listen.shown} (address already in use); choose another --listen."
    )


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(MachineError, match=r"^Cannot listen on 192\.0\.2\.1:0 \(.*\); choose another --listen\.$"):
        bind(Listen("192.0.2.1", 0))


def test_an_error_in_the_block_ends_the_server() -> None:
    with pytest.raises(ZeroDivisionError), serving(hello, FREE) as address:
        raise ZeroDivisionError
    with pytest.raises(ConnectionRefusedError):
        ask(address)


PATIENCE_S = 20


async def scheme_of(scope: MutableMapping[str, Any], _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


def ask_tls(address: tuple[str, int], host: str, trust: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(address, timeout=PATIENCE_S) as plain,
        trust.wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_serves_https_that_strict_clients_take(host: str, tmp_path: Path) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    ours = authority(tmp_path)
    trust = ssl.create_default_context(cadata=ours.pem.decode())
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    with serving(scheme_of, Listen(host, 0), certify(ours)) as address:
        for name in ("localhost", "127.0.0.1", "::1"):
            assert ask_tls((host, address.port), name, trust).endswith(b"\r\nhttps\r\n0\r\n\r\n")
        with pytest.raises(ssl.SSLCertVerificationError):
            ask_tls((host, address.port), "example.com", trust)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask_tls((host, address.port), "localhost", ssl.create_default_context())


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\x16\x03\x01\x00", b"\0" * 2000])
def test_who_speaks_no_tls_is_sent_away_and_the_server_goes_on(
    said: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = authority(tmp_path)
    with serving(scheme_of, Listen("127.0.0.1", 0), certify(ours)) as address:
        with socket.create_connection(("127.0.0.1", address.port), timeout=PATIENCE_S) as plain:
            plain.sendall(said)
            plain.shutdown(socket.SHUT_WR)
            while data := plain.recv(65536):
                assert b"HTTP" not in data
        trust = ssl.create_default_context(cadata=ours.pem.decode())
        assert ask_tls(("127.0.0.1", address.port), "localhost", trust)
    assert capfd.readouterr() == ("", "")


def test_without_a_certificate_it_serves_http() -> None:
    with (
        serving(scheme_of, Listen("127.0.0.1", 0)) as address,
        socket.create_connection(("127.0.0.1", address.port), timeout=PATIENCE_S) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answer = b""
        while data := connection.recv(65536):
            answer += data
        assert answer.endswith(b"\r\nhttp\r\n0\r\n\r\n")
