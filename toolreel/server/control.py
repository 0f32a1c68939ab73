"""The control API: sessions opened, looked at, begun anew and closed over HTTP, under `/@/`, in JSON.

`docs/control.openapi.json` is made from the table of routes here. It is for programs on this machine only: a browser
says in the header Origin for which page it asks, and none is let in.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolreel.errors import ToolreelError
from toolreel.messages.http import HttpRequest, header
from toolreel.replay.address import CONTROL, prefix
from toolreel.replay.answer import Answer, error_answer
from toolreel.replay.book import Book, Held, SessionError
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.faults import Faults
from toolreel.replay.miss import Miss
from toolreel.replay.pace import parse_pace

PREFIX = CONTROL + "/"


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opening(_Said):
    """What a session is to be opened on; what is left out is as the server was told when it started."""

    cassettes: list[str] = Field(min_length=1, description="The first that has an answer gives it.")
    session: str | None = Field(default=None, description="Its name; the server finds one if there is none.")
    strict: bool | None = Field(
        default=None, description="Every cassette must be played from beginning to end, once."
    )
    poll: Literal["collapse", "faithful"] | None = Field(default=None, description="As the option --poll.")
    clock: Literal["recorded", "now", "fixed"] | None = Field(default=None, description="As the option --clock.")
    pace: str | None = Field(default=None, description="As the option --pace.")
    chunks: str | None = Field(default=None, description="As the option --chunks.")
    faults: Faults | None = Field(default=None, description="What stands in the file of the option --faults.")


class Opened(_Said):
    """An open session."""

    session: str
    cassettes: list[str]
    prefix: str = Field(description="Stands in front of the path: the base URL is the server's + prefix + '/v1'.")


class MissSaid(_Said):
    """A request that the cassettes could not answer."""

    code: str
    message: str
    param: str | None = Field(description="JSON path of what differs, if it is one thing.")
    times: int


class UnplayedSaid(_Said):
    """An interaction that should have been played."""

    cassette: str
    n: int
    method: str
    path: str


class Misses(_Said):
    """The misses of a session."""

    misses: list[MissSaid]


class VerdictSaid(_Said):
    """What came of a session."""

    session: str
    cassettes: list[str]
    ok: bool = Field(description="No miss, and everything was played that must be.")
    served: int
    missed: int
    never_played: int = Field(description="How many interactions were not played, whether or not they must be.")
    misses: list[MissSaid]
    unplayed: list[UnplayedSaid] = Field(description="What must have been played and was not.")
    unplayed_more: int = Field(description="How many more there are of these, if they are too many to name each.")
    faults: list[dict[str, Any]] = Field(description="The faults that struck, and how often.")
    idle_faults: list[int] = Field(description="The numbers of those that never did.")


class Sessions(_Said):
    """All open sessions."""

    sessions: list[Opened]


class Server(_Said):
    """The server itself; asked for by those who wait until it serves."""

    toolreel: str = Field(description="Its version.")
    sessions: int = Field(description="How many are open.")
    strays: list[str] = Field(description="Requests that named no session that could be had, a sentence each.")


class Problem(_Said):
    """Why there is no answer, in the shape of the API's errors."""

    class What(_Said):
        """The error."""

        message: str
        type: str
        param: str | None
        code: str | None

    error: What


class Route(NamedTuple):
    """One thing that can be asked: `{session}` in the path is a name; `takes` is what the body must say."""

    method: str
    path: str
    does: Callable[..., BaseModel]
    status: int = 200
    takes: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()


def _server(book: Book) -> Server:
    """Look whether the server is there."""
    return Server(toolreel=version("toolreel"), sessions=len(book.sessions()), strays=book.strays)


def _list(book: Book) -> Sessions:
    """List the open sessions, the oldest first."""
    return Sessions(sessions=list(map(_opened, book.sessions())))


def _open(book: Book, opening: Opening) -> Opened:
    """Open a session; the first request that names one does it too."""
    given = opening.model_dump(include={"strict", "poll", "clock"}, exclude_none=True)
    delivery = book.manner.delivery
    try:
        if opening.pace is not None:
            delivery = replace(delivery, pace=parse_pace(opening.pace))
        if opening.chunks is not None:
            delivery = replace(delivery, chunking=parse_chunking(opening.chunks))
        if opening.faults is not None:
            delivery = replace(delivery, faults=opening.faults)
    except ValueError as error:
        raise SessionError(f"The body does not fit: {error}.", 422) from None
    manner = replace(book.manner, delivery=delivery, **given)
    return _opened(book.begin(opening.cassettes, opening.session, manner))


def _verdict_now(book: Book, session: str) -> VerdictSaid:
    """What came of a session until now."""
    return _verdict(book.get(session))


def _misses(book: Book, session: str) -> Misses:
    """The misses of a session until now."""
    return Misses(misses=_verdict(book.get(session)).misses)


def _reset(book: Book, session: str) -> VerdictSaid:
    """Let a session begin again, and say what came of it until now."""
    return _verdict(book.reset(session))


def _close(book: Book, session: str) -> VerdictSaid:
    """Close a session, and say what came of it."""
    return _verdict(book.close(session))


ROUTES = (
    Route("GET", "/@/", _server),
    Route("GET", "/@/sessions", _list),
    Route("POST", "/@/sessions", _open, 201, Opening, (400, 409, 422, 503)),
    Route("GET", "/@/sessions/{session}", _verdict_now, problems=(404,)),
    Route("GET", "/@/sessions/{session}/misses", _misses, problems=(404,)),
    Route("POST", "/@/sessions/{session}/reset", _reset, problems=(404,)),
    Route("DELETE", "/@/sessions/{session}", _close, problems=(404,)),
)


class Desk:
    """Where all requests of a server arrive: for the control API, or for a session in its book.

    Its lock lets a program that serves itself use the book too, from another thread.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.lock = threading.Lock()

    def answer(self, request: HttpRequest) -> Answer:
        """The answer to a request. Control is for those who talk to this server, not to another one through it."""
        with self.lock:
            if request.origin is None and request.target.startswith(PREFIX):
                return _controlled(self.book, request)
            return self.book.answer(request)

    def note(self, miss: Miss) -> None:
        """Takes note of a miss that a door has found."""
        with self.lock:
            self.book.note(miss)


def _controlled(book: Book, request: HttpRequest) -> Answer:
    if header(request.headers, "origin") is not None:
        return _problem(403, "The control API is not for web pages: a request with the header Origin is refused.")
    fitting = [(route, names) for route in ROUTES if (names := _names(route.path, request.path)) is not None]
    if not fitting:
        return _problem(404, f"The control API has no {request.path}; docs/control.openapi.json says what it has.")
    for route, names in fitting:
        if route.method == request.method:
            try:
                said = [route.takes.model_validate_json(request.body or b"", strict=True)] if route.takes else []
                result = route.does(book, *names, *said)
            except ValidationError as error:
                return _problem(422, _fault(error))
            except ToolreelError as error:
                return _problem(error.status if isinstance(error, SessionError) else 422, str(error))
            return _json(route.status, result.model_dump())
    allowed = ", ".join(route.method for route, _ in fitting)
    refused = _problem(405, f"{request.method} is not for {request.path}; it takes {allowed}.")
    return Answer(405, (*refused.headers, ("allow", allowed)), refused.pieces, length=refused.length)


def _names(pattern: str, path: str) -> list[str] | None:
    """What stands in a path where the pattern has names in braces; None if they differ elsewhere."""
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    pairs = list(zip(wanted, given, strict=True))
    if any(one != other and not one.startswith("{") for one, other in pairs):
        return None
    return [unquote(other) for one, other in pairs if one.startswith("{")]


def _fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    where = ".".join(map(str, fault["loc"]))
    return f"The body does not fit: {where + ': ' if where else ''}{fault['msg'].lower()}."


def _opened(held: Held) -> Opened:
    return Opened(session=held.name, cassettes=list(held.cassettes), prefix=prefix(held.cassettes, held.name))


def _verdict(held: Held) -> VerdictSaid:
    verdict = held.verdict()
    said = {"session": held.name, "cassettes": list(held.cassettes), "ok": verdict.good, **verdict.as_json()}
    return VerdictSaid.model_validate(said)


def _json(status: int, value: Any) -> Answer:
    body = json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
    return Answer(status, (("content-type", "application/json"),), (body,), length=len(body))


def _problem(status: int, message: str) -> Answer:
    return error_answer(status, {"message": message, "type": "toolreel_control", "param": None, "code": None})
