"""The verdict: what was served, missed and never played, and the status that follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Server, get, post, stream
from toolreel.messages.http import HttpRequest
from toolreel.replay.engine import Options
from toolreel.replay.miss import Miss, MissCode
from toolreel.replay.session import Session
from toolreel.replay.trouble import Struck
from toolreel.replay.verdict import Missed, Unplayed, Verdict

from .clients import session, tape

ONE, OTHER = (f"/threads/thread_{letter * 16}" for letter in "ab")


def conversation(path: str) -> list[Exchange]:
    """Reads, a write that was repeated after it failed, and writes."""
    return [
        post(f"{path}/messages", "busy", status=429),
        post(f"{path}/messages", "done"),
        get(path, "here"),
        stream(f"{path}/runs", []),
    ]


def played(*targets: tuple[str, str], strict: bool = False, **options: Any) -> Verdict:
    """The verdict after some requests to two conversations."""
    replay = session(
        *conversation(ONE), *conversation(OTHER), post("/chat/completions", "x"), strict=strict, **options
    )
    for method, target in targets:
        body = None if method == "GET" else b'{"stream":true}' if "runs" in target else b"{}"
        replay.answer(HttpRequest(method, f"/v1{target}", (), body))
    return replay.verdict()


WHOLE = [("POST", f"{ONE}/messages"), ("POST", f"{ONE}/messages"), ("POST", f"{ONE}/runs")]


def unplayed(verdict: Verdict) -> list[int]:
    return [one.n for one in verdict.unplayed]


def test_nothing_was_begun() -> None:
    verdict = played()
    assert (verdict.served, verdict.missed, verdict.never_played, verdict.unplayed) == (0, 0, 9, ())
    assert verdict.good
    assert verdict.exit_status() == 0


def test_what_was_begun_must_be_played_to_its_end_reads_and_failures_apart() -> None:
    assert unplayed(played(("GET", ONE))) == []
    begun = played(*WHOLE[:1])
    assert [(one.n, one.method) for one in begun.unplayed] == [(3, "POST"), (5, "POST")]
    assert begun.exit_status() == 4
    assert unplayed(played(*WHOLE)) == []
    assert played(*WHOLE).never_played == 6


def test_strictly_everything_must_be_played() -> None:
    everything = played(strict=True)
    assert len(everything.unplayed) == 5, "two writes of each conversation, and the call"
    assert [one.path for one in played(*WHOLE, strict=True).unplayed] == [
        "/chat/completions",
        f"{OTHER}/messages",
        f"{OTHER}/runs",
    ]


def test_what_is_played_in_any_walk_is_played() -> None:
    assert played(*WHOLE, *WHOLE[:1]).unplayed == ()


def test_misses_come_first_and_a_command_that_failed_before_them() -> None:
    verdict = played(*WHOLE[:1], ("GET", "/y"), ("GET", "/y"), ("POST", "/y"))
    assert [(one.miss.code, one.times) for one in verdict.misses] == [("no_match", 2), ("no_match", 1)]
    assert (verdict.missed, verdict.good, verdict.exit_status()) == (3, False, 3)
    assert verdict.exit_status(1) == 1


def test_several_cassettes_are_named() -> None:
    server = Server(1)
    tapes = [
        tape(post("/threads", {"id": server.id("thread_")}), name="a"),
        tape(post("/assistants", {"id": server.id("asst_")}), name="b"),
    ]
    verdict = Session(tapes, Options(strict=True)).verdict()
    assert list(map(str, verdict.unplayed)) == [
        "interaction 1 of cassette a, POST /threads",
        "interaction 1 of cassette b, POST /assistants",
    ]


def test_what_was_not_played_in_one_of_several_sessions_says_in_which() -> None:
    one = Unplayed("weather", 7, "POST", "/x", "s1")
    assert str(one) == "interaction 7 of cassette weather, POST /x, in session s1"
    assert one.as_json() == {"cassette": "weather", "n": 7, "method": "POST", "path": "/x", "session": "s1"}


@pytest.mark.parametrize("times", [1, 2])
def test_a_verdict_for_programs(times: int) -> None:
    miss = Miss(MissCode.NO_MATCH, "What?", "$.a")
    struck = Struck(2, "status 429", "POST /v1/x")
    verdict = Verdict(3, (Missed(miss, times),), (Unplayed("weather", 7, "POST", "/x"),), 9, (struck,) * times, (1,))
    assert json.loads(json.dumps(verdict.as_json())) == {
        "served": 3,
        "missed": times,
        "never_played": 9,
        "misses": [{"code": "no_match", "message": "What?", "param": "$.a", "times": times}],
        "unplayed": [{"cassette": "weather", "n": 7, "method": "POST", "path": "/x"}],
        "unplayed_more": 0,
        "faults": [{"number": 2, "what": "status 429", "request": "POST /v1/x", "times": times}],
        "idle_faults": [1],
    }
