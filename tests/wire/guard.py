"""Forbids the network: no name is looked up, and no connection is opened but to ports that are named."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def only(ports: Collection[int]) -> Iterator[list[str]]:
    """While the block runs, whoever tries anything else fails; gives a note of each try."""
    tries: list[str] = []

    def forbid(what: str) -> None:
        tries.append(what)
        raise PermissionError(f"forbidden: {what}")

    def connecting(real: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            local = self.family not in (socket.AF_INET, socket.AF_INET6)
            if not local and (address[0] not in ("127.0.0.1", "::1") or address[1] not in ports):
                forbid(f"connect to {address}")
            return real(self, address)

        return connect

    def looking(real: Callable[..., Any]) -> Callable[..., Any]:
        def look(host: Any, *more: Any, **named: Any) -> Any:
            if host not in (None, "", "127.0.0.1", "::1", b"127.0.0.1"):
                forbid(f"look up {host}")
            return real(host, *more, **named)

        return look

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, connecting(getattr(socket.socket, name)))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, looking(getattr(socket, name)))
        yield tries
