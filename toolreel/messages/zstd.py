"""Where the blocks of zstd begin and end (RFC 8878 §3.1.1), without decoding them."""

from __future__ import annotations

from collections.abc import Generator

MAGIC = b"\x28\xb5\x2f\xfd"
_HEADER = 3
"""So long is the header of a block."""
_RAW, _RLE = 0, 1
_DICTIONARY = (0, 1, 2, 4)
_CONTENT = (0, 2, 4, 8)
"""How long fields of the header of a frame are, by its flags."""


class Blocks:
    """Follows a stream that begins with a frame. `hidden` bytes have come of which no decoder can say anything yet.

    Raw blocks are decoded byte by byte, and of one that repeats a byte there is only that byte; any other block says
    nothing before all of it has come.
    """

    def __init__(self) -> None:
        self._steps = self._walk()
        self._got = bytearray()
        self._header = 0
        self._is_raw = False
        self._wanted = next(self._steps)

    @property
    def hidden(self) -> int:
        """How many bytes of a block, or of a header, have come that is not at its end."""
        return 0 if self._is_raw else self._header + len(self._got)

    def feed(self, data: bytes) -> None:
        """The next bytes have come."""
        at = 0
        while at < len(data):
            piece = data[at : at + self._wanted - len(self._got)]
            self._got += piece
            at += len(piece)
            while len(self._got) == self._wanted:
                got, self._got = bytes(self._got), bytearray()
                self._wanted = self._steps.send(got)

    def _walk(self) -> Generator[int, bytes, None]:
        """Says how many bytes it wants to see next, and gets them."""
        while True:
            magic = yield len(MAGIC)
            if magic != MAGIC:  # a frame that is to be skipped
                yield int.from_bytes((yield 4), "little")
                continue
            [flags] = yield 1
            single = flags >> 5 & 1
            size = _CONTENT[flags >> 6] or single
            yield (0 if single else 1) + _DICTIONARY[flags & 3] + size
            last = 0
            while not last:
                header = int.from_bytes((yield _HEADER), "little")
                last, kind, size = header & 1, header >> 1 & 3, header >> 3
                self._is_raw, self._header = kind == _RAW, _HEADER
                yield 1 if kind == _RLE else size
                self._is_raw, self._header = False, 0
            yield 4 * (flags >> 2 & 1)  # a checksum
