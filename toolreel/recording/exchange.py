"""One request and its answer on their way through a door: bytes in, journal entries out."""

from __future__ import annotations

from dataclasses import replace

from toolreel.dialects.streams import is_terminal
from toolreel.messages import coding, http
from toolreel.messages.bodies import FILE_THRESHOLD
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.model import Ending
from toolreel.messages.sse import FrameSplitter

from . import headers as allowed
from .entries import Began, BodyPiece, Ended, Entry, FrameCame, Headed


class Exchange:
    """Follows one interaction: call `begin`, `head`, `data` as things arrive, and once `end`.

    Each call is given the milliseconds since the recording began, and returns the entries for the journal.
    """

    def __init__(self, key: int, request: HttpRequest) -> None:
        self.key = key
        self._request = request
        self._answer: _Answer | None = None

    @property
    def headed(self) -> bool:
        """Whether status and headers of the answer have come."""
        return self._answer is not None

    def begin(self, ms: int) -> list[Entry]:
        """The request is complete."""
        request = self._request
        body = coding.decoded_or_raw(request.body, http.header(request.headers, "content-encoding"))
        kept = replace(request, headers=allowed.request_headers(request.headers), body=body)
        return [Began(self.key, ms, kept)]

    def head(self, head: ResponseHead, ms: int) -> list[Entry]:
        """Status and headers of the answer have come."""
        self._answer = _Answer(self._request.method, head)
        kept = ResponseHead(head.status, allowed.response_headers(head.headers))
        return [Headed(self.key, ms, kept, allowed.volatile_headers(head.headers), self._answer.streams)]

    def data(self, data: bytes, ms: int) -> list[Entry]:
        """A piece of the answer's body has come, in its content-encoding."""
        assert self._answer is not None, "data came before the head"
        entry = FrameCame if self._answer.streams else BodyPiece
        return [entry(self.key, ms, piece) for piece in self._answer.feed(data)]

    def end(self, ending: Ending, ms: int) -> list[Entry]:
        """The answer has ended."""
        assert self._answer is not None, "an answer without a head cannot end"
        answer = self._answer
        frames, body = answer.close()
        if answer.terminal_frame_came:
            ending = Ending.COMPLETE
        elif answer.broken_off and ending is not Ending.CLIENT_GONE:
            ending = Ending.CUT
        entries: list[Entry] = [FrameCame(self.key, ms, frame) for frame in frames]
        decoded = answer.broken_off or not answer.undecodable
        ended = Ended(self.key, ms, ending, body, tuple(answer.chunks), answer.encoding, decoded)
        return [*entries, ended]


class _Answer:
    """The body of an answer: decoded, and cut into frames if it is an event stream.

    A body that cannot be decoded (cut, broken, unknown coding) is kept as it came; of an event stream or a large body
    whose coding breaks, what could be decoded until then is kept, and it counts as cut.
    """

    def __init__(self, method: str, head: ResponseHead) -> None:
        bodyless = method == "HEAD" or head.status < 200 or head.status in (204, 304)  # RFC 9112 §6.3
        self.bodyless = bodyless
        self.encoding = http.header(head.headers, "content-encoding")
        self.undecodable = False
        self.terminal_frame_came = False
        self.chunks: list[int] = []
        self._raw = bytearray()
        self._raw_chunks: list[int] = []
        self._body = bytearray()
        self._is_json = http.media_type(head.headers).endswith("json")
        self._spools = False
        self._splitter = FrameSplitter()
        try:
            self._decoder = coding.decoder(self.encoding or "")
        except coding.CodingError:
            self.undecodable = True
        self.streams = http.is_event_stream(head.headers) and not bodyless and not self.undecodable

    @property
    def broken_off(self) -> bool:
        """Whether what came after some point could not be decoded, and what came before is kept."""
        return (self.streams or self._spools) and self.undecodable

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, or the pieces of a body that has become too large to hold."""
        if self.encoding and not self.streams and not self._spools and data:
            self._raw += data
            self._raw_chunks.append(len(data))
        if self.undecodable:
            return []
        try:
            data = self._decoder.feed(data)
        except coding.CodingError:
            self.undecodable = True
            return []
        if not data:
            return []
        self.chunks.append(len(data))
        if self.streams:
            return self._seen(self._splitter.feed(data))
        self._body += data
        if len(self._body) <= FILE_THRESHOLD or self._is_json:
            return []
        self._spools = True
        self._raw.clear()
        piece = bytes(self._body)
        self._body.clear()
        return [piece]

    def close(self) -> tuple[list[bytes], bytes | None]:
        if self.bodyless:
            return [], None
        if self.streams:
            frames, tail = self._splitter.close()
            return self._seen(frames), tail or None
        if not self.undecodable and self._raw:
            try:
                self._body += self._decoder.close()
            except coding.CodingError:
                self.undecodable = True
        if self.undecodable and not self._spools:
            self.chunks = self._raw_chunks
            return [], bytes(self._raw)
        return [], bytes(self._body)

    def _seen(self, frames: list[bytes]) -> list[bytes]:
        if not self.terminal_frame_came:
            self.terminal_frame_came = any(map(is_terminal, frames))
        return frames
