"""The JSON values in an answer, however they are spelled: also those that a cassette keeps as text."""

from __future__ import annotations

import hashlib
from typing import Any

from toolreel.messages import jsontext, sse
from toolreel.messages.model import Frame, JsonBody, JsonFrame, RawFrame, RequestBody, Response, TextBody, TextFrame

from .names import names_in, scan, under_id_keys
from .strings import strings_of_body, strings_of_frame


def values_of(response: Response) -> list[Any]:
    """The JSON values of the body or of the frames, in their order."""
    found = values_of_body(response.body)
    for frame in response.frames or ():
        found += values_of_frame(frame)
    return found


def values_of_body(body: RequestBody | None) -> list[Any]:
    """The JSON value of a body, or nothing."""
    match body:
        case JsonBody():
            return [body.value]
        case TextBody():
            return _parsed(body.text)
        case _:
            return []


def values_of_frame(frame: Frame) -> list[Any]:
    """The JSON value of a frame's data, or nothing."""
    match frame:
        case JsonFrame():
            return [frame.value]
        case TextFrame():
            return _parsed(frame.text)
        case RawFrame():
            event = sse.event(frame.raw.encode("utf-8", "replace"))
            return _parsed(event.data) if event else []
        case _:
            return []


def scan_body(body: RequestBody | None, names: list[str], told: list[str]) -> None:
    """Adds all ids and placeholders in a body to `names`, and the ids under id keys of its JSON value to `told`."""
    if isinstance(body, JsonBody):
        scan(body.value, False, names, told)
    elif body is not None:
        names += names_in(strings_of_body(body))
        told += under_id_keys(values_of_body(body))


def names_in_body(body: RequestBody | None) -> list[str]:
    """All ids and placeholders in a body."""
    names: list[str] = []
    if isinstance(body, JsonBody):
        scan(body.value, False, names, [])
    elif body is not None:
        names += names_in(strings_of_body(body))
    return names


def scan_frame(frame: Frame, names: list[str], told: list[str]) -> None:
    """The same of a frame."""
    if isinstance(frame, JsonFrame):
        scan(frame.value, False, names, told)
    else:
        names += names_in(strings_of_frame(frame))
        told += under_id_keys(values_of_frame(frame))


def digest(value: object) -> bytes:
    """Equal for values that are written alike: 1, 1.0 and true are three values."""
    return hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _parsed(text: str) -> list[Any]:
    if text.lstrip()[:1] not in ("{", "["):
        return []
    try:
        return [jsontext.parse(text)]
    except ValueError:
        return []
