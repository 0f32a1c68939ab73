"""One request and its answer on their way through a door: bytes in, journal entries out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from toolreel.dialects.streams import is_terminal
from toolreel.messages import coding, http
from toolreel.messages.bodies import FILE_THRESHOLD
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.model import Ending
from toolreel.messages.sse import FrameSplitter
from toolreel.redaction.redactor import Redactor

from . import headers as allowed
from .entries import Began, BodyPiece, Ended, Entry, FrameCame, Headed


class Exchange:
    """Follows one interaction: call `begin`, `head`, `data` as things arrive, and once `end`.

    Each call is given the milliseconds since the recording began (None if nobody noted them), and returns the entries
    for the journal. No secret
    is in them: what may still become one is held back, until it is decided or the answer ends. All interactions of a
    take share a `redactor`, so that a secret has one placeholder.
    """

    def __init__(self, key: int, request: HttpRequest, redactor: Redactor | None = None) -> None:
        self.key = key
        self._request = request
        self._redactor = redactor or Redactor()
        self._answer: _Answer | None = None

    @property
    def headed(self) -> bool:
        """Whether status and headers of the answer have come."""
        return self._answer is not None

    @property
    def shown(self) -> str:
        """The request, for people: method and target without secrets."""
        kept = self._redactor.request(HttpRequest(self._request.method, self._request.target))
        return f"{kept.method} {kept.target}"

    @property
    def undecoded(self) -> str | None:
        """In words, why only the beginning of an answer could be decoded, and what became of all else."""
        answer = self._answer
        if answer is None or not (answer.broken_off or answer.rest or answer.hidden):
            return None
        words = f"it broke off, or is not in its coding ({answer.encoding})"
        if answer.hidden:
            words += f"; {answer.hidden} bytes that might tell secrets are not kept"
        return f"{words}; its last {len(answer.rest)} bytes are kept as they came" if answer.rest else words

    def begin(self, ms: int | None) -> list[Entry]:
        """The request is complete."""
        request = self._request
        body = coding.decoded_or_raw(request.body, http.header(request.headers, "content-encoding"))
        self._redactor.watch(request.headers)
        kept = replace(request, headers=allowed.request_headers(request.headers), body=body)
        return [Began(self.key, ms, self._redactor.request(kept))]

    def head(self, head: ResponseHead, ms: int | None) -> list[Entry]:
        """Status and headers of the answer have come."""
        self._answer = _Answer(self._request.method, head, self._redactor)
        kept = self._redactor.head(ResponseHead(head.status, allowed.response_headers(head.headers)))
        volatile = self._redactor.headers(allowed.volatile_headers(head.headers))
        return [Headed(self.key, ms, kept, volatile, self._answer.streams)]

    def data(self, data: bytes, ms: int | None) -> list[Entry]:
        """A piece of the answer's body has come, in its content-encoding."""
        assert self._answer is not None, "data came before the head"
        entry = FrameCame if self._answer.streams else BodyPiece
        return [entry(self.key, came, piece) for came, piece in self._answer.feed(data, ms)]

    def end(self, ending: Ending, ms: int | None) -> list[Entry]:
        """The answer has ended."""
        assert self._answer is not None, "an answer without a head cannot end"
        answer = self._answer
        frames, body = answer.close(ms, cut=ending in (Ending.CUT, Ending.CLIENT_GONE))
        if answer.terminal_frame_came:
            ending = Ending.COMPLETE
        elif answer.broken_off and ending is not Ending.CLIENT_GONE:
            ending = Ending.CUT
        entries: list[Entry] = [FrameCame(self.key, came, frame) for came, frame in frames]
        decoded = answer.broken_off or not (answer.undecodable or answer.passes)
        ended = Ended(self.key, ms, ending, body, tuple(answer.chunks), answer.encoding, decoded)
        return [*entries, replace(ended, rest=answer.rest, hidden=answer.hidden)]


Timed = tuple[int | None, bytes]
"""A frame or piece of a body, and the milliseconds at which it had come."""


class _Answer:
    """The body of an answer: decoded, cut into frames if it is an event stream, and without secrets.

    A body that cannot be decoded (cut, broken, unknown coding) is kept as it came, and so is an event stream that is
    not in its coding from its beginning on. Of any other event stream, of a large body, and of one that holds
    secrets or may hold them unseen, what could be decoded until the coding broke is kept, and it counts as cut.
    Of what came after that, the `rest` is kept that says nothing yet, and `hidden` bytes are not: nobody can tell
    what secrets are in them.
    """

    def __init__(self, method: str, head: ResponseHead, redactor: Redactor) -> None:
        self.bodyless = method == "HEAD" or head.status < 200 or head.status in (204, 304)  # RFC 9112 §6.3
        self.encoding = http.header(head.headers, "content-encoding")
        self.undecodable = False
        self.passes = False
        """Whether the stream is not in its coding, and kept as it came."""
        self.terminal_frame_came = False
        self.rest = b""
        self.hidden = 0
        self.chunks: list[int] = []
        self._content_type = http.header(head.headers, "content-type") or ""
        self._redactor = redactor
        self._raw = bytearray()
        self._raw_chunks: list[int] = []
        try:
            # Of JSON all is held until the end; then there is time to look at every byte.
            self._decoder = coding.decoder(self.encoding or "", watched=not http.is_json(self._content_type))
        except coding.CodingError:
            self.undecodable = True
        self.streams = http.is_event_stream(head.headers) and not self.bodyless and not self.undecodable
        self._frames = _Frames(redactor) if self.streams else None
        self._body = _Body(redactor, self._content_type)
        self._partly = False

    @property
    def broken_off(self) -> bool:
        """Whether what came after some point could not be decoded, and what came before is kept."""
        return (self.streams or self._body.spools or self._partly) and self.undecodable

    def feed(self, data: bytes, ms: int | None) -> list[Timed]:
        """The frames that `data` completes, or the pieces of a body that has become too large to hold."""
        if self.encoding and not self._body.spools and not (self.streams and self.chunks) and data:
            self._raw += data
            self._raw_chunks.append(len(data))
        if self.undecodable:
            self.hidden += len(data) if self.broken_off else 0
            return []
        data = self._decoded(data)
        if not data:
            return []
        self.chunks.append(len(data))
        if self._frames is not None:
            return self._frames_seen(*self._frames.feed(data, ms))
        pieces = self._body.feed(data)
        if pieces:
            self._raw.clear()
        return [(ms, piece) for piece in pieces]

    def _decoded(self, data: bytes) -> bytes:
        try:
            return self._decoder.feed(data)
        except coding.CodingError:
            part, opaque, hidden = b"", True, len(data)
            if self.streams and not self.chunks:
                part, opaque, _, hidden = coding.decodable(bytes(self._raw), self.encoding or "")
            if not part and not opaque:
                self.passes, self._decoder = True, coding.decoder("")
                return bytes(self._raw)
            self.undecodable = True
            self.hidden += hidden if self.broken_off else 0
            return part

    def close(self, ms: int | None, *, cut: bool) -> tuple[list[Timed], bytes | None]:
        """The last frames, and the body or the tail of the stream; `cut` says that more was to come."""
        if self.bodyless:
            return [], None
        if self._frames is not None:
            self.undecodable |= self._decoder.opaque
            if cut or self.undecodable:
                self._see_rest(self._decoder.rest, self._decoder.hidden)
            came, frames, tail = self._frames.close(ms, cut=cut or self.undecodable)
            frames = self._frames_seen(came, frames)
            if self.terminal_frame_came:
                self.rest, self.hidden = b"", 0
            return frames, tail or None
        if not self.undecodable and self._raw:
            try:
                self._body.feed(self._decoder.close())
            except coding.CodingError:
                self.undecodable = True
        if self.undecodable and not self._body.spools:
            return [], self._undecoded(cut=cut)
        if self._body.spools and (cut or self.undecodable):
            self._see_rest(self._decoder.rest, self._decoder.hidden)
        return [], self._body.close(cut=cut or self.undecodable)

    def _undecoded(self, *, cut: bool) -> bytes:
        """The body as it came; or what of it can be decoded, if secrets are in that, which then are in both.

        A coding may also hide what it says until more has come; then secrets may be in what came.
        """
        raw = bytes(self._raw)
        part, opaque, rest, hidden = coding.decodable(raw, self.encoding or "")
        redacted = self._redactor.body(part, self._content_type, cut=True)
        if redacted != part or opaque:
            self._partly = True
            if sum(self.chunks) != len(part):  # of the piece that broke the coding
                self.chunks = [len(part)] if part else []
            self._see_rest(rest, hidden)
            return redacted
        self.chunks = self._raw_chunks
        return self._redactor.body(raw, self._content_type, cut=cut)

    def _see_rest(self, rest: bytes, hidden: int) -> None:
        """Keeps what came last and says nothing yet. A name in a header of gzip is plain text all the same."""
        if self._redactor.large(rest, cut=True).secrets:
            rest, hidden = b"", hidden + len(rest)
        self.rest = b"" if self.undecodable and self.hidden else rest
        self.hidden += hidden

    def _frames_seen(self, came: list[bytes], safe: list[Timed]) -> list[Timed]:
        if not self.terminal_frame_came:
            self.terminal_frame_came = any(map(is_terminal, came))
        return safe


class _Frames:
    """The frames of an event stream, each with its time; those that may hold the beginning of a secret wait."""

    def __init__(self, redactor: Redactor) -> None:
        self._splitter = FrameSplitter()
        self._redactor = redactor.stream()
        self._times: deque[int | None] = deque()

    def feed(self, data: bytes, ms: int | None) -> tuple[list[bytes], list[Timed]]:
        """The frames that `data` completes, and those that may be written now."""
        frames = self._splitter.feed(data)
        self._times.extend([ms] * len(frames))
        return frames, self._timed([safe for frame in frames for safe in self._redactor.feed(frame)])

    def close(self, ms: int | None, *, cut: bool) -> tuple[list[bytes], list[Timed], bytes]:
        """The last frames, those that may be written, and the unfinished tail."""
        frames, tail = self._splitter.close()
        self._times.extend([ms] * len(frames))
        safe = [safe for frame in frames for safe in self._redactor.feed(frame)]
        held, tail = self._redactor.close(tail, cut=cut)
        return frames, self._timed([*safe, *held]), tail

    def _timed(self, frames: list[bytes]) -> list[Timed]:
        return [(self._times.popleft(), frame) for frame in frames]


class _Body:
    """A body that is no stream: held in memory until it ends, or, once it is large and no JSON, given away in pieces.

    JSON is held whatever its size, because only the whole of it can be redacted.
    """

    def __init__(self, redactor: Redactor, content_type: str) -> None:
        self.spools = False
        self._redactor = redactor
        self._content_type = content_type
        self._is_json = http.is_json(content_type)
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self._held += data
        if self._is_json or len(self._held) <= (FILE_THRESHOLD if not self.spools else _WINDOW):
            return []
        self.spools = True
        held = bytes(self._held)
        redacted, count = self._redactor.large(held)
        cut, later = self._cut(held, redacted)
        self._redactor.overwritten += count - later
        self._held = bytearray(held[cut:])
        return [redacted[:cut]] if cut else []

    def _cut(self, held: bytes, redacted: bytes) -> tuple[int, int]:
        """Up to where the body may be given away, and how many secrets come later.

        No secret lies across that place, and loses its beginning.
        """
        latest = max(len(held) - _LONGEST_SECRET, 0)
        for cut in range(latest, max(latest - _WINDOW, 0), -_LONGEST_SECRET):
            later = self._redactor.large(held[cut:])
            if later.data == redacted[cut:]:
                return cut, later.secrets
        cut = 0 if latest < _WINDOW else latest  # what is longer than a window is no secret
        return cut, self._redactor.large(held[cut:]).secrets

    def close(self, *, cut: bool = False) -> bytes:
        """The body, or what is left of it."""
        held = bytes(self._held)
        if not self.spools:
            return self._redactor.body(held, self._content_type, cut=cut)
        data, count = self._redactor.large(held, cut=cut)
        self._redactor.overwritten += count
        return data


_LONGEST_SECRET = 4096
"""A secret in a large body is recognised if it is no longer than this, in bytes."""

_WINDOW = 1 << 16
"""Large bodies are searched in windows of about so many bytes."""
