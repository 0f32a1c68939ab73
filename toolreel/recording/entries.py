"""Journal entries: what a recorder notes of an interaction while it happens.

They are all that a cassette is made from (`toolreel.recording.assemble`), so whoever writes them, a recorder or an
importer, gets the same cassette. Times are milliseconds since the recording began.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolreel.messages.http import Headers, HttpRequest, ResponseHead
from toolreel.messages.model import Ending


@dataclass(frozen=True, slots=True)
class Began:
    """A request came; `key` names the interaction within its take and orders the interactions."""

    key: int
    ms: int
    request: HttpRequest


@dataclass(frozen=True, slots=True)
class Headed:
    """Status and headers of the answer came; `volatile` are the headers that differ in every take."""

    key: int
    ms: int
    head: ResponseHead
    volatile: Headers = ()
    streams: bool = False


@dataclass(frozen=True, slots=True)
class FrameCame:
    """A frame of an event stream is complete."""

    key: int
    ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class BodyPiece:
    """A piece of a large body; the last piece is the body of `Ended`."""

    key: int
    ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer ended.

    `body` is the body, or what came after its last BodyPiece, or the unfinished tail of a stream; None is no body.
    `chunks` are the sizes of the pieces in which it came, in bytes. `encoding` is the content-encoding in which it
    came; it was taken off if `decoded`.
    """

    key: int
    ms: int
    ending: Ending
    body: bytes | None = None
    chunks: tuple[int, ...] = ()
    encoding: str | None = None
    decoded: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """The request got no status line: it is no interaction, and the take is not finished."""

    key: int
    ms: int
    reason: str


Entry = Began | Headed | FrameCame | BodyPiece | Ended | Failed
