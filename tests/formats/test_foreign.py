from __future__ import annotations

import json

import pytest

from tests.normalise.takes import no_file
from toolreel.formats.foreign import Foreign
from toolreel.messages.http import HttpRequest
from toolreel.redaction import PLACEHOLDER, Placeholders
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape

from .writers import example, imported, vcrpy


def foreign() -> Foreign:
    return Foreign(Placeholders())


WHOLE = [
    "Sanitized",
    "REDACTED",
    "<REDACTED>",
    "[FILTERED]",
    "***MASKED***",
    "{{SCRUBBED}}",
    "<OPENAI_ORG_ID>",
    "CENSORED",
]


@pytest.mark.parametrize("word", WHOLE)
def test_a_value_that_is_a_placeholder_becomes_ours(word: str) -> None:
    made = foreign()
    assert json.loads(made.body(json.dumps({"user": word}).encode())) == {"user": "REDACTED-0001"}
    assert made.count == 1
    assert made.request(HttpRequest("GET", f"/v1/{word.replace('<', '%3C').replace('>', '%3E')}/x")).target == (
        "/v1/REDACTED-0002/x"
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"Sanitized": 1}',
        '{"text": "Sanitized by hand"}',
        '{"text": "The file was REDACTED."}',
        '{"prompt": "Use <THINKING> tags and <TOOL_CALLS>."}',
        '{"tag": "<THINKING>"}',
        '{"a": "sanitized"}',
        '{"a": "REDACTED-0001"}',
        "Sanitized",
    ],
)
def test_words_that_are_no_placeholder_stay(text: str) -> None:
    made = foreign()
    assert made.body(text.encode()) == text.encode()
    assert made.count == 0


def test_what_nobody_writes_but_to_hide_something_is_found_anywhere() -> None:
    made = foreign()
    body = made.body(
        b'data: {"text": "key <OPENAI_API_KEY>, token <OPENAI_ACCESS_TOKEN>, again <OPENAI_API_KEY>"}\n\n'
    )
    assert body == b'data: {"text": "key REDACTED-0001, token REDACTED-0002, again REDACTED-0001"}\n\n'
    assert made.count == 3


def test_equal_places_have_equal_placeholders_and_others_do_not() -> None:
    """They say nothing of what they hide: `user` and `account` were hardly the same."""
    made = foreign()
    body = made.body(b'{"user": "Sanitized", "account": "Sanitized", "list": ["Sanitized", {"user": "Sanitized"}]}')
    assert json.loads(body) == {
        "user": "REDACTED-0001",
        "account": "REDACTED-0002",
        "list": ["REDACTED-0003", {"user": "REDACTED-0001"}],
    }
    target = made.request(HttpRequest("GET", "/orgs/Sanitized/users/Sanitized?key=Sanitized&user=Sanitized")).target
    assert target == "/orgs/REDACTED-0004/users/REDACTED-0005?key=REDACTED-0006&user=REDACTED-0001"


def test_what_is_no_text_stays() -> None:
    assert foreign().body(b'\xff"Sanitized"') == b'\xff"Sanitized"'
    assert foreign().request(HttpRequest("GET", "/v1/x", (), None)).body is None


@pytest.mark.parametrize(
    "escaped", ['{"a\\"b": "Sanitized"}', '{"a": "x\\"", "b": "Sanitized"}', '{"a":"\\\\","b":"Sanitized"}']
)
def test_escapes_do_not_mislead(escaped: str) -> None:
    assert [
        PLACEHOLDER.fullmatch(str(value)) is not None
        for value in json.loads(foreign().body(escaped.encode())).values()
    ][-1]


def test_a_program_may_send_anything_in_their_place() -> None:
    """The point of it: the key of CI is another one, or none."""
    exchange = example(
        url="https://api.openai.com/v1/organizations/Sanitized/threads", body=b'{"user": "Sanitized", "a": 1}'
    )
    tape = Tape("tape", imported(vcrpy([exchange])), no_file)
    for user in ("alice", "Sanitized"):
        sent = json.dumps({"user": user, "a": 1}).encode()
        assert Session([tape]).answer(HttpRequest("POST", "/v1/organizations/org7/threads", (), sent)).status == 200
        other = json.dumps({"user": user, "a": 2}).encode()
        assert Session([tape]).answer(HttpRequest("POST", "/v1/organizations/org7/threads", (), other)).status == 424
