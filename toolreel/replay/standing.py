"""Answers that stand: to requests that are a conversation of their own, tied to nothing, whatever else is asked.

How long it takes to find one of ten thousand depends on how much memory is looked at that is not in the processor's
cache. So what is remembered of a request is two objects: its texts, and its answer with all that is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands(Answer):
    """An answer, as long as none of the ids `names` is handed out.

    `group` is the conversation that is thereby played once more, None if it is but a read.
    """

    group: Group | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, answer: Answer, group: Group | None, names: tuple[str, ...]) -> Stands:
        """The same answer as one that stands."""
        members = {name: getattr(answer, name) for name in _MEMBERS}
        return cls(**members | {"length": _shared(answer.length)}, group=group, names=names)


_MEMBERS = tuple(field.name for field in fields(Answer))


@lru_cache(4096)
def _shared(length: int | None) -> int | None:
    """The same length, as one object for all answers that are as long."""
    return length


class Standing:
    """Remembers answers by the whole request, until it is full: then it begins again.

    What is remembered holds as long as no more secrets are `seen` than when it was begun.
    """

    def __init__(self, seen: int = 0) -> None:
        self.seen = seen
        self._answers: dict[_Kind, dict[bytes, Stands]] = {}
        self._bytes = 0

    def get(self, request: HttpRequest) -> Stands | None:
        """What stands for a request."""
        kind, own = _key(request)
        alike = self._answers.get(kind)
        return None if alike is None else alike.get(own)

    def keep(self, request: HttpRequest, stands: Stands, *, is_shared: bool = False) -> None:
        """Remembers what stands for a request, unless one of the two is too long.

        An answer that `is_shared` is held by its tape in any case.
        """
        kind, own = _key(request)
        pieces = stands.pieces
        held = 0 if is_shared else sum(map(len, pieces)) + _PER_PIECE * len(pieces)
        length = len(own) + sum(len(name) + len(value) for name, value in request.headers)
        if length > _LONGEST or held > _LARGEST:
            return
        self._bytes += _OVERHEAD + length + held
        if self._bytes > _MOST_BYTES:
            self._answers.clear()
            self._bytes = _OVERHEAD + length + held
        self._answers.setdefault(kind, {})[own] = stands


_Kind = tuple[str, int, Headers, str | None, bool]
"""What many requests share: all of them but their texts."""


def _key(request: HttpRequest) -> tuple[_Kind, bytes]:
    """All of a request: its kind, which holds the length of its target, and target and body in one."""
    target, body = request.target, request.body
    own = target.encode("utf-8", "surrogatepass")
    return (request.method, len(target), request.headers, request.origin, body is None), own + body if body else own
