"""Answers that stand: to requests that are a conversation of their own, tied to nothing, whatever else is asked.

How long it takes to find one of ten thousand depends on how much memory is looked at that is not in the processor's
cache. So what is remembered of a request is two objects: its texts, and its answer with all that is known of it; and
the bytes in which a door sends it, so that they are put together once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

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
"""What a request takes beside its texts, in bytes; roughly. So does its kind, where it is the first of it."""
_PER_FIELD = 176
"""What a header field of a kind takes beside its texts."""
_MOST_SENT = 32 << 20
"""How large all together may be that doors have made of the answers."""
_PER_PIECE = 64
"""What a piece of an answer takes beside its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands(Answer):
    """An answer, as long as none of the ids `names` is handed out.

    `group` is the conversation that is thereby played once more, None if it is but a read. `sent` are the bytes in
    which a door usually sends it, none until it has made them, or None if there is no room for them.
    """

    group: Group | None
    names: tuple[str, ...]
    sent: bytes | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, answer: Answer, group: Group | None, names: tuple[str, ...]) -> Stands:
        """The same answer as one that stands."""
        members = {name: getattr(answer, name) for name in _MEMBERS}
        return cls(**members, group=group, names=names)

    def keep_sent(self, data: bytes) -> None:
        """Keeps what a door has made of it, for the next time."""
        object.__setattr__(self, "sent", data)


_MEMBERS = tuple(field.name for field in fields(Answer))


class Standing:
    """Remembers answers by the whole request, until it is full: then it begins again.

    What is remembered holds as long as no more secrets are `seen` than when it was begun.
    """

    def __init__(self, seen: int = 0) -> None:
        self.seen = seen
        self._answers: dict[_Kind, dict[bytes, Stands]] = {}
        self._bytes = self._sent = 0

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
        size = sum(map(len, stands.pieces))
        held = 0 if is_shared else size + _PER_PIECE * len(stands.pieces)
        of_headers = sum(len(name) + len(value) for name, value in request.headers)
        if len(own) + of_headers > _LONGEST or held > _LARGEST:
            return
        with_kind = _OVERHEAD + of_headers + _PER_FIELD * len(request.headers)
        of_own = _OVERHEAD + len(own) + held
        self._bytes += of_own if kind in self._answers else of_own + with_kind
        if self._bytes > _MOST_BYTES:
            self._answers.clear()
            self._bytes, self._sent = of_own + with_kind, 0
        if self._sent + size <= _MOST_SENT:
            self._sent += size
            stands.keep_sent(b"")
        self._answers.setdefault(kind, {})[own] = stands


_Kind = tuple[str, int, Headers, str | None, bool]
"""What many requests share: all of them but their texts."""


def _key(request: HttpRequest) -> tuple[_Kind, bytes]:
    """All of a request: its kind, which holds the length of its target, and target and body in one."""
    target, body = request.target, request.body
    own = target.encode("utf-8", "surrogatepass")
    return (request.method, len(target), request.headers, request.origin, body is None), own + body if body else own
