"""The hooks of the replay's proxy door, without sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow

from toolreel.addons.parking import PARKED_HEADER, Parking
from toolreel.addons.replay import Barrier, Replayer
from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss
from toolreel.server.hosts import Listen

from .conftest import flow_of, response_of

DOOR = Listen("127.0.0.1", 4321)


class Answers:
    """Gives one answer to everything."""

    def __init__(self) -> None:
        self.given: Any = Answer(200, (("content-type", "text/plain"),), (b"yes",), length=3)
        self.asked: list[HttpRequest] = []
        self.misses: list[Miss] = []

    def answer(self, request: HttpRequest) -> Answer:
        self.asked.append(request)
        answer: Answer = self.given
        return answer

    def note(self, miss: Miss) -> None:
        self.misses.append(miss)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def misses(answers: Answers) -> list[Miss]:
    return answers.misses


@pytest.fixture
def parking() -> Parking:
    return Parking()


@pytest.fixture
def replayer(answers: Answers, parking: Parking) -> Replayer:
    return Replayer(answers, DOOR, parking)


def error_of(flow: Any) -> tuple[int, str, str]:
    """Status, type and message of an error."""
    error = json.loads(flow.response.content)["error"]
    return flow.response.status_code, error["type"], error["message"]


# ------------------------------------------------------------------------------------------ what is answered at once


def test_a_request_is_answered_here(replayer: Replayer, answers: Answers) -> None:
    flow = flow_of("https://api.openai.com/v1/threads?x=1", headers={"host": "api.openai.com"})
    replayer.request(flow)
    (asked,) = answers.asked
    assert (asked.method, asked.target, asked.body) == ("POST", "/v1/threads?x=1", b"{}")
    assert asked.origin == "https://api.openai.com"
    response = flow.response
    assert (response.status_code, response.reason, response.content) == (200, "OK", b"yes")
    assert list(response.headers.items()) == [("content-type", "text/plain"), ("content-length", "3")]
    assert flow.request.host == "api.openai.com", "nothing is sent on"


@pytest.mark.parametrize(
    ("method", "version", "answer", "headers", "body"),
    [
        ("POST", "HTTP/1.1", Answer(200, (), (b"a\n\n",)), [("transfer-encoding", "chunked")], b"a\n\n"),
        ("POST", "HTTP/1.0", Answer(200, (), (b"a\n\n",)), [], b"a\n\n"),
        ("HEAD", "HTTP/1.1", Answer(200, (), (b"abc",), length=3), [("content-length", "3")], b""),
        ("POST", "HTTP/1.1", Answer(204, ()), [], b""),
        ("POST", "HTTP/1.1", Answer(599, (("x", "é"),), length=0), [("x", "é"), ("content-length", "0")], b""),
    ],
)
def test_an_answer_is_framed_as_the_plain_door_does(
    method: str, version: str, answer: Answer, headers: list[Any], body: bytes, replayer: Replayer, answers: Answers
) -> None:
    answers.given = answer
    flow = flow_of(method=method)
    flow.request.http_version = version
    replayer.request(flow)
    replayer.responseheaders(flow)
    fields = [(name.decode(), value.decode("latin-1")) for name, value in flow.response.headers.fields]
    assert (flow.response.status_code, fields, flow.response.content) == (answer.status, headers, body)


def test_a_request_over_the_limit_asks_no_session(
    replayer: Replayer, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolreel.server.entrance.MAX_BODY", 1)
    flow = flow_of()
    replayer.request(flow)
    assert error_of(flow) == (413, "toolreel_refused", "The request is longer than 1 bytes.")
    assert answers.asked == []


def test_a_websocket_asks_no_session(replayer: Replayer, answers: Answers) -> None:
    flow = flow_of(headers={"upgrade": "websocket"})
    replayer.request(flow)
    assert error_of(flow)[:2] == (501, "toolreel_refused")
    assert answers.asked == []


@pytest.mark.parametrize("answer", [None, Answer(200, (("a\r\nb", "c"),)), Answer(200, (("a", "c\r\nd: e"),))])
def test_what_is_no_answer_is_answered_here_and_is_a_miss(
    answer: Any, replayer: Replayer, answers: Answers, misses: list[Miss]
) -> None:
    answers.given = answer
    flow = flow_of()
    replayer.request(flow)
    status, kind, _ = error_of(flow)
    assert status in (424, 500)
    assert (kind, [miss.code for miss in misses]) == ("toolreel_miss", ["internal"])


def test_an_error_in_the_hook_is_answered_here_and_is_a_miss(
    replayer: Replayer, misses: list[Miss], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> str:
        raise ValueError("bad host")

    monkeypatch.setattr("toolreel.addons.replay.request_of", fail)
    flow = flow_of()
    replayer.request(flow)
    assert error_of(flow) == (500, "toolreel_miss", "toolreel failed: ValueError"), "what it says may hold a secret"
    assert [miss.code for miss in misses] == ["internal"]


# ------------------------------------------------------------------------------ what is fetched from the plain door

SLOW = [
    Answer(200, (), (b"abc", b"de"), length=5),
    Answer(200, (), (b"abc",), wait=5),
    Answer(200, (), (b"abc",), delays=(5,)),
    Answer(200, (), (b"abc",), end_delay=5),
    Answer(200, (), (b"abc",), cut=True),
]


@pytest.mark.parametrize("answer", SLOW, ids=["pieces", "wait", "delays", "end", "cut"])
def test_what_mitmproxy_cannot_send_is_parked(
    answer: Answer, replayer: Replayer, answers: Answers, parking: Parking
) -> None:
    answers.given = answer
    flow = flow_of("https://api.openai.com/v1/threads?x=1", headers={"host": "api.openai.com", PARKED_HEADER: "x"})
    replayer.request(flow)
    request = flow.request
    assert flow.response is None
    assert (request.scheme, request.host, request.port) == ("http", "127.0.0.1", 4321)
    assert (request.path, request.host_header) == ("/v1/threads?x=1", "api.openai.com")
    (key,) = request.headers.get_all(PARKED_HEADER)
    assert parking.answer(HttpRequest("POST", "/", ((PARKED_HEADER, key),))) is answer
    replayer.responseheaders(flow)  # nothing to relay yet
    flow.response = response_of()
    replayer.responseheaders(flow)
    cut = flow.response.stream
    came = [*cut(b"ab"), *cut(b"cdefg"[: sum(map(len, answer.pieces)) - 2]), *cut(b"")]
    assert came == list(answer.pieces)


def test_a_reset_waits_at_the_plain_door_and_is_then_done_here(
    replayer: Replayer, answers: Answers, parking: Parking
) -> None:
    answers.given = Answer(0, (), reset=True, wait=7)
    flow = flow_of()
    replayer.request(flow)
    parked = parking.answer(HttpRequest("POST", "/", ((PARKED_HEADER, flow.request.headers[PARKED_HEADER]),)))
    assert (parked.status, parked.wait, parked.reset) == (500, 7, False)
    flow.response = response_of(500)
    replayer.responseheaders(flow)
    assert flow.error.msg == flow.error.KILLED_MESSAGE


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        (("127.0.0.1", 4321), True),
        (("127.0.0.1", 4322), False),
        (("localhost", 4321), False),
        (("api.openai.com", 443), False),
        (("127.0.0.2", 4321), False),
    ],
)
@pytest.mark.parametrize("addon", ["replayer", "barrier", "both"])
def test_no_connection_is_opened_but_to_the_plain_door(
    replayer: Replayer, misses: list[Miss], address: tuple[str, int], allowed: bool, addon: str
) -> None:
    data = ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
    data.server.address = address
    data.server.error = None
    if addon != "barrier":
        replayer.server_connect(data)
    if addon != "replayer":
        Barrier(DOOR, misses.append).server_connect(data)
    assert (data.server.error is None) is allowed
    assert [miss.code for miss in misses] == ([] if allowed else ["other_host"]), "counted once"


def test_a_connection_that_somebody_else_refused_stays_refused(replayer: Replayer, misses: list[Miss]) -> None:
    data = ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
    data.server.address, data.server.error = (DOOR.host, DOOR.port), "no"
    replayer.server_connect(data)
    assert data.server.error == "no"
    assert misses == []


def test_an_error_while_refusing_leaves_it_refused(
    answers: Answers, replayer: Replayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Miss) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(answers, "note", fail)

    data = ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
    data.server.address, data.server.error = ("api.openai.com", 443), None
    with pytest.raises(RuntimeError):
        replayer.server_connect(data)
    assert data.server.error


def test_a_reset_that_nobody_did_becomes_an_error(replayer: Replayer, answers: Answers, misses: list[Miss]) -> None:
    answers.given = Answer(0, (), reset=True)
    flow = flow_of()
    replayer.request(flow)
    flow.response = response_of()
    Barrier(DOOR, misses.append).responseheaders(flow)
    assert flow.response.status_code == 500
    assert callable(flow.response.stream)
    body = b"".join(flow.response.stream(piece) for piece in (b"x", b"more", b""))
    assert json.loads(body)["error"]["type"] == "toolreel_miss"
    assert flow.response.headers["content-length"] == str(len(body))
    assert [miss.code for miss in misses] == ["internal"]


def test_any_other_answer_stays_as_it_is(replayer: Replayer, misses: list[Miss]) -> None:
    flow = flow_of()
    flow.response = response_of()
    headers = flow.response.headers.copy()
    for addon in (replayer, Barrier(DOOR, misses.append)):
        addon.responseheaders(flow)
    assert (flow.response.status_code, flow.response.headers, misses) == (200, headers, [])
