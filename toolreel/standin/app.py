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

from toolreel.messages.http import HttpRequest as Message
from toolreel.messages.http import headers_of
from toolreel.replay.answer import Answer
from toolreel.replay.broken import BrokenStream, broken, standing_in
from toolreel.replay.faults import NO_FAULTS, Fault
from toolreel.replay.trouble import Trouble, Wanted

from . import api, errors, runs
from .breaking import Breaking, Reset, preview_of
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
    script: Script,
    *,
    clock: Clock = time.time,
    random: Random | None = None,
    sleep: Sleep = asyncio.sleep,
    trouble: Trouble | None = None,
) -> ASGIApp:
    """A stand-in of the Assistants API that plays this script, as an ASGI application with its own, empty state.

    `clock` gives Unix seconds, `random` mints the ids, `sleep` waits so many seconds between the frames of a stream:
    give all three for runs that are the same every time. `trouble` breaks answers. To be used by one event loop.
    """
    door = _Door(script, clock, random or Random(), sleep, trouble or Trouble(NO_FAULTS))
    return Starlette(routes=[Route("/{path:path}", door.handle, methods=METHODS)])


def _json(value: JsonObject, status: int) -> Answer:
    return _answer(pretty(value), "application/json", status)


def _answer(data: bytes, kind: str, status: int = 200) -> Answer:
    return Answer(status, (("content-type", kind),), (data,) if data else (), length=len(data))


class _Door:
    def __init__(self, script: Script, clock: Clock, random: Random, sleep: Sleep, trouble: Trouble) -> None:
        self.trouble = trouble
        self.world = World(script, random)
        self.clock = clock
        self.sleep = sleep
        # Headers draw from their own source, so that the number of polls does not change later ids.
        self.noise = Random(random.random())

    async def handle(self, request: HttpRequest) -> Response:
        raw = await request.body()
        wanted = Wanted(Message(request.method, request.url.path, headers_of(request.headers.raw), raw))
        if fault := self.trouble.instead(wanted):
            return await self._whole(request, standing_in(fault))
        try:
            handler, ids = api.route(request.method, request.scope["path"])
            self._check_key(request)
            reply = handler(self.world, self._as_core(request, ids, raw))
        except ApiError as error:
            return await self._struck(request, wanted, _json(error.body(), error.status))
        match reply:
            case Stream():
                return await self._stream(request, wanted, reply)
            case Content():
                return await self._struck(request, wanted, _answer(reply.data, "application/octet-stream"))
            case _:
                return await self._struck(request, wanted, _json(reply, 200))

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

    async def _struck(self, request: HttpRequest, wanted: Wanted, answer: Answer) -> Response:
        """An answer that is no stream, as the faults leave it."""
        self.trouble.learn(answer)
        if fault := self.trouble.after(wanted, answer):
            answer, ended = broken(fault, answer)
            self._end([ended] if ended else [], fault)
        return await self._whole(request, answer)

    async def _whole(self, request: HttpRequest, answer: Answer) -> Response:
        await self.sleep(answer.wait / 1000)
        if answer.reset:
            return Reset()
        data, headers = b"".join(answer.pieces), dict(answer.headers)
        if headers.get("content-type") == "application/json" and "gzip" in request.headers.get("accept-encoding", ""):
            data = gzip.compress(data, mtime=0)  # no time in the header: equal answers stay equal bytes
            headers["content-encoding"] = "gzip"
        return self._respond(Response(data, answer.status, headers))

    async def _stream(self, request: HttpRequest, wanted: Wanted, stream: Stream) -> Response:
        """A stream as it happens, as the faults leave it."""
        whole = StreamingResponse(self._frames(stream), media_type="text/event-stream")
        if not self.trouble.watches:
            return self._respond(whole)
        preview = preview_of(stream)
        self.trouble.learn(preview)
        fault = self.trouble.after(wanted, preview)
        if fault is None:
            return self._respond(whole)
        if fault.reset:
            return await self._whole(request, broken(fault, preview)[0])
        await self.sleep(fault.delay_ms / 1000)
        return self._respond(Breaking(self._broken_frames(stream, fault)))

    async def _broken_frames(self, stream: Stream, fault: Fault) -> AsyncIterator[bytes]:
        """The frames as a fault leaves them; an empty one where the connection is to break off."""
        breaking, delay = BrokenStream(fault), 0.0
        for piece in breaking.start():
            yield piece
        async for frame in self._frames(stream, most=1):  # what is not sent any more has not happened
            if breaking.over:
                break
            await self.sleep(delay)
            delay = fault.frame_delay_ms / 1000
            for piece in breaking.feed(frame):
                yield piece
            self._end(breaking.ended, fault)
        if breaking.cut:
            yield b""

    def _end(self, ended: list[JsonObject], fault: Fault) -> None:
        """Lets a run end that a fault has ended, the last of these objects, with what it left unfinished."""
        if ended and (end := fault.run_end):
            thread = self.world.threads[ended[-1]["thread_id"]]
            runs.end_run(thread, thread.runs[ended[-1]["id"]], end, {item["id"]: item for item in ended})

    async def _frames(self, stream: Stream, most: int | None = None) -> AsyncIterator[bytes]:
        """The frames of a leg as their time comes, at `most` so many beats at a time, then the end."""
        leg, sent = stream.leg, 0
        while True:
            stream.thread.advance(self.clock(), most)
            while sent < len(leg.frames):
                yield utf8(leg.frames[sent])
                sent += 1
            if not leg.pending:
                break
            await self.sleep(max(0.0, leg.pending[0].at - self.clock()))
        yield utf8(DONE_FRAME)

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
