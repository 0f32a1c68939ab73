"""Answers that stand: to requests that are a conversation of their own, tied to nothing, whatever else is asked."""

from __future__ import annotations

from typing import NamedTuple

from toolreel.messages.http import HttpRequest

from .answer import Answer
from .tracks import Group

_MOST_BYTES = 32 << 20
"""How large all requests that are remembered may be together."""
_LONGEST = 64 << 10
"""Longer requests are not remembered."""
_OVERHEAD = 1024
"""What a request takes beside its texts, in bytes; roughly."""


class Stands(NamedTuple):
    """An answer, as long as none of the ids `names` is handed out, and no more secrets than these were `seen`.

    `group` is the conversation that is thereby played once more, None if it is but a read.
    """

    answer: Answer
    names: tuple[str, ...]
    group: Group | None
    seen: int


class Standing:
    """Remembers answers by the whole request; the oldest give way."""

    def __init__(self) -> None:
        self._answers: dict[HttpRequest, Stands] = {}
        self._bytes = 0

    def get(self, request: HttpRequest) -> Stands | None:
        """What stands for a request."""
        return self._answers.get(request)

    def keep(self, request: HttpRequest, stands: Stands) -> None:
        """Remembers what stands for a request, unless it is too long."""
        if _size(request) > _LONGEST:
            return
        if request not in self._answers:
            self._bytes += _size(request)
        self._answers[request] = stands
        while self._bytes > _MOST_BYTES:
            oldest = next(iter(self._answers))
            del self._answers[oldest]
            self._bytes -= _size(oldest)


def _size(request: HttpRequest) -> int:
    headers = sum(len(name) + len(value) for name, value in request.headers)
    return _OVERHEAD + len(request.target) + headers + len(request.body or b"")
