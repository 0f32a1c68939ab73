"""VCR.py, YAML and JSON: `interactions` of `request` and `response`.

Old releases wrote httpx's answers as `content` and `status_code`; serializers like pydantic-ai's parse JSON bodies
(`parsed_body`).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from toolreel.messages.http import Headers, header

from .found import Answer, Found, Item, LeftError, asked, body_is_missing, fields, headed, members, stored
from .spelling import written_back

TOOL = "VCR.py"
LIST = "interactions"


def is_ours(item: Item) -> bool:
    """Whether an item of `interactions` is VCR.py's: go-vcr says `url`."""
    return isinstance(item, dict) and isinstance(item.get("request"), dict) and "uri" in item["request"]


def found(item: Item) -> Found:
    """What an interaction says. Raises LeftError."""
    request, response = members(members(item).get("request")), members(members(item).get("response"))
    headers, answered = _headers(request), _headers(response)
    body, spelling_kept = _request_body(request, headers)
    status = members(response["status"]).get("code") if "status" in response else response.get("status_code")
    head = headed(status, answered)
    data, answer_spelling_kept = _answer_body(response, answered)
    return Found(
        request=asked(request.get("method"), request.get("uri"), headers, body),
        answer=Answer(head, data, spelling_kept=answer_spelling_kept),
        body_kept=not body_is_missing(headers, body),
        spelling_kept=spelling_kept,
        tool=TOOL,
    )


def _headers(message: Any) -> Headers:
    headers = message.get("headers") or {}
    return fields(members(headers).items())


def _request_body(request: Any, headers: Headers) -> tuple[bytes, bool]:
    if request.get("parsed_body") is not None:
        return written_back(request["parsed_body"], length(headers))
    body = request.get("body")
    if isinstance(body, dict):
        return _string(body), True
    return stored(body), True


def _answer_body(response: Any, headers: Headers) -> tuple[bytes, bool]:
    body = response.get("body")
    for holder in (response, body if isinstance(body, dict) else {}):
        if holder.get("parsed_body") is not None:
            return written_back(holder["parsed_body"], length(headers))
    if isinstance(body, dict):
        return _string(body), True
    return stored(response.get("content") if body is None else body), True


def _string(body: Any) -> bytes:
    if isinstance(coded := body.get("base64_string"), str):
        try:
            return base64.b64decode(coded)
        except (binascii.Error, ValueError):
            raise LeftError("a body of it is broken base64") from None
    return stored(body.get("string"))


def length(headers: Headers) -> int | None:
    """What content-length says, if it says anything."""
    value = (header(headers, "content-length") or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
