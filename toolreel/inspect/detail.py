"""All of one interaction: headers, bodies, frames with their times, and what the deltas of a stream join to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

from toolreel.dialects.texts import Joined
from toolreel.messages import jsontext, sse
from toolreel.messages.bodies import frame_bytes
from toolreel.messages.model import (
    Base64Body,
    Base64Frame,
    Cassette,
    FileBody,
    Frame,
    Interaction,
    JsonBody,
    JsonFrame,
    Pair,
    PartsBody,
    Performance,
    RequestBody,
    TextBody,
    TextFrame,
    UnknownBody,
)

from .exchange import Exchange


@dataclass(frozen=True, slots=True)
class FrameLine:
    """A frame of a stream; `ms` since its request, None where nobody noted it. `data` is whole."""

    index: int
    ms: int | None
    event: str
    data: str


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer; `kind` says what `body` is: json, text, parts, or bytes, of which it tells in words."""

    headers: tuple[Pair, ...]
    kind: str | None
    body: Any


@dataclass(frozen=True, slots=True)
class Detail:
    """One interaction."""

    n: int
    method: str
    path: str
    query: tuple[Pair, ...]
    upstream: str
    request: Message
    status: int
    answer: Message
    frames: tuple[FrameLine, ...] | None
    joined: tuple[Joined, ...]
    ending: str
    ms: tuple[int, int] | None
    left: str | None = None
    """In words, what is left of an answer that broke off in its content-encoding."""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"joined": [one._asdict() for one in self.joined]}


def detail(cassette: Cassette, interaction: Interaction) -> Detail:
    """All of one interaction of a cassette."""
    performance = cassette.take.interactions.get(str(interaction.n)) if cassette.take else None
    request, response = interaction.request, interaction.response
    return Detail(
        n=interaction.n,
        method=request.method,
        path=request.path,
        query=request.query,
        upstream=cassette.upstreams[request.upstream],
        request=Message(request.headers, *_shown(request.body)),
        status=response.status,
        answer=Message(response.headers, *_shown(response.body)),
        frames=frame_lines(response.frames, performance.frame_ms if performance else None),
        joined=tuple(Exchange(interaction).joined),
        ending=interaction.ending.value,
        ms=performance.ms if performance else None,
        left=_left(performance) if performance else None,
    )


def _left(performance: Performance) -> str | None:
    kept = len((performance.rest or "").rstrip("=")) * 3 // 4
    words = [f"{kept} bytes more of {performance.encoding}, which say nothing yet"] if kept else []
    if performance.hidden:
        words.append(f"{performance.hidden} bytes more of {performance.encoding}, which nobody kept")
    return "; ".join(words) or None


def frame_lines(frames: tuple[Frame, ...] | None, times: tuple[int, ...] | None) -> tuple[FrameLine, ...] | None:
    """The frames of a stream with their times."""
    if frames is None:
        return None
    timed = zip_longest(frames, (times or ())[: len(frames)])
    return tuple(FrameLine(index, ms, *_event(frame)) for index, (frame, ms) in enumerate(timed))


def _event(frame: Frame) -> tuple[str, str]:
    """The type and the data of a frame; of one that is no event, all that there is."""
    match frame:
        case JsonFrame():
            return frame.event or "", jsontext.compact(frame.value)
        case TextFrame():
            return frame.event or "", frame.text
        case Base64Frame():
            return "bytes", frame.base64
        case _:
            event = sse.event(frame_bytes(frame)) if frame.raw.endswith(("\n", "\r")) else None
            return (event.type, event.data) if event else ("no event", frame.raw)


def _shown(body: RequestBody | None) -> tuple[str | None, Any]:
    match body:
        case None:
            return None, None
        case UnknownBody():
            return "unknown", "nobody kept it"
        case JsonBody():
            return "json", body.value
        case TextBody():
            return "text", body.text
        case Base64Body():
            return "bytes", f"{len(body.base64) * 3 // 4} bytes that are no text"
        case FileBody():
            return "bytes", f"in the file {body.file} beside the cassette"
        case PartsBody():
            return "parts", [Message(part.headers, *_shown(part.body)) for part in body.parts]
