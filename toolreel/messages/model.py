"""The cassette, version 1: the values that the file holds, as pydantic models.

The models say what a well-formed cassette is; `toolreel.store.files` reads and writes it, and the JSON Schema in
`docs/cassette.schema.json` is made from them. All are immutable.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from . import jsontext
from .http import origin_of

FORMAT_VERSION: Literal[1] = 1

Int = Annotated[int, Field(strict=True)]
"""A number, and no text that could be read as one: written again, the cassette would be another."""
Status = Annotated[Int, Field(ge=100, le=999)]
Pair = tuple[str, str]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


# ---------------------------------------------------------------------------------------------------------- bodies


class JsonBody(_Value):
    """A body whose bytes are `value` spelled in `style` (see `toolreel.messages.jsontext`)."""

    value: Any = Field(alias="json")
    style: Annotated[str, Field(json_schema_extra={"enum": list(jsontext.STYLES)})]

    @model_validator(mode="after")
    def _style_is_known(self) -> Self:
        if self.style not in jsontext.STYLES:
            raise ValueError(f"style {self.style!r} is none of {', '.join(jsontext.STYLES)}")
        return self


class TextBody(_Value):
    """A body that is UTF-8 text; `""` is an empty body, no body at all is an absent member."""

    text: str


class Base64Body(_Value):
    """A body that is not UTF-8 text."""

    base64: str


class FileBody(_Value):
    """A large body, kept beside the cassette in `NAME.files/<file>`; `file` is the SHA-256 of its bytes in hex."""

    file: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


_First = Field(union_mode="left_to_right")
"""Each kind forbids the members of the others, so the first that fits is the one, and pydantic looks no further."""

PlainBody = Annotated[JsonBody | TextBody | Base64Body | FileBody, _First]


class Part(_Value):
    """One part of a multipart body."""

    headers: tuple[Pair, ...] = ()
    body: PlainBody


class PartsBody(_Value):
    """A multipart body, written with the boundary `toolreel-boundary` in place of the client's random one."""

    parts: tuple[Part, ...]


Body = Annotated[JsonBody | TextBody | Base64Body | FileBody | PartsBody, _First]


class UnknownBody(_Value):
    """A body that the request had, or may have had, and that nobody kept: a recording of another tool lacks it.

    In replay it is equal to every body, and to none.
    """

    unknown: Literal[True]


RequestBody = Annotated[JsonBody | TextBody | Base64Body | FileBody | PartsBody | UnknownBody, _First]


# ---------------------------------------------------------------------------------------------------------- frames


class JsonFrame(_Value):
    """A frame that is exactly `event: EVENT\\ndata: JSON\\n\\n`, JSON compact; without an event, only the data."""

    event: str | None = None
    value: Any = Field(alias="json")


class TextFrame(_Value):
    """A frame that is exactly `event: EVENT\\ndata: TEXT\\n\\n`, such as `[DONE]`."""

    event: str | None = None
    text: str


class RawFrame(_Value):
    """A frame in any other spelling, or the unfinished tail of a stream that was cut."""

    raw: str


class Base64Frame(_Value):
    """A raw frame that is not UTF-8."""

    base64: str


Frame = Annotated[JsonFrame | TextFrame | RawFrame | Base64Frame, _First]


# ------------------------------------------------------------------------------------------------------ interaction


class Ending(StrEnum):
    """How a response ended."""

    COMPLETE = "complete"
    """The protocol says so, or the terminal frame of the stream came."""
    EOF = "eof"
    """The connection was closed, which is all that marks the end of such a body."""
    CUT = "cut"
    """The upstream broke off."""
    CLIENT_GONE = "client_gone"
    """The client left before the end."""


_METHOD = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Z-]+$")
"""A token (RFC 9110 §5.6.2), but for small letters: methods have none, and would match nothing."""


class Request(_Value):
    """What was asked: `path` is relative to the upstream, `query` and `headers` are lists of pairs in their order."""

    method: Annotated[str, Field(json_schema_extra={"pattern": _METHOD.pattern})]
    upstream: Annotated[Int, Field(ge=0)] = 0
    path: str
    query: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    body: RequestBody | None = None

    @field_validator("method")
    @classmethod
    def _method_is_one(cls, method: str) -> str:
        if not _METHOD.fullmatch(method):
            raise ValueError(f"{method!r} is no method, write it in capitals such as GET")
        return method


class Response(_Value):
    """What was answered: a body, or the frames of an event stream."""

    status: Status
    headers: tuple[Pair, ...] = ()
    body: Body | None = None
    frames: tuple[Frame, ...] | None = None

    @model_validator(mode="after")
    def _body_or_frames(self) -> Self:
        if self.body is not None and self.frames is not None:
            raise ValueError("a response has a body or frames, not both")
        return self


class Interaction(_Value):
    """One request and its response; `n` counts from 1 in the order in which the requests came."""

    n: Annotated[Int, Field(ge=1)]
    request: Request
    response: Response
    ending: Ending = Ending.COMPLETE


# ------------------------------------------------------------------------------------------------------------- take


class Performance(_Value):
    """What belongs to one performance of one interaction.

    `ms`: when its request and the end of its response came, in milliseconds since the recording began; None where
    nobody noted it. `frame_ms`: when each frame was complete, in milliseconds since the request. `chunks`: the sizes
    in bytes of the decoded pieces in which the body came. `at`, `obfuscation`, `system_fingerprint`: the received
    values of what stands normalised in the answer, in their order. `headers`: answer headers that differ in every
    take. `encoding`: the content-encoding in which the body came. Of a body that broke off in it, `rest` is what came
    last and says nothing yet, as it came, in base64; `hidden` says how many bytes are not kept, because they might
    tell secrets: nobody can decode them, or they are the checksum of what was decoded.
    """

    ms: tuple[Int, Int] | None = None
    frame_ms: tuple[Int, ...] | None = None
    chunks: tuple[Int, ...] | None = None
    at: tuple[Int, ...] | None = None
    obfuscation: tuple[str, ...] | None = None
    system_fingerprint: tuple[str, ...] | None = None
    headers: tuple[Pair, ...] | None = None
    encoding: str | None = None
    rest: str | None = None
    hidden: Annotated[Int, Field(ge=1)] | None = None


class Read(_Value):
    """Answers to a read that a later answer to the same read superseded, before anything was written: a poll.

    `count` equal answers came one after the other; `ms` are their times, each like `Performance.ms`, and `volatile`
    their headers that differ in every take, each like `Performance.headers`, where one of them had any. `at` are the
    received timestamps of the body, in their order. Status, headers and body that are absent are as in the answer
    that stands in the cassette, the settled one.
    """

    count: Annotated[Int, Field(ge=1)]
    ms: tuple[tuple[Int, Int], ...] | None = None
    volatile: tuple[tuple[Pair, ...], ...] | None = None
    at: tuple[Int, ...] | None = None
    status: Status | None = None
    headers: tuple[Pair, ...] | None = None
    body: Body | None = None

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        for name in ("ms", "volatile"):
            values = getattr(self, name)
            if values is not None and len(values) != self.count:
                raise ValueError(f"{name} is of {len(values)} answers, and count says {self.count}")
        return self


class Take(_Value):
    """What belongs to one performance only; a cassette replays without it.

    `recorded_at` is absent where nobody noted it. `reads` are the superseded answers by the number of the
    interaction with the settled one, `overlap` pairs of interactions of one conversation whose times overlapped.
    """

    recorded_at: str | None = None
    tool: str
    interactions: dict[str, Performance] = {}
    reads: dict[str, tuple[Read, ...]] = {}
    overlap: tuple[tuple[Int, Int], ...] = ()


class InconsistentError(ValueError):
    """Parts of a cassette that do not fit together; `location` leads to one of them, as pydantic writes locations."""

    def __init__(self, message: str, *location: str | int) -> None:
        super().__init__(message)
        self.location = location


class Cassette(_Value):
    """A named recording."""

    toolreel: Literal[1] = 1
    upstreams: tuple[str, ...]
    interactions: tuple[Interaction, ...]
    take: Take | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for index, upstream in enumerate(self.upstreams):
            try:
                origin_of(upstream)
            except ValueError as error:
                raise InconsistentError(f"no URL ({error})", "upstreams", index) from None
        for index, interaction in enumerate(self.interactions):
            place = ("interactions", index)
            if interaction.n != index + 1:
                raise InconsistentError(
                    f"number {interaction.n} stands where {index + 1} is due, number them from 1 on", *place, "n"
                )
            if interaction.request.upstream >= len(self.upstreams):
                raise InconsistentError(
                    f"there are only {len(self.upstreams)} upstreams, counted from 0", *place, "request", "upstream"
                )
        known = {str(n) for n in range(1, len(self.interactions) + 1)}
        for member in ("interactions", "reads"):
            for n in getattr(self.take, member, ()):
                if n not in known:
                    raise InconsistentError("the cassette has no such interaction", "take", member, n)
        return self
