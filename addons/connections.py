"""Client connections of the running mitmproxy."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Iterator

from mitmproxy import ctx, http
from mitmproxy.proxy.server import ConnectionIO

from toolreel.server.sending import RESETS


def cut_clients(flows: Iterable[http.HTTPFlow]) -> None:
    """Breaks the client connections of flows off, as mitmproxy does when a connection has been idle for too long."""
    for flow in flows:
        for connection in _client_of(flow):
            if connection.handler is not None:
                connection.handler.cancel()


def reset_client(flow: http.HTTPFlow) -> None:
    """Resets the connection of a flow's client, or its stream where they share a connection."""
    if not flow.request.is_http2:
        for connection in _client_of(flow):
            if isinstance(connection.writer, asyncio.StreamWriter):
                client: socket.socket = connection.writer.get_extra_info("socket")
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
    flow.kill()


def _client_of(flow: http.HTTPFlow) -> Iterator[ConnectionIO]:
    master = getattr(ctx, "master", None)
    server = master.addons.get("proxyserver") if master else None
    for handler in list(server.connections.values()) if server else ():
        transport = handler.transports.get(handler.client)
        if handler.client.id == flow.client_conn.id and transport is not None:
            yield transport
