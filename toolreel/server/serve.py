"""Runs an ASGI application on a loopback socket, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from toolreel.errors import MachineError

from .hosts import Listen


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


def config(app: Any) -> uvicorn.Config:
    """How uvicorn runs our applications: silent, without headers of its own."""
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # an answer that is cut on purpose would be logged as an error of the application
        access_log=False,
        lifespan="off",
        ws="none",  # else what happens to a websocket depends on which packages are installed
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )


@contextmanager
def serving(app: Any, listen: Listen) -> Iterator[Listen]:
    """Serves `app` while the block runs, and gives the address, with the port that was chosen.

    Raises MachineError if the address cannot be had.
    """
    listener = bind(listen)
    server = uvicorn.Server(config(app))
    thread = threading.Thread(target=server.run, args=([listener],), name="toolreel-server", daemon=True)
    thread.start()
    try:
        yield Listen(listen.host, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
