"""What the API makes anew in every answer (timestamps, padding, fingerprints): taken out, and put back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from toolreel.messages.model import Frame, JsonBody, JsonFrame, Performance, RawFrame, Response, TextBody, TextFrame

from .values import values_of_body, values_of_frame

CLOCK_START = 1_700_000_000
"""The written time of interaction n is this plus n, in Unix seconds."""

_OLDEST = 10**9
"""Smaller integers are no timestamps."""

_AT = "at"
_STRINGS = ("obfuscation", "system_fingerprint")
"""Members of the outermost object whose strings differ in every answer."""

_Rewrite = Callable[[str, Any], Any]
"""Gives the new value for a kind (`at` or one of _STRINGS) and an old value."""


class Volatile(NamedTuple):
    """The received values, each kind in the order in which its values stand in the answer."""

    at: tuple[int, ...] | None = None
    obfuscation: tuple[str, ...] | None = None
    system_fingerprint: tuple[str, ...] | None = None


def volatile_of(performance: Performance | None) -> Volatile:
    """The received values that a take has kept of an interaction."""
    if performance is None:
        return Volatile()
    return Volatile(performance.at, performance.obfuscation, performance.system_fingerprint)


def take_out(response: Response, n: int) -> tuple[Response, Volatile]:
    """The answer as it is written for interaction `n`, and the received values."""
    received: dict[str, list[Any]] = {}

    def written(kind: str, value: Any) -> Any:
        received.setdefault(kind, []).append(value)
        return CLOCK_START + n if kind == _AT else ""

    response = _in_response(response, written)
    return response, Volatile(**{kind: tuple(values) for kind, values in received.items()})


def take_out_clock(response: Response, n: int) -> tuple[Response, tuple[int, ...] | None]:
    """The answer with the clock of interaction `n` and all else as it was received, and the received timestamps."""
    received: list[int] = []

    def written(kind: str, value: Any) -> Any:
        if kind != _AT:
            return value
        received.append(value)
        return CLOCK_START + n

    return _in_response(response, written), tuple(received) or None


def put_back(response: Response, received: Volatile) -> Response:
    """The answer as it was received; values that nobody kept stay as they are written."""
    if not any(received):
        return response
    kept: dict[str, Iterator[Any]] = {kind: iter(getattr(received, kind) or ()) for kind in (_AT, *_STRINGS)}
    return _in_response(response, lambda kind, value: next(kept[kind], value))


def first_second(responses: Iterable[Response]) -> int:
    """The earliest timestamp in answers, in Unix seconds; CLOCK_START if there is none."""
    return min(
        (second for response in responses for second in take_out(response, 0)[1].at or ()), default=CLOCK_START
    )


def shifted(response: Response, seconds: int) -> Response:
    """The answer with all its timestamps moved by `seconds`."""
    return _in_response(response, lambda kind, value: value + seconds if kind == _AT else value)


def _in_response(response: Response, rewrite: _Rewrite) -> Response:
    if response.frames is not None:
        frames = tuple(_in_frame(frame, rewrite) for frame in response.frames)
        return response.model_copy(update={"frames": frames})
    match response.body:
        case JsonBody(value=value, style=style):
            return response.model_copy(update={"body": JsonBody(value=_outermost(value, rewrite), style=style)})
        case TextBody(text=text) as body if values_of_body(body):
            return response.model_copy(update={"body": TextBody(text=_in_text(text, rewrite))})
        case _:
            return response


def _in_frame(frame: Frame, rewrite: _Rewrite) -> Frame:
    match frame:
        case JsonFrame():
            return JsonFrame(event=frame.event, value=_outermost(frame.value, rewrite))
        case TextFrame() if values_of_frame(frame):
            return TextFrame(event=frame.event, text=_in_text(frame.text, rewrite))
        case RawFrame() if values_of_frame(frame):
            return RawFrame(raw=_in_text(frame.raw, rewrite))
        case _:
            return frame


_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(
    rf"""
    (?P<clock> "(?:\w*_at|created)" \s*:\s* ) (?P<second>[0-9]{{10,}}) (?![0-9.eE])
    | (?P<string> "(?P<name>{"|".join(_STRINGS)})" \s*:\s* ) "(?P<text>[^"\\]*)"
    | {_STRING}
    """,
    re.VERBOSE,
)
"""Strings in JSON text, each as a whole, and members that are volatile."""


def _in_text(text: str, rewrite: _Rewrite) -> str:
    """JSON that is kept as text, for its spelling is unusual: only what changes is touched."""

    def token(match: re.Match[str]) -> str:
        if match["clock"]:
            return f"{match['clock']}{rewrite(_AT, int(match['second']))}"
        if match["string"]:
            return f'{match["string"]}"{rewrite(match["name"], match["text"])}"'
        return match.group()

    return _TOKEN.sub(token, text)


def _outermost(value: Any, rewrite: _Rewrite) -> Any:
    if not isinstance(value, dict):
        return _inner(value, rewrite)
    return {
        key: rewrite(key, member) if key in _STRINGS and isinstance(member, str) else _member(key, member, rewrite)
        for key, member in value.items()
    }


def _inner(value: Any, rewrite: _Rewrite) -> Any:
    if isinstance(value, dict):
        return {key: _member(key, member, rewrite) for key, member in value.items()}
    if isinstance(value, list):
        return [_inner(item, rewrite) for item in value]
    return value


def _member(key: str, value: Any, rewrite: _Rewrite) -> Any:
    if (key.endswith("_at") or key == "created") and type(value) is int and value >= _OLDEST:
        return rewrite(_AT, value)
    return _inner(value, rewrite)
