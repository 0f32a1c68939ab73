"""The gate of a server that listens beyond this machine: whoever does not bring its token is refused."""

from __future__ import annotations

from hmac import compare_digest

from toolreel.messages.http import HttpRequest, header
from toolreel.replay.answer import Answer, error_answer
from toolreel.replay.miss import Miss

from .closed import Answers

TOKEN_HEADER = "x-toolreel-token"
SHORTEST = 16
"""Shorter tokens could be guessed."""


class Gate:
    """Stands in front of what answers.

    The token comes as the API's key does, so that a client needs nothing but another key; or in a header of its own.
    A page elsewhere that rebinds its name to this server does not know it either.
    """

    def __init__(self, answers: Answers, token: str) -> None:
        self._answers = answers
        self._token = token.encode()

    def answer(self, request: HttpRequest) -> Answer:
        """The answer to a request that brings the token."""
        scheme, _, bearer = (header(request.headers, "authorization") or "").partition(" ")
        brought = [header(request.headers, name) or "" for name in ("api-key", TOKEN_HEADER)]
        brought += [bearer.strip()] if scheme.lower() == "bearer" else []
        if any(compare_digest(one.encode("utf-8", "surrogatepass"), self._token) for one in brought):
            return self._answers.answer(request)
        message = f"This replay server wants its token, as the API's key or in the header {TOKEN_HEADER}."
        return error_answer(401, {"message": message, "type": "toolreel_refused", "param": None, "code": None})

    def note(self, miss: Miss) -> None:
        """Takes note of a miss; whoever has one to note is inside."""
        self._answers.note(miss)
