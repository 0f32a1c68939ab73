from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from random import Random

import pytest

from tests.normalise.takes import Exchange, get, post, stream
from toolreel.messages.http import HttpRequest
from toolreel.replay import standing
from toolreel.replay.answer import Answer
from toolreel.replay.delivery import Delivery
from toolreel.replay.engine import Options
from toolreel.replay.faults import parse_faults
from toolreel.replay.live import Conversations
from toolreel.replay.session import Session
from toolreel.replay.standing import Standing, Stands
from toolreel.replay.tracks import Group

from .clients import body, session, tape

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


def test_a_secret_that_was_seen_since_may_stand_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request holds what another one shows to be a key: from then on it is a placeholder."""
    key = "K7q9ZpX2mW4vB8nR"
    said, other = post("/chat/completions", "a", {"say": key}), post("/embeddings", "b", {"api_key": "REDACTED-0001"})
    playing = session(said, other, MODELS)
    assert [playing.answer(said.sent).status for _ in range(2)] == [200, 200]
    assert is_remembered(playing, said.sent)
    shown = replace(other.sent, body=b'{"api_key":"%s"}' % key.encode())
    assert playing.answer(shown).status == 200
    assert playing.answer(said.sent).status == 424, "what was recorded held no secret there"
    playing.answer(MODELS.sent)
    monkeypatch.delattr(Session, "_find")
    assert playing.answer(MODELS.sent).status == 200, "what is asked from then on is remembered again"


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


def test_half_a_surrogate_pair_is_no_question_mark() -> None:
    kept = Standing()
    kept.keep(HttpRequest("GET", "/\udc80"), Stands.of(Answer(200, ()), None, ()))
    assert kept.get(HttpRequest("GET", "/?")) is None


def test_no_body_and_an_empty_one_are_not_the_same() -> None:
    kept = Standing()
    kept.keep(HttpRequest("GET", "/a"), Stands.of(Answer(200, ()), None, ()))
    assert kept.get(HttpRequest("GET", "/a", (), b"")) is None


THREADS = [f"thread_{n:0>24}" for n in range(1, 4)]
ALIKE = [
    exchange
    for n, thread in enumerate(THREADS[1:], 2)
    for exchange in (
        post("/threads", {"id": thread}),
        post(f"/threads/{thread}/messages", {"id": f"msg_{n:0>24}"}, {"content": n}),
    )
]
"""Two conversations that begin alike: whoever has begun one is undecided."""
SECRETS = [post("/audio/speech", n, {"api_key": "REDACTED-0001", "p": 1}) for n in "ab"]


def _always_anew(conversations: Conversations, walk: int, group: Group) -> int:
    """As `walk_again`, but every new walk has a number of its own."""
    if group in conversations._walks[walk].owned:
        walk += 1
        conversations._close([older for older in conversations._walks if older < walk])
    conversations._walks[walk].owned.add(group)
    return walk


def test_remembering_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random requests, many times, against sessions that remember and that do not, and that count walks otherwise."""
    exchanges = [
        SUBMIT,
        MODELS,
        CHAT,
        NAMED,
        post("/threads", {"id": SYMBOL}),
        *ALIKE,
        *SECRETS,
        *(post("/embeddings", n) for n in "ab"),
    ]
    asked = [one.sent for one in exchanges] + [get(f"/threads/{SYMBOL}").sent, post("/files", None, {"x": 1}).sent]
    asked += [replace(one, headers=(("x-stainless-retry-count", "1"),)) for one in asked]
    keys = ["K7q9ZpX2mW4vB8nR", "Q1w2E3r4T5y6U7i8"]
    for seed in range(60):
        dice = Random(seed)
        plan = [(request, dice.choice(keys)) for request in dice.choices(asked, k=60)]
        tapes = [tape(*exchanges)] if seed % 3 else [tape(*exchanges[:7], name="a"), tape(*exchanges[7:], name="b")]
        found = _answers(Session(tapes, Options()), plan)
        with monkeypatch.context() as patched:
            patched.setattr(Conversations, "walk_again", _always_anew)
            assert _answers(Session(tapes, Options()), plan) == found
            patched.setattr(Standing, "keep", lambda *_, **__: None)
            assert _answers(Session(tapes, Options()), plan) == found


def _answers(playing: Session, plan: Iterable[tuple[HttpRequest, str]]) -> list[object]:
    """What a client gets that goes on with the thread it was given last, and puts a key where one was recorded."""
    found: list[object] = []
    newest = None
    for request, key in plan:
        target = request.target
        for thread in THREADS:
            target = target.replace(thread, newest or thread)
        sent = request.body and request.body.replace(b"REDACTED-0001", key.encode())
        answer = playing.answer(replace(request, target=target, body=sent))
        if answer.status == 200 and request.target == "/v1/threads":
            newest = json.loads(body(answer))["id"]
        found.append(plain(answer))
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


def test_of_headers_that_many_requests_share_only_the_first_ones_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_MOST_BYTES", 40_000)
    many = tuple((f"x-{n}", "v") for n in range(50))
    stands = Stands.of(Answer(200, ()), None, ())
    shared, own = Standing(), Standing()
    alike = [HttpRequest("GET", f"/{n:02}", many) for n in range(20)]
    other = [HttpRequest("GET", "/00", (*many, ("traceparent", str(n)))) for n in range(20)]
    for one, another in zip(alike, other, strict=True):
        shared.keep(one, stands)
        own.keep(another, stands)
    assert all(map(shared.get, alike))
    assert sum(own.get(one) is not None for one in other) < 10


def test_there_is_room_for_so_much_that_doors_have_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_MOST_SENT", 25_000)
    kept = Standing()
    answers = [Stands.of(Answer(200, (), (b"x" * 10_000,)), None, ()) for _ in range(3)]
    for n, one in enumerate(answers):
        kept.keep(HttpRequest("GET", f"/{n}"), one, is_shared=True)
    assert [one.sent for one in answers] == [b"", b"", None]
