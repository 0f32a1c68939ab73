"""Answers as bytes on the wire (RFC 9112): their heads, and the form in which a body is sent."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from toolreel.messages.http import Headers
from toolreel.replay.answer import Answer

RESETS = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: who closes such a socket resets the connection (socket(7))."""

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_NAME, _VALUE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"), re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING = frozenset({"connection", "content-length", "transfer-encoding"})
"""Fields that only who sends can know."""
_CHUNKED = ((b"transfer-encoding", b"chunked"),)
_NO_BODY = frozenset({204, 304})


Fields = tuple[tuple[bytes, bytes], ...]


class Form(NamedTuple):
    """What of a request decides how its answer is sent."""

    is_head: bool = False
    is_old: bool = False
    """HTTP/1.0: the end of the connection ends a body of unknown length."""
    keeps: bool = False
    """The connection goes on after it."""


USUAL = Form(keeps=True)
"""What nearly all requests want."""


def fields(headers: Headers) -> Fields:
    """The fields of an answer, but for those of its form; raises ValueError if they cannot be sent."""
    for name, value in headers:
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError(f"the header {name!r} cannot be sent")
    return tuple(
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers if name.lower() not in _FRAMING
    )


def framing(status: int, length: int | None, form: Form) -> Fields:
    """The field that says where the body ends, if one does (RFC 9112 §6)."""
    if length is not None and status != 204:
        return ((b"content-length", b"%d" % length),)
    return () if form.is_old or status in _NO_BODY else _CHUNKED


def has_body(status: int, form: Form) -> bool:
    """Whether anything may come after the head."""
    return not form.is_head and status not in _NO_BODY


class Sheet(NamedTuple):
    """How one answer is sent: its head, and how its body is framed if it has one."""

    head: bytes
    has_body: bool
    is_chunked: bool

    def piece(self, data: bytes) -> bytes:
        """A part of the body, which is not empty."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.is_chunked else data

    @property
    def end(self) -> bytes:
        """What ends the body."""
        return b"0\r\n\r\n" if self.is_chunked and self.has_body else b""


def sheet(answer: Answer, form: Form) -> Sheet:
    """How an answer is sent; raises ValueError if it cannot be sent."""
    if answer.reset:
        return _NOTHING
    return _sheet(answer.status, answer.headers, answer.length, form)


@lru_cache(1024)
def _sheet(status: int, headers: Headers, length: int | None, form: Form) -> Sheet:
    frame = framing(status, length, form)
    last = () if form.keeps else ((b"connection", b"close"),)
    lines = [b"%b: %b\r\n" % field for field in (*frame, *last)]
    return Sheet(b"".join((_begin(status, headers), *lines, b"\r\n")), has_body(status, form), frame is _CHUNKED)


@lru_cache(1024)
def _begin(status: int, headers: Headers) -> bytes:
    """What the heads of answers of every length share."""
    if status < 200:
        raise ValueError(f"{status} is no status of an answer")
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}".encode()]
    lines += [b"%b: %b" % field for field in fields(headers)]
    return b"\r\n".join((*lines, b""))


_NOTHING = Sheet(b"", False, False)


def is_instant(answer: Answer) -> bool:
    """Whether an answer goes out at once, in one piece."""
    return not (answer.wait or answer.delays or answer.end_delay or answer.reset or len(answer.pieces) > 1)


def whole(answer: Answer, how: Sheet) -> bytes:
    """An instant answer."""
    if not (how.has_body and answer.pieces):
        return how.head if answer.cut else how.head + how.end
    if not how.is_chunked:
        return how.head + answer.pieces[0]
    end = b"" if answer.cut else how.end
    return b"%b%x\r\n%b\r\n%b" % (how.head, len(answer.pieces[0]), answer.pieces[0], end)


def reset(transport: asyncio.BaseTransport) -> None:
    """Lets a connection be reset when it is closed, which is not done here."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
