from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.normalise.takes import ask, get, post, stream, take
from toolreel.inspect.findings import Finding, Level, Recording
from toolreel.inspect.lint_secrets import secrets
from toolreel.messages.model import Base64Body, Cassette, Performance, Read, TextBody, TextFrame
from toolreel.redaction import DEFAULT_RULES, rules_from

from .tapes import SUBMIT, delta, message, sample

KEY = "sk-proj-" + "Abcdefgh12345678" * 3


def found(cassette: Cassette, rules: Any = DEFAULT_RULES) -> list[Finding]:
    findings = list(secrets(Recording(cassette), rules, lambda digest: f"a {KEY} b".encode()))
    assert KEY not in repr(findings), "no finding shows what it found"
    assert all(one.level is Level.ERROR for one in findings)
    return findings


def places(cassette: Cassette) -> list[tuple[str, str]]:
    return [(one.rule, one.place) for one in found(cassette)]


@pytest.mark.parametrize(
    ("exchange", "place"),
    [
        pytest.param(get(f"/files/{KEY}"), "request.path", id="path"),
        pytest.param(get("/x?api-key=anything-at-all"), "request.query.api-key", id="query"),
        pytest.param(post("/x", {}, {"a": [{"note": f"use {KEY}"}]}), "request.body.a[0].note", id="request"),
        pytest.param(post("/x", {"password": "hunter2!"}), "answer.body.password", id="answer"),
        pytest.param(
            post("/x", {"a": json.dumps({"apiKey": "hunter2!"})}), "answer.body.a.apiKey", id="json-in-json"
        ),
        pytest.param(post("/x", f"plain {KEY}"), "answer.body", id="text"),
        pytest.param(
            ask("GET", "/x", {}, headers=(("location", f"https://h/?sig={'a' * 40}"),)),
            "answer.headers.location",
            id="header",
        ),
        pytest.param(post("/x", frames=[TextFrame(text="ok"), TextFrame(text=KEY)]), "answer.frames[1]", id="frame"),
        pytest.param(
            stream(SUBMIT, [("a", message("ok")), ("b", delta(f"use {KEY[:20]}")), ("c", delta(KEY[20:]))]),
            "answer.frames[1]",
            id="split-over-deltas",
        ),
    ],
)
def test_a_secret_is_found_where_it_stands(exchange: Any, place: str) -> None:
    assert places(take(exchange)) == [("secret", place)]


def test_placeholders_and_counts_of_tokens_are_no_secrets() -> None:
    body = {"max_completion_tokens": 100, "note": "REDACTED-0001", "api_key": "REDACTED-0002"}
    assert places(take(post("/x?api-key=REDACTED-0003", body, body))) == []


def test_a_secret_in_a_superseded_answer_is_found() -> None:
    cassette = take(get("/threads/t/runs/r", {"a": 1}))
    assert cassette.take
    reads = {"1": (Read(count=1, body=TextBody(text=f"x {KEY}")),)}
    cassette = cassette.model_copy(update={"take": cassette.take.model_copy(update={"reads": reads})})
    assert places(cassette) == [("secret", "take.reads")]


def test_a_secret_in_a_binary_body_is_found() -> None:
    data = b"\x00\x01" + KEY.encode() + b"\x00"
    cassette = take(post("/x"))
    interaction = cassette.interactions[0]
    answer = interaction.response.model_copy(update={"body": Base64Body(base64=base64.b64encode(data).decode())})
    changed = interaction.model_copy(update={"response": answer})
    assert places(cassette.model_copy(update={"interactions": (changed,)})) == [("secret", "answer.body")]


def test_headers_that_are_never_recorded_are_found() -> None:
    cassette = sample(('["openai-beta", "assistants=v2"]', '["authorization", "Basic abc"]'))
    told = found(cassette)
    assert {(one.rule, one.place) for one in told} >= {("header", "request.headers.authorization")}
    kept = take(get("/x", {}))
    assert kept.take
    performance = {"1": Performance(headers=(("retry-after", "5"), ("set-cookie", "a=b")))}
    cassette = kept.model_copy(update={"take": kept.take.model_copy(update={"interactions": performance})})
    assert ("header", "take.headers.set-cookie") in places(cassette)
    assert not any("retry-after" in place for _, place in places(cassette))


def test_an_answer_that_could_not_be_decoded_keeps_its_coding() -> None:
    assert places(take(ask("GET", "/x", "no gzip", headers=(("content-encoding", "gzip"),)))) == []


def test_the_users_own_secrets_are_found() -> None:
    rules = rules_from({"patterns": [{"pattern": "acme_[0-9]+", "max_length": 40}]})
    cassette = take(post("/x", {"a": "acme_123456"}))
    assert found(cassette) == []
    assert [one.place for one in found(cassette, rules)] == ["answer.body.a"]
