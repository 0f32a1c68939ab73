"""Server-sent events without loss: a stream is cut into frames whose bytes, put together, are the stream.

Grammar: WHATWG HTML §9.2.5 and §9.2.6 (parsing and interpreting an event stream). A *frame* is the lines up to and
including a blank line; lines end with LF, CRLF or CR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r")
_TEXT_LINE_END = re.compile(r"\r\n|\n|\r")
_RETRY = re.compile(r"[0-9]{1,18}")  # the grammar has no limit, Python's int() has one


class FrameSplitter:
    """Cuts the bytes of an event stream into frames, in whatever pieces they come.

    `feed` returns the frames that a piece completed; `close` ends the stream.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._line = 0  # where in _pending the line that is being read starts
        self._scanned = 0  # up to where _pending has been searched for line ends

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that end within `data`, each with its blank line."""
        self._pending += data
        return self._take(ended=False)

    def close(self) -> tuple[list[bytes], bytes]:
        """The frames that only the end of the stream completes (a CR as last byte), and the unfinished tail."""
        frames = self._take(ended=True)
        tail = bytes(self._pending)
        self._pending.clear()
        self._line = self._scanned = 0
        return frames, tail

    def _take(self, *, ended: bool) -> list[bytes]:
        pending, frames, frame = self._pending, list[bytes](), 0
        searched = len(pending)
        for match in _LINE_END.finditer(pending, self._scanned):
            start, end = match.span()
            if match.group() == b"\r" and end == len(pending) and not ended:
                searched = start  # an LF may follow, and would belong to this line end
                break
            if start == self._line:
                frames.append(bytes(pending[frame:end]))
                frame = end
            self._line = end
        del pending[:frame]
        self._line -= frame
        self._scanned = searched - frame
        return frames


@dataclass(frozen=True, slots=True)
class Event:
    """What a client makes of a frame: event type ("message" if none was sent), data, and the optional fields."""

    type: str
    data: str
    id: str | None = None
    retry: int | None = None


def event(frame: bytes, *, first: bool = False) -> Event | None:
    """The event that a client dispatches for a complete frame, or None (comments only, or no data).

    Follows WHATWG HTML §9.2.6: bytes that are not UTF-8 become U+FFFD, and the `first` frame of a stream may begin
    with a byte order mark.
    """
    text = frame.decode("utf-8", "replace")
    if first:
        text = text.removeprefix("\ufeff")
    kind, data = "", list[str]()
    last_id: str | None = None
    retry: int | None = None
    for line in _TEXT_LINE_END.split(text):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and _RETRY.fullmatch(value):
            retry = int(value)
    if not data:
        return None
    return Event(kind or "message", "\n".join(data), last_id, retry)
