"""What every test stands on: a user without a past, and no way out of this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

# Variables by which the user's own settings would reach a test.
FOREIGN_PREFIXES = ("TOOLREEL_", "OPENAI_", "AZURE_", "XDG_")
FOREIGN_NAMES = {
    "ALL_PROXY",
    "COLUMNS",
    "CURL_CA_BUNDLE",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NODE_USE_ENV_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
}
RECORDINGS = os.environ.get("TOOLREEL_RECORDINGS")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of public recordings of the real API, which is not part of the repository."""
    folder = Path(RECORDINGS) if RECORDINGS else Path(__file__).parents[2] / "shared" / "recordings"
    if not folder.is_dir():
        pytest.skip(f"no recordings of the real API in {folder}; TOOLREEL_RECORDINGS names another folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def isolated_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty home (one per worker) and none of the variables that toolreel and its clients look at."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN_PREFIXES) or name.upper() in FOREIGN_NAMES:
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        yield home


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Whoever connects to or looks up anything but this machine fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex"):
            patch.setattr(socket.socket, method, _guarded_connect(getattr(socket.socket, method)))
        for lookup in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, lookup, _guarded_lookup(getattr(socket, lookup)))
        yield


def _guarded_connect(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(address[0])
        return real(self, address)

    return connect


def _guarded_lookup(real: Callable[..., Any]) -> Callable[..., Any]:
    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name.endswith(".invalid"):  # exists nowhere (RFC 6761), so nobody needs to be asked
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        _check(name)
        return real(host, *args, **kwargs)

    return lookup


def _check(host: str | None) -> None:
    """Raise unless `host` is this machine; no host stands for all its addresses."""
    if not host or host == "localhost" or host.endswith(".localhost"):
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        if address.is_loopback or address.is_unspecified:
            return
    # Not an OSError: that would be taken for an upstream that is down.
    raise AssertionError(f"a test tried to reach {host}; tests stay on this machine")
