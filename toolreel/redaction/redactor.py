"""The door of this room: messages in, the same messages without secrets out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from toolreel.messages import http
from toolreel.messages.http import Headers, HttpRequest, ResponseHead
from toolreel.messages.sse import FrameSplitter

from .assignments import SCHEME
from .binary import Overwritten, overwritten
from .edits import applied
from .multipart import parameter, with_parts
from .placeholders import BOUND, Placeholders
from .rules import DEFAULT_RULES, Rules
from .search import DEPTH, Search
from .streams import StreamRedactor
from .urls import header_edits, pair_edits, url_edits

T = TypeVar("T")
_MOST_HARMLESS = 256
_MAX_PARTS = 2  # multipart bodies in parts of multipart bodies


class Redactor:
    """Puts placeholders in place of secrets (product.md §5), in all messages of one take.

    One function for storing and for matching; doing it again changes nothing. Everything but the secrets stays as it
    is, byte for byte. `overwritten` counts the secrets in binary bodies, in whose place `*` stand.
    """

    def __init__(self, rules: Rules = DEFAULT_RULES, placeholders: Placeholders | None = None) -> None:
        self.placeholders = placeholders if placeholders is not None else Placeholders()
        self.overwritten = 0
        self._search = Search(rules, self.placeholders)
        self._harmless: dict[Headers, int] = {}
        """Headers that held no secret by what had been `seen` then: clients repeat them."""
        self._bytes_search = Search(rules, self.placeholders, self._see_bytes)

    @property
    def seen(self) -> int:
        """Grows with every secret that is looked for from now on."""
        return self.placeholders.seen

    def watch(self, headers: Headers) -> None:
        """Look for the credentials in headers that are not kept: an answer may repeat them wherever it likes."""
        for name, value in headers:
            if self._search.rules.is_secret_key(name) and name != "cookie":  # a cookie is new in every request
                scheme = SCHEME.match(value)
                self.placeholders.see(value[scheme.end() if scheme else 0 :])

    def text(self, text: str) -> str:
        """A text, in which JSON may stand."""
        return self._settled(self._text, text)

    def request(self, request: HttpRequest) -> HttpRequest:
        """A request: its target, the values of its headers, and its body, which must be without content-encoding."""
        return self._settled(self._request, request)

    def head(self, head: ResponseHead) -> ResponseHead:
        """The head of an answer: the values of its headers."""
        return replace(head, headers=self.headers(head.headers))

    def headers(self, headers: Headers) -> Headers:
        """Header fields: their values."""
        return self._settled(self._headers, headers)

    def body(self, data: bytes, content_type: str = "", *, cut: bool = False) -> bytes:
        """A body without content-encoding; if it is `cut`, what might have become a secret counts as one."""
        return self._settled(lambda body: self._body(body, content_type, cut=cut), data)

    def large(self, data: bytes, *, cut: bool = False) -> Overwritten:
        """A stretch of a body that is too large to be read as a whole: secrets are overwritten, no offset moves."""
        return overwritten(self._bytes_search, data, cut=cut)

    def stream(self) -> StreamRedactor:
        """For the frames of an event stream."""
        return StreamRedactor(self._search)

    def _settled(self, redact: Callable[[T], T], value: T) -> T:
        """What was found at the end is looked for in the beginning too."""
        while True:
            seen = len(self.placeholders.forms)
            value = redact(value)
            if len(self.placeholders.forms) == seen:
                return value

    def _see_bytes(self, secret: str) -> str:
        """Look for a secret of which every byte counts as a character."""
        return self.placeholders.see(_text_of(secret))

    def _request(self, request: HttpRequest) -> HttpRequest:
        content_type = http.header(request.headers, "content-type") or ""
        target = applied(request.target, url_edits(self._search, request.target))
        headers = self._headers(request.headers)
        body = request.body and self._body(request.body, content_type)
        if (target, headers, body) == (request.target, request.headers, request.body):
            return request
        return replace(request, target=target, headers=headers, body=body)

    def _headers(self, headers: Headers) -> Headers:
        if self._harmless.get(headers) == self.seen:
            return headers
        redacted = tuple([(name, applied(value, header_edits(self._search, name, value))) for name, value in headers])
        if redacted == headers:
            if len(self._harmless) >= _MOST_HARMLESS:
                self._harmless.clear()
            self._harmless[headers] = self.seen
        return redacted

    def _text(self, text: str, *, cut: bool = False) -> str:
        known = self._search.known(text)
        if known:
            return applied(text, self._search.find_with(text, DEPTH, known))
        return applied(text, self._search.find(text, DEPTH, cut=cut))

    def _body(self, data: bytes, content_type: str, parts: int = 0, *, cut: bool = False) -> bytes:
        media = content_type.partition(";")[0].strip().lower()
        boundary = parameter(content_type, "boundary")
        if media.startswith("multipart/") and boundary and parts < _MAX_PARTS:
            return with_parts(data, boundary, self._part_head, self._part(parts + 1))
        if _is_binary(data, media):
            data, count = overwritten(self._bytes_search, data, cut=cut)
            self.overwritten += count
            return data
        if media == "text/event-stream":
            return self._frames(data)
        text = data.decode("utf-8", "surrogateescape")
        if media == "application/x-www-form-urlencoded":
            text = applied(text, pair_edits(self._search, text))
        else:
            text = self._text(text, cut=cut)
        return text.encode("utf-8", "surrogateescape")

    def _part_head(self, head: bytes) -> bytes:
        return self._text(head.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _part(self, parts: int) -> Callable[[bytes, str, str], bytes]:
        def redact(content: bytes, content_type: str, name: str) -> bytes:
            if not self._search.rules.is_secret_key(name):
                return self._body(content, content_type, parts)
            text = content.decode("utf-8", "surrogateescape")
            text = applied(text, self._search.find(text, DEPTH, secret=True))
            return text.encode("utf-8", "surrogateescape")

        return redact

    def _frames(self, data: bytes) -> bytes:
        splitter, stream = FrameSplitter(), self.stream()
        frames = splitter.feed(data)
        last, tail = splitter.close()
        written = [written for frame in frames + last for written in stream.feed(frame)]
        held, tail = stream.close(tail)
        return b"".join([*written, *held, tail])


def _text_of(latin: str) -> str:
    """What bytes say that were read as Latin-1, if it is UTF-8; it may be cut in a character."""
    data = latin.encode("latin-1")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return data[: error.start].decode() if len(data) - error.start < 4 and len(data) >= BOUND else latin


def _is_binary(data: bytes, media: str) -> bool:
    if b"\0" in data:
        return True
    if media.startswith("text/") or media.endswith(("json", "xml", "x-www-form-urlencoded")):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False
