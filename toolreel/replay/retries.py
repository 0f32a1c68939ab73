"""Retries and polls of SDKs: what a client does on its own, and what makes it lose no time.

Headers of the openai SDKs: `x-stainless-retry-count` counts a client's retries, `retry-after-ms` says how long it
waits before the next, `openai-poll-after-ms` how long a poll helper waits.
"""

from __future__ import annotations

from toolreel.messages.http import Headers, HttpRequest, header
from toolreel.messages.model import Response

from .tracks import Track

SOON_MS = "5"
"""How long clients are told to wait."""
_POLL_AFTER = "openai-poll-after-ms"
_WAITS = frozenset({"retry-after", "retry-after-ms"})
_RETRYABLE = frozenset({408, 409, 429})


def is_retry(request: HttpRequest) -> bool:
    """Whether a client says that it has sent this request before, and heard nothing or an error."""
    count = header(request.headers, "x-stainless-retry-count") or ""
    return count.isascii() and count.isdigit() and int(count[:9]) > 0


def hurried(response: Response, track: Track) -> Response:
    """An answer after which nobody waits."""
    if _is_retryable(response):
        return response.model_copy(update={"headers": _said(response.headers, "retry-after-ms", _WAITS)})
    if track.polls and response.status < 300:
        return response.model_copy(update={"headers": _said(response.headers, _POLL_AFTER, frozenset({_POLL_AFTER}))})
    return response


def unhurried(response: Response, track: Track) -> Response:
    """An answer that lets a client wait as long as it was told when it was recorded."""
    kept = track.performance.headers if track.performance else None
    waits = tuple(pair for pair in kept or () if pair[0] in _WAITS)
    return response.model_copy(update={"headers": response.headers + waits}) if waits else response


def _is_retryable(response: Response) -> bool:
    """Whether SDKs send the request again."""
    said = header(response.headers, "x-should-retry")
    if said in ("true", "false"):
        return said == "true"
    return response.status in _RETRYABLE or response.status >= 500


def _said(headers: Headers, name: str, instead_of: frozenset[str]) -> Headers:
    return (*(pair for pair in headers if pair[0] not in instead_of), (name, SOON_MS))
