"""One conversation as every tool writes it: that of the shipped cassette, which the stand-in gave."""

from __future__ import annotations

import base64
import functools
import gzip
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.normalise.takes import answer_bytes, no_file
from tests.recording.assembling import assemble
from toolreel.formats.entries import Importer
from toolreel.formats.found import Found, Left
from toolreel.formats.table import LOOK, Opened
from toolreel.messages.bodies import body_bytes
from toolreel.messages.http import Headers
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.normalise.performed import unfold
from toolreel.store.files import load

SHIPPED = Path(__file__).parents[2] / "cassettes" / "weather.json"
ORIGIN = "https://api.openai.com"
BEGAN = 1_761_861_530.25
"""When the conversation began, in seconds since 1970."""


@dataclass(frozen=True)
class Sent:
    """An exchange on the wire: what a client sent, and what it got; `ms` since the beginning."""

    method: str
    url: str
    headers: Headers
    body: bytes | None
    status: int
    answered: Headers
    answer: bytes
    ms: tuple[int, int] = (0, 0)


def shipped() -> Cassette:
    """The shipped cassette, as recorded from api.openai.com."""
    return load(SHIPPED).model_copy(update={"upstreams": (f"{ORIGIN}/v1",)})


@functools.cache
def conversation() -> tuple[Sent, ...]:
    """What passed over the wire when it was recorded."""
    exchanges = []
    for one in unfold(shipped()):
        request, response = one.interaction.request, one.interaction.response
        query = f"?{urlencode(request.query)}" if request.query else ""
        body = body_bytes(request.body, no_file)
        secret = (("authorization", "Bearer sk-proj-abcdefghijklmnop0123456789"), ("host", "api.openai.com"))
        length = () if body is None else (("content-length", str(len(body))),)
        answer = answer_bytes(response)
        assert one.performance
        assert one.performance.ms
        length_of_answer = () if response.frames is not None else (("content-length", str(len(answer))),)
        date = (("date", formatdate(BEGAN + one.performance.ms[1] / 1000, usegmt=True)),)
        cookies = (("set-cookie", "__cf_bm=secret1; path=/"), ("set-cookie", "_cfuvid=secret2; path=/"))
        exchanges.append(
            Sent(
                request.method,
                f"{ORIGIN}/v1{request.path}{query}",
                (*request.headers, *secret, *length),
                body,
                response.status,
                (*response.headers, *date, *cookies, *length_of_answer),
                answer,
                one.performance.ms,
            )
        )
    return tuple(exchanges)


def example(**changes: Any) -> Sent:
    """A small exchange."""
    made: dict[str, Any] = {
        "method": "POST",
        "url": f"{ORIGIN}/v1/threads",
        "headers": (("content-type", "application/json"),),
        "body": b'{"a":1}',
        "status": 200,
        "answered": (("content-type", "application/json"),),
        "answer": b'{\n  "id": "thread_abcdefghijklmnopqrstuvwx"\n}',
    }
    return Sent(**made | changes)


# ------------------------------------------------------------------------------------------------------- the formats


def _titled(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _lists(headers: Headers, name: Callable[[str], str] = _titled) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in headers:
        found.setdefault(name(key), []).append(value)
    return found


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def vcrpy_value(exchanges: Sequence[Sent]) -> dict[str, Any]:
    """What VCR.py serializes."""
    return {
        "interactions": [
            {
                "request": {
                    "body": None if one.body is None else _text(one.body),
                    "headers": _lists(one.headers, str),
                    "method": one.method,
                    "uri": one.url,
                },
                "response": {
                    "body": {"string": _text(one.answer)},
                    "headers": _lists(one.answered),
                    "status": {"code": one.status, "message": "OK"},
                },
            }
            for one in exchanges
        ],
        "version": 1,
    }


def vcrpy(exchanges: Sequence[Sent]) -> bytes:
    return yaml.dump(vcrpy_value(exchanges)).encode()


def vcrpy_json(exchanges: Sequence[Sent]) -> bytes:
    return json.dumps(vcrpy_value(exchanges), indent=4).encode() + b"\n"


def ruby_value(exchanges: Sequence[Sent]) -> dict[str, Any]:
    """What Ruby VCR serializes."""

    def body(data: bytes | None) -> dict[str, Any]:
        text = _text(data or b"")
        if isinstance(text, bytes):
            return {"encoding": "ASCII-8BIT", "base64_string": base64.b64encode(text).decode()}
        return {"encoding": "UTF-8", "string": text}

    return {
        "http_interactions": [
            {
                "request": {
                    "method": one.method.lower(),
                    "uri": one.url,
                    "body": body(one.body),
                    "headers": _lists(one.headers),
                },
                "response": {
                    "status": {"code": one.status, "message": "OK"},
                    "headers": _lists(one.answered),
                    "body": body(one.answer),
                },
                "recorded_at": formatdate(BEGAN + one.ms[1] / 1000, usegmt=True),
            }
            for one in exchanges
        ],
        "recorded_with": "VCR 6.1.0",
    }


def ruby(exchanges: Sequence[Sent]) -> bytes:
    return b"---\n" + yaml.dump(ruby_value(exchanges), sort_keys=False, allow_unicode=True).encode()


def ruby_json(exchanges: Sequence[Sent]) -> bytes:
    return json.dumps(ruby_value(exchanges)).encode()


def go_value(exchanges: Sequence[Sent]) -> dict[str, Any]:
    """What go-vcr v2 to v4 serialize."""
    http = {"proto": "HTTP/1.1", "proto_major": 1, "proto_minor": 1}
    return {
        "version": 2,
        "interactions": [
            {
                "id": number,
                "request": {
                    **http,
                    "content_length": len(one.body or b""),
                    "host": "api.openai.com",
                    "body": _text(one.body or b""),
                    "headers": _lists(one.headers),
                    "url": one.url,
                    "method": one.method,
                },
                "response": {
                    **http,
                    "content_length": -1,
                    "uncompressed": False,
                    "body": _text(one.answer),
                    "headers": _lists(one.answered),
                    "status": f"{one.status} OK",
                    "code": one.status,
                    "duration": "929.581ms",
                },
            }
            for number, one in enumerate(exchanges)
        ],
    }


def go(exchanges: Sequence[Sent]) -> bytes:
    return b"---\n" + yaml.dump(go_value(exchanges), sort_keys=False, allow_unicode=True).encode()


def go_v1(exchanges: Sequence[Sent]) -> bytes:
    value = go_value(exchanges)
    for one in value["interactions"]:
        del one["id"], one["response"]["duration"], one["response"]["uncompressed"]
        for message in (one["request"], one["response"]):
            for name in ("proto", "proto_major", "proto_minor", "content_length"):
                del message[name]
        one["request"]["form"] = {}
    return b"---\n" + yaml.dump({**value, "version": 1}, sort_keys=False).encode()


def proxy_value(exchanges: Sequence[Sent]) -> dict[str, Any]:
    """What the test proxy of .NET and Azure serializes."""

    def headers(pairs: Headers) -> dict[str, Any]:
        secret = ("authorization", "set-cookie")
        found = _lists(tuple((name, "Sanitized" if name in secret else text) for name, text in pairs))
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def body(data: bytes | None) -> Any:
        if data is None:
            return None
        if not data:
            return []
        try:
            value = json.loads(data)
        except ValueError:
            lines = data.decode().splitlines(keepends=True)
            return lines if len(lines) > 1 else lines[0]
        return value if isinstance(value, dict) else data.decode()

    return {
        "Entries": [
            {
                "RequestUri": one.url,
                "RequestMethod": one.method,
                "RequestHeaders": headers(one.headers),
                "RequestBody": body(one.body),
                "StatusCode": one.status,
                "ResponseHeaders": headers(one.answered),
                "ResponseBody": body(one.answer),
            }
            for one in exchanges
        ],
        "Variables": {"OPEN-API-KEY": "api-key"},
    }


def proxy(exchanges: Sequence[Sent]) -> bytes:
    return json.dumps(proxy_value(exchanges), indent=2, ensure_ascii=False).encode()


def httprr(exchanges: Sequence[Sent]) -> bytes:
    pieces = [b"httprr trace v1\n"]
    for one in exchanges:
        request = _message(f"{one.method} {one.url} HTTP/1.1", one.headers, one.body or b"")
        answer = _message(f"HTTP/2.0 {one.status} OK", one.answered, one.answer)
        pieces += [f"{len(request)} {len(answer)}\n".encode(), request, answer]
    return b"".join(pieces)


def _message(first: str, headers: Headers, body: bytes) -> bytes:
    lines = [first, *(f"{_titled(name)}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode() + body


def har_value(exchanges: Sequence[Sent]) -> dict[str, Any]:
    """What a browser exports."""

    def pairs(headers: Headers) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in headers]

    def entry(one: Sent) -> dict[str, Any]:
        began = BEGAN + one.ms[0] / 1000
        seconds, fraction = divmod(round(began * 1000), 1000)
        request: dict[str, Any] = {"method": one.method, "url": one.url, "headers": pairs(one.headers)}
        if one.body is not None:
            request["postData"] = {"mimeType": "application/json", "text": one.body.decode()}
        return {
            "startedDateTime": f"{_iso(seconds)}.{fraction:03}Z",
            "time": one.ms[1] - one.ms[0],
            "request": request | {"bodySize": len(one.body or b"")},
            "response": {
                "status": one.status,
                "headers": pairs(one.answered),
                "content": {"size": len(one.answer), "text": one.answer.decode()},
            },
        }

    creator = {"name": "WebInspector", "version": "537.36"}
    return {"log": {"version": "1.2", "creator": creator, "entries": [entry(one) for one in exchanges]}}


def _iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def har(exchanges: Sequence[Sent]) -> bytes:
    return json.dumps(har_value(exchanges), indent=2).encode()


def flow_value(one: Sent) -> dict[str, Any]:
    """The members of mitmproxy's state of a flow that say something of HTTP."""
    host, _, path = one.url.removeprefix("https://").partition("/")
    began, ended = (BEGAN + ms / 1000 for ms in one.ms)
    http: dict[str, Any] = {"http_version": b"HTTP/1.1", "trailers": None}
    return {
        "type": "http",
        "version": 21,
        "websocket": None,
        "error": None,
        "request": {
            **http,
            "host": host,
            "port": 443,
            "scheme": b"https",
            "method": one.method.encode(),
            "path": f"/{path}".encode(),
            "headers": [[name.encode(), value.encode()] for name, value in one.headers],
            "content": one.body or b"",
            "timestamp_start": began,
            "timestamp_end": began,
        },
        "response": {
            **http,
            "status_code": one.status,
            "reason": b"OK",
            "headers": [
                [name.encode(), value.encode()] for name, value in (*one.answered, ("transfer-encoding", "chunked"))
            ],
            "content": one.answer,
            "timestamp_start": began,
            "timestamp_end": ended,
        },
    }


def tnetstring(value: Any) -> bytes:
    """A value as a typed netstring."""
    match value:
        case None:
            data, kind = b"", b"~"
        case bool():
            data, kind = str(value).lower().encode(), b"!"
        case bytes():
            data, kind = value, b","
        case str():
            data, kind = value.encode(), b";"
        case int():
            data, kind = str(value).encode(), b"#"
        case float():
            data, kind = repr(value).encode(), b"^"
        case dict():
            data, kind = b"".join(tnetstring(item) for pair in value.items() for item in pair), b"}"
        case _:
            data, kind = b"".join(map(tnetstring, value)), b"]"
    return str(len(data)).encode() + b":" + data + kind


def flows(exchanges: Sequence[Sent]) -> bytes:
    return b"".join(tnetstring(flow_value(one)) for one in exchanges)


WRITERS: dict[str, Callable[[Sequence[Sent]], bytes]] = {
    "vcrpy": vcrpy,
    "vcrpy-json": vcrpy_json,
    "ruby": ruby,
    "ruby-json": ruby_json,
    "go-vcr": go,
    "go-vcr-v1": go_v1,
    "test-proxy": proxy,
    "httprr": httprr,
    "har": har,
    "flows": flows,
}
TIMED = {"har", "flows"}

# ----------------------------------------------------------------------------------------------------------- reading


def opened(data: bytes) -> Opened:
    return Opened(io.BufferedReader(io.BytesIO(data), LOOK))


def taken(data: bytes) -> list[Found | Left]:
    """All that a file says."""
    return list(opened(data))


def found(data: bytes) -> Found:
    """The one interaction of a file."""
    [one] = taken(data)
    assert isinstance(one, Found), one
    return one


def left(data: bytes) -> str:
    """Why the one interaction of a file cannot be taken."""
    [one] = taken(data)
    assert isinstance(one, Left), one
    return one.reason


def received(data: bytes | Iterator[Found | Left]) -> Cassette:
    """The cassette of a file, as a recorder would assemble it."""
    importer = Importer()
    entries = [
        entry
        for one in (taken(data) if isinstance(data, bytes) else data)
        if isinstance(one, Found)
        for entry in importer.entries(one)
    ]
    return assemble(entries, recorded_at=None, tool="a test", keep_file=_none_large)


def _none_large(pieces: Any) -> str:
    raise AssertionError("no body is large")


def imported(data: bytes) -> Cassette:
    """The cassette of a file in its normal form."""
    return normalise(received(data))[0]


def packed(one: Sent) -> Sent:
    """The same exchange, its answer compressed on the wire."""
    coded = gzip.compress(one.answer)
    headers = tuple(pair for pair in one.answered if pair[0] != "content-length")
    return Sent(
        **{name: getattr(one, name) for name in ("method", "url", "headers", "body", "status", "ms")},
        answered=(*headers, ("content-encoding", "gzip")),
        answer=coded,
    )
