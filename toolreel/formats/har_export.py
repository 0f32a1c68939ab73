"""A cassette as HAR 1.2: what was received, poll by poll, with its symbols and placeholders.

What HAR has no place for stands in members called `_toolreel`, as its specification allows, so that an import gives
back the same cassette (`toolreel.formats.har`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from toolreel.messages.bodies import FileReader, body_bytes, frame_bytes
from toolreel.messages.http import Headers, header
from toolreel.messages.jsontext import UNKNOWN
from toolreel.messages.model import Cassette, Ending, JsonBody, Performance, Request, Response, UnknownBody
from toolreel.normalise.performed import Performed, unfold

from .har import OWN
from .times import milliseconds

_NO_ORIGIN = "http://localhost"
"""Stands in URLs where the recorder could not know the server."""

_NO_VERSION = "unknown"
"""The version of HTTP, which no cassette keeps."""


def har_of(cassette: Cassette, read_file: FileReader, version: str) -> Iterator[str]:
    """The text of the HAR file in pieces; `version` is toolreel's. Raises whatever `read_file` raises."""
    creator = json.dumps({"name": "toolreel", "version": version})
    take = cassette.take and {"tool": cassette.take.tool, "recorded_at": cassette.take.recorded_at}
    own = f'"{OWN}": {json.dumps(take, ensure_ascii=False)},\n' if take else ""
    yield f'{{\n"log": {{\n"version": "1.2",\n"creator": {creator},\n{own}"entries": ['
    separator = "\n"
    began = milliseconds(cassette.take.recorded_at) if cassette.take else None
    for performed in unfold(cassette):
        upstream = cassette.upstreams[performed.interaction.request.upstream]
        entry = _entry(performed, upstream, read_file, began)
        yield separator + json.dumps(entry, ensure_ascii=False, indent=1)
        separator = ",\n"
    yield "\n]\n}\n}\n"


def _entry(performed: Performed, upstream: str, read_file: FileReader, began: float | None) -> dict[str, Any]:
    interaction, performance = performed.interaction, performed.performance or Performance()
    own: dict[str, Any] = {}
    if interaction.ending is not Ending.COMPLETE:
        own["ending"] = interaction.ending
    request = _request(interaction.request, upstream, own, read_file)
    response = _response(interaction.response, performance, own, read_file)
    for name in ("frame_ms", "chunks", "rest", "hidden"):
        if getattr(performance, name) is not None:
            own[name] = getattr(performance, name)
    return {
        **_times(performance, own, began),
        "request": request,
        "response": response,
        "cache": {},
        OWN: own,
    }


def _times(performance: Performance, own: dict[str, Any], began: float | None) -> dict[str, Any]:
    """When it began, and how long it took: HAR wants to know, even if nobody noted it."""
    if performance.ms is None:
        own["untimed"] = True
    elif began is None:
        own["undated"] = True
    start, end = performance.ms or (0, 0)
    first = min(performance.frame_ms[0], end - start) if performance.frame_ms else end - start
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=(began or 0) + start)
    return {
        "startedDateTime": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": end - start,
        "timings": {"send": 0, "wait": first, "receive": end - start - first},
    }


def _request(request: Request, upstream: str, own: dict[str, Any], read_file: FileReader) -> dict[str, Any]:
    if not upstream.startswith(("http://", "https://")):
        own["origin"] = None
        upstream = _NO_ORIGIN + upstream
    query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
    body = body_bytes(request.body, read_file)
    message: dict[str, Any] = {
        "method": request.method,
        "url": f"{upstream}{request.path}{query}",
        "httpVersion": _NO_VERSION,
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _pairs(request.query),
        "headersSize": -1,
        "bodySize": -1 if isinstance(request.body, UnknownBody) else len(body or b""),
    }
    if isinstance(request.body, UnknownBody):
        own["request_body"] = "unknown"
    if isinstance(request.body, JsonBody) and request.body.style == UNKNOWN:
        own["request_spelling"] = "unknown"
    if body is not None:
        text = _text(body)
        message["postData"] = {"mimeType": header(request.headers, "content-type") or "", "text": text or ""}
        if text is None:
            own["request_base64"] = base64.b64encode(body).decode()
    return message


def _response(
    response: Response, performance: Performance, own: dict[str, Any], read_file: FileReader
) -> dict[str, Any]:
    headers = (*response.headers, *(performance.headers or ()))
    if performance.encoding:
        headers += (("content-encoding", performance.encoding),)
    elif header(headers, "content-encoding"):
        own["coded"] = True
    if response.frames is None:
        body = body_bytes(response.body, read_file)
    else:
        body = b"".join(map(frame_bytes, response.frames))
    if body is None:
        own["body"] = "none"
    if isinstance(response.body, JsonBody) and response.body.style == UNKNOWN:
        own["spelling"] = "unknown"
    content: dict[str, Any] = {"size": len(body or b""), "mimeType": header(headers, "content-type") or ""}
    text = _text(body or b"")
    if text is None:
        content |= {"text": base64.b64encode(body or b"").decode(), "encoding": "base64"}
    else:
        content["text"] = text
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
        "httpVersion": _NO_VERSION,
        "cookies": [],
        "headers": _pairs(headers),
        "content": content,
        "redirectURL": header(headers, "location") or "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _pairs(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _text(body: bytes) -> str | None:
    """The text of a body, None if it is not UTF-8."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
