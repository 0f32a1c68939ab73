"""Journal entries: what a recorder notes of an interaction while it happens.

They are all that a cassette is made from (`toolreel.recording.assemble`), so whoever writes them, a recorder or an
importer, gets the same cassette. Times are milliseconds since the recording began, None where nobody noted them.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolreel.messages.http import Headers, HttpRequest, ResponseHead
from toolreel.messages.model import Ending


@dataclass(frozen=True, slots=True)
class Began:
    """A request came; `key` names the interaction within its take and orders the interactions.

    `body_kept` says whether its body is known, `spelling_kept` whether the spelling of JSON in it is.
    """

    key: int
    ms: int | None
    request: HttpRequest
    body_kept: bool = True
    spelling_kept: bool = True


@dataclass(frozen=True, slots=True)
class Headed:
    """Status and headers of the answer came; `volatile` are the headers that differ in every take."""

    key: int
    ms: int | None
    head: ResponseHead
    volatile: Headers = ()
    streams: bool = False


@dataclass(frozen=True, slots=True)
class FrameCame:
    """A frame of an event stream is complete."""

    key: int
    ms: int | None
    data: bytes


@dataclass(frozen=True, slots=True)
class BodyPiece:
    """A piece of a large body; the last piece is the body of `Ended`."""

    key: int
    ms: int | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer ended.

    `body` is the body, or what came after its last BodyPiece, or the unfinished tail of a stream; None is no body.
    `chunks` are the sizes of the pieces in which it came, in bytes, None if nobody noted them. `encoding` is the
    content-encoding in which it came; it was taken off if `decoded`. `spelling_kept` is as in Began. `rest` and
    `hidden` are as in Performance.
    """

    key: int
    ms: int | None
    ending: Ending
    body: bytes | None = None
    chunks: tuple[int, ...] | None = ()
    encoding: str | None = None
    decoded: bool = True
    spelling_kept: bool = True
    rest: bytes = b""
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """The request got no status line: it is no interaction, and the take is not finished."""

    key: int
    ms: int | None
    reason: str


Entry = Began | Headed | FrameCame | BodyPiece | Ended | Failed
