"""Content codings (RFC 9110 §8.4): bodies are recorded decoded, piece by piece as they come."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple, Protocol


class CodingError(ValueError):
    """The body is not in the coding that its header names, or this machine cannot decode it."""


class Decoder(Protocol):
    """Decodes a body in pieces."""

    @property
    def opaque(self) -> bool:
        """Whether bytes have come that are coded, and of which it is not known what they say."""

    def feed(self, data: bytes) -> bytes:
        """The decoded bytes that `data` gives; raises CodingError."""

    def close(self) -> bytes:
        """The last decoded bytes; raises CodingError if the coded body is not at its end."""


class _Zlib:
    """gzip (RFC 1952, several members allowed) and deflate (RFC 1950, and the raw RFC 1951 that some send)."""

    opaque = False

    def __init__(self, *wbits: int) -> None:
        self._wbits = list(wbits)
        self._inflate = zlib.decompressobj(self._wbits.pop(0))
        self._undecided = b""  # what has come while another form is still possible

    def feed(self, data: bytes) -> bytes:
        decoded = b""
        while data:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
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

    def __init__(self) -> None:
        self._module = _module("brotli", "br")
        self._decompressor = self._module.Decompressor()  # type: ignore[attr-defined]

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

    It gives whole blocks only, of up to 128 KiB; of one that is cut nobody knows what it says.
    """

    def __init__(self) -> None:
        self._module = _module("zstandard", "zstd")
        self._decompressor = self._module.ZstdDecompressor().decompressobj()  # type: ignore[attr-defined]
        self._head = b""

    @property
    def opaque(self) -> bool:
        """Whether a frame has begun and is not at its end; what does not begin like one is not coded at all."""
        return self._head == _ZSTD_MAGIC and not self._decompressor.eof

    def feed(self, data: bytes) -> bytes:
        decoded = b""
        self._head += data[: len(_ZSTD_MAGIC) - len(self._head)]
        while data:
            if self._decompressor.eof:
                self._decompressor = self._module.ZstdDecompressor().decompressobj()  # type: ignore[attr-defined]
            try:
                decoded += self._decompressor.decompress(data)
            except Exception as error:  # noqa: BLE001 - see _Brotli
                raise CodingError(str(error)) from None
            data = self._decompressor.unused_data
        return decoded

    def close(self) -> bytes:
        if not self._decompressor.eof:
            raise CodingError("the compressed body ends too early")
        return b""


_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def _module(name: str, coding: str) -> object:
    try:
        return import_module(name)
    except ImportError:
        raise CodingError(f"decoding {coding} needs the package {name}") from None


class _Chain:
    """Several codings, applied one after the other by the sender and undone in the opposite order."""

    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    @property
    def opaque(self) -> bool:
        """Whether one of them is."""
        return any(decoder.opaque for decoder in self._decoders)

    def feed(self, data: bytes) -> bytes:
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data

    def close(self) -> bytes:
        rest = b""
        for decoder in self._decoders:
            rest = decoder.feed(rest) + decoder.close()
        return rest


_CODINGS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS, -zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstandard,
}


def decoder(content_encoding: str) -> Decoder:
    """A decoder for the value of a content-encoding header, `identity` and empty values included.

    Raises CodingError for a coding that is not known or not available here.
    """
    names = [name for part in content_encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    try:
        return _Chain([_CODINGS[name]() for name in reversed(names)])
    except KeyError as error:
        raise CodingError(f"the content coding {error.args[0]} is not known") from None


def decode(data: bytes, content_encoding: str) -> bytes:
    """A whole body decoded; raises CodingError."""
    chain = decoder(content_encoding)
    return chain.feed(data) + chain.close()


class Decodable(NamedTuple):
    """What a body says as far as it can be decoded, which may be nothing, and whether more is in it unseen."""

    data: bytes
    opaque: bool


def decodable(data: bytes, content_encoding: str) -> Decodable:
    """What can be had of a body that is cut or broken."""
    try:
        chain = decoder(content_encoding)
    except CodingError:
        return Decodable(b"", False)
    with suppress(CodingError):
        return Decodable(chain.feed(data), chain.opaque)
    chain, decoded = decoder(content_encoding), bytearray()
    with suppress(CodingError):
        for at in range(len(data)):  # one by one, because a piece that breaks the coding gives nothing
            decoded += chain.feed(data[at : at + 1])
    return Decodable(bytes(decoded), chain.opaque)


def decoded_or_raw(data: bytes | None, content_encoding: str | None) -> bytes | None:
    """A request's body as it is recorded and compared: decoded as far as it can be, or as it came if nothing can."""
    if not data or not content_encoding:
        return data
    try:
        return decode(data, content_encoding)
    except CodingError:
        found = decodable(data, content_encoding)
        return found.data if found.data or found.opaque else data
