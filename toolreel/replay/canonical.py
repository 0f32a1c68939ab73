"""What a request means: one text for all requests that the API takes for the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import urlsplit

from toolreel.dialects.paths import deployment_of, split_base
from toolreel.messages import coding, http, multipart
from toolreel.messages.bodies import FileReader, body_bytes
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import JsonBody, PartsBody, Request, UnknownBody
from toolreel.normalise.names import names_in
from toolreel.normalise.strings import Find, in_text, in_value

Rename = Callable[[str], str]
"""Gives a text with the ids in it renamed."""

HIDDEN = "REDACTED-0000"
"""What placeholders are reduced to: itself one, so that no text that a program sends is taken for it.

In the place of a body it is one that nobody kept."""

SETS = {"tool_outputs": "tool_call_id", "tool_approvals": "tool_call_id"}
"""Lists whose order says nothing, and the member by which their items are told apart."""


@dataclass(frozen=True)
class Asked:
    """A request taken apart: method, path below the base, query, headers, and body as JSON value or as text."""

    method: str
    path: str
    query: http.Headers
    headers: http.Headers
    value: Any
    """The body as `[value]`; `[]` if there is none, HIDDEN if nobody kept it."""
    text: str | None
    """The body if it is no JSON value, else None."""
    deployment: str | None = None
    """What the base of the path says that the model is."""

    @property
    def is_json(self) -> bool:
        """Whether the body is a JSON value, or absent."""
        return self.text is None

    def canonical(self, rename: Rename, *, bare: bool = False) -> str:
        """The text of what it means, ids renamed: free of key order, spelling, order of query and tool outputs.

        If it is to be `bare`, then without the model.
        """
        query = sorted(((name, rename(value)) for name, value in self.query), key=lambda pair: pair[0])
        said: list[Any] = [self.method, rename(self.path), query]
        said.append(plain(self._bare_value if bare else self.value, rename) if self.is_json else self._text(rename))
        if self.headers:
            said.append(sorted((name, rename(value)) for name, value in self.headers))
        return dumps(said)

    @cached_property
    def literal(self) -> str:
        """The text of what it means, no id renamed."""
        return self.canonical(str)

    @cached_property
    def bare_literal(self) -> str:
        """The same without the model."""
        return self.literal if self.model is None else self.canonical(str, bare=True)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The ids and placeholders in it, none twice."""
        return tuple(dict.fromkeys(names_in(self.texts())))

    def _text(self, rename: Rename) -> Any:
        return {"text": rename(self.text or "")}

    @property
    def model(self) -> Any:
        """The model that the body names, None if it names none."""
        return self.value[0].get("model") if self.value and isinstance(self.value[0], dict) else None

    @property
    def _bare_value(self) -> Any:
        if self.model is None:
            return self.value
        return [{key: member for key, member in self.value[0].items() if key != "model"}]

    def means_model_of(self, recorded: Asked) -> bool:
        """Whether it means the model of a recorded request, one of them by its path, the other by its body."""
        if self.deployment is not None:
            return recorded.model in (None, self.deployment)
        return self.model in (None, recorded.deployment, recorded.model)

    def replaced(self, find: Find | None) -> Asked:
        """The same request with stretches of its texts replaced."""
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
        found = [self.path, *(value for _, value in self.query)]

        def note(text: str) -> str:
            found.append(text)
            return text

        if self.text is None:
            plain(self.value, note)
        else:
            note(self.text)
        return found


def asked(request: HttpRequest) -> Asked:
    """A request that came; its body is decoded first if it is in a content coding."""
    body = coding.decoded_or_raw(request.body, http.header(request.headers, "content-encoding"))
    boundary = multipart.boundary_of(http.header(request.headers, "content-type"))
    parts = multipart.split(body or b"", boundary) if boundary else None
    value, text = _parsed(body) if parts is None else (_parts(parts), None)
    path = split_base(request.path)[1]
    return Asked(request.method, path, request.query, request.headers, value, text, deployment_of(request.path))


def recorded(request: Request, read_file: FileReader, upstream: str = "") -> Asked:
    """A recorded request; `upstream` is the base URL that it was sent to."""
    value: Any
    if isinstance(request.body, UnknownBody):
        value, text = HIDDEN, None
    elif isinstance(request.body, JsonBody):
        value, text = [request.body.value], None
    elif isinstance(request.body, PartsBody):
        bodies = [body_bytes(part.body, read_file) or b"" for part in request.body.parts]
        parts = map(multipart.Part, [part.headers for part in request.body.parts], bodies)
        value, text = _parts(list(parts)), None
    else:
        value, text = _parsed(body_bytes(request.body, read_file))
    return Asked(request.method, request.path, request.query, request.headers, value, text, _deployment(upstream))


@lru_cache(maxsize=64)
def _deployment(upstream: str) -> str | None:
    return deployment_of(urlsplit(upstream).path)


def _parts(parts: list[multipart.Part]) -> Any:
    """The parts of a multipart body, whatever its boundary; fields of a part's header are compared by name."""
    said = [
        {"headers": {name.lower(): value for name, value in part.headers}, "body": list(_parsed(part.data))}
        for part in parts
    ]
    return [{"multipart": said}]


def _parsed(data: bytes | None) -> tuple[Any, str | None]:
    """A body as `[value]`, or as text; no body and an empty one are the same, `[]`.

    Bytes that are no text hold no ids; their digest says whether they are the same.
    """
    if not data:
        return [], None
    try:
        return [_DECODER.decode(data.decode(json.detect_encoding(data), "surrogatepass"))], None  # as `json.loads`
    except (ValueError, RecursionError):
        pass
    try:
        return None, data.decode()
    except UnicodeDecodeError:
        return [{"SHA-256 of bytes": hashlib.sha256(data).hexdigest()}], None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys repeat has no value that all readers agree on; it is compared as text."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate keys")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_refuse)


def plain(value: Any, rename: Rename, key: str = "") -> Any:
    """The value of the member `key` with equal values written equally: `1` and `1.0` are equal, `true` is no 1."""
    if key == "output":
        return {kind: plain(said, rename) for kind, said in output_of(value).items()}
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, dict):
        return {rename(name): plain(member, rename, name) for name, member in value.items()}
    if isinstance(value, list):
        items = [plain(item, rename) for item in value]
        # By the call first: what stands in an output may be a secret, and another one in every client.
        return sorted(items, key=lambda item: (_member(item, SETS[key]), dumps(item))) if key in SETS else items
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _member(item: Any, name: str) -> str:
    return str(item.get(name)) if isinstance(item, dict) else ""


def tool_outputs(asked: Asked) -> dict[str, Any]:
    """The tool outputs that a request brings, by the ids of their calls."""
    body = asked.value[0] if asked.value else None
    items = body.get("tool_outputs") if isinstance(body, dict) else None
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return {str(item.get("tool_call_id")): item["output"] for item in found if "output" in item}


def output_of(value: Any) -> dict[str, Any]:
    """A tool output: what a text says in JSON if that is an object or array, whatever its spelling, else the text."""
    if not isinstance(value, str):
        return {"value": value}
    if value.lstrip()[:1] in ("{", "["):
        try:
            return {"json": _DECODER.decode(value)}
        except (ValueError, RecursionError):
            pass
    return {"text": value}


def dumps(value: Any) -> str:
    """A plain value as text, keys sorted."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"))
