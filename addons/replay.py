"""The replay door for clients whose URL cannot change: mitmproxy ends their TLS, and a session answers.

mitmproxy sends an answer that an addon sets in one piece, and cannot break it off. So what is to wait, to be cut or
to come in pieces is fetched from a plain HTTP door of this process, on a loopback port that takes nobody else's
requests. No other server can be reached: `server_connect` fails every connection but the one to that port, and those
to hosts that the user has named as tunnels.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import replace

from mitmproxy import http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from toolreel.addons import error_page
from toolreel.addons.connections import reset_client
from toolreel.addons.cutting import Cutting
from toolreel.addons.flows import own_response, request_of, response_of
from toolreel.addons.parking import PARKED_HEADER, Parking
from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import error_answer
from toolreel.replay.miss import Miss, MissCode
from toolreel.server.closed import Answers, Note, answered
from toolreel.server.entrance import no_websocket, too_long
from toolreel.server.hosts import Listen
from toolreel.server.sending import is_instant

PROXY_OPTIONS = {
    "connection_strategy": "lazy",  # else TLS connects upstream before the request is seen
    "upstream_cert": False,
    "body_size_limit": None,
}
"""What mitmproxy needs so that it never connects to the upstream."""

_PIECES, _RESET = "toolreel_pieces", "toolreel_reset"
_NOT_RESET = "toolreel failed to reset a connection. This is a bug of toolreel's; please report it."


def tunnelled(hosts: Iterable[str]) -> dict[str, object]:
    """The options with which mitmproxy hands on what is for these hosts, and does not look into it."""
    return {"ignore_hosts": [rf"(?i)\A{re.escape(host)}:\d+\Z" for host in hosts]}


class Replayer:
    """The hooks: `answers` decides, and `door` is the address of the plain server that gives out what is parked.

    `tunnels` are hosts for which mitmproxy is told (`tunnelled`) to hand on everything untouched. It goes on after an
    error in a hook, and would go on to the server that the client wants: so two addons, this one and a Barrier, stand
    in front of every connection, and neither trusts the other.
    """

    name = "toolreel_replay"

    def __init__(self, answers: Answers, door: Listen, parking: Parking, tunnels: Iterable[str] = ()) -> None:
        self._answers = answers
        self._door = door
        self._parking = parking
        self._tunnels = frozenset(tunnels)
        error_page.install()

    def request(self, flow: http.HTTPFlow) -> None:
        """Answers the request; an error in here must not let it go where the client wanted."""
        try:
            self._answer(flow, request_of(flow))
        except Exception as error:  # noqa: BLE001 - fail closed
            message = f"toolreel failed: {type(error).__name__}"  # what it says may hold a secret
            flow.response = own_response(500, message, "toolreel_miss")
            self._answers.note(Miss(MissCode.INTERNAL, message))

    def _answer(self, flow: http.HTTPFlow, request: HttpRequest) -> None:
        answer = (
            too_long(len(request.body or b"")) or no_websocket(request.headers) or answered(self._answers, request)
        )
        if is_instant(answer) and not answer.cut:
            flow.response = response_of(answer, flow.request)
            return
        if answer.reset:
            flow.metadata[_RESET] = True
            parked = replace(_LOST, wait=answer.wait)
        else:
            flow.metadata[_PIECES] = Cutting(map(len, answer.pieces))
            parked = answer
        host_header = flow.request.host_header
        flow.request.scheme, flow.request.host, flow.request.port = "http", self._door.host, self._door.port
        flow.request.host_header = host_header
        flow.request.headers[PARKED_HEADER] = self._parking.park(parked)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Relays the answer piece by piece as the plain door sends it."""
        if _RESET in flow.metadata:
            reset_client(flow)
            del flow.metadata[_RESET]  # marked until it is done, so that the Barrier sees what was not
            return
        if flow.response is not None and _PIECES in flow.metadata:
            flow.response.stream = flow.metadata[_PIECES]

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The proof that replay opens no connection."""
        refuse(data, self._door, self._answers.note, self._tunnels)


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
        if flow.response is None or _RESET not in flow.metadata:
            return
        error = own_response(500, _NOT_RESET, "toolreel_miss")
        flow.response.status_code, flow.response.reason = error.status_code, error.reason
        flow.response.headers = error.headers
        pieces = iter([error.content or b""])
        flow.response.stream = lambda data: next(pieces, b"")
        self._note(Miss(MissCode.INTERNAL, _NOT_RESET))


def refuse(data: ServerConnectionHookData, door: Listen, note: Note, tunnels: Container[str] = ()) -> None:
    """Refuses every connection but those to the plain door and to tunnels: mitmproxy obeys `error` first."""
    refused, data.server.error = data.server.error, _REFUSAL
    host, port = (data.server.address or ("nowhere", 0))[:2]
    if data.server.address == (door.host, door.port) or host.lower() in tunnels:
        data.server.error = refused
    elif refused is None:
        note(Miss(MissCode.OTHER_HOST, f"A connection to {host}:{port} was refused: {_REFUSAL}."))


_REFUSAL = "toolreel replays, and connects to no server"
_LOST = error_answer(500, {"message": _NOT_RESET, "type": "toolreel_miss", "param": None, "code": MissCode.INTERNAL})
"""What the plain door gives in the place of a reset; it is sent on by nobody."""
