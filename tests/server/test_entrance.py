"""Who may not come in is told so, and asks no session."""

from __future__ import annotations

import json

import pytest

from toolreel.messages.http import Headers, HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss, MissCode
from toolreel.server import entrance as entrance_module
from toolreel.server.entrance import Entrance, ambiguous, no_websocket, too_long
from toolreel.server.hosts import own_host

GIVEN = Answer(200, ())


class Answers:
    """Gives one answer to everything, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest] = []
        self.misses: list[Miss] = []

    def answer(self, request: HttpRequest) -> Answer:
        self.asked.append(request)
        return GIVEN

    def note(self, miss: Miss) -> None:
        self.misses.append(miss)


@pytest.fixture
def answers() -> Answers:
    return Answers()


def asking(*headers: tuple[str, str]) -> HttpRequest:
    return HttpRequest("GET", "/v1/models", headers)


def error_of(answer: Answer) -> tuple[int, str]:
    """Status and message of a refusal."""
    assert ("x-should-retry", "false") in answer.headers
    error = json.loads(b"".join(answer.pieces))["error"]
    assert (set(error), error["type"]) == ({"message", "type", "param", "code"}, "toolreel_refused")
    return answer.status, error["message"]


@pytest.mark.parametrize("headers", [(), (("host", "localhost"),), (("host", "127.0.0.1:80"),)])
def test_who_may_enter_is_answered(headers: Headers, answers: Answers) -> None:
    request = asking(*headers)
    assert Entrance(answers, own_host).answer(request) is GIVEN
    assert answers.asked == [request]


def test_a_host_header_of_somebody_else_is_refused(answers: Answers) -> None:
    answer = Entrance(answers, own_host).answer(asking(("host", "evil.example")))
    assert error_of(answer) == (403, "Refused: the Host header 'evil.example' is not this server's own.")
    assert answers.asked == []


@pytest.mark.parametrize("value", ["websocket", "WebSocket"])
def test_a_websocket_is_refused_with_a_reason(value: str, answers: Answers) -> None:
    answer = Entrance(answers, own_host).answer(asking(("host", "localhost"), ("upgrade", value)))
    assert error_of(answer) == (501, "toolreel does not replay websockets; use HTTP.")
    assert answers.asked == []


def test_another_upgrade_is_not_done_and_not_refused() -> None:
    assert no_websocket(asking(("upgrade", "h2c")).headers) is None


def test_a_body_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance_module, "MAX_BODY", 6)
    assert too_long(6) is None
    answer = too_long(7)
    assert answer is not None
    assert error_of(answer) == (413, "The request is longer than 6 bytes.")


def test_misses_are_handed_on(answers: Answers) -> None:
    miss = Miss(MissCode.INTERNAL, "a bug")
    Entrance(answers, own_host).note(miss)
    assert answers.misses == [miss]


@pytest.mark.parametrize(
    ("version", "special", "status"),
    [
        ("1.1", [("host", "h")], None),
        ("1.1", [("host", "h"), ("content-length", "1"), ("expect", "100-continue")], None),
        ("1.1", [("host", "h"), ("transfer-encoding", "Chunked")], None),
        ("1.0", [], None),
        ("1.1", [], 400),
        ("1.1", [("host", "h"), ("host", "h")], 400),
        ("1.1", [("host", "h"), ("content-length", "1"), ("content-length", "1")], 400),
        ("1.1", [("host", "h"), ("transfer-encoding", "gzip, chunked")], 501),
        ("1.0", [("transfer-encoding", "chunked")], 501),
        ("2.0", [("host", "h")], 505),
    ],
)
def test_what_two_servers_might_read_in_two_ways_is_refused(
    version: str, special: list[tuple[str, str]], status: int | None
) -> None:
    refused = ambiguous(version, special)
    assert (refused and refused.status) == status
