"""Retries of SDKs get the last answer again, and nobody waits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Server, get, post, stream, take
from toolreel.messages.http import HttpRequest, header
from toolreel.messages.model import Performance
from toolreel.normalise.cassette import normalise
from toolreel.replay.answer import Answer
from toolreel.replay.engine import Options
from toolreel.replay.retries import is_retry
from toolreel.replay.session import Session

from .clients import body, session, tape_of

OWN = "thread_" + "own" * 8


def said(session: Session, target: str, sent: Any = None, *, retry: int | None = None) -> Any:
    headers = () if retry is None else (("x-stainless-retry-count", str(retry)),)
    answer = session.answer(HttpRequest("POST", f"/v1{target}", headers, json.dumps(sent or {}).encode()))
    return json.loads(body(answer)).get("id") if answer.status == 200 else answer.status


def threads(count: int) -> list[Exchange]:
    server = Server(1)
    return [post("/threads", {"id": server.id("thread_")}) for _ in range(count)]


@pytest.mark.parametrize("repeat", [True, False])
def test_a_retry_gets_the_last_answer_again_where_nothing_else_is_left(repeat: bool) -> None:
    replay = session(*threads(1), repeat=repeat)
    thread = said(replay, "/threads", retry=0)
    assert [said(replay, "/threads", retry=count) for count in (1, 2)] == [thread, thread]
    assert said(replay, "/threads", retry=0) == 424 if not repeat else thread != said(replay, "/threads")


def test_a_retry_consumes_what_is_left_first() -> None:
    replay = session(*threads(2), repeat=False)
    first, second = said(replay, "/threads"), said(replay, "/threads", retry=1)
    assert first != second
    assert said(replay, "/threads", retry=2) == 424, "two clients may have sent it"
    assert replay.misses[0].message.endswith(
        "(interactions 1 and 2), and each has been played. It is a retry, but more than one client may have sent it. "
        "With --repeat clients may begin again."
    )


def test_a_retry_within_a_conversation_is_its_own() -> None:
    server = Server(1)
    recorded = []
    for name in "ab":
        thread = server.id("thread_")
        recorded.append(post("/threads", {"id": thread}, {"name": name}))
        recorded.append(post(f"/threads/{thread}/messages", {"id": server.id("msg_")}, {"content": "x"}))
    replay = session(*recorded, repeat=False)
    a, b = (said(replay, "/threads", {"name": name}) for name in "ab")
    first = said(replay, f"/threads/{a}/messages", {"content": "x"})
    second = said(replay, f"/threads/{b}/messages", {"content": "x"})
    assert said(replay, f"/threads/{a}/messages", {"content": "x"}, retry=1) == first
    assert said(replay, f"/threads/{b}/messages", {"content": "x"}, retry=1) == second
    assert said(replay, f"/threads/{b}/messages", {"content": "x"}) == 424


def test_a_retry_after_a_failure_gets_what_was_recorded_after_it() -> None:
    failed = post(f"/threads/{OWN}/messages", "busy", status=429)
    replay = session(failed, post(f"/threads/{OWN}/messages", {"id": "done"}), repeat=False)
    assert said(replay, f"/threads/{OWN}/messages", retry=0) == 429
    assert [said(replay, f"/threads/{OWN}/messages", retry=count) for count in (1, 2)] == ["done", "done"]


def test_a_retry_of_what_was_never_asked_is_a_miss() -> None:
    replay = session(*threads(1), post("/x", {"id": "x"}), repeat=False)
    assert said(replay, "/y", retry=1) == 424
    assert said(replay, "/x", retry=1) == "x"


def test_the_last_of_equal_writes_is_the_one_that_is_answered_again() -> None:
    replay = session(*(post(f"/threads/{OWN}/messages", {"id": str(n)}) for n in range(3)), repeat=False)
    assert [said(replay, f"/threads/{OWN}/messages") for _ in range(3)] == ["0", "1", "2"]
    assert said(replay, f"/threads/{OWN}/messages", retry=1) == "2"


@pytest.mark.parametrize("count", ["0", "", "-1", "x", "²", "1.0"])
def test_what_is_no_retry(count: str) -> None:
    assert not is_retry(HttpRequest("POST", "/x", (("x-stainless-retry-count", count),)))


def test_a_client_that_retries_for_ever_retries() -> None:
    assert is_retry(HttpRequest("POST", "/x", (("x-stainless-retry-count", "9" * 5000),)))


# ------------------------------------------------------------------------------------------------------------ headers


def answered(exchange: Exchange, **options: Any) -> Answer:
    return session(exchange, **options).answer(exchange.sent)


@pytest.mark.parametrize(
    ("status", "should_retry", "told"),
    [
        (429, None, "5"),
        (500, None, "5"),
        (503, "true", "5"),
        (408, None, "5"),
        (409, None, "5"),
        (400, "true", "5"),
        (429, "false", None),
        (400, None, None),
        (200, None, None),
    ],
)
def test_whoever_tries_again_does_so_at_once(status: int, should_retry: str | None, told: str | None) -> None:
    headers = () if should_retry is None else (("x-should-retry", should_retry),)
    answer = answered(post("/x", "", status=status, headers=headers))
    assert header(answer.headers, "retry-after-ms") == told
    assert header(answer.headers, "x-should-retry") == should_retry


def test_where_clients_shall_wait_they_are_told_what_was_recorded() -> None:
    exchange = post("/x", "", status=429)
    cassette = normalise(take(exchange))[0]
    assert cassette.take is not None
    waits = Performance(headers=(("retry-after", "20"), ("x-ratelimit-limit-requests", "3")))
    noted = cassette.take.model_copy(update={"interactions": {"1": waits}})
    for hurry, told in ((True, (None, "5")), (False, ("20", None))):
        tape = tape_of(cassette.model_copy(update={"take": noted}))
        answer = Session([tape], Options(hurry=hurry)).answer(exchange.sent)
        assert (header(answer.headers, "retry-after"), header(answer.headers, "retry-after-ms")) == told


@pytest.mark.parametrize(
    ("exchange", "told"),
    [
        pytest.param(get("/threads/t/runs/r", {"status": "queued"}), "5", id="a-run"),
        pytest.param(get("/vector_stores/v", {"status": "in_progress"}), "5", id="a-vector-store"),
        pytest.param(get("/threads/t", {"id": "t"}), None, id="no-status"),
        pytest.param(get("/threads/t/runs", {"data": []}), None, id="a-list"),
        pytest.param(get("/threads/t/runs/r", {"status": "x"}, status=404), None, id="a-failure"),
        pytest.param(post("/threads/t/runs", {"status": "queued"}), None, id="a-write"),
        pytest.param(stream("/threads/t/runs", [("e", {"status": "queued"})]), None, id="a-stream"),
    ],
)
def test_whoever_polls_does_so_at_once(exchange: Exchange, told: str | None) -> None:
    assert header(answered(exchange).headers, "openai-poll-after-ms") == told
    assert header(answered(exchange, hurry=False).headers, "openai-poll-after-ms") is None


def test_a_recorded_time_to_poll_again_is_kept_where_clients_shall_wait() -> None:
    exchange = get("/threads/t/runs/r", {"status": "queued"}, headers=(("openai-poll-after-ms", "700"),))
    assert header(answered(exchange).headers, "openai-poll-after-ms") == "5"
    assert header(answered(exchange, hurry=False).headers, "openai-poll-after-ms") == "700"
