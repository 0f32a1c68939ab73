"""The replay door for clients whose URL cannot change: mitmproxy ends their TLS, the plain server answers.

mitmproxy sends an answer that an addon sets in one piece, and cannot break it off. So every request goes to the plain
HTTP door of this process, on a loopback port that takes nobody else's requests; there one engine decides for both
doors. No other server can be reached: `server_connect` fails every connection but the one to that port.
"""

from __future__ import annotations

from mitmproxy import http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from toolreel.addons import error_page
from toolreel.addons.flows import origin, own_response
from toolreel.server.app import ORIGIN_HEADER
from toolreel.server.hosts import Listen

PROXY_OPTIONS = {
    "connection_strategy": "lazy",  # else TLS connects upstream before the request is seen
    "upstream_cert": False,
    "body_size_limit": None,
}
"""What mitmproxy needs so that it never connects to the upstream."""


class Replayer:
    """The hooks: `door` is the address of the plain server, `ticket` the secret that it wants to see."""

    name = "toolreel_replay"

    def __init__(self, door: Listen, ticket: str) -> None:
        self._door = door
        self._ticket = ticket
        error_page.install()

    def request(self, flow: http.HTTPFlow) -> None:
        """Sends the request to the plain door; an error in here must not let it go where the client wanted."""
        try:
            meant = origin(flow)
            host_header = flow.request.host_header
            flow.request.scheme = "http"
            flow.request.host = self._door.host
            flow.request.port = self._door.port
            flow.request.host_header = host_header
            flow.request.headers[ORIGIN_HEADER] = f"{self._ticket} {meant}"
        except Exception as error:  # noqa: BLE001 - fail closed
            flow.response = own_response(500, f"toolreel failed: {type(error).__name__}: {error}", "toolreel_miss")

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Relays the answer piece by piece as the plain door sends it."""
        if flow.response is not None:
            flow.response.stream = True

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The proof that replay opens no connection: mitmproxy obeys `error` before it connects."""
        if data.server.address != (self._door.host, self._door.port):
            data.server.error = "toolreel replays, and connects to no server"
