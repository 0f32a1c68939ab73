"""The entrance of the plain HTTP door: who may not come in is told so, and asks no session."""

from __future__ import annotations

from functools import lru_cache

from toolreel.messages.http import Headers, HttpRequest, header
from toolreel.replay.answer import Answer, error_answer
from toolreel.replay.miss import Miss

from .closed import Answers
from .hosts import HostCheck

MAX_BODY = 512 << 20
"""Longer requests are refused, in bytes; the API itself takes files of 512 MB at most."""


_MOST_HEADERS = 256
"""Of so many different headers it is remembered whether they are refused; most clients send the same every time."""


class Entrance:
    """Stands in front of what answers; `may_enter` says whether a Host header is the server's own (DNS rebinding)."""

    def __init__(self, answers: Answers, may_enter: HostCheck) -> None:
        self._answers = answers
        self._may_enter = may_enter
        self._refused = lru_cache(_MOST_HEADERS)(self._refusal)

    def answer(self, request: HttpRequest) -> Answer:
        """The answer to a request, or why it is refused."""
        return self._refused(request.headers) or self._answers.answer(request)

    def _refusal(self, headers: Headers) -> Answer | None:
        host = header(headers, "host")
        if not self._may_enter(host):
            return refusal(403, f"Refused: the Host header {host!r} is not this server's own.")
        return no_websocket(headers)

    def note(self, miss: Miss) -> None:
        """Takes note of a miss."""
        self._answers.note(miss)


def no_websocket(headers: Headers) -> Answer | None:
    """The refusal of a request that wants to become a websocket."""
    if (header(headers, "upgrade") or "").lower() == "websocket":
        return refusal(501, "toolreel does not replay websockets; use HTTP.")
    return None


def too_long(size: int) -> Answer | None:
    """The refusal of a request whose body is too long, in bytes."""
    return refusal(413, f"The request is longer than {MAX_BODY} bytes.") if size > MAX_BODY else None


def refusal(status: int, message: str) -> Answer:
    """The answer to a request that no session gets to see."""
    return error_answer(status, {"message": message, "type": "toolreel_refused", "param": None, "code": None})
