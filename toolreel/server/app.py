"""The plain HTTP door as an ASGI application: reads a request, asks the session, sends the answer."""

from __future__ import annotations

import asyncio
import time

from toolreel.messages.http import Headers, HttpRequest, header, headers_of
from toolreel.replay.answer import Answer, error_answer

from .closed import Answers, answered
from .hosts import HostCheck
from .pieces import Pieces
from .sending import Clock, Message, Receive, Send, Sender, Sleep

MAX_BODY = 512 << 20
"""Longer requests are refused, in bytes; the API itself takes files of 512 MB at most."""

ORIGIN_HEADER = "x-toolreel-origin"
"""Set by the proxy door to say which server the client means; nobody else may set it."""


class ReplayApp:
    """An ASGI application that serves what `answers` says.

    `may_enter` says whether a Host header is one of this server's own (DNS rebinding). `ticket` is the secret with
    which the proxy door names the origin that a client means; without one every such header is refused. `clock` and
    `sleep` go by seconds.
    """

    def __init__(
        self,
        answers: Answers,
        may_enter: HostCheck,
        ticket: str | None = None,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._answers = answers
        self._may_enter = may_enter
        self._ticket = ticket
        self.pieces = Pieces()
        """What the proxy door must know of answers."""
        self._clock = clock
        self._sleep = sleep

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection's event, as the server gives it."""
        if scope["type"] == "http":
            headers = headers_of(scope["headers"])
            asked = self._refusal(headers) or await self._request(scope, headers, receive)
            if asked is None:
                return
            sender = Sender(scope, receive, send, self._clock, self._sleep)  # from here on its time runs
            if isinstance(asked, Answer):
                await sender.answer(asked)
            else:
                await sender.answer(answered(self._answers, asked), self.pieces if self._ticket else None)

    def _refusal(self, headers: Headers) -> Answer | None:
        if self._ticket is not None:
            if (header(headers, ORIGIN_HEADER) or "").partition(" ")[0] != self._ticket:
                return _refused("this port serves toolreel's own proxy door only")
        elif not self._may_enter(header(headers, "host")):
            return _refused(f"the Host header {header(headers, 'host')!r} is not this server's own")
        if (header(headers, "upgrade") or "").lower() == "websocket":
            return error_answer(501, _error("toolreel does not replay websockets; use HTTP."))
        return None

    async def _request(self, scope: Message, headers: Headers, receive: Receive) -> HttpRequest | Answer | None:
        """The request, or why it is refused; None if the client left before its end."""
        body = await _body(receive)
        if body is None:
            return None
        if len(body) > MAX_BODY:
            return error_answer(413, _error(f"The request is longer than {MAX_BODY} bytes."))
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        query: bytes = scope["query_string"]
        target = (raw_path + b"?" + query if query else raw_path).decode("latin-1")
        origin = (header(headers, ORIGIN_HEADER) or "").partition(" ")[2] if self._ticket else None
        return HttpRequest(scope["method"], target, headers, body, origin)


async def _body(receive: Receive) -> bytes | None:
    """The body, read no further than it takes to see that it is too long; None if the client left before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY or not message.get("more_body"):
            return bytes(body)


def _refused(reason: str) -> Answer:
    return error_answer(403, _error(f"Refused: {reason}."))


def _error(message: str) -> dict[str, str | None]:
    return {"message": message, "type": "toolreel_refused", "param": None, "code": None}
