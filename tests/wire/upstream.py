"""A scripted upstream: a raw TCP server that sends exactly what a test says, and may misbehave in any way."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import BinaryIO

PATIENCE_S = 20
"""How long anything in these tests may take before it counts as hung."""


class Framing(Enum):
    """How the client learns where the body ends."""

    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()


class End(Enum):
    """What the upstream does after the last piece."""

    WHOLE = auto()
    CUT = auto()
    """Closes the connection although the framing announced more."""
    RESET = auto()
    """The same, by RST."""
    HANG = auto()
    """Sends nothing more, until the other side leaves."""
    NO_ANSWER = auto()
    """Closes the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. An Event among the pieces is a gate: what follows is sent once it is set.

    For HANG without pieces not even the status line is sent.
    """

    pieces: Sequence[bytes | threading.Event] = ()
    status: int = 200
    headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),)
    framing: Framing = Framing.LENGTH
    end: End = End.WHOLE


EVENT_STREAM = (("content-type", "text/event-stream; charset=utf-8"),)


def stream(*pieces: bytes | threading.Event, framing: Framing = Framing.CHUNKED, end: End = End.WHOLE) -> Reply:
    """An event stream."""
    return Reply(pieces, headers=EVENT_STREAM, framing=framing, end=end)


@dataclass(frozen=True, slots=True)
class Received:
    """A request as the upstream saw it; header names in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass(slots=True)
class Upstream:
    """Serves `replies` in order, whatever is asked; notes requests, connections and its own failures."""

    replies: list[Reply]
    listener: socket.socket
    port: int
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    failures: list[BaseException] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    """Set once a client has left a reply that hangs."""
    _threads: list[threading.Thread] = field(default_factory=list)
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _stopping: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}" if self.tls is None else f"https://localhost:{self.port}"

    def wait_for_request(self, count: int = 1) -> None:
        """Waits until so many requests have come."""
        with self._lock:
            assert self._lock.wait_for(lambda: len(self.requests) >= count, PATIENCE_S), "no request came"

    def accept_all(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self._lock:
                if self._stopping:
                    connection.close()
                    return
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        try:
            with suppress(ssl.SSLError, ConnectionError):  # a client that does not trust us leaves in the handshake
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open.add(connection)
                with connection.makefile("rb") as reader:
                    while (request := _read_request(reader)) and self._answer(connection, reader, request):
                        pass
        except BaseException as error:  # noqa: BLE001 - told to the test
            if not self._stopping:
                self.failures.append(error)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _answer(self, connection: socket.socket, reader: BinaryIO, request: Received) -> bool:
        """Sends the next reply; False if the connection is of no more use."""
        with self._lock:
            self.requests.append(request)
            self._lock.notify_all()
            assert self.replies, f"nobody expected {request.method} {request.target}"
            reply = self.replies.pop(0)
        if reply.end is End.NO_ANSWER:
            return False
        if reply.pieces or reply.end is not End.HANG:
            connection.sendall(_head(reply))
        for piece in reply.pieces:
            if isinstance(piece, threading.Event):
                assert piece.wait(PATIENCE_S), "the gate was not opened: the client never reported what it got"
            else:
                chunked = reply.framing is Framing.CHUNKED
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        return self._end(connection, reader, reply)

    def _end(self, connection: socket.socket, reader: BinaryIO, reply: Reply) -> bool:
        if reply.end is End.WHOLE:
            if reply.framing is Framing.CHUNKED:
                connection.sendall(b"0\r\n\r\n")
            return reply.framing is not Framing.CLOSE
        if reply.end is End.HANG:
            with suppress(ConnectionError):
                assert reader.read(1) == b"", "a request came while the last was not answered"
            self.left.set()
        elif reply.framing is Framing.CHUNKED:
            connection.sendall(b"40\r\n")  # the head of a chunk that never comes
        if reply.end is End.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


def _head(reply: Reply) -> bytes:
    fields = list(reply.headers)
    match reply.framing:
        case Framing.LENGTH:
            missing = 10 if reply.end is not End.WHOLE else 0
            length = sum(len(piece) for piece in reply.pieces if isinstance(piece, bytes)) + missing
            if reply.status not in (204, 304):
                fields.append(("content-length", str(length)))
        case Framing.CHUNKED:
            fields.append(("transfer-encoding", "chunked"))
        case Framing.CLOSE:
            fields.append(("connection", "close"))
    lines = [f"HTTP/1.1 {reply.status} Reason", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _read_request(reader: BinaryIO) -> Received | None:
    try:
        first = reader.readline()
    except (ConnectionError, ssl.SSLError):
        return None
    if not first:
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers = []
    while line := reader.readline().rstrip(b"\r\n"):
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.lower(), value.strip()))
    fields = dict(headers)
    body = b""
    if fields.get("transfer-encoding") == "chunked":
        while size := int(reader.readline(), 16):
            body += reader.read(size)
            reader.readline()
        reader.readline()
    else:
        body = reader.read(int(fields.get("content-length", "0")))
    return Received(method, target, tuple(headers), body)


@contextmanager
def serving(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    """A scripted upstream on a free loopback port; at the end, what failed in it fails the test."""
    listener = socket.create_server(("127.0.0.1", 0))
    upstream = Upstream(list(replies), listener, listener.getsockname()[1], tls)
    thread = threading.Thread(target=upstream.accept_all)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.stop()
        thread.join(PATIENCE_S)
    assert not upstream.failures, upstream.failures


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
