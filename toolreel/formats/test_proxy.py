"""Recordings of the .NET and Azure SDKs (test proxy): `Entries`, JSON bodies parsed, text in lists of lines."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from toolreel.messages.http import Headers, header, media_type

from .found import Answer, Found, Item, LeftError, asked, body_is_missing, fields, headed, members, stored
from .spelling import written_back
from .vcrpy import length

TOOL = ".NET/Azure test proxy"
LIST = "Entries"


def is_ours(item: Item) -> bool:
    """Nobody else has such a list."""
    return isinstance(item, dict)


def found(item: Item) -> Found:
    """What an entry says. Raises LeftError."""
    entry = members(item)
    headers = fields(members(entry.get("RequestHeaders") or {}).items())
    answered = fields(members(entry.get("ResponseHeaders") or {}).items())
    body, spelling_kept = _body(entry.get("RequestBody"), headers)
    data, answer_spelling_kept = _body(entry.get("ResponseBody"), answered)
    return Found(
        request=asked(entry.get("RequestMethod"), entry.get("RequestUri"), headers, body),
        # The proxy takes a content-encoding off, and leaves the header.
        answer=Answer(headed(entry.get("StatusCode"), answered), data or b"", spelling_kept=answer_spelling_kept),
        body_kept=not body_is_missing(headers, body),
        spelling_kept=spelling_kept,
        tool=TOOL,
    )


def _body(body: Any, headers: Headers) -> tuple[bytes | None, bool]:
    """The bytes of a body, and whether their spelling is known."""
    if body is None:
        return None, True
    if isinstance(body, list):
        if not all(isinstance(line, str) for line in body):
            raise LeftError("a body of it is a list, and not of lines")
        return stored("".join(body), _charset(headers)), True
    if not isinstance(body, str):
        return written_back(body, length(headers))
    if _is_text(media_type(headers)):
        return stored(body, _charset(headers)), True
    try:
        return base64.b64decode(body, validate=True), True
    except (binascii.Error, ValueError):
        return stored(body), True


def _is_text(media: str) -> bool:
    """Whether the proxy writes such a body as text; else it is base64."""
    return media.startswith("text/") or media.endswith(("json", "xml", "-urlencoded"))


def _charset(headers: Headers) -> str:
    content_type = (header(headers, "content-type") or "").lower()
    return "latin-1" if "charset=iso-8859-1" in content_type else "utf-8"
