"""Between received bytes and what a cassette says of them, both ways without loss."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator

from . import jsontext, multipart
from .model import (
    Base64Body,
    Base64Frame,
    Body,
    FileBody,
    Frame,
    JsonBody,
    JsonFrame,
    Part,
    PartsBody,
    PlainBody,
    RawFrame,
    RequestBody,
    TextBody,
    TextFrame,
    UnknownBody,
)

FILE_THRESHOLD = 1 << 20
"""Bodies that are no JSON and longer than this many bytes stand in a file beside the cassette."""

_LINE_END = re.compile(r"[\r\n]")

FileReader = Callable[[str], bytes]
"""Gives the bytes of a large body by its SHA-256."""

KeepFile = Callable[[Iterable[bytes]], str]
"""Keeps a large body, given in pieces, in a file beside the cassette, and gives its SHA-256."""


def body_of(
    data: bytes | None,
    keep_file: KeepFile | None = None,
    content_type: str | None = None,
    *,
    spelling_kept: bool = True,
) -> Body | None:
    """What the cassette says of a body; None is no body, `b""` an empty one.

    `keep_file` takes a large body that is no JSON; without it such a body stays inline. `content_type` is the header
    that comes with it: only that can tell a multipart body. Without `spelling_kept`, JSON was spelled by somebody
    else.
    """
    if data is None:
        return None
    if not spelling_kept and (spelled := jsontext.spelled(data)):
        return JsonBody(value=spelled.value, style=jsontext.UNKNOWN)
    boundary = multipart.boundary_of(content_type)
    parts = multipart.split(data, boundary) if boundary else None
    if parts is None:
        return _plain_body(data, keep_file)
    return PartsBody(
        parts=tuple(Part(headers=part.headers, body=_plain_body(part.data, keep_file)) for part in parts)
    )


def _plain_body(data: bytes, keep_file: KeepFile | None) -> PlainBody:
    if data and (spelled := jsontext.spelled(data)):
        return JsonBody(value=spelled.value, style=spelled.style)
    if keep_file and len(data) > FILE_THRESHOLD:
        return FileBody(file=keep_file([data]))
    try:
        return TextBody(text=data.decode())
    except UnicodeDecodeError:
        return Base64Body(base64=base64.b64encode(data).decode())


def body_bytes(body: RequestBody | None, read_file: FileReader) -> bytes | None:
    """The bytes of a body, None if they are unknown.

    Raises ValueError for base64 that is none, and whatever `read_file` raises.
    """
    match body:
        case None | UnknownBody():
            return None
        case JsonBody():
            return jsontext.spell(body.value, body.style).encode()
        case TextBody():
            return body.text.encode()
        case Base64Body():
            return _unbase64(body.base64)
        case FileBody():
            return read_file(body.file)
        case PartsBody():
            parts = [multipart.Part(part.headers, body_bytes(part.body, read_file) or b"") for part in body.parts]
            return multipart.join(parts)


def body_files(*bodies: RequestBody | None) -> Iterator[str]:
    """The digests of those bodies that are large, and of such parts of multipart bodies."""
    for body in bodies:
        for one in (part.body for part in body.parts) if isinstance(body, PartsBody) else (body,):
            if isinstance(one, FileBody):
                yield one.file


def frame_of(data: bytes) -> Frame:
    """What the cassette says of a frame, or of the unfinished tail of a stream."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return Base64Frame(base64=base64.b64encode(data).decode())
    head, separator, payload = text.partition("data: ")
    payload = payload.removesuffix("\n\n")
    kind = head.removeprefix("event: ").removesuffix("\n") if head else None
    if not separator or _LINE_END.search(f"{kind or ''}{payload}"):
        return RawFrame(raw=text)
    candidate = _plain_frame(kind, payload)
    return candidate if frame_bytes(candidate) == data else RawFrame(raw=text)


def _plain_frame(kind: str | None, payload: str) -> Frame:
    spelled = jsontext.spelled(payload.encode())
    if spelled and jsontext.compact(spelled.value) == payload:
        return JsonFrame(event=kind, value=spelled.value)
    return TextFrame(event=kind, text=payload)


def frame_bytes(frame: Frame) -> bytes:
    """The bytes of a frame. Raises ValueError for base64 that is none."""
    match frame:
        case RawFrame():
            return frame.raw.encode()
        case Base64Frame():
            return _unbase64(frame.base64)
        case JsonFrame():
            payload = jsontext.compact(frame.value)
        case TextFrame():
            payload = frame.text
    head = "" if frame.event is None else f"event: {frame.event}\n"
    return f"{head}data: {payload}\n\n".encode()


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"the base64 is broken ({error})") from None
