"""Client connections of the running mitmproxy."""

from __future__ import annotations

from collections.abc import Iterable

from mitmproxy import ctx, http


def cut_clients(flows: Iterable[http.HTTPFlow]) -> None:
    """Breaks the client connections of flows off, as mitmproxy does when a connection has been idle for too long."""
    master = getattr(ctx, "master", None)
    server = master.addons.get("proxyserver") if master else None
    clients = {flow.client_conn.id for flow in flows}
    for handler in list(server.connections.values()) if server else ():
        transport = handler.transports.get(handler.client)
        if handler.client.id in clients and transport is not None and transport.handler is not None:
            transport.handler.cancel()
