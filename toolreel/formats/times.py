"""Points in time, as other tools write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from toolreel.messages.http import Headers, header

_FRACTION = re.compile(r"\.([0-9]+)")


def rfc3339(seconds: float) -> str:
    """A time in seconds since 1970 as the take says it."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")


def rfc3339_of(text: object) -> str | None:
    """An ISO 8601 time as the take says it, or None if it is none."""
    ms = milliseconds(text)
    return None if ms is None else rfc3339(ms / 1000)


def milliseconds(text: object) -> float | None:
    """An ISO 8601 time in milliseconds since 1970, or None if it is none."""
    if not isinstance(text, str) or not text:
        return None
    text = _FRACTION.sub(lambda match: f".{match[1][:6].ljust(6, '0')}", text.strip().replace("Z", "+00:00"))
    try:
        return datetime.fromisoformat(text).timestamp() * 1000
    except (ValueError, OverflowError):
        return None


def date_of(headers: Headers) -> str | None:
    """When an answer was made, by its server's clock (the header Date)."""
    try:
        return rfc3339(parsedate_to_datetime(header(headers, "date") or "").timestamp())
    except (ValueError, TypeError, OverflowError):
        return None
