"""Fails closed: whatever goes wrong with an answer, the client gets one of toolreel's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer, miss_answer
from toolreel.replay.miss import Miss, MissCode

Note = Callable[[Miss], None]
"""Takes note of a miss that no session has found itself."""


class Answers(Protocol):
    """What decides: a session of `toolreel.replay`."""

    def answer(self, request: HttpRequest) -> Answer:
        """The answer to a request."""

    def note(self, miss: Miss) -> None:
        """Takes note of a miss that it did not find itself."""


LAST_RESORT = miss_answer(Miss(MissCode.INTERNAL, "toolreel failed, and failed to say why."))
"""Made before anything can go wrong."""


def answered(answers: Answers, request: HttpRequest) -> Answer:
    """The answer to a request; a bug in `answers` becomes a miss."""
    try:
        answer = answers.answer(request)
        if isinstance(answer, Answer):
            return answer
        problem = f"{type(answer).__name__} is no answer"  # type: ignore[unreachable] # unless there is a bug
    except Exception as error:  # noqa: BLE001 - fail closed
        problem = type(error).__name__  # what it says, and the request, may hold a secret
    return failed(answers, request, problem)


def failed(answers: Answers, request: HttpRequest, problem: str) -> Answer:
    """The answer that stands in for one that there is not, and a miss for the books."""
    message = f"toolreel failed on {request.method}: {problem}. This is a bug of toolreel's; please report it."
    answer, miss = None, Miss(MissCode.INTERNAL, message)
    with suppress(Exception):
        answers.note(miss)
    with suppress(Exception):
        answer = miss_answer(miss)
    return answer if isinstance(answer, Answer) else LAST_RESORT
