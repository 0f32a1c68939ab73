from __future__ import annotations

import re

import pytest

from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.plain import LOOKBACK, PlainScanner
from toolreel.redaction.rules import DEFAULT_RULES
from toolreel.redaction.search import Search
from toolreel.redaction.shapes import SHAPES, beginnings


def secrets(text: str) -> list[str]:
    edits = PlainScanner(Search(DEFAULT_RULES, Placeholders())).close(text)
    return [text[start:end] for start, end, _ in edits]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("sk-abcd1234", "sk-abcd1234"),
        ("(sk-abcd1234).", "sk-abcd1234"),
        ("key_sk-abcd1234", "sk-abcd1234"),
        ("a\\nsk-abcd1234", "sk-abcd1234"),
        ("a%3Dsk-abcd1234", "sk-abcd1234"),
        ("sk-a.sk-abcd1234", "sk-abcd1234"),
        ("sk-ab****yz.", "sk-ab****yz"),
        ("sk-••••••••wxyz", "sk-••••••••wxyz"),
        ("sk-...abcd", "sk-...abcd"),
        ("sk-ab…yz", "sk-ab…yz"),
        ("sk-" + "a1" * 500 + ",", "sk-" + "a1" * 500),
        ("eyJhbGciOi.eyJzdWIiOi.c2ln-_.", "eyJhbGciOi.eyJzdWIiOi.c2ln-_"),
        ("eyJhbGciOi.eyJzdWIiOi", "eyJhbGciOi.eyJzdWIiOi"),
        ("eyJa.eyJhbGciOi.eyJzdWIiOi.c2ln", "eyJhbGciOi.eyJzdWIiOi.c2ln"),
        ("Bearer abc-1234.", "abc-1234"),
        ("BEARER  abc_1234", "abc_1234"),
        ("bearer abcdefghijklmnopqrstuv", "abcdefghijklmnopqrstuv"),
        ("Basic dTpwYXNz", "dTpwYXNz"),
        ("Basic dTpwYXNzdw==.", "dTpwYXNzdw=="),
        ("in org-abcd1234abcd, rate", "org-abcd1234abcd"),
        ("org-AbcdefghijklmnopqrstuvwX-limit", "org-AbcdefghijklmnopqrstuvwX"),
        ("proj_abcd1234", "proj_abcd1234"),
        ("user-12345678", "user-12345678"),
        ("x?sig=abcdefghijklmnop%3D&x", "abcdefghijklmnop%3D"),
        ("x%3Fsig%3Dabcdefghijklmnop%253D", "abcdefghijklmnop%253D"),
        ("redis://:p4ss@h", "p4ss"),
        ("amqp://me:p%40ss@h/", "p%40ss"),
        ("API key provided: whatever.", "whatever"),
        ("sk_live_abcdefghij1", "sk_live_abcdefghij1"),
        ("ek_0123456789abcdef", "ek_0123456789abcdef"),
        ("glpat-abcdefgh12345678", "glpat-abcdefgh12345678"),
        ("AKIAABCDEFGH12345678", "AKIAABCDEFGH12345678"),
        ("ya29.a0AfH6SMBabcdefgh123", "ya29.a0AfH6SMBabcdefgh123"),
        ("hf_" + "aB3" * 11, "hf_" + "aB3" * 11),
        ("gsk_" + "aB3" * 11, "gsk_" + "aB3" * 11),
        ("xai-" + "aB3" * 15, "xai-" + "aB3" * 15),
        ("pplx-" + "aB3" * 11, "pplx-" + "aB3" * 11),
        ("nvapi-" + "aB3" * 15, "nvapi-" + "aB3" * 15),
        ("r8_" + "aB3" * 11, "r8_" + "aB3" * 11),
        ("tvly-dev-" + "aB3" * 8, "tvly-dev-" + "aB3" * 8),
        ("lsv2_pt_" + "aB3" * 11, "lsv2_pt_" + "aB3" * 11),
        ("npm_" + "aB3" * 12, "npm_" + "aB3" * 12),
        ("pypi-" + "aB3" * 20, "pypi-" + "aB3" * 20),
        ("-----BEGIN PRIVATE KEY-----\nMIIE" + "a1B2" * 9 + "\n-----END", "MIIE" + "a1B2" * 9),
        ("-----BEGIN PRIVATE KEY-----\\nMIIE" + "a1B2" * 9 + "-----END", "MIIE" + "a1B2" * 9),
    ],
)
def test_secrets(text: str, secret: str) -> None:
    assert secrets(text) == [secret]


@pytest.mark.parametrize(
    "text",
    [
        "sk-", "sk-abc", "task-abcd1234", "sk-...", "sk-**", "sk-SK", "sk-learn", "**sk-learn**",
        "eyJhbGciOi", "eyJhbGciOi.", "eyJa.b.c", "keyJhbGciOi.eyJzdWIiOi.c2ln",
        "Bearer", "Bearer of news", "Bearer authentication", "Bearer authentication/authorization", "Bearer <token>",
        "Basic authentication", "Basic training", "Basic dTpwYXNzd=1", "basic YWJjZA==",
        "org-chart", "org-mode-20240101", "my-org-abcd1234", "user-friendly", "user-id-12345678", "proj_name",
        "superuser-12345678", "sig=1", "sig=inspect.signature(f)", "sig = abcdefghijklmnop1", "http://localhost:8080/a@b",
        "http://localhost:80 a@b", "AKIA1234", "AKIAABCDEFGH123456789", "ghp_short", "AIzaShort",
        "-----BEGIN PRIVATE KEY----- and what follows it is text of words",
        "-----BEGIN PUBLIC KEY-----\nMIIEMIIEMIIEMIIEMIIEMIIEMIIEMIIEMIIE\n-----END PUBLIC KEY-----",
    ],
)  # fmt: skip
def test_no_secrets(text: str) -> None:
    assert secrets(text) == []


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_placeholders_are_no_secrets(shape: object) -> None:
    before = [
        "",
        "sk-",
        "Bearer ",
        "Basic ",
        "org-",
        "x?sig=",
        "://u:",
        "API key provided: ",
        "eyJhbGciOi.",
        "AKIA12345678",
    ]
    for text in before:
        assert secrets(text + "REDACTED-0001" + "@x") == []
        assert secrets(text + "REDACTED-0001abcdefgh") == []


def test_several_secrets_in_one_run() -> None:
    assert secrets("sk-sk-sk-sk-.sk-abcd1234") == ["sk-sk-sk-sk-", "sk-abcd1234"]


def test_secrets_that_overlap_are_one() -> None:
    assert secrets("Bearer sk-abcd1234~x.y") == ["sk-abcd1234~x.y"]
    assert secrets("user-AKIAABCDEFGH12345678") == ["user-AKIAABCDEFGH12345678"]


@pytest.mark.parametrize("text", ["s", "a s", "sk", "sk-", "x eyJ", "github_pa", "AK", "\\nsk", "us", "use", "user-"])
def test_the_beginning_of_a_secret_at_the_end_of_a_text(text: str) -> None:
    assert beginnings(SHAPES).search(text)


@pytest.mark.parametrize("text", ["", "a", "s ", "risk", "task-", "thé", "skk"])
def test_no_beginning_of_a_secret(text: str) -> None:
    assert not beginnings(SHAPES).search(text)


def test_no_beginning_is_longer_than_what_is_kept() -> None:
    for shape in (*SHAPES, *DEFAULT_RULES.assignments):
        before = shape.candidate.pattern.partition("(?P<run>")[0]
        for repeat in re.findall(r"(?<![\\}])[*+]", re.sub(r"\[[^\]]*\]", "C", before)):
            raise AssertionError(f"{shape.name} has an unbounded {repeat} before its run")
    assert LOOKBACK >= 48 + 64
