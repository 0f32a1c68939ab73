"""Runs an ASGI application on a loopback socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .hosts import Listen
from .serve import bind

TRANSPORT = "toolreel_transport"
"""Where in a scope's state the transport of its connection stands."""


class _Connection(H11Protocol):
    """A connection whose applications can reset it."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # what servers make
        """A client is there."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def config(app: Any) -> uvicorn.Config:
    """How uvicorn runs our applications: silent, without headers of its own, whatever else is installed."""
    return uvicorn.Config(
        app,
        http=_Connection,
        loop="asyncio",
        log_config=None,
        log_level="critical",  # an answer that is cut on purpose would be logged as an error of the application
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )


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
def hosting(app: Any, listen: Listen) -> Iterator[Listen]:
    """Serves `app` while the block runs, and gives the address, with the port that was chosen.

    Raises MachineError if the address cannot be had.
    """
    server = _Server(config(app))
    listener = bind(listen)
    thread = threading.Thread(target=server.run, args=([listener],), name="toolreel-server", daemon=True)
    thread.start()
    try:
        yield Listen(listen.host, listener.getsockname()[1])
    finally:
        server.stop()
        thread.join()
        listener.close()
