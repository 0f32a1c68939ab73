from __future__ import annotations

import socket
import ssl
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from toolreel.server.hosts import Listen
from toolreel.server.serve import serving
from toolreel.server.tls import authority, certify

PATIENCE_S = 20


async def app(scope: MutableMapping[str, Any], _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()})


def ask(address: tuple[str, int], host: str, trust: ssl.SSLContext) -> bytes:
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
    with serving(app, Listen(host, 0), certify(ours)) as address:
        for name in ("localhost", "127.0.0.1", "::1"):
            assert ask((host, address.port), name, trust).endswith(b"\r\nhttps\r\n0\r\n\r\n")
        with pytest.raises(ssl.SSLCertVerificationError):
            ask((host, address.port), "example.com", trust)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask((host, address.port), "localhost", ssl.create_default_context())


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\x16\x03\x01\x00", b"\0" * 2000])
def test_who_speaks_no_tls_is_sent_away_and_the_server_goes_on(
    said: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = authority(tmp_path)
    with serving(app, Listen("127.0.0.1", 0), certify(ours)) as address:
        with socket.create_connection(("127.0.0.1", address.port), timeout=PATIENCE_S) as plain:
            plain.sendall(said)
            plain.shutdown(socket.SHUT_WR)
            while data := plain.recv(65536):
                assert b"HTTP" not in data
        trust = ssl.create_default_context(cadata=ours.pem.decode())
        assert ask(("127.0.0.1", address.port), "localhost", trust)
    assert capfd.readouterr() == ("", "")


def test_without_a_certificate_it_serves_http() -> None:
    with (
        serving(app, Listen("127.0.0.1", 0)) as address,
        socket.create_connection(("127.0.0.1", address.port), timeout=PATIENCE_S) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answer = b""
        while data := connection.recv(65536):
            answer += data
        assert answer.endswith(b"\r\nhttp\r\n0\r\n\r\n")
