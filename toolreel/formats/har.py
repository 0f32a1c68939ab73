"""HAR 1.2, as browsers, mitmproxy, Polly.js and toolreel write it: `log.entries`.

What toolreel writes (`toolreel.formats.har_export`) has a member `_toolreel` where HAR has no place for something.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from toolreel.messages.http import Headers, header
from toolreel.messages.model import Ending

from .found import Answer, Found, Item, LeftError, Timing, asked, fields, headed, members, stored
from .times import milliseconds, rfc3339

TOOL = "HAR"
LIST = "entries"
INTO = "log"
OWN = "_toolreel"


def is_ours(item: Item) -> bool:
    """Nobody else has such a list in an object `log`."""
    return isinstance(item, dict)


def found(item: Item) -> Found:
    """What an entry says. Raises LeftError."""
    entry = members(item)
    request, response = members(entry.get("request")), members(entry.get("response"))
    own = entry[OWN] if isinstance(entry.get(OWN), dict) else {}
    headers, answered = _fields(request), _fields(response)
    if entry.get("_webSocketMessages") or entry.get("_resourceType") == "websocket":
        raise LeftError("it became a websocket, which toolreel does not record")
    if str(response.get("status")) == "0" and response.get("_error"):
        raise LeftError(f"it got no answer ({str(response['_error'])[:100]})")
    head = headed(response.get("status"), answered)
    body, body_kept = _request_body(request, headers, own)
    sent = asked(request.get("method"), request.get("url"), headers, body)
    if own.get("origin", "") is None:
        sent = replace(sent, origin=None)
    if OWN in entry:
        sent = replace(sent, body=body)  # toolreel tells no body and an empty one apart
    began = None if own.get("untimed") else milliseconds(entry.get("startedDateTime"))
    took = entry.get("time")
    return Found(
        request=sent,
        answer=_answer(response, head, own),
        body_kept=body_kept,
        spelling_kept=own.get("request_spelling") != "unknown",
        timing=_timing(began, took, own),
        chunks=_numbers(own.get("chunks")),
        recorded_at=None if began is None or own.get("undated") else rfc3339(began / 1000),
        tool=TOOL,
        is_ours=OWN in entry,
    )


def _timing(began: float | None, took: Any, own: Mapping[str, Any]) -> Timing | None:
    if began is None or not _is_number(took) or not 0 <= took < 10**9:
        return None
    return Timing(began, began + took, _numbers(own.get("frame_ms")))


def _fields(message: Mapping[str, Any]) -> Headers:
    pairs = message.get("headers") or []
    if not isinstance(pairs, list):
        raise LeftError("its headers are no list")
    return fields((pair.get("name"), pair.get("value")) for pair in pairs if isinstance(pair, dict))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(value: Any) -> tuple[int, ...] | None:
    return tuple(value) if isinstance(value, list) and all(type(item) is int for item in value) else None


def _request_body(request: Mapping[str, Any], headers: Headers, own: Mapping[str, Any]) -> tuple[bytes | None, bool]:
    """The body, and whether it was kept at all."""
    if own.get("request_body") == "unknown":
        return None, False
    posted = request.get("postData")
    if not isinstance(posted, dict):
        size = request.get("bodySize")
        length = (header(headers, "content-length") or "0").strip()
        return None, not (_is_number(size) and size > 0) and length == "0"
    if posted.get("encoding") == "base64" or isinstance(own.get("request_base64"), str):
        return _unbase64(own.get("request_base64") or posted.get("text")), True
    text = posted.get("text")
    if not text and posted.get("params"):
        return None, False  # the fields of a form, and nobody knows how they were spelled
    body = _encoded(text, header(headers, "content-type"), request.get("bodySize"))
    return body, bool(body) or not (_is_number(request.get("bodySize")) and request["bodySize"] > 0)


def _answer(response: Mapping[str, Any], head: Any, own: Mapping[str, Any]) -> Answer:
    if own.get("body") == "none":
        return Answer(head, None)
    content = response.get("content")
    content = content if isinstance(content, dict) else {}
    text, size = content.get("text"), content.get("size")
    if text is None and _is_number(size) and size > 0:
        raise LeftError("the body of its answer was not kept")
    if content.get("encoding") == "base64":
        body = _unbase64(text)
    else:
        saved = content.get("compression")
        if saved and _is_number(saved) and size == response.get("bodySize") and _is_number(size):
            size += saved  # mitmproxy says the size on the wire in both places
        body = _encoded(text, header(head.headers, "content-type"), size)
    try:
        ending = Ending(own.get("ending", "cut" if response.get("_error") else "complete"))
    except ValueError:
        ending = Ending.COMPLETE
    hidden = own.get("hidden")
    return Answer(
        head,
        body,
        coded=own.get("coded") is True,
        spelling_kept=own.get("spelling") != "unknown",
        ending=ending,
        rest=_unbase64(own.get("rest")),
        hidden=hidden if type(hidden) is int and hidden > 0 else 0,
    )


def _unbase64(text: Any) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "", validate=False)
    except (binascii.Error, ValueError):
        raise LeftError("a body of it is broken base64") from None


def _encoded(text: Any, content_type: str | None, size: Any) -> bytes:
    """The bytes of a text: in the encoding that gives the recorded size, UTF-8 before others."""
    body = stored(text)
    if not _is_number(size) or len(body) == size or not isinstance(text, str) or text.isascii():
        return body
    charset = (content_type or "").lower().partition("charset=")[2].partition(";")[0].strip(' "')
    for encoding in (charset, "latin-1"):
        try:
            if encoding and len(other := text.encode(encoding, "surrogateescape")) == size:
                return other
        except (LookupError, UnicodeEncodeError):
            pass
    return body
