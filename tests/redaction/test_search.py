from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.redaction.edits import Edit, applied
from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.rules import DEFAULT_RULES, rules_from
from toolreel.redaction.search import DEPTH, Scanner, Search, SecretScanner, TextScanner

PIECES = st.sampled_from(
    [
        "sk-",
        "abcdefgh1234",
        "eyJhbGciOi",
        ".",
        "Bearer ",
        "password",
        '"',
        "\\",
        "=",
        ": ",
        " ",
        "\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        "REDACTED-0001",
        "user-",
        "hunter2xyz",
        "\\u0073",
        "\\u00",
        '\\"',
        '{"secret":"',
        '"a":',
        "1",
        "tru",
        "é",
        "😀",
        "\\ud83d",
        "-----BEGIN PRIVATE KEY-----",
        "MIIE" * 9,
        "\ufeff",
        "a1" * 300,
    ]
)
TEXTS = st.lists(PIECES, max_size=14).map("".join)


def search() -> Search:
    return Search(DEFAULT_RULES, Placeholders())


def pushed(scanner: Scanner, text: str, size: int) -> str:
    edits = [edit for at in range(0, len(text), size) for edit in scanner.push(text[at : at + size])]
    return applied(text, edits + scanner.close())


@given(TEXTS, st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_whole_or_in_pieces_suspicious_or_not(text: str, size: int) -> None:
    whole = applied(text, search().find(text, DEPTH))
    assert applied(text, search().scanner(DEPTH).close(text)) == whole
    assert pushed(search().scanner(DEPTH), text, size) == whole
    assert applied(whole, search().find(whole, DEPTH)) == whole


@pytest.mark.soak
@given(TEXTS, st.integers(1, 20))
@settings(max_examples=20_000, deadline=None)
def test_whole_or_in_pieces_for_long(text: str, size: int) -> None:
    whole = applied(text, search().find(text, DEPTH))
    assert applied(text, search().scanner(DEPTH).close(text)) == whole
    assert pushed(search().scanner(DEPTH), text, size) == whole
    assert applied(whole, search().find(whole, DEPTH)) == whole


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('  \ufeff{"password": "a b"}', '  \ufeff{"password": "R1"}'),
        ('{"password": "a b"} and password=hunter2', '{"password": "R1"} and password=R2'),
        ('{"password": hunter2}', '{"password": R1}'),
        ('"password": "a b"', '"password": "R1"'),
        ('[x] sk-abcdefgh1234 {"password": "a b"}', '[x] R1 {"password": "R2"}'),
        ('"Hello," she said, "sk-abcdefgh1234"', '"Hello," she said, "R1"'),
        ("   ", "   "),
    ],
)
def test_json_and_what_is_none(text: str, result: str) -> None:
    for size in (1, 4, 1000):
        assert pushed(search().scanner(DEPTH), text, size).replace("REDACTED-000", "R") == result


def test_in_pieces_it_is_known_what_is_decided() -> None:
    scanner = TextScanner(search(), DEPTH)
    decided = []
    for char in ' {"a":"b","password":"xy"}':
        scanner.push(char)
        decided.append(scanner.decided)
    assert decided[:10] == [*range(1, 11)]
    assert decided[-6:] == [21, 22, 22, 22, 25, 26]
    assert scanner.missing == (26, "")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("abc", "R1"),
        ("Bearer abc", "Bearer R1"),
        ("basic  abc", "basic  R1"),
        ("Bearer ", "Bearer "),
        ("", ""),
        ("REDACTED-0007", "REDACTED-0007"),
        ("Bearer REDACTED-0007", "Bearer REDACTED-0007"),
        ("xREDACTED-0007", "R1"),
        ("a b" * 400, "R1"),
    ],
)
def test_texts_that_are_secrets(text: str, result: str) -> None:
    for size in (1, 7, 5000):
        redacted = pushed(SecretScanner(search()), text, size)
        assert redacted.replace("REDACTED-0001", "R1") == result


def test_a_secret_in_a_hurry() -> None:
    scanner = SecretScanner(search())
    assert scanner.hurry() == []
    assert scanner.push("abc") == []
    assert scanner.hurry() == [Edit(0, 3, "REDACTED-0001")]
    assert scanner.push("def") == [Edit(3, 6, "")]
    assert scanner.close() == []


@pytest.mark.parametrize(
    "text", ["\\u0073k-abcd1234", "a sk-x", "a BEARER", '{"pass-word":1}', "x password=1", "hunter2xyz", "4711"]
)
def test_suspicious(text: str) -> None:
    one = Search(rules_from({"patterns": [{"pattern": "4[0-9]+", "max_length": 9}]}), Placeholders())
    one.placeholders.see("hunter2xyz")
    assert one.suspicious(text)


@pytest.mark.parametrize(
    "text", ["", "s", "an ordinary text", '{"a": "b\\n"}', "caf\\u00e9", "password", "\\u2028 is fine"]
)
def test_not_suspicious(text: str) -> None:
    one = search()
    one.placeholders.see("hunter2xyz")
    assert not one.suspicious(text)


def test_escapes_may_hide_what_was_seen() -> None:
    one = search()
    one.placeholders.of('hunter2"xyz')
    text = json.dumps(json.dumps(['x hunter2"xyz']))
    assert applied(text, one.find(text, DEPTH)) == json.dumps(json.dumps(["x REDACTED-0001"]))


@pytest.mark.parametrize("cut", range(2, 40))
def test_json_paths_see_json_that_is_cut(cut: int) -> None:
    one = Search(rules_from({"json_paths": ["$.a[*].b"]}), Placeholders())
    text = '{"x": 1, "a": [{"b": "abc"}, {"b": "é\\n"}]}'[:cut]
    assert set(one.known(text)) <= {("a", 0, "b"), ("a", 1, "b")}
    assert (("a", 0, "b") in one.known(text)) == (cut > 21)


def test_json_paths_that_cannot_be_told_select_everything() -> None:
    one = Search(rules_from({"json_paths": ["$..a"]}), Placeholders())
    text = '{"b":' * 400 + '"x"' + "}" * 400
    assert list(one.known(text)) == [("b",) * 400]
    assert one.known("no json") == {}
    assert one.known('{"a": nonsense}') == {}
