"""Answers that stand: to requests that are a conversation of their own, tied to nothing, whatever else is asked."""

from __future__ import annotations

import sys
from typing import NamedTuple

from toolreel.messages.http import Headers, HttpRequest

from .answer import Answer
from .tracks import Group

_MOST_BYTES = 32 << 20
"""How large all that is remembered may be together, as if no answer were that of two requests."""
_LONGEST = 64 << 10
"""Longer requests are not remembered."""
_LARGEST = 1 << 20
"""Nor are larger answers."""
_OVERHEAD = 512
"""What a request takes beside its texts, in bytes; roughly."""
_PER_PIECE = 64
"""What a piece of an answer takes beside its bytes."""


class Stands(NamedTuple):
    """An answer, as long as none of the ids `names` is handed out.

    `group` is the conversation that is thereby played once more, None if it is but a read.
    """

    answer: Answer
    group: Group | None
    names: tuple[str, ...]


class Standing:
    """Remembers answers by the whole request, until it is full: then it begins again.

    What is remembered holds as long as no more secrets are `seen` than when it was begun.
    """

    def __init__(self, seen: int = 0) -> None:
        self.seen = seen
        self._answers: dict[_Whole, Stands] = {}
        self._headers: dict[Headers, Headers] = {}
        self._bytes = 0

    def get(self, request: HttpRequest) -> Stands | None:
        """What stands for a request."""
        return self._answers.get(_whole(request))

    def keep(self, request: HttpRequest, stands: Stands, *, is_shared: bool = False) -> None:
        """Remembers what stands for a request, unless one of the two is too long.

        An answer that `is_shared` is held by its tape in any case.
        """
        method, target, headers, body, origin = _whole(request)
        pieces = stands.answer.pieces
        own = 0 if is_shared else sum(map(len, pieces)) + _PER_PIECE * len(pieces)
        length = len(target) + sum(len(name) + len(value) for name, value in headers) + len(body or b"")
        if length > _LONGEST or own > _LARGEST:
            return
        self._bytes += _OVERHEAD + length + own
        if self._bytes > _MOST_BYTES:
            self._answers.clear()
            self._headers.clear()
            self._bytes = _OVERHEAD + length + own
        # Of many requests the texts that are equal are one, so that little memory is looked at to find one of them.
        headers = self._headers.setdefault(headers, headers)
        self._answers[sys.intern(method), target, headers, body, origin] = stands


_Whole = tuple[str, str, Headers, bytes | None, str | None]
"""All of a request, quicker to look up than the request itself."""


def _whole(request: HttpRequest) -> _Whole:
    return request.method, request.target, request.headers, request.body, request.origin
