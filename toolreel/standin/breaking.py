"""Responses that faults break: what HTTP libraries never send of their own accord."""

from __future__ import annotations

import asyncio
from copy import deepcopy

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from toolreel.replay.answer import Answer
from toolreel.server.asgi import TRANSPORT
from toolreel.server.sending import reset

from .events import DONE_FRAME
from .objects import utf8
from .requests import Stream


class Reset(Response):
    """Resets the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends nothing."""
        transport: asyncio.Transport = scope["state"][TRANSPORT]
        reset(transport)
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass  # the server answers for an application that returns before


class Breaking(StreamingResponse):
    """A stream that may break off: it ends unfinished where a frame is empty."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Sends it, and leaves the end out if it breaks off: the server then closes the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for frame in self.body_iterator:
            if not frame:
                return
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def preview_of(stream: Stream) -> Answer:
    """All that a stream is going to say, if nothing comes between."""
    thread, leg = deepcopy((stream.thread, stream.leg))
    record = next(record for record in thread.runs.values() if record.leg is leg)
    thread.play(record, leg.pending)
    frames = (*map(utf8, leg.frames), utf8(DONE_FRAME))
    return Answer(200, (("content-type", "text/event-stream"),), frames)
