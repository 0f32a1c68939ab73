"""go-vcr, v1 to v4, YAML: `interactions` of `request` and `response`, with the time to the head of the answer."""

from __future__ import annotations

from typing import Any

from toolreel.messages.http import Headers, header

from .found import Answer, Found, Item, asked, fields, headed, members, stored

TOOL = "go-vcr"
LIST = "interactions"


def is_ours(item: Item) -> bool:
    """Whether an item of `interactions` is go-vcr's: VCR.py says `uri`."""
    return isinstance(item, dict) and isinstance(item.get("request"), dict) and "url" in item["request"]


def found(item: Item) -> Found:
    """What an interaction says. Raises LeftError."""
    request, response = members(members(item).get("request")), members(members(item).get("response"))
    headers, answered = _headers(request), _headers(response)
    body = stored(request.get("body"))
    # Go's transport takes gzip off by itself, and the header with it.
    unpacked = str(response.get("uncompressed")).lower() == "true"
    return Found(
        request=asked(request.get("method"), request.get("url"), headers, body),
        answer=Answer(
            headed(response.get("code"), answered),
            stored(response.get("body")),
            coded=False if unpacked else None,
            encoding="gzip" if unpacked and header(answered, "content-encoding") is None else None,
        ),
        body_kept=bool(body) or not _length(request),
        tool=TOOL,
        not_kept=("duration",) if response.get("duration") else (),
    )


def _headers(message: Any) -> Headers:
    return fields(members(message.get("headers") or {}).items())


def _length(request: Any) -> int:
    try:
        return int(request.get("content_length") or 0)
    except (ValueError, TypeError):
        return 0
