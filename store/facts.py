"""What the index keeps of a cassette: plain values; `toolreel.inspect.facts` reads them out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

VERSION = 1
"""Raise it whenever other facts are read out of the same cassette: what is indexed is then read again."""


class RequestFacts(NamedTuple):
    """One interaction in figures; `first_frame_ms` and `last_frame_ms` count from its request on."""

    n: int
    method: str
    path: str
    route: str
    status: int
    ending: str
    frames: int | None
    ms: int | None
    first_frame_ms: int | None
    last_frame_ms: int | None


class ToolCall(NamedTuple):
    """A tool call; `n` is the interaction that named it first, `answered` the one that submitted `output`, if any.

    The output of a tool that the API itself runs, such as the code interpreter, has no `answered`.
    """

    id: str
    n: int
    tool: str
    arguments: str
    output: str | None = None
    answered: int | None = None


class Text(NamedTuple):
    """A text to search: `place` says what it is, such as `request`, `text` or `output of get_weather`."""

    n: int
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the index keeps of a cassette. `runs` are those of the Assistants API, responses and chats."""

    recorded_at: str | None
    upstream: str | None
    runs: int
    failures: int
    requests: tuple[RequestFacts, ...]
    calls: tuple[ToolCall, ...]
    texts: tuple[Text, ...]
