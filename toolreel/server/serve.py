"""Runs an ASGI application on a loopback socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from toolreel.errors import MachineError

from .hosts import Listen
from .sending import TRANSPORT


def bind(listen: Listen) -> socket.socket:
    """A listening socket; raises MachineError if the port is taken or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only for sockets that say they are TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(listen)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise MachineError(f"Cannot listen on {listen.shown} ({reason}); choose another --listen.") from None
    return listener


class _Connection(AutoHTTPProtocol):  # type: ignore[valid-type,misc] # whichever of uvicorn's fits here
    """A connection whose applications can reset it."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def config(app: Any, certificate: Path | None = None) -> uvicorn.Config:
    """How uvicorn runs our applications: silent, without headers of its own; over TLS with a certificate's file."""
    return uvicorn.Config(
        app,
        http=_Connection,
        ssl_certfile=certificate,
        log_config=None,
        log_level="critical",  # an answer that is cut on purpose would be logged as an error of the application
        access_log=False,
        lifespan="off",
        ws="none",  # else what happens to a websocket depends on which packages are installed
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )


def _loaded(app: Any, certificate: bytes | None) -> uvicorn.Config:
    """The configuration, ready: the key lies in a file only as long as it takes to read it."""
    with tempfile.TemporaryDirectory(prefix="toolreel-") as folder:
        file = Path(folder) / "server.pem"
        if certificate:
            file.write_bytes(certificate)  # in a folder that only this user can enter
        loaded = config(app, file if certificate else None)
        loaded.load()
    return loaded


class _Server(uvicorn.Server):
    """Ends as soon as it is told to; uvicorn's own looks only ten times a second."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Runs until `stop`."""
        self._stopped = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if not self.should_exit:
            await self._stopped.wait()

    def stop(self) -> None:
        """Ends it; may be called from any thread."""
        self.should_exit = True
        if self._loop:
            self._loop.call_soon_threadsafe(self._stopped.set)


@contextmanager
def serving(app: Any, listen: Listen, certificate: bytes | None = None) -> Iterator[Listen]:
    """Serves `app` while the block runs, and gives the address, with the port that was chosen.

    With a `certificate`, key and certificate in PEM, it serves https. Raises MachineError if the address cannot be
    had.
    """
    server = _Server(_loaded(app, certificate))
    listener = bind(listen)
    thread = threading.Thread(target=server.run, args=([listener],), name="toolreel-server", daemon=True)
    thread.start()
    try:
        yield Listen(listen.host, listener.getsockname()[1])
    finally:
        server.stop()
        thread.join()
        listener.close()
