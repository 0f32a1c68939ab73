"""Where a door may listen, and which Host headers it takes: never an open proxy, no DNS rebinding."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from toolreel.errors import CommandError

HostCheck = Callable[[str | None], bool]
"""Says whether the value of a Host header, None if there was none, is the server's own."""


class Listen(NamedTuple):
    """An address to listen on; port 0 lets the system choose."""

    host: str
    port: int

    @property
    def shown(self) -> str:
        """As it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_LONGEST_PORT = len("65535")


def parse_listen(text: str, *, guarded: bool | None = None) -> Listen:
    """`HOST:PORT`, `:PORT`, `PORT` or `[::1]:PORT`; loopback only, unless `guarded`. Raises CommandError.

    `guarded` says whether a token is demanded of clients, None where none can be.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not (port.isascii() and port.isdigit() and len(port) <= _LONGEST_PORT and int(port) < 65536):
        raise CommandError(f"--listen {text}: no port; write HOST:PORT, such as 127.0.0.1:8080.")
    if not is_loopback(host) and not guarded:
        token = "" if guarded is None else ", or demand a token of every client with --token"
        raise CommandError(f"--listen {text}: toolreel listens on this machine only; use 127.0.0.1:{port}{token}.")
    return Listen("127.0.0.1" if host.lower() == "localhost" else host, int(port))


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3)."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reached_at(host: str) -> str:
    """Where a client on this machine reaches a server that listens at `host`: 0.0.0.0 is no address to go to."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def any_host(_value: str | None) -> bool:
    """Takes every Host header: for a server whose clients bring a token."""
    return True


@lru_cache(256)
def own_host(value: str | None) -> bool:
    """Whether a Host header names this machine; a page elsewhere that rebinds its name to us does not."""
    if value is None:
        return True  # HTTP/1.0; no browser leaves it out
    host, _, port = value.strip().lower().rpartition(":")
    if not host or not port.isdigit():
        host = value.strip().lower()
    return is_loopback(host.strip("[]"))
