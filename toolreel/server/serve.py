"""Opens the plain HTTP door on a socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toolreel.errors import MachineError

from .closed import Answers
from .connection import Connection
from .hosts import Listen

try:
    from uvloop import new_event_loop
except ImportError:  # Windows, PyPy: it works there as well, slower
    from asyncio import new_event_loop  # type: ignore[assignment] # the one that is there

_BACKLOG = 2048
_GRACE_S = 1.0
"""How long answers that are being sent may take when the server ends."""


def bind(listen: Listen) -> socket.socket:
    """A listening socket; raises MachineError if the port is taken or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only for sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(listen)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise MachineError(f"Cannot listen on {listen.shown} ({reason}); choose another --listen.") from None
    return listener


@contextmanager
def serving(answers: Answers, listen: Listen, certificate: bytes | None = None) -> Iterator[Listen]:
    """Serves what `answers` says while the block runs, and gives the address, with the port that was chosen.

    With a `certificate`, key and certificate in PEM, it serves https. Raises MachineError if the address cannot be
    had.
    """
    context = _context(certificate) if certificate else None
    listener = bind(listen)
    loop, ended = asyncio.new_event_loop() if context else new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(_serve(answers, listener, context, ended))

    thread = threading.Thread(target=run, name="toolreel-server", daemon=True)
    thread.start()
    try:
        yield Listen(listen.host, listener.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        listener.close()


class _Handshake(asyncio.Protocol):
    """A client that is to speak TLS before anything else.

    Servers of asyncio's and uvloop's do this too, but cannot end a handshake that never ends: the one complains, the
    other waits for ever. And uvloop reads too much for `start_tls`, so where there is TLS the loop is asyncio's.
    """

    def __init__(self, connection: Connection, context: ssl.SSLContext, among: set[asyncio.Task[None]]) -> None:
        self._connection, self._context, self._among = connection, context, among
        self._early: list[bytes] = []
        self._is_made = self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there; before anything of it is read the task has begun."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment] # what servers make
        task = asyncio.get_running_loop().create_task(self._secure())
        self._among.add(task)
        task.add_done_callback(self._ended)

    def data_received(self, data: bytes) -> None:
        """What a client says that does not wait for the handshake's last word."""
        self._early.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, maybe while the connection was handed over."""
        self._is_lost = True
        if self._is_made:
            self._connection.connection_lost(exc)

    async def _secure(self) -> None:
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(self._transport, self, self._context, server_side=True)
        if secured is None or self._is_lost:  # it is None where the client has left again
            self._transport.abort()
            return
        secured.set_protocol(self._connection)
        self._connection.connection_made(secured)
        self._is_made = True
        for data in self._early:
            self._connection.data_received(data)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._among.discard(task)
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error:
            self._transport.abort()
        if error is not None and not isinstance(error, OSError):  # which is the client's fault
            raise error


async def _serve(
    answers: Answers, listener: socket.socket, context: ssl.SSLContext | None, ended: asyncio.Event
) -> None:
    loop, connections, handshakes = asyncio.get_running_loop(), set[Connection](), set[asyncio.Task[None]]()

    def accept() -> asyncio.Protocol:
        connection = Connection(answers, connections)
        return _Handshake(connection, context, handshakes) if context else connection

    server = await loop.create_server(accept, sock=listener, backlog=_BACKLOG)
    await ended.wait()
    server.close()
    for connection in list(connections):
        connection.finish()
    await _all([connection.left for connection in connections], _GRACE_S)
    for task in handshakes:
        task.cancel()
    for connection in list(connections):
        connection.abort()
    await _all([*handshakes, *(connection.left for connection in connections)])
    await asyncio.sleep(0)  # what was aborted is closed


async def _all(futures: Sequence[asyncio.Future[None]], seconds: float | None = None) -> None:
    if futures:
        await asyncio.wait(futures, timeout=seconds)


def _context(certificate: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    with tempfile.TemporaryDirectory(prefix="toolreel-") as folder:  # which only this user can enter
        file = Path(folder) / "server.pem"
        file.write_bytes(certificate)
        context.load_cert_chain(file)
    return context
