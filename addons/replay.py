"""The replay door for clients whose URL cannot change: mitmproxy ends their TLS, the plain server answers.

mitmproxy sends an answer that an addon sets in one piece, and cannot break it off. So every request goes to the plain
HTTP door of this process, on a loopback port that takes nobody else's requests; there one engine decides for both
doors. No other server can be reached: `server_connect` fails every connection but the one to that port.
"""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy import http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from toolreel.addons import error_page
from toolreel.addons.connections import reset_client
from toolreel.addons.flows import origin, own_response
from toolreel.replay.miss import Miss, MissCode
from toolreel.server.app import ORIGIN_HEADER
from toolreel.server.hosts import Listen
from toolreel.server.parcels import PARCELS_HEADER, RESET_HEADER, Unpacking

PROXY_OPTIONS = {
    "connection_strategy": "lazy",  # else TLS connects upstream before the request is seen
    "upstream_cert": False,
    "body_size_limit": None,
}
"""What mitmproxy needs so that it never connects to the upstream."""


Note = Callable[[Miss], None]
"""Takes note of a request that the plain server has not seen."""


class Replayer:
    """The hooks: `door` is the address of the plain server, `ticket` the secret that it wants to see.

    mitmproxy goes on after an error in a hook, and would go on to the server that the client wants: so two addons,
    this one and a Barrier, stand in front of every connection, and neither trusts the other.
    """

    name = "toolreel_replay"

    def __init__(self, door: Listen, ticket: str, note: Note) -> None:
        self._door = door
        self._ticket = ticket
        self._note = note
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
        # What the plain door has marked stays marked until all is done, so that the Barrier sees what was not.
        if RESET_HEADER in headers:
            reset_client(flow)
            del headers[RESET_HEADER]
        elif (length := headers.get(PARCELS_HEADER)) is not None:
            flow.response.stream = Unpacking()
            if length != "stream":
                del headers["transfer-encoding"]
                headers["content-length"] = length
            del headers[PARCELS_HEADER]
        else:
            flow.response.stream = True

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The proof that replay opens no connection."""
        refuse(data, self._door, self._note)


class Barrier:
    """Does what must be done in case that the Replayer fails to do it; an addon of its own, and behind it."""

    name = "toolreel_barrier"

    def __init__(self, door: Listen, note: Note) -> None:
        self._door = door
        self._note = note

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The proof that replay opens no connection, once more."""
        refuse(data, self._door, self._note)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """An answer that is still packed is none: the client gets toolreel's own error in its place."""
        if flow.response is None or not {PARCELS_HEADER, RESET_HEADER} & set(flow.response.headers):
            return
        message = "toolreel failed to unpack an answer. This is a bug of toolreel's; please report it."
        error = own_response(500, message, "toolreel_miss")
        flow.response.status_code, flow.response.reason = error.status_code, error.reason
        flow.response.headers = error.headers
        pieces = iter([error.content or b""])
        flow.response.stream = lambda data: next(pieces, b"")
        self._note(Miss(MissCode.INTERNAL, message))


def refuse(data: ServerConnectionHookData, door: Listen, note: Note) -> None:
    """Refuses every connection but the one to the plain door: mitmproxy obeys `error` before it connects."""
    refused, data.server.error = data.server.error, _REFUSAL
    if data.server.address == (door.host, door.port):
        data.server.error = refused
    elif refused is None:
        host, port = (data.server.address or ("nowhere", 0))[:2]
        note(Miss(MissCode.OTHER_HOST, f"A connection to {host}:{port} was refused: {_REFUSAL}."))


_REFUSAL = "toolreel replays, and connects to no server"
