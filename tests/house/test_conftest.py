"""The isolation that tests/conftest.py promises."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest


def test_home_is_empty_and_temporary(isolated_user: Path) -> None:
    assert Path.home() == isolated_user


def test_no_setting_of_the_user_is_seen() -> None:
    assert not [name for name in os.environ if name.startswith(("OPENAI_", "TOOLREEL_"))]
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80, 0, 0)])
def test_a_connection_to_elsewhere_fails(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(AssertionError, match="tests stay on this machine"):
        sock.connect(address)


def test_a_lookup_elsewhere_fails() -> None:
    with pytest.raises(AssertionError, match="tests stay on this machine"):
        socket.getaddrinfo("example.com", 443)


def test_a_name_that_cannot_exist_is_not_found() -> None:
    with pytest.raises(socket.gaierror):
        socket.create_connection(("nowhere.invalid", 80))


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
