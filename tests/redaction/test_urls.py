from __future__ import annotations

import pytest

from toolreel.redaction.edits import applied
from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.rules import DEFAULT_RULES
from toolreel.redaction.search import Search
from toolreel.redaction.urls import header_edits, pair_edits, url_edits


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("/v1/threads/thread_abc?limit=20&order=asc&after=msg_abc", None),
        ("/v1/x?include[]=step_details.tool_calls%5B%2A%5D.x", None),
        ("/v1/x?api-key=abc&api-version=1", "/v1/x?api-key=R1&api-version=1"),
        ("/v1/x?a=b&sig=abc%2B&se=1", "/v1/x?a=b&sig=R1&se=1"),
        ("/v1/x?a=b&SIG=abc+d", "/v1/x?a=b&SIG=R1"),
        ("/v1/x?password", None),
        ("/v1/x?password=&a", None),
        ("/v1/sk-abcdefgh1234/y", "/v1/R1/y"),
        ("/v1/sk%2Dabcdefgh1234/%79", "/v1/R1/%79"),
        ("/v1/x?%61pi_key=abc&&=", "/v1/x?%61pi_key=R1&&="),
        ("/v1/x?q=the+key+sk-abcdefgh1234+is", "/v1/x?q=the+key+R1+is"),
        ("/v1/x?q=%7B%22password%22%3A%22a+b%22%7D", "/v1/x?q=%7B%22password%22%3A%22R2%22%7D"),  # R1 is "a b"
        ("/v1/x?sk-abcdefgh1234=1&x=%ff", "/v1/x?R1=1&x=%ff"),
        ("/v1/x?api_key=REDACTED-0001", None),
        ("https://me:p4ss@x.y/z?pwd=1", "https://me:R1@x.y/z?pwd=R2"),
        ("", None),
        ("*", None),
    ],
)
def test_urls(url: str, result: str | None) -> None:
    redacted = applied(url, url_edits(Search(DEFAULT_RULES, Placeholders()), url))
    assert redacted.replace("REDACTED-000", "R") == (url if result is None else result).replace("REDACTED-000", "R")


def test_forms() -> None:
    form = "grant_type=x&client_secret=a%20b&note=%C3%A9+sk-abcdefgh1234%21"
    redacted = applied(form, pair_edits(Search(DEFAULT_RULES, Placeholders()), form))
    assert redacted == "grant_type=x&client_secret=REDACTED-0001&note=%C3%A9+REDACTED-0002%21"


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("content-type", "application/json", None),
        ("content-disposition", 'attachment; filename="sk-abcdefgh1234.txt"', 'attachment; filename="R1.txt"'),
        (
            "content-disposition",
            "attachment; filename*=UTF-8''sk%2Dabcdefgh1234%20x",
            "attachment; filename*=UTF-8''R1%20x",
        ),
        ("location", "/v1/x?api_key=abc", "/v1/x?api_key=R1"),
        ("location", "https://x/y?sig=abc&z=1", "https://x/y?sig=R1&z=1"),
        ("apim-request-id", "3c4b5a69-7887-4c3f-a2b1-0123456789ab", None),
        ("authorization", "Bearer abc", "Bearer R1"),
        ("x-api-key", "abc", "R1"),
        ("cookie", "a=b; c=d", "R1"),
    ],
)
def test_headers(name: str, value: str, result: str | None) -> None:
    redacted = applied(value, header_edits(Search(DEFAULT_RULES, Placeholders()), name, value))
    assert redacted.replace("REDACTED-000", "R") == (value if result is None else result)
