"""HTTP/2 with nothing between a test and its frames: a scripted upstream, and a client that can reset a stream."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import h2.config  # type: ignore[import-untyped, unused-ignore]
import h2.connection  # type: ignore[import-untyped, unused-ignore]
import h2.errors  # type: ignore[import-untyped, unused-ignore]
import h2.events  # type: ignore[import-untyped, unused-ignore]

from .upstream import PATIENCE_S

Fields = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reset:
    """The upstream resets the stream."""

    code: h2.errors.ErrorCodes = h2.errors.ErrorCodes.CANCEL


class Hang:
    """The upstream waits until the client resets the stream, or leaves."""


class GoAway:
    """The upstream says that it closes the connection, and waits for the other side to do so."""


Step = bytes | threading.Event | Reset | Hang | GoAway
"""What the upstream does next: sends a piece of the body, waits for a test, or one of the above."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP/2; its stream ends after the last step, unless that says otherwise."""

    steps: Sequence[Step]
    kind: str = "application/json"


@dataclass(slots=True)
class Upstream:
    """Serves `replies` in order, over HTTP/2 and nothing else; `seen` are the requests' methods and paths."""

    replies: list[Reply]
    listener: socket.socket
    tls: ssl.SSLContext
    seen: list[tuple[str, str]] = field(default_factory=list)
    resets: list[int] = field(default_factory=list)
    """The codes with which clients reset streams."""
    failures: list[BaseException] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.listener.getsockname()[1]}"

    def accept_all(self) -> None:
        threads: list[threading.Thread] = []
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threads.append(threading.Thread(target=self._serve, args=(connection,)))
                threads[-1].start()
        for thread in threads:
            thread.join(PATIENCE_S)

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(PATIENCE_S)
        try:
            with self.tls.wrap_socket(plain, server_side=True) as connection:
                _Served(self, connection).run()
        except (ssl.SSLError, ConnectionError):
            pass  # whoever does not trust us, or leaves
        except BaseException as error:  # noqa: BLE001 - told to the test
            self.failures.append(error)
        finally:
            plain.close()


class _Served:
    """One connection to the upstream."""

    def __init__(self, upstream: Upstream, connection: ssl.SSLSocket) -> None:
        assert connection.selected_alpn_protocol() == "h2"
        self.upstream, self.connection = upstream, connection
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.h2.initiate_connection()
        self.flush()

    def run(self) -> None:
        asked: dict[int, tuple[str, str]] = {}
        while (data := self.connection.recv(65536)) != b"":
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    fields = dict(event.headers or [])
                    asked[event.stream_id] = (fields[b":method"].decode(), fields[b":path"].decode())
                elif isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamReset):
                    self.upstream.resets.append(event.error_code)
                elif isinstance(event, h2.events.StreamEnded):
                    self.flush()
                    self.upstream.seen.append(asked[event.stream_id])
                    self.answer(event.stream_id)
            self.flush()

    def flush(self) -> None:
        self.connection.sendall(self.h2.data_to_send())

    def answer(self, stream: int) -> None:
        """Sends the next reply."""
        reply = self.upstream.replies.pop(0)
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", reply.kind)])
        self.flush()
        for step in reply.steps:
            match step:
                case bytes():
                    self.h2.send_data(stream, step)
                case threading.Event():
                    assert step.wait(PATIENCE_S), "the gate was not opened: the client never got what was sent"
                case Reset():
                    self.h2.reset_stream(stream, step.code)
                case GoAway():
                    self.h2.close_connection()
                    self.flush()
                    while self.connection.recv(65536):
                        pass  # h2 takes nothing any more
                    return
                case Hang():
                    pass  # `run` goes on reading, and notes the reset
            self.flush()
        if not isinstance(reply.steps[-1], Reset | Hang | GoAway):
            self.h2.end_stream(stream)
            self.flush()


@contextmanager
def serving(*replies: Reply, tls: ssl.SSLContext) -> Iterator[Upstream]:
    """The upstream on a free loopback port; at the end, what failed in it fails the test."""
    tls.set_alpn_protocols(["h2"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        upstream = Upstream(list(replies), listener, tls)
        thread = threading.Thread(target=upstream.accept_all)
        thread.start()
        try:
            yield upstream
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)
    assert not upstream.failures, upstream.failures


class Client:
    """One HTTP/2 connection through a proxy, with one request on it."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        assert connection.selected_alpn_protocol() == "h2"
        self._connection = connection
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._h2.initiate_connection()
        self._stream = 0

    def ask(self, host: str, path: str) -> None:
        """Sends the request."""
        self._stream = self._h2.get_next_available_stream_id()
        fields = [(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", path)]
        self._h2.send_headers(self._stream, fields, end_stream=True)
        self._flush()

    def read_until(self, end: bytes) -> bytes:
        """The body, up to and including `end`."""
        body = b""
        while not body.endswith(end):
            for event in self._events():
                if isinstance(event, h2.events.DataReceived):
                    body += event.data or b""
        return body

    def read_reset(self) -> int:
        """Reads on until the stream is reset, and gives the code."""
        while True:
            for event in self._events():
                if isinstance(event, h2.events.StreamReset):
                    return int(event.error_code or 0)

    def reset(self) -> None:
        """Resets the stream; the connection stays open."""
        self._h2.reset_stream(self._stream, h2.errors.ErrorCodes.CANCEL)
        self._flush()

    def _events(self) -> list[Any]:
        data = self._connection.recv(65536)
        assert data, "the connection was closed"
        events: list[Any] = self._h2.receive_data(data)
        self._flush()
        return events

    def _flush(self) -> None:
        self._connection.sendall(self._h2.data_to_send())


@contextmanager
def connected(url: str, proxy: str, bundle: str) -> Iterator[Client]:
    """A client of the server at `url`, through a proxy."""
    host, via = urlsplit(url).netloc, urlsplit(proxy)
    trust = ssl.create_default_context(cafile=bundle)
    trust.set_alpn_protocols(["h2"])
    with socket.create_connection((via.hostname or "", via.port or 0), timeout=PATIENCE_S) as plain:
        plain.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += plain.recv(1)
        assert b" 200 " in answer.splitlines()[0]
        with trust.wrap_socket(plain, server_hostname=urlsplit(url).hostname) as connection:
            yield Client(connection)
