"""From what was found to the journal entries that a recorder would have written, redacted by the same code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from toolreel.messages import coding
from toolreel.messages.http import Headers, HttpRequest, header
from toolreel.recording.entries import Began, Ended, Entry, FrameCame
from toolreel.recording.exchange import Exchange
from toolreel.redaction import Redactor

from .foreign import Foreign
from .found import LARGEST, Answer, Found, Left, LeftError

_PIECE = 1 << 16
_CODED_PIECE = 1 << 10
"""gzip makes a thousand bytes of one."""
_MOST_CODINGS = 2
_SMALL_PIECE = 16
"""Brotli and zstd can make many megabytes of few bytes, so they are fed that few."""


class Importer:
    """Makes entries of what was found, in one take: times are counted from the first request that has one."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or Redactor()
        self.foreign = Foreign(self._redactor.placeholders)
        self.count = 0
        self._zero: float | None = None

    def entries(self, found: Found) -> Iterator[Entry]:
        """The entries of one interaction. Raises LeftError before the first if it cannot be taken."""
        request = _decoded_request(found.request)
        body, encoding, decoded = _plain(found.answer)
        if not found.is_ours:
            request = self.foreign.request(request)
            body = self.foreign.body(body) if decoded else body
        headers = _without_encoding(found.answer.head.headers) if decoded else found.answer.head.headers
        self.count += 1
        exchange = Exchange(self.count, request, self._redactor)
        began, ended = self._times(found)
        [first] = exchange.begin(began)
        assert isinstance(first, Began)
        yield replace(first, body_kept=found.body_kept, spelling_kept=found.spelling_kept)
        yield from exchange.head(replace(found.answer.head, headers=headers), ended)
        frame_ms = iter(found.timing.frame_ms or ()) if found.timing else iter(())

        def timed(entries: list[Entry]) -> Iterator[Entry]:
            for entry in entries:
                if isinstance(entry, FrameCame):
                    ms = next(frame_ms, None)
                    entry = replace(entry, ms=None if ms is None or began is None else began + ms)
                yield entry

        for piece in _cut(body, _PIECE if decoded else _step(encoding or "")):
            yield from timed(exchange.data(piece, ended))
        *rest, last = exchange.end(found.answer.ending, ended)
        assert isinstance(last, Ended)
        yield from timed(rest)
        kept = found.answer if decoded else last
        holds_secret = self._redactor.large(kept.rest, cut=True).secrets > 0
        yield replace(
            last,
            rest=b"" if holds_secret else kept.rest,
            hidden=kept.hidden + (len(kept.rest) if holds_secret else 0),
            body=last.body if found.answer.body is not None else None,
            chunks=found.chunks,
            encoding=encoding if decoded else last.encoding,
            spelling_kept=found.answer.spelling_kept,
        )

    def count_from(self, milliseconds: float) -> None:
        """Counts times from this one, in milliseconds since 1970, if none has come yet."""
        if self._zero is None:
            self._zero = milliseconds

    def left(self, left: Left) -> Left:
        """What was not taken, without the secrets that may stand in the reason."""
        return replace(left, reason=self._redactor.text(left.reason), asked=self._redactor.text(left.asked))

    def _times(self, found: Found) -> tuple[int | None, int | None]:
        if found.timing is None:
            return None, None
        self.count_from(found.timing.began)
        assert self._zero is not None
        return round(found.timing.began - self._zero), round(found.timing.ended - self._zero)


def _decoded_request(request: HttpRequest) -> HttpRequest:
    """The request with its body without its content-encoding, and headers that do not say so."""
    encoding = header(request.headers, "content-encoding")
    if not encoding or not request.body:
        return request
    body = request.body
    with suppress(coding.CodingError):  # decoded already, or broken: it stays as it is
        body = b"".join(_decoded(body, encoding))
    return replace(request, body=body, headers=_without_encoding(request.headers))


def _plain(answer: Answer) -> tuple[bytes, str | None, bool]:
    """The body without its content-encoding, which that was, and whether it could be taken off or was off already.

    Raises LeftError for a body that is too large once it is decoded.
    """
    body, encoding = answer.body or b"", header(answer.head.headers, "content-encoding")
    if not encoding:
        return body, answer.encoding, True
    if answer.coded is False or not body:
        return body, encoding, True
    try:
        return b"".join(_decoded(body, encoding)), encoding, True
    except coding.CodingError:  # many tools decode and leave the header
        return body, encoding, answer.coded is None and _is_text(body)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes, encoding: str) -> Iterator[bytes]:
    """The pieces of a decoded body. Raises LeftError if there are too many, CodingError."""
    decoder = coding.decoder(encoding)
    size = 0
    for piece in _cut(body, _step(encoding)):
        decoded = decoder.feed(piece)
        size += len(decoded)
        if size > LARGEST:
            raise LeftError(f"a body of it has more than {LARGEST >> 20} MiB once it is decoded")
        yield decoded
    yield decoder.close()


def _cut(body: bytes, step: int) -> Iterator[bytes]:
    return (body[at : at + step] for at in range(0, len(body), step))


def _step(encoding: str) -> int:
    """How many bytes to decode at once, so that one step cannot fill the memory."""
    codings = [coding.strip().lower() for coding in encoding.split(",")]
    if len(codings) > _MOST_CODINGS:
        raise LeftError("a body of it is in more content codings than anybody uses")
    if len(codings) > 1:
        return 1  # what one byte becomes, the next coding makes a thousand times of
    return _SMALL_PIECE if codings[0] in ("br", "zstd") else _CODED_PIECE


def _without_encoding(headers: Headers) -> Headers:
    return tuple(pair for pair in headers if pair[0] != "content-encoding")
