from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from random import Random

import pytest

from tests.normalise.takes import Exchange, get, post, stream
from toolreel.messages.http import HttpRequest
from toolreel.replay import standing
from toolreel.replay.answer import Answer
from toolreel.replay.delivery import Delivery
from toolreel.replay.faults import parse_faults
from toolreel.replay.session import Session
from toolreel.replay.standing import Standing, Stands

from .clients import body, session

OWN = "thread_theprogramsown"
SYMBOL = f"thread_{'1':0>24}"
SUBMIT = post(f"/threads/{OWN}/runs/run_theprogramsown/submit_tool_outputs", {"status": "queued"}, {"n": 1})
MODELS = get("/models", "all")
MADE_UP = f"thread_{'10001':0>24}"
NAMED = post("/moderations", "c", {"user": MADE_UP})
CHAT = stream("/chat/completions", [("a", {"n": 1})])


def plain(answer: Answer) -> Answer:
    """The answer without what makes it stand."""
    return Answer(*(getattr(answer, field.name) for field in fields(Answer)))


def is_remembered(playing: Session, request: HttpRequest) -> bool:
    return playing._standing.get(request) is not None


@pytest.mark.parametrize("exchange", [SUBMIT, MODELS, CHAT])
def test_a_conversation_of_its_own_is_looked_for_once(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    playing = session(exchange)
    first, second = (plain(playing.answer(exchange.sent)) for _ in range(2))
    monkeypatch.delattr(Session, "_find")
    assert plain(playing.answer(exchange.sent)) == first == second
    assert body(second) == exchange.received
    assert (playing.served, playing.unplayed, playing.misses) == (3, 0, [])


@pytest.mark.parametrize(
    "exchanges",
    [
        (post("/chat/completions", "a"), post("/chat/completions", "b")),
        (post("/threads", {"id": SYMBOL}),),
        (post(f"/threads/{OWN}/messages", "a"), post(f"/threads/{OWN}/runs", "b")),
        (get(f"/threads/{OWN}", "a"), post(f"/threads/{OWN}", "b")),
        (post("/chat/completions", "a", {"user": "REDACTED-0001"}),),
    ],
    ids=["answered in turn", "an id is handed out", "writes of one scope", "a read of an epoch", "a placeholder"],
)
def test_whatever_depends_on_what_came_before_is_looked_for_each_time(exchanges: tuple[Exchange, ...]) -> None:
    playing = session(*exchanges)
    for exchange in exchanges * 3:
        playing.answer(exchange.sent)
        assert not is_remembered(playing, exchange.sent)


def test_who_may_walk_once_only_misses_the_second_time() -> None:
    playing = session(SUBMIT, repeat=False)
    assert [playing.answer(SUBMIT.sent).status for _ in range(3)] == [200, 424, 424]


def test_an_id_that_is_handed_out_is_the_programs_own_no_more() -> None:
    """The program has named an id that replay then makes up for somebody else."""
    made = post("/threads", {"id": SYMBOL})
    playing = session(made, NAMED)
    assert [playing.answer(NAMED.sent).status for _ in range(2)] == [200, 200]
    assert is_remembered(playing, NAMED.sent)
    given = [body(playing.answer(made.sent)).decode() for _ in range(2)]
    assert MADE_UP in given[1]
    stands = playing._standing.get(NAMED.sent)
    assert stands is not None
    assert not playing._engine.stands(stands)


def test_a_secret_that_was_seen_since_may_stand_in_it() -> None:
    """The request holds what another one shows to be a key: from then on it is a placeholder."""
    key = "K7q9ZpX2mW4vB8nR"
    said, other = post("/chat/completions", "a", {"say": key}), post("/embeddings", "b", {"api_key": "REDACTED-0001"})
    playing = session(said, other)
    assert [playing.answer(said.sent).status for _ in range(2)] == [200, 200]
    assert is_remembered(playing, said.sent)
    shown = replace(other.sent, body=b'{"api_key":"%s"}' % key.encode())
    assert playing.answer(shown).status == 200
    assert playing.answer(said.sent).status == 424, "what was recorded held no secret there"


def test_faults_strike_every_time() -> None:
    playing = session(SUBMIT)
    for _ in range(3):
        playing.answer(SUBMIT.sent)
    playing.deliver(Delivery(faults=parse_faults("[[fault]]\nnth = [2, 3, 4]\nstatus = 500", "f.toml")))
    assert [playing.answer(SUBMIT.sent).status for _ in range(4)] == [200, 500, 500, 500]


def test_headers_take_part() -> None:
    playing = session(SUBMIT)
    for _ in range(3):
        playing.answer(SUBMIT.sent)
    assert not is_remembered(playing, replace(SUBMIT.sent, headers=(("authorization", "Bearer x"),)))


@pytest.mark.parametrize(
    "other",
    [
        HttpRequest("PUT", "/a", (("x", "y"),), b"bc", "https://one"),
        HttpRequest("POST", "/ab", (("x", "y"),), b"c", "https://one"),
        HttpRequest("POST", "/", (("x", "y"),), b"abc", "https://one"),
        HttpRequest("POST", "/a", (("x", "z"),), b"bc", "https://one"),
        HttpRequest("POST", "/a", (("x", "y"),), b"cb", "https://one"),
        HttpRequest("POST", "/abc", (("x", "y"),), None, "https://one"),
        HttpRequest("POST", "/abc", (("x", "y"),), b"", "https://one"),
        HttpRequest("POST", "/a", (("x", "y"),), b"bc", None),
        HttpRequest("POST", "/\udc80", (("x", "y"),), b"bc", "https://one"),
    ],
)
def test_another_request_is_another_request(other: HttpRequest) -> None:
    one = HttpRequest("POST", "/a", (("x", "y"),), b"bc", "https://one")
    kept = Standing()
    kept.keep(one, Stands.of(Answer(200, ()), None, ()))
    assert kept.get(other) is None
    kept.keep(other, Stands.of(Answer(201, ()), None, ()))
    assert [stands and stands.status for stands in map(kept.get, (one, other))] == [200, 201]


def test_no_body_and_an_empty_one_are_not_the_same() -> None:
    kept = Standing()
    kept.keep(HttpRequest("GET", "/a"), Stands.of(Answer(200, ()), None, ()))
    assert kept.get(HttpRequest("GET", "/a", (), b"")) is None


def test_remembering_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random requests, many times, against sessions that remember and that do not."""
    exchanges = [
        SUBMIT,
        MODELS,
        CHAT,
        NAMED,
        post("/threads", {"id": SYMBOL}),
        *(post("/embeddings", n) for n in "ab"),
    ]
    requests = [one.sent for one in exchanges] + [get(f"/threads/{SYMBOL}").sent, post("/files", None, {"x": 1}).sent]
    requests += [replace(one, headers=(("x-stainless-retry-count", "1"),)) for one in requests]
    for seed in range(30):
        asked = Random(seed).choices(requests, k=60)
        with monkeypatch.context() as patched:
            remembering = _answers(session(*exchanges), asked)
            patched.setattr(Standing, "keep", lambda *_, **__: None)
            assert _answers(session(*exchanges), asked) == remembering


def _answers(playing: Session, asked: Iterable[HttpRequest]) -> list[object]:
    found: list[object] = [plain(playing.answer(one)) for one in asked]
    return [*found, playing.served, playing.misses, playing.verdict()]


def test_whoever_is_full_begins_again_and_long_ones_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_MOST_BYTES", 10_000)
    kept, stands = Standing(), Stands.of(Answer(200, ()), None, ())
    requests = [HttpRequest("POST", f"/{n}", (), b"x" * 1_000) for n in range(10)]
    for one in requests:
        kept.keep(one, stands)
    assert [kept.get(one) is stands for one in requests] == [False] * 6 + [True] * 4
    long = HttpRequest("POST", "/", (), b"x" * 100_000)
    kept.keep(long, stands)
    assert kept.get(long) is None


def test_answers_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients put into a header what no other request has: then each has an answer of its own, if it is paced."""
    monkeypatch.setattr(standing, "_MOST_BYTES", 100_000)
    kept = Standing()
    requests = [HttpRequest("POST", "/", (("traceparent", str(n)),), b"") for n in range(10)]
    for one in requests:
        kept.keep(one, Stands.of(Answer(200, (), (b"x" * 10_000, b"y" * 10_000)), None, ()))
    assert [kept.get(one) is not None for one in requests] == [False] * 8 + [True] * 2
    kept.keep(requests[0], Stands.of(Answer(200, (), (b"x" * 2_000_000,)), None, ()))
    assert kept.get(requests[0]) is None
    assert kept.get(requests[-1]) is not None, "what is too large drives nothing out"


def test_a_number_that_was_seen_to_be_a_secret_since_may_stand_in_it() -> None:
    """It is too short to be looked for in texts, but numbers that were secrets are known where one may stand."""
    said = post("/chat/completions", "a", {"secretary": 417263})
    other = post("/embeddings", "b", {"password": "REDACTED-0001"})
    playing = session(said, other)
    assert [playing.answer(said.sent).status for _ in range(2)] == [200, 200]
    assert is_remembered(playing, said.sent)
    assert playing.answer(replace(other.sent, body=b'{"password":"417263"}')).status == 200
    assert playing.answer(said.sent).status == 424, "what was recorded held no secret there"
