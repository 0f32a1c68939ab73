"""The entrance of the plain HTTP door: who may not come in is told so, and asks no session."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from toolreel.messages.http import Headers, HttpRequest, header
from toolreel.replay.answer import Answer, error_answer
from toolreel.replay.miss import Miss

from .closed import Answers
from .hosts import HostCheck

MAX_HEAD = 64 << 10
"""Longer heads of requests are refused, in bytes; so are trailers, and whatever else is no body."""
MAX_FIELDS = 100
"""More fields in a head are refused, as Apache and Envoy do: some headers are remembered, and must be small."""
MAX_BODY = 512 << 20
"""Longer requests are refused, in bytes; the API itself takes files of 512 MB at most."""

SPECIAL = frozenset({"host", "content-length", "transfer-encoding", "expect"})
"""The fields of a head that say how the request is to be read."""
_MOST_HEADERS = 64
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


def head_too_long() -> Answer:
    """The refusal of a request whose head is too long."""
    return refusal(431, f"The request's head is longer than {MAX_HEAD} bytes.")


def too_many_fields() -> Answer:
    """The refusal of a request whose head has too many fields."""
    return refusal(431, f"The request's head has more than {MAX_FIELDS} fields.")


def ambiguous(version: str, special: Sequence[tuple[str, str]]) -> Answer | None:
    """The refusal of a request that others might read in another way (RFC 9112 §11.2), by its SPECIAL fields."""
    names, values = [name for name, _ in special], dict(special)
    coding = values.get("transfer-encoding")
    if version not in ("1.1", "1.0"):
        return refusal(505, f"toolreel speaks HTTP/1.1, and not HTTP/{version}.")
    if len(names) != len(values):
        return refusal(400, f"The request has the header {max(names, key=names.count)} more than once.")
    if version == "1.1" and "host" not in values:
        return refusal(400, "The request has no header host.")
    if coding is not None and (coding.lower() != "chunked" or version == "1.0"):
        return refusal(501, f"toolreel knows no transfer-encoding {coding!r} in HTTP/{version}.")
    return None


def refusal(status: int, message: str) -> Answer:
    """The answer to a request that no session gets to see."""
    return error_answer(status, {"message": message, "type": "toolreel_refused", "param": None, "code": None})
