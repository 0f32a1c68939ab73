"""A recorded request as something that can be sent: as it was, spelled in another way, or changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote

from toolreel.messages import multipart
from toolreel.messages.bodies import FileReader, body_bytes
from toolreel.messages.http import Headers, HttpRequest, origin_of
from toolreel.messages.model import PartsBody, Request
from toolreel.normalise.strings import Find, Span, in_text, in_value

UNORDERED = {"tool_outputs": "tool_call_id", "tool_approvals": "tool_call_id"}
"""Lists whose order says nothing."""


@dataclass(frozen=True, slots=True)
class Json:
    """A body that is a JSON value, in whatever spelling."""

    value: Any


@dataclass(frozen=True, slots=True)
class Parts:
    """A multipart body."""

    parts: tuple[multipart.Part, ...]


Content = Json | Parts | bytes | None
"""What a body says; text and binary bodies are bytes, None is no body."""

Write = Callable[[Any], str]
"""Spells a JSON value."""


def compact(value: Any) -> str:
    """The shortest spelling, the one that most clients send."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a client is free to choose: the path in front of the route, JSON, the boundary, the query's escapes."""

    base: str | None = None
    write: Write = compact
    boundary: str = multipart.BOUNDARY
    escape: Callable[[str], str] = lambda text: quote(text, safe="")


RECORDED = Spelling()
"""The base as recorded, JSON as most clients spell it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request taken apart: `path` is below `base`, `query` decoded."""

    method: str
    base: str
    path: str
    query: Headers
    headers: Headers
    content: Content = field(hash=False)

    def http(self, spelling: Spelling = RECORDED) -> HttpRequest:
        """The request as it goes over the wire."""
        base = self.base if spelling.base is None else spelling.base
        query = "&".join(f"{spelling.escape(name)}={spelling.escape(value)}" for name, value in self.query)
        headers, body = self.headers, self.content
        if isinstance(body, Json):
            body = spelling.write(body.value).encode("utf-8", "surrogatepass")
        elif isinstance(body, Parts):
            body = multipart.join(list(body.parts), spelling.boundary)
            headers = tuple(
                (name, multipart.with_boundary(value, spelling.boundary) if name == "content-type" else value)
                for name, value in headers
            )
        return HttpRequest(self.method, base + self.path + (f"?{query}" if query else ""), headers, body)

    def renamed(self, find: Find) -> Sent:
        """The same with other names for ids and secrets."""
        return replace(
            self,
            path=in_text(self.path, find),
            query=tuple((name, in_text(value, find)) for name, value in self.query),
            headers=tuple((name, in_text(value, find)) for name, value in self.headers),
            content=_renamed(self.content, find),
        )

    def texts(self) -> list[str]:
        """All texts in which an id or a placeholder may stand."""
        found: list[str] = []

        def note(text: str) -> list[Span]:
            found.append(text)
            return []

        self.renamed(note)
        return found


def recorded(request: Request, upstream: str, read_file: FileReader) -> Sent:
    """A request of a cassette; `upstream` is the URL that its path is relative to."""
    base = upstream.removeprefix(origin_of(upstream)) if "://" in upstream else upstream
    content: Content
    if isinstance(request.body, PartsBody):
        bodies = [body_bytes(part.body, read_file) or b"" for part in request.body.parts]
        content = Parts(tuple(map(multipart.Part, [part.headers for part in request.body.parts], bodies)))
    else:
        content = content_of(body_bytes(request.body, read_file))
    return Sent(request.method, base, request.path, request.query, request.headers, content)


def content_of(data: bytes | None) -> Content:
    """What bytes say: a JSON value if they are one that every reader understands alike."""
    if not data:
        return data
    try:
        value = parsed(data)
    except ValueError:
        return data
    return Json(value)


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text without repeated keys, whose numbers survive; raises ValueError for all others."""
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refused)
        if json.loads(json.dumps(value, allow_nan=False)) == value:
            return value
    except RecursionError:
        pass
    raise ValueError("no such JSON value")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated keys")
    return members


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _renamed(content: Content, find: Find) -> Content:
    match content:
        case Json():
            return Json(in_value(content.value, find))
        case Parts():
            return Parts(tuple(_renamed_part(part, find) for part in content.parts))
        case bytes():
            return _renamed_bytes(content, find)
        case None:
            return None


def _renamed_part(part: multipart.Part, find: Find) -> multipart.Part:
    headers = tuple((name, in_text(value, find)) for name, value in part.headers)
    return multipart.Part(headers, _renamed_bytes(part.data, find))


def _renamed_bytes(data: bytes, find: Find) -> bytes:
    return in_text(data.decode("utf-8", "surrogateescape"), find).encode("utf-8", "surrogateescape")


# ------------------------------------------------------------------------------------------------- when two are one


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts beyond the usual: parameters of the query, and headers."""

    query: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()


USUAL = Counted()


def meaning(sent: Sent, counted: Counted = USUAL) -> str:
    """Equal for requests that the API takes for the same, by what product and README promise (P6.4).

    Written apart from what the engine does, so that one can prove the other.
    """
    query = sorted((pair for pair in sent.query if counts(pair[0], counted)), key=lambda pair: pair[0])
    headers = sorted(pair for pair in sent.headers if pair[0] in counted.headers)
    said = [sent.method, sent.path, query, headers, _model(sent), _meant(sent.content)]
    return json.dumps(said, sort_keys=True)


def counts(parameter: str, counted: Counted) -> bool:
    """Whether a parameter of the query is compared: services of one API differ in its version."""
    return parameter != "api-version" or parameter in counted.query


def model_of(sent: Sent) -> Any:
    """The model that the body names; None if it names none."""
    value = sent.content.value if isinstance(sent.content, Json) else None
    return value.get("model") if isinstance(value, dict) else None


def deployment_of(sent: Sent) -> str | None:
    """The model that the path names, at Azure OpenAI."""
    return unquote(sent.base.removeprefix(DEPLOYMENTS)) if sent.base.startswith(DEPLOYMENTS) else None


DEPLOYMENTS = "/openai/deployments/"


def _model(sent: Sent) -> Any:
    """Only where the path names a model it stands for the body's."""
    deployment = deployment_of(sent)
    return deployment if deployment is not None and deployment != model_of(sent) else None


def _meant(content: Content) -> Any:
    match content:
        case Json():
            return {"json": _plain(content.value)}
        case Parts():
            return {"parts": [[_fields(part), _meant(content_of(part.data))] for part in content.parts]}
        case bytes() if content:
            return {"bytes": content.decode("latin-1")}
        case _:
            return None


def _fields(part: multipart.Part) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in part.headers)


def _plain(value: Any, key: str = "") -> Any:
    if key == "output" and isinstance(value, str):
        inner = structure(value)
        return {"text": value} if inner is None else {"json": _plain(inner)}
    if isinstance(value, dict):
        return {name: _plain(member, name) for name, member in value.items()}
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if key in UNORDERED else items
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def structure(text: str) -> Any:
    """The object or array that a tool output spells, or None if it is another text."""
    try:
        value = parsed(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None
