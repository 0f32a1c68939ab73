"""Which header fields are recorded: an allow-list, so that no credential can slip through (product.md §2 and §5)."""

from __future__ import annotations

import re

from toolreel.messages.http import Headers

RECORDED = ("accept", "content-type", "openai-beta")
"""The fields of a request that are recorded."""
_REQUEST = re.compile("|".join(RECORDED))
_RESPONSE = re.compile(
    r"content-type|location|content-disposition|x-should-retry|openai-version|openai-poll-after-ms"
    r"|x-ms-error-code|apim-.*"
)
_VOLATILE = re.compile(r"retry-after|retry-after-ms|x-ratelimit-.*|ratelimit-.*|ratelimit")


def request_headers(headers: Headers) -> Headers:
    """The fields of a request that are recorded."""
    return _only(headers, _REQUEST)


def response_headers(headers: Headers) -> Headers:
    """The fields of an answer that are recorded and replayed."""
    return _only(headers, _RESPONSE)


def volatile_headers(headers: Headers) -> Headers:
    """The fields of an answer that belong to one performance only, and stand in the take."""
    return _only(headers, _VOLATILE)


def _only(headers: Headers, allowed: re.Pattern[str]) -> Headers:
    return tuple(pair for pair in headers if allowed.fullmatch(pair[0]))
