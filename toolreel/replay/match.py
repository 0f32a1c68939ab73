"""When a request is the recorded one: method, path, query, and the body as JSON value."""

from __future__ import annotations

import json
from typing import Any

from toolreel.dialects.paths import split_base
from toolreel.messages import coding, http
from toolreel.messages.bodies import FileReader, body_bytes
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import JsonBody, Request

Key = tuple[str, str, http.Headers, str]
"""Method, path below the base, query without `api-version`, body."""


def request_key(request: HttpRequest) -> Key:
    """The key of a request that came; its body is decoded first if it is in a content coding."""
    body = coding.decoded_or_raw(request.body, http.header(request.headers, "content-encoding"))
    return request.method, split_base(request.path)[1], _query(request.query), _bytes_key(body)


def recorded_key(request: Request, read_file: FileReader) -> Key:
    """The key of a recorded request."""
    if isinstance(request.body, JsonBody):
        body = _value_key(request.body.value)
    else:
        body = _bytes_key(body_bytes(request.body, read_file))
    return request.method, request.path, _query(request.query), body


def _query(pairs: http.Headers) -> http.Headers:
    """Names in order; the values of one name keep theirs. `api-version` differs between services of one API."""
    return tuple(sorted((pair for pair in pairs if pair[0] != "api-version"), key=lambda pair: pair[0]))


def _bytes_key(data: bytes | None) -> str:
    """The key of a body: of its JSON value, or else of its bytes; no body and an empty one are the same."""
    if not data:
        return ""
    try:
        return _value_key(json.loads(data, object_pairs_hook=_distinct, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return "bytes:" + data.decode("latin-1")


def _value_key(value: Any) -> str:
    """Equal for equal JSON values: key order and spelling do not count, `1` and `1.0` are equal, `true` is no 1."""
    return "json:" + json.dumps(_plain_numbers(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain_numbers(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain_numbers(member) for member in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys repeat has no value that all readers agree on; it is compared as text."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate keys")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")
