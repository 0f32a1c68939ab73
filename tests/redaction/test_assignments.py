from __future__ import annotations

import pytest

from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.plain import PlainScanner
from toolreel.redaction.rules import DEFAULT_RULES
from toolreel.redaction.search import Search


def secrets(text: str) -> list[str]:
    edits = PlainScanner(Search(DEFAULT_RULES, Placeholders())).close(text)
    return [text[start:end] for start, end, _ in edits]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter2", "hunter2"),
        ("password = hunter2.", "hunter2"),
        ("password:hunter2,", "hunter2"),
        ("Password: hunter2!", "hunter2"),
        ("password := hunter2;", "hunter2"),
        ("password => hunter2", "hunter2"),
        ("--password=hunter2 x", "hunter2"),
        ("DB_PASSWORD=hunter2", "hunter2"),
        ("x-api-key: 0123abcd", "0123abcd"),
        ("Authorization: Token abc123", "abc123"),
        ('password="x"', "x"),
        ("password='it''s", "it"),
        ('password: "two words"', "two words"),
        ('"password": "a\\"b"', 'a\\"b'),
        ('"password":\n "abc', "abc"),
        ('{\\"password\\": \\"abc\\"}', "abc"),
        ('{\\\\\\"password\\\\\\":\\\\\\"abc\\\\\\"}', "abc"),
        ('"authorization": "Bearer abc"', "abc"),
        ("a;Password=word;b", "word"),
        ("x?api_key=word&b", "word"),
        ('note: "secret": "abc"', "abc"),
        ('note: password: "abc"', "abc"),
        ("password: password: abc123", "abc123"),
        ("password=" + "a1" * 500 + " x", "a1" * 500),
        ('password="' + 'a\\"' * 500 + '" x', 'a\\"' * 500),
    ],
)
def test_secrets(text: str, secret: str) -> None:
    assert secrets(text) == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "password", "password:", "password: required", "password: str = None", "password = None",
        "my_password=hunter2",
        "password-hint: abc123", "password=$PASS1", "password={pass1}", "password=<pass1>", "password = get_pass1()",
        "password: 8-12", 'password: ""', "api_key=os.environ['KEY']", "if password == pass1word", "token=abc12345",
        "password=REDACTED-0001", '"password": "REDACTED-0001"', "password=%s", "secret: *****",
    ],
)  # fmt: skip
def test_no_secrets(text: str) -> None:
    assert secrets(text) == []
