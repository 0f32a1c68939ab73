"""Cuts a body that comes from the plain door again as it was cut there: between the two TCP loses the pieces."""

from __future__ import annotations

from collections.abc import Iterable


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
