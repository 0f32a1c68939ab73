from __future__ import annotations

import pytest

from toolreel.recording.headers import request_headers, response_headers, volatile_headers

# Where a header may be kept: in requests, in answers, in the take.
NEVER = ""
NAMES = {
    "content-type": "request answer",
    "accept": "request",
    "openai-beta": "request",
    "location": "answer",
    "content-disposition": "answer",
    "x-should-retry": "answer",
    "openai-version": "answer",
    "openai-poll-after-ms": "answer",
    "x-ms-error-code": "answer",
    "apim-request-id": "answer",
    "retry-after": "take",
    "retry-after-ms": "take",
    "x-ratelimit-remaining-tokens": "take",
    "x-ratelimit-reset-requests": "take",
    "ratelimit": "take",
    "ratelimit-policy": "take",
    # Credentials, and names of people and organisations.
    "authorization": NEVER,
    "proxy-authorization": NEVER,
    "www-authenticate": NEVER,
    "authentication-info": NEVER,
    "api-key": NEVER,
    "apikey": NEVER,
    "x-api-key": NEVER,
    "x-goog-api-key": NEVER,
    "ocp-apim-subscription-key": NEVER,
    "apim": NEVER,
    "x-apim-key": NEVER,
    "x-portkey-api-key": NEVER,
    "x-portkey-virtual-key": NEVER,
    "x-auth-token": NEVER,
    "x-amz-security-token": NEVER,
    "cookie": NEVER,
    "set-cookie": NEVER,
    "openai-organization": NEVER,
    "openai-project": NEVER,
    "x-openai-proxy-wasm": NEVER,
    "from": NEVER,
    "referer": NEVER,
    "origin": NEVER,
    "x-forwarded-for": NEVER,
    "x-ms-client-principal": NEVER,
    # Hop by hop, computed anew, or another in every take.
    "host": NEVER,
    "user-agent": NEVER,
    "content-length": NEVER,
    "content-encoding": NEVER,
    "transfer-encoding": NEVER,
    "connection": NEVER,
    "accept-encoding": NEVER,
    "accept-language": NEVER,
    "date": NEVER,
    "server": NEVER,
    "x-request-id": NEVER,
    "openai-processing-ms": NEVER,
    "cf-ray": NEVER,
    "x-stainless-retry-count": NEVER,
    "idempotency-key": NEVER,
    # Names that only begin or end like an allowed one.
    "content-type-key": NEVER,
    "x-content-type": NEVER,
    "accept\n": NEVER,
    "location2": NEVER,
    "openai-beta-secret": NEVER,
    "x-ratelimit": NEVER,
    "": NEVER,
}


@pytest.mark.parametrize(("name", "places"), NAMES.items())
def test_a_header_is_kept_only_where_it_is_allowed(name: str, places: str) -> None:
    headers = ((name, "value"),)
    kept = {
        place
        for place, keep in (
            ("request", request_headers),
            ("answer", response_headers),
            ("take", volatile_headers),
        )
        if keep(headers)
    }
    assert kept == set(places.split())


def test_what_is_kept_keeps_order_values_and_repeats() -> None:
    headers = (("location", "/b"), ("cookie", "c"), ("content-type", "a/b"), ("location", "/a"))
    assert response_headers(headers) == (("location", "/b"), ("content-type", "a/b"), ("location", "/a"))
