"""How the proxy door learns which pieces the plain door sends, so that it sends the very same ones.

Between the two TCP keeps the bytes and loses the pieces. So their sizes are kept here until the proxy door asks for
them, under a key that travels in a header; the body stays as it is. Should the proxy door fail to ask, the client
still gets the right bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

PIECES_HEADER = "x-toolreel-pieces"
"""The key of an answer's pieces."""

RESET_HEADER = "x-toolreel-reset"
"""The client's connection is to be reset, and nothing sent."""

_MOST = 4096
"""Answers whose clients leave are never asked for: the oldest give way."""


class Pieces:
    """The sizes of the pieces of answers that are on their way; used by the threads of both doors."""

    def __init__(self) -> None:
        self._sizes: dict[str, list[int]] = {}
        self._keys = count()

    def keep(self, pieces: Iterable[bytes]) -> str:
        """The key under which an answer's pieces can be asked for, once."""
        key = str(next(self._keys))
        self._sizes[key] = [len(piece) for piece in pieces]
        if len(self._sizes) > _MOST:
            self._sizes.pop(next(iter(self._sizes)), None)
        return key

    def cutting(self, key: str) -> Cutting:
        """Cuts a body into the pieces of this key; leaves it as it comes if the key is unknown."""
        return Cutting(self._sizes.pop(key, ()))


class Cutting:
    """Gives a body in pieces of these sizes, in whatever parts it comes."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self._sizes = iter(tuple(sizes))
        self._pending = bytearray()
        self._wanted = next(self._sizes, 0)

    def __call__(self, data: bytes) -> list[bytes]:
        """The pieces that are whole now; at the end, marked by `b""`, what is left."""
        pending, pieces = self._pending, list[bytes]()
        pending += data
        while self._wanted and len(pending) >= self._wanted:
            pieces.append(bytes(pending[: self._wanted]))
            del pending[: self._wanted]
            self._wanted = next(self._sizes, 0)
        if pending and not (self._wanted and data):
            pieces.append(bytes(pending))
            pending.clear()
        return pieces
