"""From journal entries to a cassette."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from toolreel.dialects.paths import split_base
from toolreel.dialects.streams import is_terminal
from toolreel.messages import multipart
from toolreel.messages.bodies import KeepFile, body_of, frame_of
from toolreel.messages.http import header
from toolreel.messages.model import (
    Body,
    Ending,
    FileBody,
    Interaction,
    PartsBody,
    Performance,
    Request,
    Response,
    UnknownBody,
)

from .entries import Began, Ended, Entry, FrameCame, Headed

Spooled = Callable[[int], Iterable[bytes]]
"""Gives the pieces of the large body of an interaction, by its key, in their order (`BodyPiece`)."""


@dataclass(slots=True)
class _Track:
    """The entries of one interaction."""

    began: Began
    headed: Headed | None = None
    frames: list[FrameCame] = field(default_factory=list)
    ended: Ended | None = None


class Assembly:
    """Assembles one interaction after the other, so that no more than one is held in memory.

    `keep_file` and `spooled` keep and give large bodies. `first` is when the first request came: times are counted
    from it if it came before the time from which they were counted.

    Interactions that never got a status line are left out. Of a take that was broken off, a stream that had not ended
    counts as cut, any other such answer is left out.
    """

    def __init__(self, keep_file: KeepFile, spooled: Spooled, first: int) -> None:
        self.upstreams: list[str] = []
        """Those of the interactions so far."""
        self._keep_file = keep_file
        self._spooled = spooled
        self._zero = min(0, first)

    def received(self, entries: Iterable[Entry]) -> Iterator[tuple[Interaction, Performance]]:
        """The interactions, and how they were performed; the entries of each must stand together."""
        n = 0
        for track in _tracks(entries):
            if track.ended is None and track.headed is not None and track.headed.streams:
                track.ended = _broken_off(track)
            if track.headed is not None and track.ended is not None:
                n += 1
                made = _interaction(n, track, self.upstreams, self._keep_file, self._spooled)
                yield made, _performance(track, self._zero)


def _tracks(entries: Iterable[Entry]) -> Iterator[_Track]:
    track: _Track | None = None
    for entry in entries:
        match entry:
            case Began():
                if track:
                    yield track
                track = _Track(entry)
            case Headed() if track:
                track.headed = entry
            case FrameCame() if track:
                track.frames.append(entry)
            case Ended() if track:
                track.ended = entry
    if track:
        yield track


def _broken_off(track: _Track) -> Ended:
    last = track.frames[-1] if track.frames else track.began
    done = any(is_terminal(frame.data) for frame in track.frames)
    return Ended(track.began.key, last.ms, Ending.COMPLETE if done else Ending.CUT)


def _interaction(n: int, track: _Track, upstreams: list[str], keep_file: KeepFile, spooled: Spooled) -> Interaction:
    headed, ended = track.headed, track.ended
    assert headed is not None
    assert ended is not None
    headers = headed.head.headers
    if ended.encoding and not ended.decoded:
        headers += (("content-encoding", ended.encoding),)
    if headed.streams:
        tail = (frame_of(ended.body),) if ended.body else ()
        frames = (*(frame_of(frame.data) for frame in track.frames), *tail)
        response = Response(status=headed.head.status, headers=headers, frames=frames)
    else:
        body = _large_body(ended, keep_file, spooled) or body_of(
            ended.body, keep_file, spelling_kept=ended.spelling_kept
        )
        response = Response(status=headed.head.status, headers=headers, body=body)
    request = _request(track.began, upstreams, keep_file)
    return Interaction(n=n, request=request, response=response, ending=ended.ending)


def _large_body(ended: Ended, keep_file: KeepFile, spooled: Spooled) -> Body | None:
    """The body that came in BodyPieces, if it did; it is never held in memory as a whole."""
    pieces = iter(spooled(ended.key))
    first = next(pieces, None)
    return None if first is None else FileBody(file=keep_file(chain([first], pieces, [ended.body or b""])))


def _request(began: Began, upstreams: list[str], keep_file: KeepFile) -> Request:
    request = began.request
    base, path = split_base(request.path)
    upstream = f"{request.origin or ''}{base}"
    if upstream not in upstreams:
        upstreams.append(upstream)
    content_type = header(request.headers, "content-type")
    body = body_of(request.body, keep_file, content_type, spelling_kept=began.spelling_kept)
    headers = request.headers
    if isinstance(body, PartsBody):
        headers = tuple(
            (name, multipart.with_boundary(value, multipart.BOUNDARY) if name == "content-type" else value)
            for name, value in headers
        )
    return Request(
        method=request.method,
        upstream=upstreams.index(upstream),
        path=path,
        query=request.query,
        headers=headers,
        body=body if began.body_kept else UnknownBody(unknown=True),
    )


def _performance(track: _Track, zero: int) -> Performance:
    """`zero` is the time from which times are to be counted."""
    began, headed, ended = track.began, track.headed, track.ended
    assert headed is not None
    assert ended is not None
    return Performance(
        ms=None if began.ms is None or ended.ms is None else (began.ms - zero, ended.ms - zero),
        frame_ms=_frame_ms(track) if headed.streams else None,
        chunks=ended.chunks if headed.streams or len(ended.chunks or ()) > 1 else None,
        headers=headed.volatile or None,
        encoding=ended.encoding if ended.decoded else None,
        rest=base64.b64encode(ended.rest).decode() or None,
        hidden=ended.hidden or None,
    )


def _frame_ms(track: _Track) -> tuple[int, ...] | None:
    """When the frames came, if somebody noted it."""
    began, times = track.began.ms, [frame.ms for frame in track.frames]
    if began is None or None in times:
        return None
    return tuple(ms - began for ms in times if ms is not None)
