"""Carries an answer out: its pieces when they are due, its cut, its reset."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from toolreel.replay.answer import Answer, error_answer
from toolreel.replay.miss import MissCode

from .pieces import PIECES_HEADER, RESET_HEADER, Pieces

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

TRANSPORT = "toolreel_transport"
"""Where in a scope's state the transport of its connection stands."""

RESETS = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: who closes such a socket resets the connection (socket(7))."""


class ClientLeftError(Exception):
    """The client left while its answer waited."""


class Sender:
    """Sends to one client. `clock` and `sleep` go by seconds."""

    def __init__(self, scope: Message, receive: Receive, send: Send, clock: Clock, sleep: Sleep) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._clock, self._sleep = clock, sleep
        self._due = clock()
        self._left: asyncio.Task[None] | None = None

    async def answer(self, answer: Answer, pieces: Pieces | None = None) -> None:
        """Sends an answer; with `pieces` it is for the proxy door, which looks up there how it is to be sent."""
        try:
            await self.wait(answer.wait)
            if answer.reset and pieces is None:
                await self._reset()
            elif answer.reset:
                await self._whole(_UNTOLD)
            elif pieces is None or not answer.pieces:
                await self._whole(answer)
            else:
                key = pieces.keep(answer.pieces)
                await self._whole(replace(answer, headers=(*answer.headers, (PIECES_HEADER, key))))
        except ClientLeftError:
            pass
        finally:
            if self._left is not None:
                self._left.cancel()

    async def _whole(self, answer: Answer) -> None:
        headers = list(answer.headers)
        if answer.length is not None:
            headers.append(("content-length", str(answer.length)))
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": answer.status, "headers": fields})
        delays = iter(answer.delays)
        for piece in answer.pieces if self._scope["method"] != "HEAD" else ():
            await self.wait(next(delays, 0))
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self.wait(answer.end_delay)
        if not answer.cut:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        # Else the answer stays unfinished: the server then closes the connection without the end of the body.

    async def wait(self, milliseconds: float) -> None:
        """Waits so long after what was due before. Raises ClientLeftError.

        Due times add up from the beginning, so what a sleep takes too long is no delay for all that follows.
        """
        if not milliseconds:
            return
        self._due += milliseconds / 1000
        if self._left is None:
            self._left = asyncio.ensure_future(_leaving(self._receive))
        sleeping = asyncio.ensure_future(self._sleep(max(0.0, self._due - self._clock())))
        try:
            await asyncio.wait((sleeping, self._left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
        if self._left.done():
            raise ClientLeftError

    async def _reset(self) -> None:
        transport: asyncio.Transport = self._scope["state"][TRANSPORT]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        transport.abort()
        await (self._left or _leaving(self._receive))  # the server answers for an application that returns before


_LOST = error_answer(
    500,
    {
        "message": "A fault was to reset this connection, and toolreel failed to.",
        "type": "toolreel_miss",
        "param": None,
        "code": MissCode.INTERNAL,
    },
)
_UNTOLD = replace(_LOST, headers=(*_LOST.headers, (RESET_HEADER, "1")))
"""What the proxy door gets in the place of a reset; it is sent on by nobody."""


async def _leaving(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
