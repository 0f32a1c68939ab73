"""The fault file: which answers are broken, and how. `docs/faults.md` says what can stand in it."""

from __future__ import annotations

import json
import re
import tomllib
from http import HTTPStatus
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from toolreel.dialects.paths import split_base
from toolreel.dialects.routes import NAMES
from toolreel.dialects.routes import route as route_of
from toolreel.dialects.run_endings import RunEnd, Status

_ROUTE = re.compile(r"(?:(?P<method>[A-Z]+) )?(?P<path>/\S*)")
_VARIABLE = re.compile(r"\{[^{}/]*\}")
_KNOWN = frozenset(_VARIABLE.sub("{}", name) for name in NAMES)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Count = Annotated[int, Field(ge=1)]
Milliseconds = Annotated[float, Field(ge=0, le=3_600_000)]


_MESSAGES = {
    429: ("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
    500: ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    503: ("The engine is currently overloaded, please try again later", "server_error", None),
}
"""What the API says with a status (https://platform.openai.com/docs/guides/error-codes): message, type and code."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def own_error(status: int) -> dict[str, Any]:
    """The error that the API answers with a status."""
    other = _PHRASES.get(status, "Error"), "server_error" if status >= 500 else "invalid_request_error", None
    message, kind, code = _MESSAGES.get(status, other)
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LastError(_Table):
    """The `last_error` of a failed run."""

    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"] = "server_error"
    message: str = "Sorry, something went wrong."


class Fault(_Table):
    """One fault: when it strikes, and what it does. What is None or empty says nothing."""

    route: str | None = None
    nth: tuple[Count, ...] = ()
    tool: str | None = None
    chance: Annotated[float, Field(gt=0, le=1)] | None = None

    status: Annotated[int, Field(ge=400, le=599)] | None = None
    headers: dict[str, str] = {}
    body: Any = None
    reset: Literal["request", "answer"] | None = None
    delay_ms: Milliseconds = 0
    frame_delay_ms: Milliseconds = 0
    cut_after_frame: Annotated[int, Field(ge=0)] | None = None
    cut_inside_frame: Count | None = None
    end_after_frame: Annotated[int, Field(ge=0)] | None = None
    malformed_frame: Count | None = None
    error_event: dict[str, Any] | None = None
    run: Literal["failed", "expired", "incomplete"] | None = None
    after_frame: Count | None = None
    last_error: LastError | None = None
    reason: Literal["max_completion_tokens", "max_prompt_tokens"] | None = None

    @field_validator("route")
    @classmethod
    def _route_is_one(cls, route: str | None) -> str | None:
        if route is not None and not _ROUTE.fullmatch(route):
            raise ValueError("write a path below the base URL, such as '/threads/{thread}/runs', or 'POST /threads'")
        return route

    @field_validator("nth", mode="before")
    @classmethod
    def _one_time_or_several(cls, nth: Any) -> Any:
        return tuple(nth) if isinstance(nth, list) else (nth,)

    @field_validator("headers", mode="before")
    @classmethod
    def _numbers_are_fine(cls, headers: Any) -> Any:
        if not isinstance(headers, dict):
            return headers
        return {name: str(value) if type(value) is int else value for name, value in headers.items()}

    @field_validator("headers")
    @classmethod
    def _headers_can_be_sent(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not value.isprintable() or not value.isascii():
                raise ValueError(f"{name!r} with the value {value!r} is no header")
            if name.lower() in ("content-length", "transfer-encoding"):
                raise ValueError(f"{name} follows from the body; leave it out")
        return {name.lower(): value for name, value in headers.items()}

    @field_validator("error_event", mode="before")
    @classmethod
    def _the_usual_error(cls, event: Any) -> Any:
        return own_error(500) if event is True else event

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        done = [name for name in _ENDS if getattr(self, name) is not None]
        if len(done) > 1:
            raise ValueError(f"{done[0]} and {done[1]} cannot both happen; write two faults")
        if not done and self.malformed_frame is None and not (self.delay_ms or self.frame_delay_ms):
            raise ValueError(f"it does nothing; say what, such as {', '.join(_ENDS[:2])} or delay_ms")
        for name, owners in _PARTS.items():
            if getattr(self, name) not in (None, {}) and all(getattr(self, owner) is None for owner in owners):
                raise ValueError(f"{name} says something only beside {' or '.join(owners)}")
        if self.answers and (self.frame_delay_ms or self.malformed_frame):
            raise ValueError(f"there are no frames beside {done[0]}")
        if self.last_error and self.run != "failed":
            raise ValueError("last_error is for run = 'failed'")
        if self.reason and self.run != "incomplete":
            raise ValueError("reason is for run = 'incomplete'")
        return self

    @property
    def answers(self) -> bool:
        """Whether it stands in the API's place: the request does not get there."""
        return self.status is not None or self.reset == "request"

    @property
    def shown(self) -> str:
        """What it does, for people."""
        done = [(name, getattr(self, name)) for name in ("malformed_frame", *_ENDS)]
        words = [
            name.replace("_", " ") if isinstance(value, dict) else f"{name.replace('_', ' ')} {value}"
            for name, value in done
            if value is not None
        ]
        delays = (("delay", self.delay_ms), ("delay between frames", self.frame_delay_ms))
        return ", ".join([*words, *(f"{name} {time:g} ms" for name, time in delays if time)])

    @property
    def run_end(self) -> RunEnd | None:
        """How the run ends, if it does."""
        if self.run is None:
            return None
        error = self.last_error or LastError()
        return RunEnd(Status(self.run), error.code, error.message, self.reason or "max_completion_tokens")

    def is_for(self, method: str, path: str) -> bool:
        """Whether a request takes its route; `path` may have a base."""
        if self.route is None:
            return True
        wanted = _ROUTE.fullmatch(self.route)
        assert wanted is not None
        below, template = split_base(path)[1], _VARIABLE.sub("{}", wanted["path"])
        routed = _VARIABLE.sub("{}", route_of(method, below).name)
        like = re.escape(template).replace(r"\{\}", "[^/]+")
        unknown = template not in _KNOWN and re.fullmatch(like, below)
        return wanted["method"] in (None, method) and bool(template in (routed, below) or unknown)

    def is_due(self, time: int) -> bool:
        """Whether it strikes the nth time that it fits, chance apart."""
        return not self.nth or time in self.nth


_ENDS = (
    "status",
    "reset",
    "cut_after_frame",
    "cut_inside_frame",
    "end_after_frame",
    "error_event",
    "run",
)
"""What a fault does to the whole answer: one of these."""

_PARTS = {
    "headers": ("status",),
    "body": ("status",),
    "after_frame": ("error_event", "run"),
    "last_error": ("run",),
    "reason": ("run",),
}
"""Members that say more of others."""


class Faults(_Table):
    """A fault file. `seed` is for the faults with a chance."""

    seed: int = 0
    fault: tuple[Fault, ...] = ()


NO_FAULTS = Faults()


def parse_faults(text: str, name: str) -> Faults:
    """The faults in a file's text; `name` is for messages.

    Raises ValueError: the file, the line, the field, and what is wrong.
    """
    try:
        # Only in its JSON mode pydantic takes lists strictly.
        content = json.dumps(tomllib.loads(text), default=str, allow_nan=False)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name} is no TOML ({error})") from None
    except RecursionError:
        raise ValueError(f"{name} is nested too deep") from None
    except ValueError:
        raise ValueError(f"{name} holds inf or nan, which JSON cannot say") from None
    try:
        return Faults.model_validate_json(content)
    except ValidationError as error:
        found = error.errors()[0]
        what = str(found["ctx"]["error"]) if "error" in found.get("ctx", {}) else _FAULTS.get(found["type"])
        where = _place(text, found["loc"])
        raise ValueError(f"{name}, {where}: {what or found['msg'].removeprefix('Input ')}") from None


def _place(text: str, location: tuple[str | int, ...]) -> str:
    """Where in the file it is: the line, the number of the fault, the field."""
    fields = [str(step) for step in location if not isinstance(step, int)]
    numbers = [step for step in location if isinstance(step, int)]
    first, last = 0, len(text)
    if numbers:
        headers = [match.start() for match in _HEADER.finditer(text)] + [last]
        if numbers[0] + 1 >= len(headers):
            return f"fault {numbers[0] + 1}: " + ".".join(fields[1:])  # not written as [[fault]]
        first, last = headers[numbers[0]], headers[numbers[0] + 1]
        fields = [f"fault {numbers[0] + 1}", *fields[1:]]
    field = re.escape(fields[min(1, len(fields) - 1)])
    key = re.compile(rf"^[ \t]*{field}[ \t]*[=.]", re.MULTILINE).search(text, first, last)
    line = text.count("\n", 0, key.start() if key else first) + 1
    return f"line {line}, {': '.join([fields[0], '.'.join(fields[1:])]).removesuffix(': ')}"


_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*fault[ \t]*\]\]", re.MULTILINE)
_FAULTS = {
    "extra_forbidden": "there is no such entry",
    "string_type": "this must be a text",
    "int_type": "this must be a whole number",
    "float_type": "this must be a number",
    "dict_type": "this must be a table",
    "model_type": "this must be a table",
    "tuple_type": "this must be a list, such as [[fault]]",
}
"""What pydantic finds, in the words of TOML."""
