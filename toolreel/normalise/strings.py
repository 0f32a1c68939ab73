"""Replacing stretches of the texts in messages, and no byte beside them.

A text may stand whole in one string, or in pieces in the deltas of a stream; it is searched as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, TypeVar

from toolreel.dialects.deltas import Path, Piece, pieces
from toolreel.messages.model import (
    Frame,
    JsonBody,
    JsonFrame,
    Part,
    PartsBody,
    RawFrame,
    Request,
    RequestBody,
    Response,
    TextBody,
    TextFrame,
    UnknownBody,
)


class Span(NamedTuple):
    """The stretch `start` to `end` of a text, and what comes in its place."""

    start: int
    end: int
    replacement: str


Find = Callable[[str], Sequence[Span]]
"""Finds what is to be replaced in a text: spans in their order, none overlapping another."""

_Answer = TypeVar("_Answer", bound=Response)


def in_text(text: str, find: Find) -> str:
    """The text with its spans replaced."""
    spans = find(text)
    if not spans:
        return text
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], span.replacement]
        at = span.end
    return "".join([*parts, text[at:]])


def in_pieces(strings: Sequence[str], find: Find) -> list[str]:
    """A text that came in pieces, with its spans replaced, in as many pieces.

    A replacement of equal length is cut at the same offsets; another goes wholly into the piece where its span began.
    """
    spans = find("".join(strings))
    if not spans:
        return list(strings)
    replaced, start = [], 0
    for string in strings:
        end = start + len(string)
        replaced.append(_in_piece(string, start, [span for span in spans if span.start < end and span.end > start]))
        start = end
    return replaced


def _in_piece(string: str, start: int, spans: Sequence[Span]) -> str:
    end = start + len(string)
    parts, at = [], start
    for span in spans:
        parts.append(string[at - start : max(span.start - start, 0)])
        if len(span.replacement) == span.end - span.start:
            parts.append(span.replacement[max(start - span.start, 0) : end - span.start])
        elif span.start >= start:
            parts.append(span.replacement)
        at = min(span.end, end)
    return "".join([*parts, string[at - start :]])


def in_value(value: Any, find: Find, skip: Collection[Path] = (), path: Path = ()) -> Any:
    """A JSON value with the spans of all its strings and keys replaced, but for the strings at the paths `skip`."""
    if isinstance(value, str):
        return value if path in skip else in_text(value, find)
    if isinstance(value, dict):
        return {in_text(key, find): in_value(member, find, skip, (*path, key)) for key, member in value.items()}
    if isinstance(value, list):
        return [in_value(item, find, skip, (*path, index)) for index, item in enumerate(value)]
    return value


def in_body(body: RequestBody | None, find: Find) -> RequestBody | None:
    """A body with its spans replaced; binary and unknown bodies stay as they are."""
    match body:
        case JsonBody():
            return JsonBody(value=in_value(body.value, find), style=body.style)
        case TextBody():
            return TextBody(text=in_text(body.text, find))
        case PartsBody():
            return PartsBody(parts=tuple(_in_part(part, find) for part in body.parts))
        case _:
            return body


def _in_part(part: Part, find: Find) -> Part:
    body = in_body(part.body, find)
    assert body is not None
    assert not isinstance(body, PartsBody | UnknownBody)
    return Part(headers=tuple((name, in_text(value, find)) for name, value in part.headers), body=body)


def in_frames(frames: Sequence[Frame], find: Find) -> tuple[Frame, ...]:
    """Frames with their spans replaced, texts that are split over deltas included."""
    found = [pieces(frame.value) if isinstance(frame, JsonFrame) else [] for frame in frames]
    replaced = [
        _in_frame(frame, find, {piece.path for piece in own}) for frame, own in zip(frames, found, strict=True)
    ]
    texts: dict[tuple[Any, ...], list[tuple[int, Piece]]] = {}
    for index, own in enumerate(found):
        for piece in own:
            texts.setdefault(piece.text, []).append((index, piece))
    for places in texts.values():
        strings = in_pieces([piece.string for _, piece in places], find)
        for (index, piece), string in zip(places, strings, strict=True):
            frame = replaced[index]
            assert isinstance(frame, JsonFrame)
            path = [in_text(step, find) if isinstance(step, str) else step for step in piece.path]
            _set(frame.value, path, string)
    return tuple(replaced)


def _in_frame(frame: Frame, find: Find, skip: Collection[Path]) -> Frame:
    match frame:
        case JsonFrame():
            return JsonFrame(event=frame.event, value=in_value(frame.value, find, skip))
        case TextFrame():
            return TextFrame(event=frame.event, text=in_text(frame.text, find))
        case RawFrame():
            return RawFrame(raw=in_text(frame.raw, find))
        case _:
            return frame


def _set(value: Any, path: Sequence[str | int], string: str) -> None:
    """Puts a string into a value that `in_value` has just made, so that nobody else holds it."""
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = string


def in_request(request: Request, find: Find) -> Request:
    """A request with its spans replaced, in path, query, headers and body."""
    return request.model_copy(
        update={
            "path": in_text(request.path, find),
            "query": tuple((name, in_text(value, find)) for name, value in request.query),
            "headers": tuple((name, in_text(value, find)) for name, value in request.headers),
            "body": in_body(request.body, find),
        }
    )


def in_response(response: Response, find: Find) -> Response:
    """A response with its spans replaced, in headers and body or frames."""
    return response.model_copy(
        update={
            "headers": tuple((name, in_text(value, find)) for name, value in response.headers),
            "body": in_body(response.body, find),
            "frames": None if response.frames is None else in_frames(response.frames, find),
        }
    )


def strings_of_request(request: Request) -> list[str]:
    """All strings of a request in their order."""
    found = [request.path]
    for pair in (*request.query, *request.headers):
        found += pair
    _collect_body(request.body, found)
    return found


def strings_of_response(response: Response) -> list[str]:
    """All strings of a response in their order; the pieces of a split text one by one."""
    found = [value for _, value in response.headers]
    _collect_body(response.body, found)
    for frame in response.frames or ():
        _collect_frame(frame, found)
    return found


def strings_of_frame(frame: Frame) -> list[str]:
    """All strings of a frame."""
    found: list[str] = []
    _collect_frame(frame, found)
    return found


def strings_of_body(body: RequestBody | None) -> list[str]:
    """All strings of a body."""
    found: list[str] = []
    _collect_body(body, found)
    return found


def _collect_body(body: RequestBody | None, found: list[str]) -> None:
    if isinstance(body, JsonBody):
        _collect(body.value, found)
    elif isinstance(body, TextBody):
        found.append(body.text)
    elif isinstance(body, PartsBody):
        for part in body.parts:
            found += (value for _, value in part.headers)
            _collect_body(part.body, found)


def _collect_frame(frame: Frame, found: list[str]) -> None:
    match frame:
        case JsonFrame():
            _collect(frame.value, found)
        case TextFrame():
            found.append(frame.text)
        case RawFrame():
            found.append(frame.raw)


def _collect(value: Any, found: list[str]) -> None:
    kind = type(value)  # as JSON is parsed: no subclasses
    if kind is str:
        found.append(value)
    elif kind is dict:
        for key, member in value.items():
            found.append(key)
            kind = type(member)
            if kind is str:
                found.append(member)
            elif kind is dict or kind is list:
                _collect(member, found)
    elif kind is list:
        for item in value:
            _collect(item, found)
