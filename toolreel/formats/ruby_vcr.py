"""Ruby VCR from 2.0 on, YAML and JSON: `http_interactions` of `request` and `response`, with the time of each."""

from __future__ import annotations

import base64
import binascii
from email.utils import parsedate_to_datetime
from typing import Any

from .found import Answer, Found, Item, LeftError, asked, body_is_missing, fields, headed, members, stored
from .times import rfc3339

TOOL = "Ruby VCR"
LIST = "http_interactions"


def is_ours(item: Item) -> bool:
    """Nobody else has such a list."""
    return isinstance(item, dict)


def found(item: Item) -> Found:
    """What an interaction says. Raises LeftError."""
    request, response = members(members(item).get("request")), members(members(item).get("response"))
    headers = fields(members(request.get("headers") or {}).items())
    answered = fields(members(response.get("headers") or {}).items())
    body = _body(request.get("body"))
    return Found(
        request=asked(request.get("method"), request.get("uri"), headers, body),
        answer=Answer(headed(members(response.get("status")).get("code"), answered), _body(response.get("body"))),
        body_kept=not body_is_missing(headers, body),
        recorded_at=_recorded_at(item.get("recorded_at")),
        tool=TOOL,
    )


def _body(body: Any) -> bytes:
    """The bytes of a body: Ruby's string in its encoding, which the file says in UTF-8, or base64."""
    if body is None or isinstance(body, str | bytes):
        return stored(body)
    body = members(body)
    if isinstance(coded := body.get("base64_string"), str):
        try:
            return base64.b64decode(coded)
        except (binascii.Error, ValueError):
            raise LeftError("a body of it is broken base64") from None
    encoding = body.get("encoding")
    return stored(body.get("string"), encoding if isinstance(encoding, str) and encoding in _ENCODINGS else "utf-8")


_ENCODINGS = frozenset(
    {"ISO-8859-1", "ISO-8859-15", "Windows-1252", "UTF-16LE", "UTF-16BE", "Shift_JIS", "EUC-JP", "GBK", "Big5"}
)
"""Ruby's names of encodings other than UTF-8 and its kin; Python knows them too."""


def _recorded_at(value: Any) -> str | None:
    try:
        return rfc3339(parsedate_to_datetime(value).timestamp()) if isinstance(value, str) else None
    except (ValueError, TypeError, OverflowError):
        return None
