"""What an import took, what it did not take and why: nothing is dropped in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from toolreel.dialects.paths import split_base
from toolreel.messages.http import HttpRequest
from toolreel.recording import headers as kept
from toolreel.recording.entries import Began, Ended, Entry, FrameCame, Headed

from .found import Found, Left

TIMES = "times"
FRAME_TIMES = "times of frames"
CHUNKS = "chunks of streams"
REQUEST_BODIES = "request bodies"
SPELLING = "spelling of JSON bodies"
EVENTS = "event lines of streams"
ENDS = "ends of compressed answers"


@dataclass(slots=True)
class Report:
    """What one file gave.

    `unknown` says of how many interactions the format did not keep what a recorder would have noted; `left_out` what
    it has and a cassette has no place for; `elsewhere` how many went to servers that nobody wanted.
    """

    file: str
    tool: str = ""
    taken: int = 0
    streams: int = 0
    submits: int = 0
    left: list[Left] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    headers: set[str] = field(default_factory=set)
    elsewhere: Counter[str] = field(default_factory=Counter)
    placeholders: int = 0
    take: tuple[str, str | None] | None = None
    """Who recorded and when, if toolreel itself wrote the file."""

    def watch(self, found: Found, entries: Iterator[Entry]) -> Iterator[Entry]:
        """The entries of one interaction, of which note is taken."""
        streams, frames, events, timed, frames_timed = False, 0, 0, True, True
        for entry in entries:
            match entry:
                case Began():
                    timed = self._began(found, entry)
                case Headed():
                    streams = entry.streams
                case FrameCame():
                    frames += 1
                    events += entry.data.startswith(b"event:")
                    frames_timed = entry.ms is not None
                case Ended():
                    self._note(FRAME_TIMES, timed and frames > 0 and not frames_timed)
                    self._note(CHUNKS, streams and entry.chunks is None)
                    self._note(EVENTS, frames > 0 and not events and _has_events(found.request))
                    self.left_out.update([ENDS] if entry.hidden and not found.is_ours else [])
                    self._note(SPELLING, not (entry.spelling_kept and found.spelling_kept))
            yield entry
        self.streams += streams

    def _began(self, found: Found, began: Began) -> bool:
        """Takes note of the request; gives whether its time is known."""
        self.taken += 1
        self.submits += began.request.path.endswith("/submit_tool_outputs")
        self._note(TIMES, began.ms is None)
        self._note(REQUEST_BODIES, not began.body_kept)
        self.left_out.update(found.not_kept)
        asked, answered = found.request.headers, found.answer.head.headers
        names = {name for name, _ in asked} - {name for name, _ in kept.request_headers(asked)}
        of_answer = (*kept.response_headers(answered), *kept.volatile_headers(answered))
        self.headers |= names | {name for name, _ in answered} - {name for name, _ in of_answer} - _COMPUTED
        return began.ms is not None

    @property
    def lacks(self) -> bool:
        """Whether something is unknown that replay must do without, which is no matter of times and chunks."""
        return any(self.unknown[what] for what in (REQUEST_BODIES, SPELLING, EVENTS))

    def _note(self, what: str, happened: bool) -> None:
        if happened:
            self.unknown[what] += 1

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "file": self.file,
            "format": self.tool or None,
            "interactions": self.taken,
            "streams": self.streams,
            "submits": self.submits,
            "unknown": dict(self.unknown),
            "not_taken": [{"number": left.place, "asked": left.asked, "reason": left.reason} for left in self.left],
            "other_servers": dict(self.elsewhere),
            "left_out": dict(self.left_out),
            "headers_left_out": sorted(self.headers),
            "placeholders": self.placeholders,
        }

    def lines(self) -> Iterator[str]:
        """For people: what was taken, and a line for each thing worth knowing."""
        streams = f", {_count(self.streams, 'stream')}" if self.streams else ""
        submits = f", {_count(self.submits, 'submission')} of tool outputs" if self.submits else ""
        yield f"{self.file} ({self.tool or 'empty'}): {_count(self.taken, 'interaction')} taken{streams}{submits}."
        if self.unknown:
            yield f"  Unknown, because the format does not keep it: {_listed(self.unknown)}."
        for left in self.left:
            asked = f", {left.asked}" if left.asked else ""
            yield f"  Not taken: number {left.place}{asked}: {left.reason}."
        if self.elsewhere:
            yield f"  Not taken, for other servers: {_listed(self.elsewhere)}."
        if self.left_out:
            yield f"  Left out, a cassette has no place for it: {_listed(self.left_out)}."
        if self.headers:
            yield f"  Left out, as in every recording: {_count(len(self.headers), 'header')} (--json names them)."
        if self.placeholders:
            yield f"  Placeholders of another tool that became toolreel's: {self.placeholders}."


_COMPUTED = frozenset({"content-length", "transfer-encoding", "content-encoding", "connection"})
"""Fields of an answer that a replay makes anew, or that stand elsewhere in a cassette."""


def _has_events(request: HttpRequest) -> bool:
    """Whether the API names its events in streams that answer such a request: those of chats it does not."""
    return split_base(request.path)[1].startswith(("/threads", "/responses"))


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
