from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.normalise.takes import (
    Exchange,
    Plan,
    Server,
    answer_bytes,
    ask,
    assistant,
    get,
    no_file,
    post,
    stream,
    take,
    tool_loop,
)
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import FileBody, TextBody, UnknownBody
from toolreel.normalise.cassette import normalise
from toolreel.replay import engine as engine_module
from toolreel.replay.engine import Engine, Options, Played
from toolreel.replay.miss import Miss, MissCode
from toolreel.replay.rules import MatchRules, ignored
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape

from .clients import Client, session, settled, tape, tape_of

OWN = "thread_" + "own" * 8
RUN = f"/threads/{OWN}/runs/run_ownownownown"


class Player:
    """An engine that is asked in one line, and answers in one word: the JSON answer, or the code of a miss."""

    def __init__(self, *exchanges: Exchange, **options: Any) -> None:
        self.engine = Engine([tape(*exchanges)], Options(**options))

    def __call__(self, method: str, target: str, body: Any = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        played = self.engine.play(HttpRequest(method, f"/v1{target}", (), sent))
        if isinstance(played, Miss):
            return played.code
        if isinstance(played.response.body, TextBody):
            return played.response.body.text
        return json.loads(answer_bytes(played.response))

    def get(self, target: str) -> Any:
        return self("GET", target)

    def post(self, target: str, body: Any = None) -> Any:
        return self("POST", target, {} if body is None else body)


def unplayed(engine: Engine) -> int:
    return sum(len(group.tracks) for tape in engine._tapes for group in tape.groups) - len(engine.played)


# ------------------------------------------------------------------------------------------------------------ epochs


def epochs() -> list[Exchange]:
    """A run before and after it was cancelled."""
    return [
        get(RUN, "queued"),
        get(RUN, "in_progress"),
        get(f"{RUN}/steps", "one step"),
        post(f"{RUN}/cancel", "cancelling"),
        get(RUN, "cancelling still"),
        get(RUN, "cancelled"),
    ]


def test_a_read_gives_the_settled_answer_of_its_epoch_as_often_as_it_is_asked() -> None:
    play = Player(*epochs())
    assert [play.get(RUN) for _ in range(4)] == ["in_progress"] * 4
    assert play.get(f"{RUN}/steps") == "one step"
    assert play.post(f"{RUN}/cancel") == "cancelling"
    assert [play.get(RUN) for _ in range(4)] == ["cancelled"] * 4


def test_faithful_gives_each_answer_in_turn_and_then_the_last() -> None:
    play = Player(*epochs(), faithful=True)
    assert [play.get(RUN) for _ in range(4)] == ["queued", "in_progress", "in_progress", "in_progress"]
    play.post(f"{RUN}/cancel")
    assert [play.get(RUN) for _ in range(3)] == ["cancelling still", "cancelled", "cancelled"]


def test_faithful_answers_that_were_not_asked_for_are_left_behind() -> None:
    play = Player(*epochs(), faithful=True)
    assert play.get(RUN) == "queued"
    play.post(f"{RUN}/cancel")
    assert play.get(RUN) == "cancelling still"


def test_reads_may_be_left_out() -> None:
    play = Player(*epochs())
    assert play.post(f"{RUN}/cancel") == "cancelling"
    assert play.get(RUN) == "cancelled"


def test_a_neighbouring_epoch_never_answers() -> None:
    play = Player(*epochs())
    play.post(f"{RUN}/cancel")
    assert play.get(f"{RUN}/steps") is MissCode.WRONG_EPOCH
    other = Player(*epochs()[3:])
    assert other.get(RUN) is MissCode.WRONG_EPOCH


def test_a_write_that_failed_changes_nothing() -> None:
    play = Player(
        get(RUN, "in_progress"),
        ask("POST", f"{RUN}/cancel", "not now", body={}, status=400),
        get(RUN, "completed"),
    )
    assert play.get(RUN) == "completed"
    assert play.post(f"{RUN}/cancel") == "not now"
    assert play.get(RUN) == "completed"


def test_a_failed_write_and_the_one_that_succeeded_come_in_their_order() -> None:
    play = Player(
        ask("POST", f"{RUN}/cancel", "not now", body={}, status=400),
        ask("POST", f"{RUN}/cancel", "not yet", body={}, status=409),
        post(f"{RUN}/cancel", "cancelling"),
        repeat=False,
    )
    assert [play.post(f"{RUN}/cancel") for _ in range(4)] == ["not now", "not yet", "cancelling", "exhausted"]


def test_a_streaming_write_moves_the_epoch() -> None:
    play = Player(get(RUN, "a"), stream(f"{RUN}/submit_tool_outputs", []), get(RUN, "b"))
    assert play.get(RUN) == "a"
    assert isinstance(
        play.engine.play(HttpRequest("POST", f"/v1{RUN}/submit_tool_outputs", (), b'{"stream":true}')), Played
    )
    assert play.get(RUN) == "b"


def test_calls_move_nothing_and_equal_ones_come_in_recorded_order() -> None:
    play = Player(
        get(RUN, "a"),
        post("/chat/completions", "one", {"q": 1}),
        post("/chat/completions", "two", {"q": 1}),
        post("/chat/completions", "other", {"q": 2}),
        repeat=False,
    )
    assert play.post("/chat/completions", {"q": 2}) == "other"
    assert [play.post("/chat/completions", {"q": 1}) for _ in range(3)] == ["one", "two", "exhausted"]
    assert play.get(RUN) == "a"


def test_calls_whose_answers_carry_ids_come_in_recorded_order_too() -> None:
    server = Server(1)
    answers = [{"id": server.id("chatcmpl-"), "text": text} for text in ("b", "a", "c")]
    play = Player(*(post("/chat/completions", answer) for answer in answers), repeat=False)
    assert [play.post("/chat/completions")["text"] for _ in range(3)] == ["b", "a", "c"]


def test_deleting_is_a_write() -> None:
    deleted = {"error": {"message": "No thread found."}}
    play = Player(
        get(f"/threads/{OWN}", "there"),
        ask("DELETE", f"/threads/{OWN}", "deleted"),
        get(f"/threads/{OWN}", deleted, status=404),
    )
    assert play.get(f"/threads/{OWN}") == "there"
    assert play("DELETE", f"/threads/{OWN}") == "deleted"
    assert play.get(f"/threads/{OWN}") == deleted


def test_lists_of_a_collection_follow_what_is_created_and_deleted() -> None:
    server = Server(1)
    (one, first), (two, second) = assistant(server, "a"), assistant(server, "b")
    play = Player(
        get("/assistants", {"data": []}),
        one,
        get("/assistants", {"data": [{"id": first}]}),
        two,
        get("/assistants", {"data": [{"id": first}, {"id": second}]}),
        ask("DELETE", f"/assistants/{first}", {"id": first, "deleted": True}),
        get("/assistants", {"data": [{"id": second}]}),
    )

    def listed() -> list[str]:
        return [item["id"] for item in play.get("/assistants")["data"]]

    assert listed() == []
    a = play.post("/assistants", {"name": "a", "model": "gpt-4o"})["id"]
    assert listed() == listed() == [a]
    b = play.post("/assistants", {"name": "b", "model": "gpt-4o"})["id"]
    assert listed() == [a, b]
    assert play("DELETE", f"/assistants/{a}")["deleted"] is True
    assert listed() == [b]


def test_scopes_are_apart() -> None:
    other = "/threads/thread_" + "x" * 24
    play = Player(get(f"/threads/{OWN}", "a"), post(f"{other}/messages", "m"), get(f"/threads/{OWN}", "b"))
    assert play.get(f"/threads/{OWN}") == "b"
    assert play.post(f"{other}/messages") == "m"
    assert play.get(f"/threads/{OWN}") == "b"


# ------------------------------------------------------------------------------------------------- order of writes


def messages(*texts: str) -> list[Exchange]:
    return [post(f"/threads/{OWN}/messages", f"got {text}", {"content": text}) for text in texts]


def said(play: Player, *texts: str) -> list[Any]:
    return [play.post(f"/threads/{OWN}/messages", {"content": text}) for text in texts]


def test_a_write_that_was_recorded_later_has_to_wait() -> None:
    play = Player(*messages("a", "b"))
    assert said(play, "b", "a", "b") == ["wrong_epoch", "got a", "got b"]


def test_writes_that_overlapped_may_come_in_any_order() -> None:
    a, b, c = messages("a", "b", "c")
    play = Player(a.at(0, 50), b.at(10, 60), c.at(70, 80))
    assert said(play, "c", "b", "c", "a", "c") == ["wrong_epoch", "got b", "wrong_epoch", "got a", "got c"]


def test_equal_writes_come_in_recorded_order() -> None:
    path = f"/threads/{OWN}/messages"
    play = Player(*(post(path, f"{n}", {"content": "x"}) for n in range(3)), repeat=False)
    assert said(play, "x", "x", "x", "x") == ["0", "1", "2", "exhausted"]


# -------------------------------------------------------------------------------------------------------------- walks


def test_a_conversation_can_be_walked_again_and_again() -> None:
    play = Player(*messages("a", "b"))
    assert said(play, "a", "b", "a", "b", "a") == ["got a", "got b", "got a", "got b", "got a"]


def test_strictly_it_cannot() -> None:
    play = Player(*messages("a", "b"), repeat=False)
    assert said(play, "a", "b", "a") == ["got a", "got b", "exhausted"]


def test_a_second_walk_begins_in_the_first_epoch() -> None:
    play = Player(*epochs()[3:], get("/x", "x"))
    assert play.post(f"{RUN}/cancel") == "cancelling"
    assert play.get(RUN) == "cancelled"
    assert play.post(f"{RUN}/cancel") == "cancelling"
    assert play.get(RUN) == "cancelled"


def test_what_was_never_played_is_counted() -> None:
    play = Player(*messages("a", "b"), get("/x", "x"))
    assert unplayed(play.engine) == 3
    said(play, "a")
    assert unplayed(play.engine) == 2
    said(play, "b", "a")
    play.get("/x")
    play.get("/x")
    assert unplayed(play.engine) == 0


# ---------------------------------------------------------------------------------------------------------------- ids


def test_a_minted_id_is_known_wherever_the_client_puts_it() -> None:
    server = Server(1)
    thread, run = server.id("thread_"), server.id("run_")
    play = Player(
        post("/threads", {"id": thread}),
        post(f"/threads/{thread}/runs", {"id": run, "thread_id": thread}),
        get(f"/threads/{thread}/messages?run_id={run}", {"data": [], "run_id": run}),
        post("/echo", {"text": f"{run} of {thread}"}, {"about": f"{thread}!"}),
    )
    for _ in range(2):
        live = play.post("/threads")["id"]
        live_run = play.post(f"/threads/{live}/runs")
        assert live_run["thread_id"] == live
        found = play.get(f"/threads/{live}/messages?run_id={live_run['id']}")
        assert found["run_id"] == live_run["id"]
        assert play.post("/echo", {"about": f"{live}!"}) == {"text": f"{live_run['id']} of {live}"}


def test_an_id_that_nobody_handed_out_is_unknown() -> None:
    server = Server(1)
    thread = server.id("thread_")
    play = Player(post("/threads", {"id": thread}), get(f"/threads/{thread}", {"id": thread}))
    assert play.get("/threads/thread_000000000000000000000001") is MissCode.NO_MATCH
    live = play.post("/threads")["id"]
    assert play.get(f"/threads/{live}") == {"id": live}
    assert play.get(f"/threads/{server.id('thread_')}") is MissCode.NO_MATCH


def test_a_client_never_hears_what_is_said_to_another() -> None:
    """Though the id that it holds is, in the cassette, the symbol of the other one's thread."""
    server = Server(1)
    threads = [server.id("thread_") for _ in "ab"]
    play = Player(
        *(
            exchange
            for thread, text in zip(threads, "ab", strict=True)
            for exchange in (
                post("/threads", {"id": thread}),
                get(f"/threads/{thread}", {"id": thread}),
                post(f"/threads/{thread}/messages", text, {"content": text}),
            )
        )
    )
    first, second = (play.post("/threads")["id"] for _ in "ab")
    assert play.post(f"/threads/{first}/messages", {"content": "b"}) == "b"
    assert play.get(f"/threads/{first}") is MissCode.WRONG_EPOCH
    assert play.get(f"/threads/{second}") == {"id": second}
    assert play.post(f"/threads/{second}/messages", {"content": "a"}) == "a"


def test_an_assistant_that_an_answer_names_is_the_one_that_the_client_made() -> None:
    made, helper = assistant(Server(1))
    path = f"/threads/{OWN}/messages"
    play = Player(made, post(path, {"assistant_id": helper}, {"content": "x"}))
    found = []
    for _ in range(3):
        found.append(play.post("/assistants", {"name": "weather", "model": "gpt-4o"})["id"])
        assert play.post(path, {"content": "x"}) == {"assistant_id": found[-1]}
    assert len(set(found)) == 3


def test_a_request_with_the_ids_exchanged_is_another_request() -> None:
    server = Server(1)
    one, other = server.id("msg_"), server.id("msg_")
    play = Player(
        get(f"/threads/{OWN}/messages", {"data": [{"id": one}, {"id": other}]}),
        get(f"/threads/{OWN}/messages?after={one}&before={other}", "between"),
    )
    a, b = (item["id"] for item in play.get(f"/threads/{OWN}/messages")["data"])
    assert play.get(f"/threads/{OWN}/messages?after={b}&before={a}") is MissCode.NO_MATCH
    assert play.get(f"/threads/{OWN}/messages?after={a}&before={b}") == "between"


def test_the_clients_own_ids_are_literal() -> None:
    play = Player(get(RUN, "a"))
    assert play.get(RUN.replace("own", "pwn")) is MissCode.NO_MATCH
    assert play.get(RUN) == "a"


def test_ids_in_deltas_are_those_that_the_client_holds() -> None:
    server = Server(1)
    thread, message = server.id("thread_"), server.id("msg_")
    text = f"see {message}"
    deltas = [{"content": [{"index": 0, "text": {"value": piece}}]} for piece in (text[:9], text[9:])]
    events = [("thread.message.delta", {"id": message, "delta": delta}) for delta in deltas]
    client = Client(session(post("/threads", {"id": thread}), stream(f"/threads/{thread}/runs", events)))
    for _ in range(3):
        client.live = {}
        client.send(post("/threads", {"id": thread}))
        exchange = stream(f"/threads/{thread}/runs", events)
        answer = client.send(exchange)
        frames = _frames(b"".join(answer.pieces))
        assert [len(frame) for frame in frames[:2]] == [len(frame) for frame in _frames(exchange.received)[:2]]
        assert client.hears is not None
        joined = "".join(
            json.loads(piece.split(b"data: ")[1])["delta"]["content"][0]["text"]["value"] for piece in frames[:2]
        )
        assert joined == f"see {client.live[message]}"


def _frames(body: bytes) -> list[bytes]:
    return [part + b"\n\n" for part in body.split(b"\n\n")[:-1]]


def test_originals_are_handed_out_as_long_as_they_are_free() -> None:
    server = Server(1)
    exchanges = tool_loop(server, Plan())
    cassette, names = normalise(take(*exchanges))
    known = Tape("weather", cassette, no_file, {symbol: id_ for id_, symbol in names.items()})
    engine = Engine([known], Options())
    for one, place in zip(exchanges, settled(exchanges), strict=True):
        played = engine.play(one.sent)
        assert isinstance(played, Played)
        assert answer_bytes(played.response) == exchanges[place].received
    again = engine.play(exchanges[0].sent)
    assert isinstance(again, Played)
    assert json.loads(answer_bytes(again.response))["id"] != json.loads(exchanges[0].received)["id"]


def test_a_file_that_a_run_made_can_be_downloaded_in_every_walk() -> None:
    server = Server(1)
    thread, file = server.id("thread_"), server.id("file-")
    play = Player(
        post("/threads", {"id": thread}),
        get(f"/threads/{thread}/messages", {"data": [{"file_ids": [file]}]}),
        get(f"/files/{file}/content", "the plot"),
    )
    found = set()
    for _ in range(3):
        live = play.post("/threads")["id"]
        [live_file] = play.get(f"/threads/{live}/messages")["data"][0]["file_ids"]
        assert play.get(f"/files/{live_file}/content") == "the plot"
        found.add(live_file)
    assert len(found) == 3


def test_a_vector_store_an_upload_and_an_assistant_with_them() -> None:
    server = Server(1)
    file, store, helper, thread = (server.id(prefix) for prefix in ("file-", "vs_", "asst_", "thread_"))
    exchanges = [
        post("/files", {"id": file}, "upload"),
        post("/vector_stores", {"id": store}, {"file_ids": [file]}),
        get(f"/vector_stores/{store}", {"id": store, "status": "in_progress"}),
        get(f"/vector_stores/{store}", {"id": store, "status": "completed"}),
        post("/assistants", {"id": helper, "vector_store_ids": [store]}, {"vector_store_ids": [store]}),
        post("/threads/runs", {"id": server.id("run_"), "thread_id": thread}, {"assistant_id": helper}),
        get(f"/threads/{thread}", {"id": thread}),
        ask("DELETE", f"/files/{file}", {"id": file}),
    ]
    whole = normalise(take(*exchanges))[0]
    for cassette in (whole, whole.model_copy(update={"take": None})):
        client = Client(Session([tape_of(cassette)]))
        for _ in range(2):
            for one in exchanges:
                client.send(one, exchanges[3] if one is exchanges[2] else one)
            client.live = {}


# ------------------------------------------------------------------------------------------------------- placeholders


def test_placeholders_are_variables() -> None:
    play = Player(post("/x", "ok", {"key": "REDACTED-0001", "n": 1}), repeat=False)
    assert play.post("/x", {"key": "REDACTED-0007", "n": 2}) is MissCode.NO_MATCH
    assert play.post("/x", {"key": "", "n": 1}) is MissCode.NO_MATCH, "a placeholder stands for something"
    assert play.post("/x", {"key": 1, "n": 1}) is MissCode.NO_MATCH
    assert play.post("/x", {"key": "REDACTED-0007", "n": 1}) == "ok"


@pytest.mark.parametrize("other", ["x", 'with "quotes" \\ and é', "REDACTED-0002", "sk-of-another-kind"])
def test_a_placeholder_takes_what_does_not_even_look_like_a_secret(other: str) -> None:
    play = Player(post("/x", "ok", {"text": "key REDACTED-0001, please"}), repeat=False)
    assert play.post("/x", {"text": f"key {other}, pleas"}) is MissCode.NO_MATCH
    assert play.post("/x", {"text": f"key {other}, please"}) == "ok"


def test_a_word_of_the_program_is_no_placeholder() -> None:
    play = Player(post("/x", "ok", {"q": "Show the REDACTED parts."}))
    assert play.post("/x", {"q": "Show the other parts."}) is MissCode.NO_MATCH
    assert play.post("/x", {"q": "Show the REDACTED parts."}) == "ok"


# ------------------------------------------------------------------------------------------------------- tool outputs


def outputs(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"tool_outputs": [{"tool_call_id": call, "output": output} for call, output in pairs]}


def two_calls(server: Server) -> tuple[list[str], list[Exchange]]:
    calls = [server.id("call_"), server.id("call_")]
    submitted = outputs((calls[0], '{"degrees": 21}'), (calls[1], "rain"))
    return calls, [
        get(RUN, {"tool_calls": [{"id": call} for call in calls]}),
        post(f"{RUN}/submit_tool_outputs", "thanks", submitted),
    ]


@pytest.mark.parametrize(
    ("pairs", "answer"),
    [
        pytest.param([(0, '{"degrees": 21}'), (1, "rain")], "thanks", id="as-recorded"),
        pytest.param([(1, "rain"), (0, '{"degrees":21.0}')], "thanks", id="other-order-and-spelling"),
        pytest.param([(0, '{"degrees": 22}'), (1, "rain")], "no_match", id="other-output"),
        pytest.param([(0, '{"degrees": 21}'), (1, "Rain")], "no_match", id="other-text"),
        pytest.param([(1, '{"degrees": 21}'), (0, "rain")], "no_match", id="outputs-exchanged"),
        pytest.param([(0, '{"degrees": 21}')], "no_match", id="one-missing"),
    ],
)
def test_tool_outputs_are_a_set_by_the_id_of_the_call(pairs: list[tuple[int, str]], answer: str) -> None:
    play = Player(*two_calls(Server(1))[1])
    calls = [call["id"] for call in play.get(RUN)["tool_calls"]]
    submitted = outputs(*((calls[place], output) for place, output in pairs))
    assert play.post(f"{RUN}/submit_tool_outputs", submitted) == answer


# -------------------------------------------------------------------------------------------------- several cassettes


def test_several_tapes_answer_as_one_in_their_order() -> None:
    engine = Engine(
        [tape(get("/a", "1"), post("/x", "first")), tape(get("/b", "2"), post("/x", "second"), name="other")],
        Options(repeat=False),
    )

    def play(method: str, path: str) -> Any:
        played = engine.play(HttpRequest(method, path, (), b"{}" if method == "POST" else None))
        return played.code if isinstance(played, Miss) else answer_bytes(played.response).decode()

    assert [play("GET", "/b"), play("GET", "/a"), play("POST", "/x"), play("POST", "/x")] == [
        "2",
        "1",
        "first",
        "second",
    ]
    assert play("GET", "/c") is MissCode.NO_MATCH
    assert unplayed(engine) == 0


@pytest.mark.parametrize("base", ["/v1", "/openai", "/openai/v1", "/api/projects/p", ""])
def test_any_shape_of_path_is_the_same_route(base: str) -> None:
    engine = Engine([tape(get(f"/threads/{OWN}", "there"))], Options())
    assert isinstance(engine.play(HttpRequest("GET", f"{base}/threads/{OWN}?api-version=v1")), Played)


def test_what_requests_may_begin_is_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client has an id of its own, so that none of their requests comes again."""
    monkeypatch.setattr(engine_module, "_MOST_BEGINNINGS", 3)
    recorded = post("/chat/completions", "a", {"user": "cust_recorded"})
    engine = Engine([tape(recorded, rules=MatchRules(free=("cust_",)))], Options())
    for n in range(10):
        own = replace(recorded.sent, body=b'{"user":"cust_client%d"}' % n)
        assert isinstance(engine.play(own), Played)
        assert len(engine._known_beginnings) <= 3


# -------------------------------------------------------------------------------------------------- several cassettes


def _talk(letter: str, says: str = "hi", *more: Exchange) -> list[Exchange]:
    """A thread that begins with metadata of its own, and a message."""
    thread = "thread_" + letter * 24
    said = post(f"/threads/{thread}/messages", {"id": "msg_" + letter * 24, "content": letter}, {"content": says})
    return [post("/threads", {"id": thread}, {"metadata": {"k": letter}}), said, *more]


def test_a_conversation_that_only_the_second_cassette_has_goes_on_in_it() -> None:
    """Both know such a message."""
    engine = Engine([tape(*_talk("a"), name="one"), tape(*_talk("b"), name="two")], Options())

    def send(target: str, body: Any) -> Any:
        played = engine.play(HttpRequest("POST", f"/v1{target}", (), json.dumps(body).encode()))
        assert isinstance(played, Played), played
        return json.loads(answer_bytes(played.response))

    for letter in "ba":
        thread = send("/threads", {"metadata": {"k": letter}})["id"]
        assert send(f"/threads/{thread}/messages", {"content": "hi"})["content"] == letter


def test_who_would_leave_another_without_a_recording_misses() -> None:
    """Three threads begin alike, two say "a" and one says "b"; three clients want to say "a"."""

    def talk(letter: str, says: str, ends: str) -> list[Exchange]:
        thread = "thread_" + letter * 24
        return [
            post("/threads", {"id": thread}),
            post(f"/threads/{thread}/messages", {"id": "msg_" + letter * 24}, {"content": says}),
            post(f"/threads/{thread}/x", {"say": ends}, {}),
        ]

    player = Player(*talk("a", "a", "1"), *talk("b", "a", "2"), *talk("c", "b", "1"), repeat=False)
    threads = [player.post("/threads")["id"] for _ in range(3)]
    said = [player.post(f"/threads/{thread}/messages", {"content": "a"}) for thread in threads]
    assert [isinstance(one, dict) for one in said] == [True, True, False]
    assert said[2] in (MissCode.NO_MATCH, MissCode.EXHAUSTED, MissCode.AMBIGUOUS)
    assert isinstance(player.post(f"/threads/{threads[2]}/messages", {"content": "b"}), dict)


def test_a_root_that_only_a_body_file_names_is_the_clients_own() -> None:
    made = "asst_" + "0" * 23 + "1"
    text = f"use {made} please\n"
    named = post("/x", {"v": 1})
    named = replace(named, request=named.request.model_copy(update={"body": FileBody(file="a" * 64)}))
    cassette = take(post("/assistants", {"id": made, "name": "x"}, {"name": "x"}), named)
    engine = Engine([Tape("weather", cassette, lambda _: text.encode())], Options())
    for _ in range(2):
        answer = engine.play(HttpRequest("POST", "/v1/assistants", (), b'{"name":"x"}'))
        assert isinstance(answer, Played)
        id_ = json.loads(answer_bytes(answer.response))["id"]
        sent = HttpRequest("POST", "/v1/x", (), text.replace(made, id_).encode())
        assert isinstance(engine.play(sent), Played), id_


def test_a_body_that_nobody_kept_has_nothing_to_ignore() -> None:
    asked = post("/x", {"v": 1})
    asked = replace(asked, request=asked.request.model_copy(update={"body": UnknownBody(unknown=True)}))
    engine = Engine([tape(asked, rules=MatchRules(ignore=ignored(["$"], "--ignore")))], Options())
    assert isinstance(engine.play(asked.sent), Played)
