"""The stand-in's door: an ASGI application that carries bytes between HTTP and the handlers, and decides nothing.

Headers, cookies and compression are as recorded from the real API: gzip for JSON answers where the client takes it,
never for streams.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from random import Random

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from . import api, errors
from .errors import ApiError
from .events import DONE_FRAME
from .objects import BASE62, JsonObject, pretty, utf8
from .requests import Content, Request, Stream
from .script import Script
from .state import World

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def create_app(
    script: Script, *, clock: Clock = time.time, random: Random | None = None, sleep: Sleep = asyncio.sleep
) -> ASGIApp:
    """A stand-in of the Assistants API that plays this script, as an ASGI application with its own, empty state.

    `clock` gives Unix seconds, `random` mints the ids, `sleep` waits so many seconds between the frames of a stream:
    give all three for runs that are the same every time. To be used by one event loop.
    """
    door = _Door(script, clock, random or Random(), sleep)
    return Starlette(routes=[Route("/{path:path}", door.handle, methods=METHODS)])


class _Door:
    def __init__(self, script: Script, clock: Clock, random: Random, sleep: Sleep) -> None:
        self.world = World(script, random)
        self.clock = clock
        self.sleep = sleep
        # Headers draw from their own source, so that the number of polls does not change later ids.
        self.noise = Random(random.random())

    async def handle(self, request: HttpRequest) -> Response:
        raw = await request.body()
        try:
            handler, ids = api.route(request.method, request.scope["path"])
            self._check_key(request)
            reply = handler(self.world, self._as_core(request, ids, raw))
        except ApiError as error:
            return self._json(request, error.body(), error.status)
        match reply:
            case Stream():
                return self._respond(StreamingResponse(self._frames(reply), media_type="text/event-stream"))
            case Content():
                return self._respond(Response(reply.data, media_type="application/octet-stream"))
            case _:
                return self._json(request, reply, 200)

    def _as_core(self, request: HttpRequest, ids: Mapping[str, str], raw: bytes) -> Request:
        return Request(
            now=self.clock(),
            ids=ids,
            query=dict(request.query_params),
            raw=raw,
            content_type=request.headers.get("content-type", ""),
        )

    def _check_key(self, request: HttpRequest) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = request.headers.get("api-key", "") or (token.strip() if scheme.lower() == "bearer" else "")
        if not key:
            raise errors.missing_key()
        if key.startswith(self.world.script.refused):
            raise errors.refused_key(key)

    async def _frames(self, stream: Stream) -> AsyncIterator[bytes]:
        """The frames of a leg as their time comes, then the end."""
        leg, sent = stream.leg, 0
        while True:
            stream.thread.advance(self.clock())
            while sent < len(leg.frames):
                yield utf8(leg.frames[sent])
                sent += 1
            if not leg.pending:
                break
            await self.sleep(max(0.0, leg.pending[0].at - self.clock()))
        yield utf8(DONE_FRAME)

    def _json(self, request: HttpRequest, body: JsonObject, status: int) -> Response:
        data = pretty(body)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return self._respond(Response(data, status, media_type="application/json"))
        # No time in the gzip header: equal answers stay equal bytes.
        packed = Response(gzip.compress(data, mtime=0), status, media_type="application/json")
        packed.headers["content-encoding"] = "gzip"
        return self._respond(packed)

    def _respond(self, response: Response) -> Response:
        noise, now = self.noise, int(self.clock())
        response.headers["openai-version"] = "2020-10-01"
        response.headers["openai-organization"] = "org-standin"
        response.headers["openai-processing-ms"] = str(noise.randint(20, 400))
        response.headers["x-request-id"] = f"req_{noise.getrandbits(128):032x}"
        # Not Secure, unlike the real ones: over plain HTTP clients would then never send them back.
        attributes = "path=/; HttpOnly"
        response.headers.append(
            "set-cookie", f"__cf_bm={self._secret(43)}-{now}-1.0.1.1-{self._secret(86)}; {attributes}"
        )
        response.headers.append("set-cookie", f"_cfuvid={self._secret(43)}-{now}000-0.0.1.1-604800000; {attributes}")
        return response

    def _secret(self, length: int) -> str:
        return "".join(self.noise.choices(BASE62, k=length))
