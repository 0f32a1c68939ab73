"""Secrets in the frames of an event stream, also where a secret is split over several frames."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from toolreel.dialects.deltas import pieces
from toolreel.messages import jsontext

from .edits import Edit
from .frames import FrameText
from .jsonscan import Known
from .rules import Path
from .search import DEPTH, Scanner, Search

_MOST_FRAMES = 4096
_MOST_BYTES = 1 << 20
# The last part of the name of events that say that an object has all its text.
_LAST_EVENTS = frozenset({"completed", "done", "incomplete", "failed", "cancelled", "expired"})


@dataclass(slots=True)
class _Text:
    """A text that comes in pieces; `edits` are those that its pieces may still need, in order."""

    name: tuple[Any, ...]
    scanner: Scanner
    length: int = 0
    closed: bool = False
    edits: list[Edit] = field(default_factory=list)

    def push(self, piece: str) -> None:
        self.edits += self.scanner.push(piece)
        self.length += len(piece)

    def close(self, *, cut: bool = False) -> None:
        if not self.closed:
            self.edits += self.scanner.close(cut=cut)
            self.closed = True

    def hurry(self) -> None:
        self.edits += self.scanner.hurry()

    def decided(self, end: int) -> bool:
        return self.closed or self.scanner.decided >= end

    def share(self, start: int, end: int) -> list[Edit]:
        """The edits of the piece from `start` to `end`; a secret that began earlier only loses its share here."""
        return [
            Edit(max(first, start) - start, min(last, end) - start, text if first >= start else "")
            for first, last, text in self.edits
            if first < end and last > start
        ]

    def forget(self, end: int) -> None:
        self.edits = [edit for edit in self.edits if edit.end > end]


@dataclass(frozen=True, slots=True)
class _Piece:
    text: _Text
    path: Path
    string: str
    end: int

    def share(self) -> list[Edit]:
        return self.text.share(self.end - len(self.string), self.end) if self.text.edits else []


@dataclass(frozen=True, slots=True)
class _Held:
    raw: bytes
    frame: FrameText
    pieces: list[_Piece]
    secrets: frozenset[Path]

    @property
    def decided(self) -> bool:
        return all(piece.text.decided(piece.end) for piece in self.pieces)


class StreamRedactor:
    """Redacts the frames of one event stream.

    A frame is held back, and so are those behind it, while the beginning of what may be a secret stands in a piece of
    text in it.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._texts: dict[Any, _Text] = {}
        self._held: deque[_Held] = deque()
        self._bytes = 0

    def feed(self, frame: bytes) -> list[bytes]:
        """The frames that are now safe to write, in order."""
        text = FrameText.of(frame)
        self._hold(frame, text, _value(text.payload))
        frames = self._release()
        while self._bytes > _MOST_BYTES or len(self._held) > _MOST_FRAMES:
            for piece in self._held[0].pieces:
                piece.text.hurry()
            frames += self._release()
        return frames

    def close(self, tail: bytes = b"", *, cut: bool = False) -> tuple[list[bytes], bytes]:
        """The frames that were held back, and the unfinished tail of the stream.

        If the stream was `cut`, as a tail always shows, what might have become a secret counts as one.
        """
        text = FrameText.of(tail)
        completion = self._completion(text.payload)
        if tail:
            sound, missing = completion or (0, "")
            self._hold(tail, text, _value(text.payload[:sound] + missing))
        for one in self._texts.values():
            one.close(cut=cut or bool(tail))
        last = self._held.pop() if tail else None
        frames = self._release()
        self._texts.clear()
        return frames, self._redacted(last, completion) if last else b""

    def _hold(self, raw: bytes, frame: FrameText, value: Any) -> None:
        secrets = frozenset[Path]()
        if self._search.rules.json_paths and isinstance(value, dict | list):
            secrets = self._search.selected(value)
        found = list[_Piece]()
        for name, path, string in pieces(value):
            text = self._text(name, path in secrets)
            text.push(string)
            found.append(_Piece(text, path, string, text.length))
        if not found and isinstance(value, dict):
            self._end_texts(frame.event or value.get("type"), value)
        self._held.append(_Held(raw, frame, found, secrets))
        self._bytes += len(raw)

    def _text(self, name: tuple[Any, ...], secret: bool) -> _Text:
        try:
            text = self._texts.get(name)
        except TypeError:  # JSON has lists and objects even where names should stand
            name = (repr(name),)
            text = self._texts.get(name)
        if text is None:
            text = self._texts[name] = _Text(name, self._search.scanner(DEPTH - 1, secret))
        return text

    def _end_texts(self, event: Any, value: dict[str, Any]) -> None:
        """An object of which all is said gets no more pieces."""
        if not isinstance(event, str) or event.rpartition(".")[2] not in _LAST_EVENTS:
            return
        for name, text in list(self._texts.items()):
            if _is_owner(value, name):
                text.close()
                del self._texts[name]

    def _completion(self, payload: str) -> tuple[int, str] | None:
        """How JSON that was cut would be completed; None if the data is no JSON."""
        return self._search.completion(payload) if payload[:1] in ("{", "[") else None

    def _release(self) -> list[bytes]:
        frames = list[bytes]()
        while self._held and self._held[0].decided:
            held = self._held.popleft()
            self._bytes -= len(held.raw)
            frames.append(self._redacted(held))
            for piece in held.pieces:
                if piece.text.edits:
                    piece.text.forget(piece.end)
        return frames

    def _redacted(self, held: _Held, completion: tuple[int, str] | None = None) -> bytes:
        shares = {piece.path: piece.share() for piece in held.pieces}
        if not held.secrets and not any(shares.values()) and not self._search.suspicious(held.frame.text):
            return held.raw
        known: dict[Path, Known] = dict.fromkeys(held.secrets, "secret")
        known.update({piece.path: (piece.string, shares[piece.path]) for piece in held.pieces})
        return held.frame.redacted(self._search, known, completion).encode("utf-8", "surrogateescape")


def _is_owner(value: dict[str, Any], name: tuple[Any, ...]) -> bool:
    """Whether `name` names a text of the object `value`; see toolreel.dialects.deltas.pieces."""
    if len(name) < 5 or name[4] != value.get("content_index"):
        return False
    owners = (value.get("id"), value.get("item_id"))
    return any(isinstance(owner, str) and owner in (name[2], name[3]) for owner in owners)


def _value(payload: str) -> Any:
    """The JSON of a frame, or None."""
    if payload[:1] not in ("{", "["):
        return None
    try:
        return jsontext.parse(payload)
    except ValueError:
        return None
