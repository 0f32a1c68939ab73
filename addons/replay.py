"""The replay door for clients whose URL cannot change: mitmproxy ends their TLS, the plain server answers.

mitmproxy sends an answer that an addon sets in one piece, and cannot break it off. So every request goes to the plain
HTTP door of this process, on a loopback port that takes nobody else's requests; there one engine decides for both
doors. No other server can be reached: `server_connect` fails every connection but the one to that port, and those to
hosts that the user has named as tunnels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable

from mitmproxy import http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from toolreel.addons import error_page
from toolreel.addons.connections import reset_client
from toolreel.addons.flows import origin, own_response
from toolreel.replay.miss import Miss, MissCode
from toolreel.server.app import ORIGIN_HEADER
from toolreel.server.hosts import Listen
from toolreel.server.pieces import PIECES_HEADER, RESET_HEADER, Pieces

PROXY_OPTIONS = {
    "connection_strategy": "lazy",  # else TLS connects upstream before the request is seen
    "upstream_cert": False,
    "body_size_limit": None,
}
"""What mitmproxy needs so that it never connects to the upstream."""


Note = Callable[[Miss], None]
"""Takes note of a request that the plain server has not seen."""


def tunnelled(hosts: Iterable[str]) -> dict[str, object]:
    """The options with which mitmproxy hands on what is for these hosts, and does not look into it."""
    return {"ignore_hosts": [rf"(?i)\A{re.escape(host)}:\d+\Z" for host in hosts]}


class Replayer:
    """The hooks: `door` is the address of the plain server, `ticket` the secret that it wants to see, and `pieces`
    those in which it sends its answers.

    `tunnels` are hosts for which mitmproxy is told (`tunnelled`) to hand on everything untouched. It goes on after an
    error in a hook, and would go on to the server that the client wants: so two addons, this one and a Barrier, stand
    in front of every connection, and neither trusts the other.
    """

    name = "toolreel_replay"

    def __init__(self, door: Listen, ticket: str, note: Note, pieces: Pieces, tunnels: Iterable[str] = ()) -> None:
        self._door = door
        self._ticket = ticket
        self._pieces = pieces
        self._note = note
        self._tunnels = frozenset(tunnels)
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
            message = f"toolreel failed: {type(error).__name__}: {error}"
            self._note(Miss(MissCode.INTERNAL, message))
            flow.response = own_response(500, message, "toolreel_miss")

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Relays the answer piece by piece as the plain door sends it."""
        if flow.response is None:
            return
        headers = flow.response.headers
        if RESET_HEADER in headers:
            reset_client(flow)
            del headers[RESET_HEADER]  # marked until it is done, so that the Barrier sees what was not
            return
        key = headers.pop(PIECES_HEADER, None)
        flow.response.stream = True if key is None else self._pieces.cutting(key)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The proof that replay opens no connection."""
        refuse(data, self._door, self._note, self._tunnels)


class Barrier:
    """Does what must be done in case that the Replayer fails to do it; an addon of its own, and behind it."""

    name = "toolreel_barrier"

    def __init__(self, door: Listen, note: Note, tunnels: Iterable[str] = ()) -> None:
        self._door = door
        self._note = note
        self._tunnels = frozenset(tunnels)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The proof that replay opens no connection, once more."""
        refuse(data, self._door, self._note, self._tunnels)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """What stands in for a reset is no answer: the client gets toolreel's own error in its place."""
        if flow.response is None or RESET_HEADER not in flow.response.headers:
            return
        message = "toolreel failed to reset a connection. This is a bug of toolreel's; please report it."
        error = own_response(500, message, "toolreel_miss")
        flow.response.status_code, flow.response.reason = error.status_code, error.reason
        flow.response.headers = error.headers
        pieces = iter([error.content or b""])
        flow.response.stream = lambda data: next(pieces, b"")
        self._note(Miss(MissCode.INTERNAL, message))


def refuse(data: ServerConnectionHookData, door: Listen, note: Note, tunnels: Container[str] = ()) -> None:
    """Refuses every connection but those to the plain door and to tunnels: mitmproxy obeys `error` first."""
    refused, data.server.error = data.server.error, _REFUSAL
    host, port = (data.server.address or ("nowhere", 0))[:2]
    if data.server.address == (door.host, door.port) or host.lower() in tunnels:
        data.server.error = refused
    elif refused is None:
        note(Miss(MissCode.OTHER_HOST, f"A connection to {host}:{port} was refused: {_REFUSAL}."))


_REFUSAL = "toolreel replays, and connects to no server"
