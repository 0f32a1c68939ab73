"""The hooks of the replay's proxy door, without sockets."""

from __future__ import annotations

import json

import pytest
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import tflow

from toolreel.addons.replay import Barrier, Replayer
from toolreel.replay.miss import Miss
from toolreel.server.hosts import Listen
from toolreel.server.pieces import Pieces

from .conftest import flow_of, response_of

DOOR = Listen("127.0.0.1", 4321)


@pytest.fixture
def misses() -> list[Miss]:
    return []


@pytest.fixture
def replayer(misses: list[Miss]) -> Replayer:
    return Replayer(DOOR, "ticket", misses.append, Pieces())


def test_a_request_goes_to_the_plain_door_and_says_whom_it_was_meant_for(replayer: Replayer) -> None:
    flow = flow_of("https://api.openai.com/v1/threads?x=1", headers={"host": "api.openai.com"})
    replayer.request(flow)
    request = flow.request
    assert (request.scheme, request.host, request.port) == ("http", "127.0.0.1", 4321)
    assert request.path == "/v1/threads?x=1"
    assert request.host_header == "api.openai.com"
    assert request.headers["x-toolreel-origin"] == "ticket https://api.openai.com"
    assert flow.response is None


def test_what_a_client_says_of_its_own_origin_does_not_count(replayer: Replayer) -> None:
    flow = flow_of("https://a.example/", headers={"x-toolreel-origin": "ticket https://b.example"})
    replayer.request(flow)
    assert flow.request.headers.get_all("x-toolreel-origin") == ["ticket https://a.example"]


def test_an_error_in_the_hook_is_answered_here_and_is_a_miss(
    replayer: Replayer, misses: list[Miss], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> str:
        raise ValueError("bad host")

    monkeypatch.setattr("toolreel.addons.replay.origin", fail)
    flow = flow_of()
    replayer.request(flow)
    assert flow.response.status_code == 500
    error = json.loads(flow.response.content)["error"]
    assert (error["type"], error["message"]) == ("toolreel_miss", "toolreel failed: ValueError: bad host")
    assert [miss.code for miss in misses] == ["internal"]


def test_answers_are_relayed_piece_by_piece(replayer: Replayer) -> None:
    flow = flow_of()
    replayer.responseheaders(flow)  # nothing to relay yet
    flow.response = response_of()
    replayer.responseheaders(flow)
    assert flow.response.stream is True


def test_answers_are_sent_on_in_their_pieces() -> None:
    pieces, flow = Pieces(), flow_of()
    key = pieces.keep([b"abc", b"de"]).encode()
    flow.response = response_of(headers=[(b"content-length", b"5"), (b"x-toolreel-pieces", key)])
    Replayer(DOOR, "ticket", lambda miss: None, pieces).responseheaders(flow)
    assert dict(flow.response.headers) == {"content-length": "5"}
    cut = flow.response.stream
    assert [*cut(b"ab"), *cut(b"cde"), *cut(b"")] == [b"abc", b"de"]


def test_a_reset_is_passed_on(replayer: Replayer) -> None:
    flow = flow_of()
    flow.response = response_of(headers=[(b"x-toolreel-reset", b"1")])
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


def test_an_error_while_refusing_leaves_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Miss) -> None:
        raise RuntimeError("a bug")

    data = ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
    data.server.address, data.server.error = ("api.openai.com", 443), None
    with pytest.raises(RuntimeError):
        Replayer(DOOR, "ticket", fail, Pieces()).server_connect(data)
    assert data.server.error


def test_a_reset_that_nobody_did_becomes_an_error(misses: list[Miss]) -> None:
    flow = flow_of()
    flow.response = response_of()
    flow.response.headers["x-toolreel-reset"] = "1"
    Barrier(DOOR, misses.append).responseheaders(flow)
    assert flow.response.status_code == 500
    assert callable(flow.response.stream)
    body = b"".join(flow.response.stream(piece) for piece in (b"x", b"more", b""))
    assert json.loads(body)["error"]["type"] == "toolreel_miss"
    assert flow.response.headers["content-length"] == str(len(body))
    assert "x-toolreel-reset" not in flow.response.headers
    assert [miss.code for miss in misses] == ["internal"]


def test_any_other_answer_stays_as_it_is(replayer: Replayer, misses: list[Miss]) -> None:
    flow = flow_of()
    flow.response = response_of()
    headers = flow.response.headers.copy()
    for addon in (replayer, Barrier(DOOR, misses.append)):
        addon.responseheaders(flow)
    assert (flow.response.status_code, flow.response.headers, misses) == (200, headers, [])
