from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.normalise.takes import Exchange, take
from tests.normalise.takes import get as made_get
from tests.normalise.takes import post as made_post
from tests.normalise.takes import stream as made_stream
from tests.replay.clients import tape as made_tape
from toolreel.errors import CassetteError
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette, Ending, FileBody, Interaction, Request, Response, TextBody, TextFrame
from toolreel.normalise.cassette import normalise
from toolreel.replay import engine as engine_module
from toolreel.replay import miss as miss_module
from toolreel.replay import session as session_module
from toolreel.replay.answer import Answer
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.delivery import Delivery
from toolreel.replay.engine import Options
from toolreel.replay.faults import parse_faults
from toolreel.replay.miss import Miss, MissCode
from toolreel.replay.pace import parse_pace
from toolreel.replay.session import Clock, Session, fixed_clock, present_clock, recorded_clock
from toolreel.replay.tape import Tape


def no_file(digest: str) -> bytes:
    raise FileNotFoundError(f"no body file {digest}")


def changed_file(digest: str) -> bytes:
    raise CassetteError(f"Body file {digest[:4]} was changed; restore it.")


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


def test_what_is_served_and_what_is_never_played_is_counted() -> None:
    session = Session([tape(("/a", "1"), ("/b", "2"))])
    assert (session.served, session.unplayed) == (0, 2)
    assert [text(session.answer(get(path))) for path in ("/v1/a", "/v1/a")] == ["1", "1"]
    assert (session.served, session.unplayed, session.misses) == (2, 1, [])


def test_a_call_that_was_played_to_the_end_is_exhausted() -> None:
    call = Interaction(n=1, request=Request(method="POST", path="/a"), response=Response(status=204))
    cassette = Cassette(upstreams=("https://a.example",), interactions=(call,))
    session = Session([Tape("weather", cassette, no_file)], Options(repeat=False))
    assert session.answer(HttpRequest("POST", "/v1/a")).status == 204
    body = error(session.answer(HttpRequest("POST", "/v1/a")))
    assert body["code"] == "exhausted"
    assert session.misses == [Miss(MissCode.EXHAUSTED, body["message"])]
    assert (session.served, session.unplayed) == (1, 0)


def test_a_request_that_nobody_recorded_is_no_match() -> None:
    session = Session([tape(("/a", "1"))])
    body = error(session.answer(get("/v1/c?x=1")))
    assert body == {
        "message": "GET /c is like no recorded request of cassette weather: there is no GET of such a path.",
        "type": "toolreel_miss",
        "param": "path",
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
        f"GET /v1/a is for {origin}, but cassette weather was recorded with https://api.openai.com. "
        f"With --tunnel {urlsplit(origin).hostname} it is let through, untouched."
    )
    assert session.unplayed == 1


@pytest.mark.parametrize("origin", [None, "https://api.openai.com", "https://API.openai.com:443"])
def test_a_request_for_a_recorded_host_is_answered_however_it_is_spelled(origin: str | None) -> None:
    assert text(Session([tape(("/a", "1"))]).answer(get("/v1/a", origin))) == "1"


def test_a_cassette_of_an_unknown_host_answers_for_no_named_host() -> None:
    session = Session([tape(("/a", "1"), upstream="/v1")])
    assert "was recorded with none. " in error(session.answer(get("/v1/a", "https://a.example")))["message"]
    assert text(session.answer(get("/v1/a"))) == "1"


def test_several_cassettes_answer_as_one_in_their_order() -> None:
    other = tape(("/a", "3"), ("/b", "4"), name="other", upstream="https://b.example")
    session = Session([tape(("/a", "1")), other])
    assert [text(session.answer(get("/v1/a"))) for _ in range(3)] == ["1", "1", "1"]
    assert text(session.answer(get("/b", "https://b.example"))) == "4"
    assert error(session.answer(get("/c")))["message"].startswith(
        "GET /c is like no recorded request of cassette weather, other"
    )


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
        patch.setattr(engine_module, "asked", broken)
        body = error(session.answer(get("/v1/a")))
    assert body["code"] == "internal"
    assert body["message"] == (
        "toolreel failed on GET /v1/a: KeyError: 'oops'. This is a bug of toolreel's; please report it."
    )
    assert session.misses == [Miss(MissCode.INTERNAL, body["message"])]
    assert text(session.answer(get("/v1/a"))) == "1"


def test_a_body_file_that_vanished_is_a_miss() -> None:
    response = Response(status=200, body=FileBody(file="a" * 64))
    interaction = Interaction(n=1, request=Request(method="GET", path="/a"), response=response)
    session = Session([Tape("weather", Cassette(upstreams=("",), interactions=(interaction,)), no_file)])
    assert error(session.answer(get("/a")))["code"] == "internal"
    assert (session.served, len(session.misses)) == (0, 1)


def test_a_body_file_of_an_answer_that_was_changed_is_no_bug() -> None:
    response = Response(status=200, body=FileBody(file="a" * 64))
    interaction = Interaction(n=1, request=Request(method="POST", path="/a"), response=response)
    session = Session([Tape("weather", Cassette(upstreams=("",), interactions=(interaction,)), changed_file)])
    for _ in range(2):
        told = error(session.answer(HttpRequest("POST", "/a")))
        assert told["message"] == "POST /a cannot be answered: Body file aaaa was changed; restore it."
        assert told["code"] == "internal"
    assert session.verdict().missed == 2


def test_a_body_file_of_a_request_is_looked_at_before_anybody_asks() -> None:
    request = Request(method="POST", path="/a", body=FileBody(file="a" * 64))
    interaction = Interaction(n=1, request=request, response=Response(status=200))
    cassette = Cassette(upstreams=("",), interactions=(interaction,))
    with pytest.raises(CassetteError):
        Tape("weather", cassette, changed_file)
    reads = iter([b"asked"])

    def changed_later(digest: str) -> bytes:
        return next(reads, None) or changed_file(digest)

    session = Session([Tape("weather", cassette, changed_later)], Options(strict=True))
    for _ in range(2):
        told = error(session.answer(HttpRequest("POST", "/a", (), b"asked")))
        assert told["message"] == "POST /a cannot be answered: Body file aaaa was changed; restore it."
    verdict = session.verdict()
    assert (verdict.missed, verdict.never_played, len(verdict.unplayed)) == (2, 1, 1)


def test_who_asks_for_ever_is_told_so_often_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(miss_module, "MOST_KEPT", 3)
    monkeypatch.setattr(session_module, "_MOST_LISTED", 5)
    session = Session([tape(("/a", "1"))])
    for n in (1, 1, 1, 2, 3, 4, 5, 5):
        session.answer(get(f"/v1/nowhere/{n}"))
    assert [one.message.split()[1] for one in session.misses] == [f"/nowhere/{n}" for n in (1, 1, 1, 2, 3)]
    verdict = session.verdict()
    assert [one.times for one in verdict.misses] == [3, 1, 1, 3]
    assert verdict.misses[-1].miss.message == "Further requests, too many to name each."
    assert verdict.missed == 8


# ----------------------------------------------------------------------------------------------------- clock and ids

NOON = 1_761_861_679
EXCHANGES = (
    made_post("/threads", {"id": "thread_" + "a" * 24, "created_at": NOON}),
    made_stream("/threads/runs", [("e", {"created_at": NOON + 60, "expires_at": None, "obfuscation": "x"})]),
)


@pytest.mark.parametrize(
    ("clock", "created", "later"),
    [
        pytest.param(recorded_clock, NOON, NOON + 60, id="recorded"),
        pytest.param(present_clock(2_000_000_000.4), 2_000_000_000, 2_000_000_060, id="now"),
        pytest.param(fixed_clock, 1_700_000_002, 1_700_000_001, id="fixed"),
    ],
)
def test_the_clock_is_as_it_is_asked_for(clock: Clock, created: int, later: int) -> None:
    cassette = normalise(take(*EXCHANGES))[0]
    session = Session([Tape("weather", cassette, no_file)], clock=clock)
    thread = json.loads(text(session.answer(EXCHANGES[0].sent)))
    assert thread == {"id": "thread_000000000000000000000001", "created_at": created}
    streamed = text(session.answer(EXCHANGES[1].sent)).splitlines()[1]
    padding = "" if clock is fixed_clock else "x"
    assert json.loads(streamed.removeprefix("data: ")) == {
        "created_at": later,
        "expires_at": None,
        "obfuscation": padding,
    }


def test_without_the_take_the_clock_is_the_fixed_one() -> None:
    cassette = normalise(take(*EXCHANGES))[0].model_copy(update={"take": None})
    session = Session([Tape("weather", cassette, no_file)])
    assert json.loads(text(session.answer(EXCHANGES[0].sent)))["created_at"] == 1_700_000_002


def test_with_the_original_ids_an_answer_is_byte_for_byte_what_was_received() -> None:
    cassette, names = normalise(take(*EXCHANGES))
    original = {symbol: id_ for id_, symbol in names.items()}
    session = Session([Tape("weather", cassette, no_file, original)])
    for exchange in EXCHANGES:
        assert b"".join(session.answer(exchange.sent).pieces) == exchange.received


def test_what_cannot_be_shown_is_escaped_in_a_miss() -> None:
    message = error(Session([tape(("/a", "1"))]).answer(get("/v1/\ud800")))["message"]
    assert message.startswith("GET /\\ud800 is like no recorded request of cassette weather")


def test_an_origin_that_is_no_url_is_a_miss() -> None:
    session = Session([tape(("/a", "1"))])
    assert error(session.answer(get("/v1/a", "https://a:port")))["code"] == "internal"


# ------------------------------------------------------------------------------------------- pace, pieces and faults

RUN_ID, CALL_ID = "run_" + "b" * 24, "call_" + "c" * 24
THREAD = "thread_" + "a" * 24


def run(status: str, **more: Any) -> dict[str, Any]:
    return {"id": RUN_ID, "object": "thread.run", "created_at": NOON, "thread_id": THREAD, "status": status, **more}


def asks_for(call: str) -> dict[str, Any]:
    calls = [{"id": call, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]
    return {"required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}}


CONVERSATION = (
    made_post("/threads", {"id": THREAD, "object": "thread"}).at(0, 20),
    made_post(f"/threads/{THREAD}/runs", run("queued"), {}).at(30, 100),
    made_get(f"/threads/{THREAD}/runs/{RUN_ID}", run("in_progress")).at(110, 130),
    made_get(f"/threads/{THREAD}/runs/{RUN_ID}", run("requires_action", **asks_for(CALL_ID))).at(210, 250),
    made_post(
        f"/threads/{THREAD}/runs/{RUN_ID}/submit_tool_outputs",
        run("queued"),
        {"tool_outputs": [{"tool_call_id": CALL_ID, "output": "18"}]},
    ).at(260, 320),
    made_get(f"/threads/{THREAD}/runs/{RUN_ID}", run("completed")).at(330, 333),
)
CREATE, START, POLL, WAIT, SUBMIT, FINAL = CONVERSATION


def sent(session: Session, *exchanges: Exchange) -> list[Answer]:
    """The answers to requests of the conversation, by a client that was given the ids of the cassette."""
    return [session.answer(rename(one.sent)) for one in exchanges]


def rename(request: HttpRequest) -> HttpRequest:
    """A request with the symbols of the cassette in the place of the ids."""
    symbols = {THREAD: "thread_" + "1".zfill(24), RUN_ID: "run_" + "1".zfill(24), CALL_ID: "call_" + "1".zfill(24)}
    target, content = request.target, (request.body or b"").decode()
    for name, symbol in symbols.items():
        target, content = target.replace(name, symbol), content.replace(name, symbol)
    return HttpRequest(request.method, target, request.headers, content.encode() or None)


def troubled(faults: str, **options: Any) -> Session:
    session = Session([made_tape(*CONVERSATION)], Options(**options))
    session.deliver(Delivery(faults=parse_faults(faults, "f.toml")))
    return session


def said(answer: Answer) -> Any:
    return json.loads(text(answer))


def test_recorded_pace_is_that_of_the_very_answer() -> None:
    session = Session([made_tape(*CONVERSATION)], Options(faithful=True), delivery=Delivery(parse_pace("recorded")))
    waits = [answer.wait for answer in sent(session, CREATE, START, POLL, WAIT, SUBMIT, FINAL)]
    assert waits == [20, 70, 20, 40, 60, 3]


def test_chunks_and_pace_do_not_change_what_is_said() -> None:
    for chunks in ("bytes:1", "random:4", "recorded"):
        delivery = Delivery(parse_pace("5ms"), parse_chunking(chunks))
        session = Session([made_tape(*CONVERSATION)], delivery=delivery)
        plain = Session([made_tape(*CONVERSATION)])
        order = (CREATE, START, WAIT, SUBMIT, FINAL)
        assert list(map(text, sent(session, *order))) == list(map(text, sent(plain, *order)))


def test_a_request_that_a_fault_answers_is_not_played() -> None:
    session = troubled('[[fault]]\nroute = "/threads/{t}/runs"\nnth = 1\nstatus = 429')
    first, limited, again = sent(session, CREATE, START, START)
    assert [first.status, limited.status, again.status] == [200, 429, 200]
    assert (session.served, session.misses) == (2, [])
    assert [struck.what for struck in session.trouble.struck] == ["status 429"]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param('route = "/threads/{t}/runs"\nstatus = 429', id="in-place"),
        pytest.param('route = "/threads/{t}/runs"\nreset = "answer"', id="broken"),
        pytest.param('route = "/threads"\nstatus = 429', id="before-it-began"),
    ],
)
def test_nothing_must_be_played_of_a_conversation_that_a_fault_touched(fault: str) -> None:
    untouched = troubled("", strict=True)
    sent(untouched, CREATE, START)
    assert [one.path.rpartition("/")[2] for one in untouched.verdict().unplayed] == ["submit_tool_outputs"]
    session = troubled(f"[[fault]]\n{fault}", strict=True)
    sent(session, CREATE, *([] if '/threads"' in fault else [START]))
    verdict = session.verdict()
    assert verdict.unplayed == ()
    assert verdict.never_played > 0
    assert [(one.number, one.request.rpartition("/")[2]) for one in verdict.faults] == [
        (1, "threads" if '/threads"' in fault else "runs")
    ]


def test_a_fault_touches_no_other_conversation() -> None:
    other = (made_post("/chat/completions", "x"), made_post("/embeddings", "y"))
    session = Session([made_tape(*CONVERSATION, *other)], Options(strict=True))
    session.deliver(Delivery(faults=parse_faults("[[fault]]\nroute = '/threads'\nstatus = 429", "f.toml")))
    sent(session, CREATE)
    assert {one.path for one in session.verdict().unplayed} == {"/chat/completions", "/embeddings"}


def test_an_answer_that_was_lost_is_played() -> None:
    session = troubled('[[fault]]\nroute = "/threads/{t}/runs/{r}/submit_tool_outputs"\nnth = 1\nreset = "answer"')
    *_, lost, refused, final = sent(session, CREATE, START, WAIT, SUBMIT, SUBMIT, FINAL)
    assert lost.reset
    assert refused.status == 400
    assert said(refused)["error"]["message"] == 'Runs in status "queued" do not accept tool outputs.'
    assert said(final)["status"] == "completed"
    assert session.misses == []


def test_a_fault_knows_the_tools_by_their_names() -> None:
    session = troubled('[[fault]]\ntool = "get_weather"\nstatus = 500\n[[fault]]\ntool = "other"\nstatus = 503')
    statuses = [answer.status for answer in sent(session, CREATE, START, WAIT, SUBMIT)]
    assert statuses == [200, 200, 200, 500]


def test_a_run_that_a_fault_ended_stays_ended() -> None:
    session = troubled('[[fault]]\nroute = "GET /threads/{t}/runs/{r}"\nnth = 1\nrun = "failed"')
    *_, failed, again, refused = sent(session, CREATE, START, WAIT, WAIT, SUBMIT)
    assert said(failed)["status"] == said(again)["status"] == "failed"
    assert said(failed)["last_error"]["code"] == "server_error"
    assert said(refused)["error"]["message"] == 'Runs in status "failed" do not accept tool outputs.'
    assert session.misses == []


def test_a_miss_is_never_broken() -> None:
    session = troubled("[[fault]]\nreset = 'answer'")
    assert [answer.status for answer in sent(session, WAIT)] == [424]
    assert session.trouble.struck == []


def test_new_orders_begin_to_count_anew() -> None:
    session = troubled("[[fault]]\nnth = 1\nstatus = 500")
    assert sent(session, CREATE)[0].status == 500
    session.deliver(Delivery(faults=parse_faults("[[fault]]\nnth = 1\nstatus = 503", "f.toml")))
    assert sent(session, CREATE)[0].status == 503
