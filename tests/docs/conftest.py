"""Fixtures for the tests of the documentation."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest


@pytest.fixture
def free_ports() -> tuple[int, int]:
    """Two ports of this machine that nobody used a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        first, second = (one.getsockname()[1] for one in sockets)
    return first, second
