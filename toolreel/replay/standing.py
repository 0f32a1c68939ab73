"""Answers that stand: to requests that are a conversation of their own, tied to nothing, whatever else is asked."""

from __future__ import annotations

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
_OVERHEAD = 1024
"""What a request takes beside its texts, in bytes; roughly."""
_PER_PIECE = 64
"""What a piece of an answer takes beside its bytes."""


class Stands(NamedTuple):
    """An answer, as long as none of the ids `names` is handed out, and no more secrets than these were `seen`.

    `group` is the conversation that is thereby played once more, None if it is but a read. An answer that `is_shared`
    is held by its tape in any case.
    """

    answer: Answer
    names: tuple[str, ...]
    group: Group | None
    seen: int
    is_shared: bool = False

    @property
    def size(self) -> int:
        """What it takes to hold it, in bytes; roughly."""
        return 0 if self.is_shared else sum(_PER_PIECE + len(piece) for piece in self.answer.pieces)


class Standing:
    """Remembers answers by the whole request; the oldest give way."""

    def __init__(self) -> None:
        self._answers: dict[_Whole, Stands] = {}
        self._bytes = 0

    def get(self, request: HttpRequest) -> Stands | None:
        """What stands for a request."""
        return self._answers.get(_whole(request))

    def keep(self, request: HttpRequest, stands: Stands) -> None:
        """Remembers what stands for a request, unless one of the two is too long."""
        whole = _whole(request)
        if _size(whole) > _LONGEST or stands.size > _LARGEST:
            return
        self._drop(whole)
        self._answers[whole] = stands
        self._bytes += _size(whole) + stands.size
        while self._bytes > _MOST_BYTES:
            self._drop(next(iter(self._answers)))

    def _drop(self, whole: _Whole) -> None:
        if (gone := self._answers.pop(whole, None)) is not None:
            self._bytes -= _size(whole) + gone.size


_Whole = tuple[str, str, Headers, bytes | None, str | None]
"""All of a request, quicker to look up than the request itself."""


def _whole(request: HttpRequest) -> _Whole:
    return request.method, request.target, request.headers, request.body, request.origin


def _size(whole: _Whole) -> int:
    _, target, headers, body, _ = whole
    return _OVERHEAD + len(target) + sum(len(name) + len(value) for name, value in headers) + len(body or b"")
