"""What a request means: one text for all requests that the API takes for the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toolreel.dialects.paths import split_base
from toolreel.messages import coding, http
from toolreel.messages.bodies import FileReader, body_bytes
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import JsonBody, Request

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
    value, text = _parsed(body)
    return Asked(request.method, split_base(request.path)[1], _query(request.query), value, text)


def recorded(request: Request, read_file: FileReader) -> Asked:
    """A recorded request."""
    if isinstance(request.body, JsonBody):
        value, text = [request.body.value], None
    else:
        value, text = _parsed(body_bytes(request.body, read_file))
    return Asked(request.method, request.path, _query(request.query), value, text)


def _query(pairs: http.Headers) -> http.Headers:
    """`api-version` differs between services of one API."""
    return tuple(pair for pair in pairs if pair[0] != "api-version")


def _parsed(data: bytes | None) -> tuple[Any, str | None]:
    """A body as `[value]`, or as text; no body and an empty one are the same, `[]`."""
    if not data:
        return [], None
    try:
        return [json.loads(data, object_pairs_hook=_distinct, parse_constant=_refuse)], None
    except (ValueError, RecursionError):
        return None, data.decode("utf-8", "surrogateescape")


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
    if isinstance(value, str):
        return _output(value, rename) if key == "output" else rename(value)
    if isinstance(value, dict):
        return {rename(name): _plain(member, rename, name) for name, member in value.items()}
    if isinstance(value, list):
        items = [_plain(item, rename) for item in value]
        return sorted(items, key=_dumps) if key in _SETS else items
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _output(text: str, rename: Rename) -> Any:
    """A tool output: the value if it is a JSON object or array, whatever its spelling, else the text."""
    if text[:1] in ("{", "["):
        try:
            value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse)
            return {"json": _plain(value, rename)}
        except (ValueError, RecursionError):
            pass
    return rename(text)


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
