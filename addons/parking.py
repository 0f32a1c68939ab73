"""Where answers wait that mitmproxy cannot give by itself: those that are paced, cut, reset, or in pieces."""

from __future__ import annotations

import secrets

from toolreel.messages.http import HttpRequest, header
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss
from toolreel.server.entrance import refusal

PARKED_HEADER = "x-toolreel-parked"
"""The key of an answer, in the request that fetches it."""

_MOST = 4096
"""Answers whose clients leave are never fetched: the oldest give way."""


class Parking:
    """What the plain door behind the proxy door answers: each answer once, to who knows its key.

    The proxy's thread parks, the plain door's thread gives out.
    """

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def park(self, answer: Answer) -> str:
        """Keeps an answer, and gives the key to it, which nobody can guess."""
        key = secrets.token_urlsafe(16)
        self._answers[key] = answer
        if len(self._answers) > _MOST:
            self._answers.pop(next(iter(self._answers)), None)
        return key

    def answer(self, request: HttpRequest) -> Answer:
        """The answer that was parked for this request."""
        answer = self._answers.pop(header(request.headers, PARKED_HEADER) or "", None)
        return answer or refusal(403, "Refused: this port serves toolreel's own proxy door only.")

    def note(self, miss: Miss) -> None:
        """Nothing can be missed here."""
        raise AssertionError(miss)
