"""How the pieces of an answer get from the plain door to the proxy door, so that it sends the very same ones.

Between two programs TCP keeps the bytes and loses the pieces: each travels with its length in front. What the proxy
door must do besides, two headers tell it.
"""

from __future__ import annotations

PARCELS_HEADER = "x-toolreel-parcels"
"""The body comes in parcels; the value is the length of the body for the client's headers, or `stream`."""

RESET_HEADER = "x-toolreel-reset"
"""The client's connection is to be reset, and nothing sent."""

_PREFIX = 4


def parcel(piece: bytes) -> bytes:
    """A piece with its length in front."""
    return len(piece).to_bytes(_PREFIX, "big") + piece


class Unpacking:
    """Gives back the pieces, in whatever parts their parcels come."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def __call__(self, data: bytes) -> list[bytes]:
        """The pieces that are complete now."""
        pending, pieces = self._pending, list[bytes]()
        pending += data
        while len(pending) >= _PREFIX:
            end = _PREFIX + int.from_bytes(pending[:_PREFIX], "big")
            if len(pending) < end:
                break
            pieces.append(bytes(pending[_PREFIX:end]))
            del pending[:end]
        return pieces
