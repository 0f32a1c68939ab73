"""Runs a mitmproxy with just the addons that a proxy needs and one of ours, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.mode_specs import ReverseMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from toolreel.addons.hooks import Hooks
from toolreel.errors import MachineError, ToolreelError
from toolreel.server.hosts import Listen


@dataclass(slots=True)
class _Thread:
    """What the proxy's thread and its owner tell each other."""

    started: threading.Event = field(default_factory=threading.Event)
    master: Master | None = None
    port: int = 0
    failure: str | None = None


class _ServerName:
    """In reverse mode with keep_host_header mitmproxy would ask the upstream for the name that the client used."""

    name = "toolreel_server_name"

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """A connection to a server is about to be opened."""
        if isinstance(data.client.proxy_mode, ReverseMode) and data.server.address:
            data.server.sni = data.server.address[0]


class _Ready:
    """The last addon to hear that mitmproxy runs: only then may clients come (layout.md)."""

    name = "toolreel_ready"

    def __init__(self, thread: _Thread) -> None:
        self._thread = thread

    def running(self) -> None:
        """Servers are up, or have failed to come up."""
        assert self._thread.master is not None
        servers = list(self._thread.master.addons.get("proxyserver").servers)
        problems = [_reason(server.last_exception) for server in servers if server.last_exception]
        if problems:
            self._thread.failure = "; ".join(problems)
        else:
            self._thread.port = servers[0].listen_addrs[0][1]
        self._thread.started.set()


def _reason(error: BaseException) -> str:
    """mitmproxy's own message goes on with advice about its options."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else str(error).partition("\n")[0]


@contextmanager
def proxying(
    *addons: object, mode: str, listen: Listen, options: Mapping[str, Any] | None = None
) -> Iterator[Listen]:
    """Runs the proxy with these addons while the block runs, and gives the address on which it listens.

    `mode` is a mitmproxy mode such as `regular` or `reverse:https://api.openai.com`, `options` more of mitmproxy's
    options. Raises MachineError if the proxy cannot start.
    """
    logging.getLogger("mitmproxy").setLevel(logging.CRITICAL)  # what a person must know, our addons tell
    shared = _Thread()
    thread = threading.Thread(
        target=_run, args=(shared, addons, mode, listen, dict(options or {})), name="toolreel-proxy", daemon=True
    )
    thread.start()
    shared.started.wait()
    try:
        if shared.failure:
            raise MachineError(
                f"The proxy cannot start on {listen.shown}: {shared.failure}; choose another --listen."
            )
        yield Listen(listen.host, shared.port)
    finally:
        if shared.master is not None:
            shared.master.shutdown()
        thread.join()


def _run(shared: _Thread, addons: tuple[object, ...], mode: str, listen: Listen, options: dict[str, Any]) -> None:
    try:
        asyncio.run(_serve(shared, addons, mode, listen, options))
    except Exception as error:  # noqa: BLE001 - told to the thread that waits
        reason = str(error) if isinstance(error, ToolreelError) else f"{type(error).__name__}: {error}"
        shared.failure = shared.failure or reason
    finally:
        shared.started.set()


async def _serve(
    shared: _Thread, addons: tuple[object, ...], mode: str, listen: Listen, options: dict[str, Any]
) -> None:
    master = Master(Options())
    addons_of_master: AddonManager = Hooks(master)
    master.addons = addons_of_master
    master.addons.add(
        core.Core(),
        disable_h2c.DisableH2C(),
        proxyserver.Proxyserver(),
        next_layer.NextLayer(),
        tlsconfig.TlsConfig(),
        _ServerName(),
        *addons,
        _Ready(shared),
    )
    master.options.update(mode=[mode], listen_host=listen.host, listen_port=listen.port, **options)
    shared.master = master
    asyncio.get_running_loop().set_exception_handler(_report)
    try:
        await master.run()
    finally:
        await _close(master.addons.get("proxyserver"))


async def _close(proxy: proxyserver.Proxyserver) -> None:
    """Closes what mitmproxy leaves open until the process ends: its ports, and the connections of clients."""
    for server in proxy.servers:
        if server.is_running:
            await server.stop()
    for _ in range(_CLOSING_TURNS):
        await asyncio.sleep(0.001)  # who has just been accepted gets its place among the connections
        if not proxy.connections:
            break
        for connection in list(proxy.connections.values()):
            for transport in connection.transports.values():
                if isinstance(transport.writer, asyncio.StreamWriter):
                    transport.writer.transport.abort()


_CLOSING_TURNS = 200
"""How often the loop turns for the connections to end; those that have not are cancelled with it."""


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Python 3.11 calls it an error, with a traceback, that a connection is cancelled when the loop ends."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)
