"""What a request means: one text for all requests that the API takes for the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from toolreel.dialects.paths import split_base
from toolreel.messages import coding, http, multipart
from toolreel.messages.bodies import FileReader, body_bytes
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import JsonBody, PartsBody, Request
from toolreel.normalise.strings import Find, in_text, in_value

Rename = Callable[[str], str]
"""Gives a text with the ids in it renamed."""

_SETS = {"tool_outputs": "tool_call_id", "tool_approvals": "tool_call_id"}
"""Lists whose order says nothing, and the member by which their items are told apart."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request taken apart: method, path below the base, query, and body as JSON value or as text."""

    method: str
    path: str
    query: http.Headers
    value: Any
    text: str | None
    """The body if it is no JSON value, else None."""

    def canonical(self, rename: Rename) -> str:
        """The text of what it means, ids renamed: free of key order, spelling, order of query and tool outputs."""
        query = sorted(((name, rename(value)) for name, value in self.query), key=lambda pair: pair[0])
        body = _plain(self.value, rename) if self.text is None else {"text": rename(self.text)}
        return _dumps([self.method, rename(self.path), query, body])

    def replaced(self, find: Find | None) -> Asked:
        """The same request, with what the program varies replaced."""
        if find is None:
            return self
        return replace(
            self,
            path=in_text(self.path, find),
            query=tuple((name, in_text(value, find)) for name, value in self.query),
            value=in_value(self.value, find),
            text=None if self.text is None else in_text(self.text, find),
        )

    def texts(self) -> list[str]:
        """All texts in which an id may stand."""
        found: list[str] = []

        def note(text: str) -> str:
            found.append(text)
            return text

        self.canonical(note)
        return found


def asked(request: HttpRequest) -> Asked:
    """A request that came; its body is decoded first if it is in a content coding."""
    body = coding.decoded_or_raw(request.body, http.header(request.headers, "content-encoding"))
    boundary = multipart.boundary_of(http.header(request.headers, "content-type"))
    parts = multipart.split(body or b"", boundary) if boundary else None
    value, text = _parsed(body) if parts is None else (_parts(parts), None)
    return Asked(request.method, split_base(request.path)[1], _query(request.query), value, text)


def recorded(request: Request, read_file: FileReader) -> Asked:
    """A recorded request."""
    if isinstance(request.body, JsonBody):
        value, text = [request.body.value], None
    elif isinstance(request.body, PartsBody):
        bodies = [body_bytes(part.body, read_file) or b"" for part in request.body.parts]
        parts = map(multipart.Part, [part.headers for part in request.body.parts], bodies)
        value, text = _parts(list(parts)), None
    else:
        value, text = _parsed(body_bytes(request.body, read_file))
    return Asked(request.method, request.path, _query(request.query), value, text)


def _query(pairs: http.Headers) -> http.Headers:
    """`api-version` differs between services of one API."""
    return tuple(pair for pair in pairs if pair[0] != "api-version")


def _parts(parts: list[multipart.Part]) -> Any:
    """The parts of a multipart body, whatever its boundary; fields of a part's header are compared by name."""
    return [
        {"headers": {name.lower(): value for name, value in part.headers}, "body": list(_parsed(part.data))}
        for part in parts
    ]


def _parsed(data: bytes | None) -> tuple[Any, str | None]:
    """A body as `[value]`, or as text; no body and an empty one are the same, `[]`.

    Bytes that are no text hold no ids; their digest says whether they are the same.
    """
    if not data:
        return [], None
    try:
        return [json.loads(data, object_pairs_hook=_distinct, parse_constant=_refuse)], None
    except (ValueError, RecursionError):
        pass
    try:
        return None, data.decode()
    except UnicodeDecodeError:
        return {"sha256": hashlib.sha256(data).hexdigest()}, None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys repeat has no value that all readers agree on; it is compared as text."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate keys")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


def _plain(value: Any, rename: Rename, key: str = "") -> Any:
    """A value in which equal values are written equally: `1` and `1.0` are equal, `true` is no 1."""
    if key == "output":
        return _output(value, rename)
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, dict):
        return {rename(name): _plain(member, rename, name) for name, member in value.items()}
    if isinstance(value, list):
        items = [_plain(item, rename) for item in value]
        return sorted(items, key=_dumps) if key in _SETS else items
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _output(value: Any, rename: Rename) -> Any:
    """A tool output: what a text says in JSON if that is an object or array, whatever its spelling, else the text."""
    if not isinstance(value, str):
        return {"value": _plain(value, rename)}
    if value[:1] in ("{", "["):
        try:
            said = json.loads(value, object_pairs_hook=_distinct, parse_constant=_refuse)
            return {"json": _plain(said, rename)}
        except (ValueError, RecursionError):
            pass
    return {"text": rename(value)}


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
