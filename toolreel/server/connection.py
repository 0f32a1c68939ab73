"""One client's connection to the plain HTTP door: reads requests, asks for answers, sends them in the same order.

The grammar of HTTP is httptools' (llhttp, which Node uses). What it leaves to its user is done here and in
the entrance: how long a request may be, which ways there are to say how long its body is, and that there is one Host.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import NamedTuple

import httptools

from toolreel.messages.http import Headers, HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.standing import Stands

from .closed import Answers, answered, failed
from .entrance import MAX_FIELDS, MAX_HEAD, SPECIAL, ambiguous, head_too_long, refusal, too_long, too_many_fields
from .sending import USUAL, Form, Sheet, is_instant, reset, sheet, whole

_LINGER_S = 2.0
"""How long a client that was refused may go on sending, so that it comes to read why."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MEASURES = frozenset({"content-length", "transfer-encoding"})
"""Who sends a body says so by one of them (RFC 9112 §6)."""


@lru_cache(64)
def _same(headers: Headers) -> Headers:
    """The same fields, as one object for all connections whose clients send equal ones."""
    return headers


Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class _RefusedError(Exception):
    """What has come of a request says that it cannot be served."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Asked(NamedTuple):
    """A request that waits for its turn, or the answer that refuses it."""

    what: HttpRequest | Answer
    form: Form


class Connection(asyncio.Protocol):
    """One client. `among` holds all connections that are open; `clock` and `sleep` go by seconds."""

    def __init__(
        self,
        answers: Answers,
        among: set[Connection],
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._answers, self._among, self._clock, self._sleep = answers, among, clock, sleep
        self._parser = httptools.HttpRequestParser(self)
        self._asked: deque[_Asked] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._is_paused = self._owes_continue = False
        self._is_deaf = False
        """No further request is read."""
        self._is_last = False
        """The connection ends after the answer that is being sent."""
        self._unmade = 0
        """How many bytes came since something was made of the last."""
        self._headers: Headers = ()
        """The fields of the head that came last."""
        self._begin()

    def _begin(self) -> None:
        """Forgets what was read of a request."""
        self._target, self._size, self._has_head = b"", 0, False
        self._offers = False
        """The request has a body, and offers to go on as something else than HTTP/1.1."""
        self._fields: list[tuple[str, str]] = []
        self._body: list[bytes] = []

    # --------------------------------------------------------------------------------------------- what asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment] # uvloop's are none of asyncio's
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection is no more."""
        self._among.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or was left."""
        self._among.discard(self)
        self._is_deaf = True
        self._asked.clear()
        if self._sending is not None:
            self._sending.cancel()
        self.left.set_result(None)

    def pause_writing(self) -> None:
        """The client is slower than its answers."""
        self._room.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._room.set()
        self._answer()

    def data_received(self, data: bytes) -> None:
        """The client sent something."""
        if self._is_deaf:
            return
        self._unmade += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            why = error.__context__  # what the methods below raise
            self._refuse(
                why.answer
                if isinstance(why, _RefusedError)
                else refusal(400, f"The request is no good HTTP/1.1: {error}.")
            )
        if self._unmade > MAX_HEAD:
            self._refuse(head_too_long())
        self._answer()

    def _feed(self, data: bytes | memoryview) -> None:
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = memoryview(data)[upgrade.args[0] :]
                self._stay()
            else:
                return

    def _stay(self) -> None:
        """It stays HTTP/1.1 (RFC 9110 §7.8), also for the body of the request that offered something else.

        httptools takes no such body for one, so it is given the head once more without the offer.
        """
        offer, self._parser = self._parser, httptools.HttpRequestParser(self)
        if self._offers:
            lines = [b"%b %b HTTP/%b" % (offer.get_method(), self._target, offer.get_http_version().encode())]
            lines += [f"{name}: {value}".encode("latin-1") for name, value in self._fields if name != "upgrade"]
            self._begin()
            self._parser.feed_data(b"\r\n".join((*lines, b"", b"")))

    # ------------------------------------------------------------------------------------------- what httptools tells

    def on_url(self, url: bytes) -> None:
        """The target of a request, or a part of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of a request's head. The fields of a trailer are dropped (RFC 9110 §6.5.1)."""
        if not self._has_head:
            # What is not ASCII is taken as Latin-1 (RFC 9110 §5.5).
            self._fields.append((name.decode("latin-1").lower(), value.decode("latin-1").rstrip(" \t")))

    def on_headers_complete(self) -> None:
        """The head of a request has come."""
        self._has_head = True
        if self._unmade > MAX_HEAD:
            size = len(self._target) + sum(len(name) + len(value) for name, value in self._fields)
            if size > MAX_HEAD:  # and it is not the body that came along
                raise _RefusedError(head_too_long())
        if len(self._fields) > MAX_FIELDS:
            raise _RefusedError(too_many_fields())
        self._unmade = 0
        self._offers = self._parser.should_upgrade() and any(name in _MEASURES for name, _ in self._fields)
        if self._offers:
            return
        headers = tuple(self._fields)
        if headers != self._headers:  # clients send the same again and again: then it is one object, soon known
            self._headers = _same(headers)
        special = [field for field in self._fields if field[0] in SPECIAL]
        version = self._parser.get_http_version()
        if len(special) != 1 or special[0][0] != "host" or version != "1.1":
            self._check(version, special)

    def _check(self, version: str, special: list[tuple[str, str]]) -> None:
        """Refuses what others might read in another way, and what is too long; `special` are the fields that tell."""
        if (answer := ambiguous(version, special)) is not None:
            raise _RefusedError(answer)
        values = dict(special)
        self._measure(int(values.get("content-length", 0)))
        self._owes_continue = version == "1.1" and values.get("expect", "").lower() == "100-continue"
        if self._owes_continue and self._sending is None and not self._asked:
            self._continue()

    def on_body(self, data: bytes) -> None:
        """A part of a request's body."""
        self._unmade = 0
        self._size += len(data)
        self._body.append(data)
        self._measure(self._size)

    def _measure(self, size: int) -> None:
        if (answer := too_long(size)) is not None:
            raise _RefusedError(answer)

    def on_message_complete(self) -> None:
        """A request is complete, or will be read once more."""
        if self._offers:
            return
        method = self._parser.get_method().decode("latin-1")
        is_old = self._parser.get_http_version() == "1.0"
        keeps = not is_old and self._parser.should_keep_alive() and method != "CONNECT"
        request = HttpRequest(method, self._target.decode("latin-1"), self._headers, b"".join(self._body))
        is_usual = keeps and method != "HEAD"
        self._asked.append(_Asked(request, USUAL if is_usual else Form(method == "HEAD", is_old, keeps)))
        self._unmade, self._owes_continue, self._is_deaf = 0, False, not keeps
        self._begin()

    def _refuse(self, answer: Answer) -> None:
        """Lets the connection end with an answer that says why."""
        if not self._is_deaf:
            self._asked.append(_Asked(answer, Form()))
            self._is_deaf, self._owes_continue = True, False
            self._begin()

    # -------------------------------------------------------------------------------------------------------- answers

    def _answer(self) -> None:
        """Answers what is asked, as far as the client takes it."""
        while self._asked and self._sending is None and self._room.is_set():
            what, form = self._asked.popleft()
            if isinstance(what, Answer):
                self._transport.write(whole(what, sheet(what, form)))
                self._linger()
                break
            answer = answered(self._answers, what)
            stands = answer if form is USUAL and isinstance(answer, Stands) else None
            if stands is not None and stands.sent:
                self._transport.write(stands.sent)
                self._after(True)
                continue
            answer, how = self._sheet(answer, what, form)
            goes_on = form.keeps and not (answer.cut or answer.reset)
            if is_instant(answer):
                data = whole(answer, how)
                if stands is answer and goes_on and stands.sent is not None:
                    stands.keep_sent(data)
                self._transport.write(data)
                self._after(goes_on)
            else:
                self._sending = asyncio.get_running_loop().create_task(self._send(answer, how, goes_on))
        if self._is_paused != bool(self._asked):
            self._is_paused = not self._is_paused
            (self._transport.pause_reading if self._is_paused else self._transport.resume_reading)()
        if self._owes_continue and self._sending is None and not self._asked:
            self._continue()

    def _sheet(self, answer: Answer, request: HttpRequest, form: Form) -> tuple[Answer, Sheet]:
        """An answer and how it is sent, or what stands in for one that cannot be sent."""
        try:
            return answer, sheet(answer, form)
        except ValueError as error:
            answer = failed(self._answers, request, str(error))
            return answer, sheet(answer, form)

    async def _send(self, answer: Answer, how: Sheet, goes_on: bool) -> None:
        """Sends an answer when its parts are due."""
        try:
            await self._send_parts(answer, how)
        except Exception:  # noqa: BLE001 - fail closed: half an answer must not look whole
            self._transport.abort()
            goes_on = False
        self._sending = None
        self._after(goes_on)
        self._answer()

    async def _send_parts(self, answer: Answer, how: Sheet) -> None:
        """Due times add up from the beginning, so what a sleep takes too long is no delay for all that follows."""
        due = self._clock()

        async def wait(milliseconds: float) -> None:
            nonlocal due
            await self._room.wait()
            if milliseconds:
                due += milliseconds / 1000
                await self._sleep(max(0.0, due - self._clock()))
            else:
                await asyncio.sleep(0)  # what is written in one turn of the loop may leave together

        await wait(answer.wait)
        if answer.reset:
            reset(self._transport)
            self._transport.abort()
            return
        delays = iter(answer.delays)
        self._transport.write(how.head)
        for piece in answer.pieces if how.has_body else ():
            await wait(next(delays, 0))
            self._transport.write(how.piece(piece))
        await wait(answer.end_delay)
        if not answer.cut:
            self._transport.write(how.end)

    def _after(self, goes_on: bool) -> None:
        """What becomes of the connection after an answer."""
        if self._is_last or not goes_on:
            self._is_deaf, self._is_paused = True, False
            self._asked.clear()
            self._transport.close()

    def _continue(self) -> None:
        self._owes_continue = False
        self._transport.write(_CONTINUE)

    def _linger(self) -> None:
        """Ends the connection, and lets a client that is still sending read why (RFC 9112 §9.6)."""
        if self._transport.can_write_eof():
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(_LINGER_S, self._transport.abort)
        else:
            self._transport.close()

    def finish(self) -> None:
        """The server ends: what is being answered is answered."""
        self._is_last = self._is_deaf = True
        if self._sending is None:
            self._transport.close()

    def abort(self) -> None:
        """The server has waited long enough."""
        self._transport.abort()
