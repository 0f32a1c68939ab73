"""The plain door on a real socket: a port while the block runs, nothing after it, over TLS too."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from pathlib import Path

import pytest

from toolreel.errors import MachineError
from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss
from toolreel.server.hosts import Listen
from toolreel.server.serve import bind, serving
from toolreel.server.tls import authority, certify

FREE = Listen("127.0.0.1", 0)
PATIENCE_S = 20
ASKS = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"


class Fixed:
    """Gives one answer to everything, and says that it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked = threading.Event()
        self._answer = answer

    def answer(self, request: HttpRequest) -> Answer:
        self.asked.set()
        return self._answer

    def note(self, miss: Miss) -> None:
        raise AssertionError(miss)


HELLO = Fixed(Answer(200, (), (b"hello",), length=5))


def connected(address: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    raw = socket.socket(family)
    raw.settimeout(PATIENCE_S)
    try:
        raw.connect(tuple(address))
    except OSError:
        raw.close()
        raise
    return raw


def read(raw: socket.socket) -> bytes:
    answer = b""
    while piece := raw.recv(65536):
        answer += piece
    return answer


def ask(address: Listen) -> bytes:
    with connected(address) as raw:
        raw.sendall(ASKS)
        return read(raw)


def test_answers_are_served_while_the_block_runs() -> None:
    threads = threading.active_count()
    with serving(HELLO, FREE) as address:
        assert address.host == "127.0.0.1"
        assert ask(address) == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    with pytest.raises(ConnectionRefusedError):
        ask(address)
    assert threading.active_count() == threads


def test_the_other_loopback_address_is_served_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with serving(HELLO, Listen("::1", 0)) as address:
        assert address.host == "::1"
        assert ask(address).endswith(b"hello")


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = Listen("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(MachineError) as raised, serving(HELLO, listen):
            pass
    assert str(raised.value) == (
        f"Cannot listen on {listen.shown} (address already in use); choose another --listen."
    )


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(MachineError, match=r"^Cannot listen on 192\.0\.2\.1:0 \(.*\); choose another --listen\.$"):
        bind(Listen("192.0.2.1", 0))


def test_an_error_in_the_block_ends_the_server() -> None:
    with pytest.raises(ZeroDivisionError), serving(HELLO, FREE) as address:
        raise ZeroDivisionError
    with pytest.raises(ConnectionRefusedError):
        ask(address)


# ------------------------------------------------------------------------------------------------------- how it ends


def test_at_the_end_an_answer_that_is_being_sent_is_sent() -> None:
    slow = Fixed(Answer(200, (), (b"one", b"two"), delays=(0, 300)))
    with serving(slow, FREE) as address:
        raw = connected(address)
        raw.sendall(ASKS)
        assert slow.asked.wait(PATIENCE_S)
    with raw:
        assert read(raw).endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_at_the_end_an_answer_that_takes_too_long_is_broken_off() -> None:
    endless = Fixed(Answer(200, (), (b"one", b"two"), delays=(0, 3_600_000)))
    with serving(endless, FREE) as address:
        raw = connected(address)
        raw.sendall(ASKS)
        assert endless.asked.wait(PATIENCE_S)
    with raw:
        assert read(raw).endswith(b"\r\n\r\n3\r\none\r\n")


def test_at_the_end_a_client_that_reads_nothing_is_left() -> None:
    huge = Fixed(Answer(200, (), (b"x" * 50_000_000,), length=50_000_000))
    with serving(huge, FREE) as address:
        raw = connected(address)
        raw.sendall(ASKS)
        assert huge.asked.wait(PATIENCE_S)
    raw.close()


def test_at_the_end_idle_clients_are_told() -> None:
    with serving(HELLO, FREE) as address:
        raw = connected(address)
        raw.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        while not raw.recv(1000).endswith(b"hello"):
            pass
    with raw:
        assert raw.recv(1000) == b""


# ---------------------------------------------------------------------------------------------------------------- TLS


def ask_tls(address: Listen, host: str, trust: ssl.SSLContext) -> bytes:
    with connected(address) as plain, trust.wrap_socket(plain, server_hostname=host) as connection:
        connection.sendall(ASKS)
        answer = read(connection)
        return answer + (connection.selected_alpn_protocol() or "").encode()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_serves_https_that_strict_clients_take(host: str, tmp_path: Path) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    ours = authority(tmp_path)
    trust = ssl.create_default_context(cadata=ours.pem.decode())
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    with serving(HELLO, Listen(host, 0), certify(ours)) as address:
        for name in ("localhost", "127.0.0.1", "::1"):
            assert ask_tls(address, name, trust).endswith(b"\r\n\r\nhello")
        with pytest.raises(ssl.SSLCertVerificationError):
            ask_tls(address, "example.com", trust)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask_tls(address, "localhost", ssl.create_default_context())


@pytest.mark.parametrize(
    ("offers", "chosen"), [(["h2", "http/1.1"], b"hellohttp/1.1"), (["h2"], b"hello"), ([], b"hello")]
)
def test_over_tls_it_says_that_it_speaks_http_1_1(offers: list[str], chosen: bytes, tmp_path: Path) -> None:
    ours = authority(tmp_path)
    trust = ssl.create_default_context(cadata=ours.pem.decode())
    if offers:
        trust.set_alpn_protocols(offers)
    with serving(HELLO, FREE, certify(ours)) as address:
        assert ask_tls(address, "localhost", trust).endswith(b"\r\n\r\n" + chosen)


def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(tmp_path: Path) -> None:
    ours = authority(tmp_path)
    trust = ssl.create_default_context(cadata=ours.pem.decode())
    with serving(HELLO, FREE, certify(ours)) as address, connected(address) as plain:
        comes, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        connection = trust.wrap_bio(comes, goes, server_hostname="localhost")
        while True:
            try:
                connection.do_handshake()
                break
            except ssl.SSLWantReadError:
                plain.sendall(goes.read())
                comes.write(plain.recv(65536))
        connection.write(ASKS)
        plain.sendall(goes.read())  # the client's last word of the handshake, and the request
        answer = b""
        while not answer.endswith(b"hello"):
            try:
                answer += connection.read(65536)
            except ssl.SSLWantReadError:
                piece = plain.recv(65536)
                assert piece, "the server has left without an answer"
                comes.write(piece)
        assert answer.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\x16\x03\x01\x00", b"\0" * 2000])
def test_who_speaks_no_tls_is_sent_away_and_the_server_goes_on(
    said: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = authority(tmp_path)
    with serving(HELLO, FREE, certify(ours)) as address:
        with connected(address) as plain:
            plain.sendall(said)
            plain.shutdown(socket.SHUT_WR)
            assert b"HTTP" not in read(plain)
        trust = ssl.create_default_context(cadata=ours.pem.decode())
        assert ask_tls(address, "localhost", trust)
    assert capfd.readouterr() == ("", "")


def test_a_handshake_that_never_ends_does_not_keep_the_server(tmp_path: Path) -> None:
    with serving(HELLO, FREE, certify(authority(tmp_path))) as address:
        raw = connected(address)
        raw.sendall(b"\x16\x03\x01\x00")
    raw.close()


def test_a_reset_over_tls_is_one(tmp_path: Path) -> None:
    """Seen below TLS: OpenSSL takes a reset for an end."""
    ours = authority(tmp_path)
    trust = ssl.create_default_context(cadata=ours.pem.decode())
    with (
        serving(Fixed(Answer(0, (), reset=True)), FREE, certify(ours)) as address,
        connected(address) as plain,
        socket.socket(fileno=os.dup(plain.fileno())) as below,
        trust.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        below.settimeout(PATIENCE_S)
        connection.sendall(ASKS)
        with pytest.raises(ConnectionResetError):
            read(below)
