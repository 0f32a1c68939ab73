from __future__ import annotations

import json
from typing import Any

import pytest

from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette, Ending, FileBody, Interaction, Request, Response, TextBody, TextFrame
from toolreel.replay import session as session_module
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss, MissCode
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape


def no_file(digest: str) -> bytes:
    raise FileNotFoundError(f"no body file {digest}")


def tape(*answers: tuple[str, str], name: str = "weather", upstream: str = "https://api.openai.com/v1") -> Tape:
    """A tape of GET requests: path and the text of the answer."""
    interactions = tuple(
        Interaction(
            n=n,
            request=Request(method="GET", path=path),
            response=Response(status=200, body=TextBody(text=body)),
        )
        for n, (path, body) in enumerate(answers, start=1)
    )
    return Tape(name, Cassette(upstreams=(upstream,), interactions=interactions), no_file)


def get(path: str, origin: str | None = None) -> HttpRequest:
    return HttpRequest("GET", path, origin=origin)


def text(answer: Answer) -> str:
    return b"".join(answer.pieces).decode()


def error(answer: Answer) -> dict[str, Any]:
    assert answer.status == 424
    assert ("x-should-retry", "false") in answer.headers
    assert answer.cut is False
    body: dict[str, Any] = json.loads(text(answer))["error"]
    assert body["type"] == "toolreel_miss"
    return body


def test_equal_requests_get_their_answers_in_recorded_order() -> None:
    session = Session([tape(("/a", "1"), ("/b", "2"), ("/a", "3"), ("/a", "4"))])
    assert session.unplayed == 4
    assert [text(session.answer(get(path))) for path in ("/v1/a", "/v1/a", "/v1/b", "/v1/a")] == ["1", "3", "2", "4"]
    assert (session.served, session.unplayed, session.misses) == (4, 0, [])


def test_a_request_that_was_played_to_the_end_is_exhausted() -> None:
    session = Session([tape(("/a", "1"), ("/b", "2"))])
    session.answer(get("/v1/a"))
    body = error(session.answer(get("/v1/a")))
    assert body["code"] == "exhausted"
    assert body["message"] == "GET /v1/a was asked more often than cassette weather has it."
    assert session.misses == [Miss(MissCode.EXHAUSTED, body["message"])]
    assert (session.served, session.unplayed) == (1, 1)


def test_a_request_that_nobody_recorded_is_no_match() -> None:
    session = Session([tape(("/a", "1"))])
    body = error(session.answer(get("/v1/c?x=1")))
    assert body == {
        "message": "GET /v1/c?x=1 is like no recorded request of cassette weather.",
        "type": "toolreel_miss",
        "param": None,
        "code": "no_match",
    }
    assert (session.served, session.unplayed, len(session.misses)) == (0, 1, 1)


def test_a_miss_takes_nothing_from_the_cassette() -> None:
    session = Session([tape(("/a", "1"))])
    session.answer(get("/v1/c"))
    assert text(session.answer(get("/v1/a"))) == "1"


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://evil.example", id="other-host"),
        pytest.param("http://api.openai.com", id="other-scheme"),
        pytest.param("https://api.openai.com:8443", id="other-port"),
        pytest.param("https://api.openai.com.evil.example", id="longer-name"),
    ],
)
def test_a_request_for_another_host_is_named_as_that(origin: str) -> None:
    session = Session([tape(("/a", "1"))])
    body = error(session.answer(get("/v1/a", origin)))
    assert body["code"] == "other_host"
    assert body["message"] == (
        f"GET /v1/a is for {origin}, but cassette weather was recorded with https://api.openai.com."
    )
    assert session.unplayed == 1


@pytest.mark.parametrize("origin", [None, "https://api.openai.com", "https://API.openai.com:443"])
def test_a_request_for_a_recorded_host_is_answered_however_it_is_spelled(origin: str | None) -> None:
    assert text(Session([tape(("/a", "1"))]).answer(get("/v1/a", origin))) == "1"


def test_a_cassette_of_an_unknown_host_answers_for_no_named_host() -> None:
    session = Session([tape(("/a", "1"), upstream="/v1")])
    assert "was recorded with none." in error(session.answer(get("/v1/a", "https://a.example")))["message"]
    assert text(session.answer(get("/v1/a"))) == "1"


def test_several_cassettes_answer_as_one_in_their_order() -> None:
    other = tape(("/a", "3"), ("/b", "4"), name="other", upstream="https://b.example")
    session = Session([tape(("/a", "1"), ("/a", "2")), other])
    assert [text(session.answer(get("/v1/a"))) for _ in range(3)] == ["1", "2", "3"]
    assert text(session.answer(get("/b", "https://b.example"))) == "4"
    assert error(session.answer(get("/c")))["message"].endswith("of cassette weather, other.")


@pytest.mark.parametrize("ending", [Ending.CUT, Ending.CLIENT_GONE])
def test_an_answer_that_was_cut_is_cut_again(ending: Ending) -> None:
    response = Response(status=200, frames=(TextFrame(text="x"),))
    interaction = Interaction(n=1, request=Request(method="GET", path="/a"), response=response, ending=ending)
    session = Session([Tape("weather", Cassette(upstreams=("",), interactions=(interaction,)), no_file)])
    assert session.answer(get("/a")) == Answer(200, (), (b"data: x\n\n",), cut=True)


def test_a_bug_is_a_miss_and_never_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session([tape(("/a", "1"))])

    def broken(*_: object) -> None:
        raise KeyError("oops")

    with monkeypatch.context() as patch:
        patch.setattr(session_module, "request_key", broken)
        body = error(session.answer(get("/v1/a")))
    assert body["code"] == "internal"
    assert body["message"] == "toolreel failed on GET /v1/a: KeyError: 'oops'."
    assert session.misses == [Miss(MissCode.INTERNAL, body["message"])]
    assert text(session.answer(get("/v1/a"))) == "1"


def test_a_body_file_that_vanished_is_a_miss_and_the_answer_stays_unplayed() -> None:
    response = Response(status=200, body=FileBody(file="a" * 64))
    interaction = Interaction(n=1, request=Request(method="GET", path="/a"), response=response)
    session = Session([Tape("weather", Cassette(upstreams=("",), interactions=(interaction,)), no_file)])
    assert error(session.answer(get("/a")))["code"] == "internal"
    assert (session.unplayed, session.served) == (1, 0)


def test_an_origin_that_is_no_url_is_a_miss() -> None:
    session = Session([tape(("/a", "1"))])
    assert error(session.answer(get("/v1/a", "https://a:port")))["code"] == "internal"
