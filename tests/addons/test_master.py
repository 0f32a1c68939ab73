"""Running mitmproxy in a thread: up when the block begins, gone when it ends."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from toolreel.addons.master import proxying
from toolreel.errors import MachineError
from toolreel.server.hosts import Listen

FREE = Listen("127.0.0.1", 0)


class Addon:
    """Answers everything itself, and notes what mitmproxy calls."""

    name = "toolreel_test"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def running(self) -> None:
        self.calls.append("running")

    def request(self, flow: Any) -> None:
        from mitmproxy import http

        self.calls.append("request")
        flow.response = http.Response.make(200, b"hello")

    def done(self) -> None:
        self.calls.append("done")


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return {"confdir": str(tmp_path), "connection_strategy": "lazy"}


def ask(address: Listen) -> bytes:
    with socket.create_connection(address, timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answer = b""
        while piece := raw.recv(1000):
            answer += piece
    return answer


def test_the_proxy_serves_while_the_block_runs(options: dict[str, Any]) -> None:
    addon = Addon()
    with proxying(addon, mode="reverse:http://192.0.2.1", listen=FREE, options=options) as address:
        assert address.host == "127.0.0.1"
        assert address.port > 0
        assert ask(address).endswith(b"\r\n\r\nhello")
    assert addon.calls == ["running", "request", "done"]


def test_after_the_block_nobody_listens_and_every_connection_is_closed(options: dict[str, Any]) -> None:
    threads = threading.active_count()
    with proxying(Addon(), mode="reverse:http://192.0.2.1", listen=FREE, options=options) as address:
        waiting = socket.create_connection(address, timeout=10)
        waiting.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        got = b""
        while not got.endswith(b"hello"):
            got += waiting.recv(1000)
    with waiting, suppress(ConnectionResetError):
        assert waiting.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=10)
    assert threading.active_count() == threads


def test_two_proxies_run_side_by_side(options: dict[str, Any]) -> None:
    with (
        proxying(Addon(), mode="reverse:http://192.0.2.1", listen=FREE, options=options) as first,
        proxying(Addon(), mode="reverse:http://192.0.2.1", listen=FREE, options=options) as second,
    ):
        assert first.port != second.port
        assert ask(first).endswith(b"hello")
        assert ask(second).endswith(b"hello")


def test_a_port_that_is_taken_is_named(options: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = Listen("127.0.0.1", taken.getsockname()[1])
        with (
            pytest.raises(MachineError) as raised,
            proxying(Addon(), mode="regular", listen=listen, options=options),
        ):
            pass
    assert str(raised.value) == (
        f"The proxy cannot start on {listen.shown}: address already in use; choose another --listen."
    )


def test_an_option_that_mitmproxy_does_not_know_is_an_error_and_no_hang() -> None:
    with (
        pytest.raises(MachineError, match="no_such_option"),
        proxying(Addon(), mode="regular", listen=FREE, options={"no_such_option": 1}),
    ):
        pass


def test_an_error_in_the_block_ends_the_proxy(options: dict[str, Any]) -> None:
    addon = Addon()
    with (
        pytest.raises(ZeroDivisionError),
        proxying(addon, mode="regular", listen=FREE, options=options),
    ):
        raise ZeroDivisionError
    assert addon.calls == ["running", "done"]
