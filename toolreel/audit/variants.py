"""Other ways to send the same request: what another client, service or version of an SDK does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

from toolreel.messages.http import HttpRequest

from .sent import DEPLOYMENTS, UNORDERED, Json, Parts, Sent, Spelling, deployment_of, model_of, structure

Variant = Callable[[Sent], HttpRequest | None]
"""Sends a request in its own way, or gives None where it has none, such as another spelling for no body."""


# ------------------------------------------------------------------------------------------------------------- values


def _mapped(value: Any, change: Callable[[Any, str], Any], key: str = "") -> Any:
    """A value with every member changed, from the inside out; `change` gets the key under which it stands."""
    if isinstance(value, dict):
        value = {name: _mapped(member, change, name) for name, member in value.items()}
    elif isinstance(value, list):
        value = [_mapped(item, change) for item in value]
    return change(value, key)


def _keys_reversed(value: Any, key: str) -> Any:
    del key
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def _outputs_reversed(value: Any, key: str) -> Any:
    return value[::-1] if key in UNORDERED and isinstance(value, list) else value


def _outputs_respelled(value: Any, key: str) -> Any:
    inner = structure(value) if key == "output" and isinstance(value, str) else None
    return value if inner is None else "\n" + json.dumps(_mapped(inner, _keys_reversed), indent=3)


def _numbers_respelled(value: Any, key: str) -> Any:
    """`1` for `1.0` and the other way round."""
    del key
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53:
        return float(value)
    return value


def _values(change: Callable[[Any, str], Any]) -> Variant:
    """Requests whose JSON says the same with other values."""

    def send(sent: Sent) -> HttpRequest | None:
        if not isinstance(sent.content, Json):
            return None
        value = _mapped(sent.content.value, change)
        # Equal to Python is 1 and 1.0, and what differs in the order of keys: so the spellings are compared.
        return None if repr(value) == repr(sent.content.value) else replace(sent, content=Json(value)).http()

    return send


# ----------------------------------------------------------------------------------------------------------- spelling


def _airy(value: Any) -> str:
    return f"\r\n{json.dumps(value, indent=chr(9), separators=(' , ', ' : '))}\n"


def _escaped(value: Any) -> str:
    """Every character of every text escaped, in the two ways that JSON has."""
    if isinstance(value, str):
        units = value.encode("utf-16-be", "surrogatepass")
        return '"' + "".join(f"\\u{units[at]:02X}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'
    if isinstance(value, dict):
        return "{" + ",".join(f"{_escaped(key)}:{_escaped(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_escaped, value)) + "]"
    return json.dumps(value)


def _solidus(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True).replace("/", "\\/")


def _written(write: Callable[[Any], str]) -> Variant:
    def send(sent: Sent) -> HttpRequest | None:
        return sent.http(Spelling(write=write)) if isinstance(sent.content, Json) else None

    return send


def _gzipped(sent: Sent) -> HttpRequest | None:
    request = sent.http()
    if not request.body:
        return None
    packed = gzip.compress(request.body, mtime=0)
    return replace(request, body=packed, headers=(*request.headers, ("content-encoding", "gzip")))


def _boundary(sent: Sent) -> HttpRequest | None:
    return None if not isinstance(sent.content, Parts) else sent.http(Spelling(boundary="another--boundary"))


# ----------------------------------------------------------------------------------------------------- path and query


def _based(base: str) -> Variant:
    """Another shape of path in front of the route."""

    def send(sent: Sent) -> HttpRequest | None:
        names_model = deployment_of(sent) is not None and model_of(sent) is None
        return None if sent.base == base or names_model else sent.http(Spelling(base=base))

    return send


def _deployed(sent: Sent) -> HttpRequest | None:
    """Azure OpenAI names the model in the path."""
    model = model_of(sent)
    if not isinstance(model, str) or not model or deployment_of(sent) is not None:
        return None
    return sent.http(Spelling(base=DEPLOYMENTS + quote(model, safe="")))


def _queried(sent: Sent) -> HttpRequest | None:
    """Pairs of other names in another order, and other escapes."""
    if not sent.query:
        return None
    names = sorted({name for name, _ in sent.query}, reverse=True)
    query = tuple(pair for name in names for pair in sent.query if pair[0] == name)
    return replace(sent, query=query).http(Spelling(escape=quote_plus))


def _versioned(sent: Sent) -> HttpRequest:
    others = tuple(pair for pair in sent.query if pair[0] != "api-version")
    return replace(sent, query=(("api-version", "2099-01-01-preview"), *others)).http()


# ------------------------------------------------------------------------------------------------------------ headers


def keeping(request: HttpRequest, sent: Sent, names: Collection[str]) -> HttpRequest:
    """A request with these headers as they were; a boundary belongs to the body, and stays with it."""
    names = set(names) - {"content-type"}
    others = tuple(pair for pair in request.headers if pair[0] not in names)
    return replace(request, headers=(*others, *(pair for pair in sent.headers if pair[0] in names)))


def _headed(*headers: tuple[str, str]) -> Variant:
    """Another client's headers in place of the recorded ones; what the body is, both say."""

    def send(sent: Sent) -> HttpRequest:
        request = sent.http()
        kept = tuple(pair for pair in request.headers if pair[0] == "content-type")
        return replace(request, headers=(*headers, *kept))

    return send


_NODE = (
    ("accept", "*/*"),
    ("accept-encoding", "br, gzip, deflate"),
    ("user-agent", "OpenAI/JS 4.104.0"),
    ("x-stainless-lang", "js"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-poll-helper", "true"),
    ("openai-beta", "assistants=v1"),
    ("openai-organization", "org-another"),
    ("authorization", "Bearer sk-another-key-than-the-recorded-one"),
)

VARIANTS: Mapping[str, Variant] = {
    "key order": _values(_keys_reversed),
    "1 and 1.0": _values(_numbers_respelled),
    "order of tool outputs": _values(_outputs_reversed),
    "JSON in tool outputs": _values(_outputs_respelled),
    "whitespace": _written(_airy),
    "unicode escapes": _written(_escaped),
    "escaped slashes": _written(_solidus),
    "content-encoding": _gzipped,
    "boundary": _boundary,
    "base /v1": _based("/v1"),
    "base /openai": _based("/openai"),
    "base /openai/v1": _based("/openai/v1"),
    "base /api/projects/P": _based("/api/projects/another"),
    "base /openai/deployments/D": _deployed,
    "no base": _based(""),
    "query spelling": _queried,
    "api-version": _versioned,
    "another client": _headed(*_NODE),
    "no headers": _headed(),
}
"""Every way, by what it changes."""
