"""The plain door without sockets: from ASGI messages to a request, from an answer to ASGI messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss
from toolreel.server import app as app_module
from toolreel.server.app import ReplayApp
from toolreel.server.hosts import own_host

Sent = list[dict[str, Any]]
KIND = (("content-type", "text/plain"),)


class Answers:
    """Gives one answer to everything, and notes what was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[HttpRequest] = []
        self._answer = answer

    def answer(self, request: HttpRequest) -> Answer:
        self.asked.append(request)
        return self._answer

    def note(self, miss: Miss) -> None:
        raise AssertionError(miss)


def ask(
    answers: Answers,
    *,
    ticket: str | None = None,
    body: Sequence[bytes | None] = (b"",),
    headers: Sequence[tuple[bytes, bytes]] = ((b"host", b"localhost"),),
    **more: Any,
) -> Sent:
    """What the application sends; None in the body is a client that leaves."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/v1/a b",
        "raw_path": b"/v1/a%20b",
        "query_string": b"",
        "headers": list(headers),
        **more,
    }
    coming = [
        {"type": "http.disconnect"}
        if piece is None
        else {"type": "http.request", "body": piece, "more_body": n < len(body)}
        for n, piece in enumerate(body, start=1)
    ]
    sent: Sent = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(ReplayApp(answers, own_host, ticket)(scope, receive, send))
    return sent


def error_of(sent: Sent) -> tuple[int, str, str]:
    """Status, type and message of an error that was sent."""
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-should-retry"] == b"false"
    body = b"".join(message["body"] for message in sent[1:])
    assert headers[b"content-length"] == str(len(body)).encode()
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return sent[0]["status"], error["type"], error["message"]


@pytest.fixture
def answers() -> Answers:
    return Answers(Answer(200, KIND, (b"one", b"two"), length=6))


def test_an_answer_is_sent_in_its_pieces(answers: Answers) -> None:
    assert ask(answers) == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain"), (b"content-length", b"6")],
        },
        {"type": "http.response.body", "body": b"one", "more_body": True},
        {"type": "http.response.body", "body": b"two", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


def test_a_stream_declares_no_length() -> None:
    sent = ask(Answers(Answer(200, KIND, (b"one",))))
    assert sent[0]["headers"] == [(b"content-type", b"text/plain")]
    assert sent[-1]["more_body"] is False


def test_a_cut_answer_never_ends() -> None:
    sent = ask(Answers(Answer(200, KIND, (b"one",), cut=True)))
    assert [message.get("more_body") for message in sent] == [None, True]


def test_the_answer_to_head_has_a_length_and_no_body(answers: Answers) -> None:
    sent = ask(answers, method="HEAD")
    assert (b"content-length", b"6") in sent[0]["headers"]
    assert [message["body"] for message in sent[1:]] == [b""]


def test_a_request_is_handed_over_as_it_came(answers: Answers) -> None:
    headers = [(b"Host", b"localhost"), (b"x-a", b"\xff"), (b"x-a", b"2")]
    ask(answers, body=[b"ab", b"", b"c"], headers=headers, query_string=b"x=%20&y")
    assert answers.asked == [
        HttpRequest("POST", "/v1/a%20b?x=%20&y", (("host", "localhost"), ("x-a", "ÿ"), ("x-a", "2")), b"abc", None)
    ]


def test_a_server_that_gives_no_raw_path_is_served_too(answers: Answers) -> None:
    ask(answers, raw_path=None, path="/v1/models")
    assert answers.asked[0].target == "/v1/models"


def test_a_client_that_leaves_in_its_request_has_asked_nothing(answers: Answers) -> None:
    assert ask(answers, body=[b'{"a"', None]) == []
    assert answers.asked == []


@pytest.mark.parametrize("body", [[b"1234567"], [b"123", b"4567"], [b"1234567", b"never read"]])
def test_a_request_over_the_limit_is_refused(
    answers: Answers, body: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "MAX_BODY", 6)
    assert error_of(ask(answers, body=body)) == (413, "toolreel_refused", "The request is longer than 6 bytes.")
    assert answers.asked == []


def test_a_request_of_the_limit_is_answered(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "MAX_BODY", 6)
    assert ask(answers, body=[b"123", b"456"])[0]["status"] == 200


def test_a_host_header_of_somebody_else_is_refused(answers: Answers) -> None:
    status, kind, message = error_of(ask(answers, headers=[(b"host", b"evil.example")]))
    assert (status, kind) == (403, "toolreel_refused")
    assert message == "Refused: the Host header 'evil.example' is not this server's own."
    assert answers.asked == []


@pytest.mark.parametrize("value", [b"websocket", b"WebSocket"])
def test_a_websocket_is_refused_with_a_reason(answers: Answers, value: bytes) -> None:
    sent = ask(answers, headers=[(b"host", b"localhost"), (b"upgrade", value)])
    assert error_of(sent) == (501, "toolreel_refused", "toolreel does not replay websockets; use HTTP.")
    assert answers.asked == []


# ----------------------------------------------------------------------------------------- behind the proxy door


@pytest.mark.parametrize("value", [None, b"", b"secre", b"secret1 https://h", b"x secret https://h"])
def test_a_door_with_a_ticket_takes_nobody_without_it(answers: Answers, value: bytes | None) -> None:
    headers = [(b"host", b"localhost"), *([(b"x-toolreel-origin", value)] if value is not None else [])]
    status, _, message = error_of(ask(answers, ticket="secret", headers=headers))
    assert (status, message) == (403, "Refused: this port serves toolreel's own proxy door only.")
    assert answers.asked == []


def test_a_door_with_a_ticket_is_told_the_origin_and_looks_at_no_host(answers: Answers) -> None:
    headers = [(b"host", b"api.openai.com"), (b"x-toolreel-origin", b"secret https://api.openai.com")]
    ask(answers, ticket="secret", headers=headers)
    assert answers.asked[0].origin == "https://api.openai.com"


def test_a_door_without_a_ticket_believes_nobody_who_names_an_origin(answers: Answers) -> None:
    ask(answers, headers=[(b"host", b"localhost"), (b"x-toolreel-origin", b"None https://h")])
    assert answers.asked[0].origin is None
