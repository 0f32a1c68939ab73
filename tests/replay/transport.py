"""A session as the transport of the real client: no sockets, and time passes only where an answer says so."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import openai

from toolreel.messages.http import HttpRequest, headers_of
from toolreel.replay.answer import Answer
from toolreel.replay.session import Session

httpx: Any = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])
"""The library that the client is made with: httpx, or httpx2 since openai 3."""


class Clock:
    """A clock that goes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Body(httpx.SyncByteStream):  # type: ignore[misc] # of either library
    def __init__(self, answer: Answer, wait: Any, request: Any) -> None:
        self._answer, self._wait, self._request = answer, wait, request

    def __iter__(self) -> Iterator[bytes]:
        delays = iter(self._answer.delays)
        for piece in self._answer.pieces:
            self._wait(next(delays, 0))
            yield piece
        self._wait(self._answer.end_delay)
        if self._answer.cut:
            raise httpx.RemoteProtocolError("peer closed connection", request=self._request)


class SessionTransport(httpx.BaseTransport):  # type: ignore[misc] # of either library
    """Asks a session, and lets answers break as they break on a socket. `asked` are the requests."""

    def __init__(self, session: Session, clock: Clock | None = None) -> None:
        self.session = session
        self.clock = clock or Clock()
        self.asked: list[tuple[float, str]] = []

    def handle_request(self, request: Any) -> Any:
        self.asked.append((self.clock.now, f"{request.method} {request.url.path}"))
        target = request.url.raw_path.decode()
        body = request.read() or None
        answer = self.session.answer(HttpRequest(request.method, target, headers_of(request.headers.raw), body))
        patience = request.extensions["timeout"]["read"]

        def wait(milliseconds: float) -> None:
            if patience is not None and milliseconds > patience * 1000:
                self.clock.sleep(patience)
                raise httpx.ReadTimeout("the read timed out", request=request)
            self.clock.sleep(milliseconds / 1000)

        wait(answer.wait)
        if answer.reset:
            raise httpx.ReadError("connection reset by peer", request=request)
        return httpx.Response(answer.status, headers=list(answer.headers), stream=_Body(answer, wait, request))


def client_of(transport: SessionTransport, **options: Any) -> openai.OpenAI:
    """The real client, unchanged but for its transport."""
    client = httpx.Client(transport=transport, timeout=options.get("timeout", 600))
    return openai.OpenAI(base_url="http://h/v1", api_key="sk-any", http_client=client, **options)
