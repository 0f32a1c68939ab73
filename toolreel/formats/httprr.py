"""httprr, the format of Go's oscar and of langchaingo: the two messages of each exchange as they are on the wire."""

from __future__ import annotations

import re

from toolreel.messages.http import Headers, header

from .found import (
    LARGEST,
    Answer,
    BufferedFile,
    FormatError,
    Found,
    Left,
    LeftError,
    Taken,
    asked,
    body_is_missing,
    exactly,
    fields,
    headed,
)

TOOL = "httprr"
FIRST_LINE = b"httprr trace v1"

_LENGTHS = re.compile(rb"([0-9]{1,12}) ([0-9]{1,12})")
_REQUEST_LINE = re.compile(r"([A-Za-z-]+) (\S+) HTTP/[0-9.]+")
_STATUS_LINE = re.compile(r"HTTP/[0-9.]+ ([0-9]{3})(?: .*)?")


def read(file: BufferedFile) -> Taken:
    """The exchanges of a file. Raises FormatError."""
    if file.readline(64).strip() != FIRST_LINE:
        raise FormatError("does not begin with the line of httprr")
    place = 0
    while line := file.readline(64):
        place += 1
        lengths = _LENGTHS.fullmatch(line.strip())
        if not lengths:
            raise FormatError(f"has no line of two lengths before exchange {place}")
        sizes = int(lengths[1]), int(lengths[2])
        if sum(sizes) > LARGEST:
            raise FormatError(f"holds an exchange of more than {LARGEST >> 20} MiB, which is not read")
        request, answer = (exactly(file, size) for size in sizes)
        try:
            yield _found(request, answer)
        except LeftError as error:
            yield Left(place, str(error))


def _found(request: bytes, answer: bytes) -> Found:
    line, headers, body = _message(request)
    match = _REQUEST_LINE.fullmatch(line)
    if not match:
        raise LeftError("its request has no request line")
    method, url = match.groups()
    if url.startswith("/"):
        url = f"https://{header(headers, 'host') or ''}{url}"
    status_line, answered, data = _message(answer)
    status = _STATUS_LINE.fullmatch(status_line)
    if not status:
        raise LeftError("its answer has no status line")
    return Found(
        request=asked(method, url, headers, body),
        answer=Answer(headed(status[1], answered), data),
        body_kept=not body_is_missing(headers, body),
        tool=TOOL,
    )


def _message(data: bytes) -> tuple[str, Headers, bytes]:
    """First line, fields and body of a message, whose line ends may have lost their CR."""
    end = re.search(rb"\r?\n\r?\n", data)
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    first, *lines = head.decode("latin-1").splitlines() or [""]
    headers = fields(line.partition(":")[::2] for line in lines)
    if (header(headers, "transfer-encoding") or "").strip().lower() == "chunked":
        body = _joined(body)
    return first, headers, body


def _joined(data: bytes) -> bytes:
    """A chunked body put together (RFC 9112 §7.1), or the body as it is if it is not chunked any more."""
    joined, at = bytearray(), 0
    while match := _CHUNK.match(data, at):
        size = int(match[1], 16)
        if size == 0:
            return bytes(joined)
        joined += data[match.end() : match.end() + size]
        at = match.end() + size
        at += 2 if data[at : at + 2] == b"\r\n" else 1
    return data


_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]*)?\r?\n")
