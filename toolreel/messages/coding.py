"""Content codings (RFC 9110 §8.4): bodies are recorded decoded, piece by piece as they come."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import NamedTuple, Protocol

from . import zstd


class CodingError(ValueError):
    """The body is not in the coding that its header names, or this machine cannot decode it."""


class Decoder(Protocol):
    """Decodes a body in pieces."""

    @property
    def opaque(self) -> bool:
        """Whether bytes have come that are coded, and of which it is not known what they say."""

    @property
    def hidden(self) -> int:
        """How many these are, as far as it is known."""

    @property
    def checks(self) -> bool:
        """Whether what comes now, or came last, is a checksum of the decoded bytes."""

    @property
    def begun(self) -> int:
        """How many coded bodies have begun after another, such as members of gzip."""

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes that `data` gives; raises CodingError."""

    def close(self) -> bytes:
        """The last decoded bytes; raises CodingError if the coded body is not at its end."""


class _Zlib:
    """gzip (RFC 1952, several members allowed) and deflate (RFC 1950, and the raw RFC 1951 that some send)."""

    opaque = False
    hidden = 0
    begun = 0

    @property
    def checks(self) -> bool:
        """Whether all text has come, and the checksum of it is due."""
        probe = self._inflate.copy()
        try:
            probe.decompress(b"\xff" * 8)
        except zlib.error as error:
            return "data check" in str(error) or "length check" in str(error)
        return probe.eof

    def __init__(self, *wbits: int) -> None:
        self._wbits = list(wbits)
        self._inflate = zlib.decompressobj(self._wbits.pop(0))
        self._undecided = b""  # what has come while another form is still possible

    def feed(self, data: bytes) -> bytes:
        decoded = b""
        while data:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
                self.begun += 1
            if self._wbits:
                self._undecided += data
            try:
                decoded += self._inflate.decompress(data)
            except zlib.error as error:
                if not self._wbits:
                    raise CodingError(str(error)) from None
                self._inflate = zlib.decompressobj(self._wbits.pop(0))
                data = self._undecided
                continue
            if decoded or self._inflate.eof:
                self._wbits.clear()
            data = self._inflate.unused_data
        return decoded

    def close(self) -> bytes:
        if not self._inflate.eof:
            raise CodingError("the compressed body ends too early")
        return b""


class _Brotli:
    """br (RFC 7932), with the package `brotli` that comes with mitmproxy."""

    opaque = False
    hidden = 0
    checks = False
    begun = 0

    def __init__(self) -> None:
        self._module = _module("brotli", "br")
        self._decompressor = self._module.Decompressor()

    def feed(self, data: bytes) -> bytes:
        try:
            decoded = piece = self._decompressor.process(data)
            while piece and not self._decompressor.is_finished():  # it gives 32 KiB at a time
                piece = self._decompressor.process(b"")
                decoded += piece
        except Exception as error:  # noqa: BLE001 - the package's own class of error has changed its place
            raise CodingError(str(error)) from None
        return bytes(decoded)

    def close(self) -> bytes:
        if not self._decompressor.is_finished():
            raise CodingError("the compressed body ends too early")
        return b""


class _Zstandard:
    """zstd (RFC 8878), with the package `zstandard` that comes with mitmproxy.

    It gives whole blocks, of up to 128 KiB, or what has come of one that is not compressed; of a compressed one that
    is cut nobody knows what it says.
    """

    checks = False  # a checksum that is not at its end is hidden
    begun = 0

    def __init__(self) -> None:
        self._module = _module("zstandard", "zstd")
        self._decompressor = self._module.ZstdDecompressor().decompressobj()
        self._head = b""
        self._blocks = zstd.Blocks()
        self._failed = False

    @property
    def hidden(self) -> int:
        """How many bytes of a block have come; what does not begin like a frame is not coded at all."""
        return self._blocks.hidden if self._head == zstd.MAGIC and not self._failed else 0

    @property
    def opaque(self) -> bool:
        """Whether a block has begun that is not at its end, or what is in a frame is broken."""
        return bool(self.hidden) or (self._failed and self._head == zstd.MAGIC)

    def feed(self, data: bytes) -> bytes:
        decoded = b""
        self._head += data[: len(zstd.MAGIC) - len(self._head)]
        self._blocks.feed(data)
        while data:
            if self._decompressor.eof:
                self._decompressor = self._module.ZstdDecompressor().decompressobj()
            try:
                decoded += self._decompressor.decompress(data)
            except Exception as error:  # noqa: BLE001 - see _Brotli
                self._failed = True
                raise CodingError(str(error)) from None
            data = self._decompressor.unused_data
        return decoded

    def close(self) -> bytes:
        if not self._decompressor.eof:
            raise CodingError("the compressed body ends too early")
        return b""


def _module(name: str, coding: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise CodingError(f"decoding {coding} needs the package {name}") from None


class Chain:
    """Several codings, applied one after the other by the sender and undone in the opposite order.

    If it is to be `watched`, it knows what came last and says nothing yet.
    """

    def __init__(self, decoders: list[Decoder], *, watched: bool) -> None:
        self._decoders = decoders
        self._watched = watched and bool(decoders)
        self._last = bytearray()
        self._lost = False  # whether a decoded byte came from before `_last`, and it is not known from where

    @property
    def opaque(self) -> bool:
        """Whether one of them is."""
        return any(decoder.opaque for decoder in self._decoders)

    @property
    def hidden(self) -> int:
        """How many bytes have come that must not be kept, because they may tell a secret.

        They hold text that cannot be decoded, or a checksum of what was: by that a secret could be guessed.
        """
        hidden = next((decoder.hidden for decoder in self._decoders if decoder.hidden), 0)
        return hidden or (0 if self.rest or self._is_over else len(self._last))

    @property
    def _is_over(self) -> bool:
        try:
            self.close()
        except CodingError:
            return False
        return True

    @property
    def rest(self) -> bytes:
        """What has come since the last byte that was needed to decode what is decoded, if it may be kept.

        No text is in it: inflate and brotli give out each byte as soon as it can be known. Of zstd it is not told.
        """
        if self.opaque or self._lost or len(self._last) > _MOST_REST or any(one.checks for one in self._decoders):
            return b""
        return bytes(self._last)

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes that `data` gives; raises CodingError."""
        if not self._watched:
            return self._through(data)
        pieces = [data[:-_MOST_REST]] if len(data) > _MOST_REST else []
        pieces += [data[at : at + 1] for at in range(max(0, len(data) - _MOST_REST), len(data))]
        decoded = bytearray()
        for piece in pieces:
            begun = sum(one.begun for one in self._decoders)
            came = self._through(piece)
            decoded += came
            if came:
                self._last, self._lost = bytearray(), len(piece) > 1
            elif begun != sum(one.begun for one in self._decoders):  # what was before is complete, checksum and all
                self._last, self._lost = bytearray(piece[-1:]), len(piece) > 1
            else:
                self._last = (self._last + piece)[: _MOST_REST + 1]
        return bytes(decoded)

    def _through(self, data: bytes) -> bytes:
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data

    def close(self) -> bytes:
        """The last decoded bytes; raises CodingError if a coded body is not at its end."""
        rest = b""
        for decoder in self._decoders:
            rest = decoder.feed(rest) + decoder.close()
        return rest


_MOST_REST = 1024
"""Inflate needs about 600 bytes at most, a header full of tables, before it can give out the next byte."""


_MOST_BROKEN = 8
"""Nothing that is coded fits into so few bytes; a wrong checksum does."""

_CODINGS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS, -zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstandard,
}


def decoder(content_encoding: str, *, watched: bool = False) -> Chain:
    """A decoder for the value of a content-encoding header, `identity` and empty values included.

    Only if it is `watched`, which takes time, it tells the `rest`. Raises CodingError for a coding that is not known
    or not available here.
    """
    names = [name for part in content_encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    try:
        return Chain([_CODINGS[name]() for name in reversed(names)], watched=watched)
    except KeyError as error:
        raise CodingError(f"the content coding {error.args[0]} is not known") from None


def decode(data: bytes, content_encoding: str) -> bytes:
    """A whole body decoded; raises CodingError."""
    chain = decoder(content_encoding)
    return chain.feed(data) + chain.close()


class Decodable(NamedTuple):
    """What a body says as far as it can be decoded, which may be nothing, and whether more is in it unseen.

    `rest` came after it and says nothing yet, `hidden` bytes of it say something that cannot be known.
    """

    data: bytes
    opaque: bool
    rest: bytes = b""
    hidden: int = 0


def decodable(data: bytes, content_encoding: str) -> Decodable:
    """What can be had of a body that is cut or broken."""
    try:
        chain = decoder(content_encoding, watched=True)
    except CodingError:
        return Decodable(b"", False)
    with suppress(CodingError):
        return Decodable(chain.feed(data), chain.opaque, chain.rest, chain.hidden)
    chain, decoded = decoder(content_encoding), bytearray()
    at = 0
    with suppress(CodingError):
        for at in range(len(data)):  # one by one, because a piece that breaks the coding gives nothing
            decoded += chain.feed(data[at : at + 1])
    # What comes after the break may be coded all the same, such as another member of gzip.
    hidden = len(data) - at
    return Decodable(bytes(decoded), chain.opaque or (bool(decoded) and hidden > _MOST_BROKEN), hidden=hidden)


def decoded_or_raw(data: bytes | None, content_encoding: str | None) -> bytes | None:
    """A request's body as it is recorded and compared: decoded as far as it can be, or as it came if nothing can."""
    if not data or not content_encoding:
        return data
    try:
        return decode(data, content_encoding)
    except CodingError:
        found = decodable(data, content_encoding)
        return found.data if found.data or found.opaque else data
