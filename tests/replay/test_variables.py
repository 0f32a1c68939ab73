"""Placeholders and free ids: any text, but the same wherever they stand."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.normalise.takes import Exchange, Plan, Server, answer_bytes, ask, get, post, tool_loop
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Base64Body, UnknownBody
from toolreel.replay.engine import Engine, Options
from toolreel.replay.miss import Miss
from toolreel.replay.rules import MatchRules, Mode
from toolreel.replay.session import Session
from toolreel.replay.variables import FreeIds, opened

from .clients import Client, in_turns, settled, tape

OWN = "thread_" + "own" * 8
OF = f"/threads/{OWN}/messages"


class Player:
    """Sends bodies to one path; hears the answer, or the code of a miss."""

    def __init__(self, *exchanges: Exchange, free: tuple[str, ...] = (), **options: Any) -> None:
        self._engine = Engine(
            [tape(*exchanges, rules=MatchRules(free=free))], Options(**{"repeat": False, **options})
        )

    def __call__(self, target: str, body: Any = None, method: str = "POST") -> Any:
        sent = None if body is None else json.dumps(body).encode()
        found = self._engine.play(HttpRequest(method, f"/v1{target}", (), sent))
        return found.code if isinstance(found, Miss) else answer_bytes(found.response).decode()


def test_a_placeholder_stands_for_the_same_within_a_request() -> None:
    body = {"a": "REDACTED-0001", "b": "x REDACTED-0001 y REDACTED-0002"}
    assert Player(post("/x", "ok", body))("/x", {"a": "k", "b": "x k y z"}) == "ok"
    assert Player(post("/x", "ok", body))("/x", {"a": "k", "b": "x k y k"}) == "ok", "nobody has keys in CI"
    assert Player(post("/x", "ok", body))("/x", {"a": "k", "b": "x l y z"}) == "no_match"


def test_a_placeholder_stands_for_the_same_within_a_walk() -> None:
    play = Player(post(OF, "1", {"a": "REDACTED-0001"}), post(OF, "2", {"a": "REDACTED-0001", "n": 2}))
    assert play(OF, {"a": "k"}) == "1"
    assert play(OF, {"a": "l", "n": 2}) == "no_match"
    assert play(OF, {"a": "k", "n": 2}) == "2"


def opens(server: Server, key: str, *more: tuple[str, str]) -> list[Exchange]:
    """A conversation: a thread is opened with a key, and more requests with keys are answered by a word each."""
    thread = server.id("thread_")
    said = [post(f"/threads/{thread}/messages", word, {"key": name}) for name, word in more]
    return [post("/threads", json.dumps({"id": thread}), {"key": key}), *said]


class Threads:
    """Clients of one walk, each in the thread that it opened."""

    def __init__(self, *conversations: list[Exchange], **options: Any) -> None:
        self._play = Player(*[one for conversation in conversations for one in conversation], **options)

    def opened(self, key: str) -> str:
        """The thread that a client gets, or the code of a miss."""
        answer = str(self._play("/threads", {"key": key}))
        return str(json.loads(answer)["id"]) if answer.startswith("{") else answer

    def said(self, thread: str, key: str) -> str:
        return str(self._play(f"/threads/{thread}/messages", {"key": key}))


def test_conversations_of_one_walk_agree_what_a_placeholder_stands_for() -> None:
    play = Player(post("/x", "1", {"a": "REDACTED-0001"}), post("/y", "2", {"a": "REDACTED-0001"}))
    assert play("/x", {"a": "k"}) == "1"
    assert play("/y", {"a": "l"}) == "no_match"
    assert play("/y", {"a": "k"}) == "2"


def test_another_walk_may_have_another_key() -> None:
    play = Player(
        post("/x", "1", {"a": "REDACTED-0001"}), post("/y", "2", {"a": "REDACTED-0001"}), repeat=True, strict=False
    )
    for key in "klk":
        assert [play("/x", {"a": key}), play("/y", {"a": key})] == ["1", "2"]


@pytest.mark.parametrize("key", ["test", "a-key-of-a-program", "sk-abcdefghijklmnopqrstuvwx"])
def test_a_key_that_looks_like_none_stands_for_the_same_where_it_is_not_seen_to_be_one(key: str) -> None:
    """Under a secret key anything is a secret; in a text only what looks like one."""
    in_both = {"api_key": "REDACTED-0001", "text": "use REDACTED-0001"}
    exchanges = [post("/x", "1", in_both), post("/y", "2", {"text": "use REDACTED-0001"})]
    session = Session([tape(*exchanges)], Options(repeat=False))
    for path, body in (("/x", {"api_key": key, "text": f"use {key}"}), ("/y", {"text": f"use {key}"})):
        session.answer(HttpRequest("POST", f"/v1{path}", (), json.dumps(body).encode()))
    assert session.misses == []


def test_each_cassette_has_placeholders_of_its_own() -> None:
    tapes = [tape(post(path, path, {"a": "REDACTED-0001"}), name=name) for path, name in (("/x", "a"), ("/y", "b"))]
    engine = Engine(tapes, Options(repeat=False))
    for path, key in (("/x", "k"), ("/y", "l")):
        found = engine.play(HttpRequest("POST", f"/v1{path}", (), json.dumps({"a": key}).encode()))
        assert not isinstance(found, Miss)


@pytest.mark.parametrize("words", [("one", "two"), ("same", "same")])
def test_two_that_began_alike_agree_before_anybody_knows_which_is_which(words: tuple[str, str]) -> None:
    server = Server(1)
    key = "REDACTED-0001"
    threads = Threads(*[opens(server, key, (key, word)) for word in words])
    one = threads.opened("k")
    assert threads.opened("l") == "no_match"
    two = threads.opened("k")
    assert threads.said(one, "l") == "no_match"
    assert [threads.said(one, "k"), threads.said(two, "k")] == list(words)


def test_who_may_be_either_is_the_one_that_does_not_contradict_the_walk() -> None:
    server, one, two = Server(1), "REDACTED-0001", "REDACTED-0002"
    conversations = [opens(server, one, (one, "a")), opens(server, two, (two, "b"))]
    other = post("/x", "ok", {"key": one})
    late = Threads(*conversations, [other])
    thread = late.opened("k")
    assert late._play("/x", {"key": "l"}) == "ok"
    assert late.said(thread, "k") == "b", "REDACTED-0001 is l by now"
    early = Threads(*conversations, [other])
    assert early._play("/x", {"key": "l"}) == "ok"
    thread = early.opened("k")
    assert early.said(thread, "k") == "b"
    assert early.said(early.opened("l"), "l") == "a"


def test_where_requests_differ_in_secrets_only_clients_may_come_in_another_order() -> None:
    names = {"REDACTED-0001": "one", "REDACTED-0002": "two"}
    exchanges = [post("/x", word, {"key": name}) for name, word in names.items()]
    exchanges += [post("/y", f"{word} again", {"key": name, "for": name}) for name, word in names.items()]
    for keys in ("kl", "lk"):
        play = Player(*exchanges, post("/z", "z", {"key": "REDACTED-0001"}))
        assert [play("/x", {"key": key}) for key in keys] == ["one", "two"]
        assert play("/z", {"key": "k"}) == "z"
        assert {play("/y", {"key": key, "for": key}) for key in "lk"} == {"two again", "one again"}


NAMES = tuple(f"REDACTED-{n:04d}" for n in (1, 2, 3))


def with_keys(one: Exchange, keys: dict[str, str]) -> Exchange:
    """An exchange as a client has it whose keys are these."""
    body = one.request.body
    text = body.model_dump_json() if body else ""
    for name, key in keys.items():
        text = text.replace(name, key)
    request = one.request.model_copy(update={"body": type(body).model_validate_json(text) if body else None})
    return replace(one, request=request)


@given(
    talks=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["", "!"])), max_size=3),
    calls=st.lists(st.tuples(st.sampled_from(["/x", "/y", "/z"]), st.sampled_from(NAMES)), max_size=6),
    keys=st.lists(st.sampled_from("klm"), min_size=3, max_size=3),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_the_same_program_with_other_keys_misses_nothing(
    talks: list[tuple[str, str]], calls: list[tuple[str, str]], keys: list[str], seed: int
) -> None:
    """Whoever comes first: requests may differ in nothing but their keys, and then their clients are exchanged."""
    server = Server(seed)
    scripts = [
        tool_loop(server, Plan(question=f"{end}{name}", output=str(number), reply=f"It is {number}."))
        for number, (name, end) in enumerate(talks)
    ]
    scripts += [[post(path, f"answer {number}", {"key": name})] for number, (path, name) in enumerate(calls)]
    session = Session([tape(*[one for script in scripts for one in script])], Options(repeat=False))
    said = dict(zip(NAMES, keys, strict=True))
    clients = [Client(session) for _ in scripts]
    for who, step in in_turns(scripts, Random(seed)):
        wanted = scripts[who][settled(scripts[who])[step]]
        clients[who].send(with_keys(scripts[who][step], said), wanted)
    assert session.misses == []


def test_where_two_placeholders_stand_in_one_text_nobody_knows_where_each_ends() -> None:
    play = Player(
        post("/x", "1", {"url": "ftp://REDACTED-0001:REDACTED-0002@host"}), post("/y", "2", {"key": "REDACTED-0001"})
    )
    assert play("/x", {"url": "ftp://me:my:word@host"}) == "1"
    assert play("/y", {"key": "me"}) == "2"


@pytest.mark.parametrize("value", ["", 1, None, ["k"], {"k": 1}])
def test_a_placeholder_stands_for_some_text(value: Any) -> None:
    assert Player(post("/x", "ok", {"a": "REDACTED-0001"}))("/x", {"a": value}) == "no_match"


def test_placeholders_in_a_path_a_parameter_a_key_and_a_tool_output() -> None:
    assert Player(get("/users/REDACTED-0001?as=REDACTED-0002", "ok"))("/users/me?as=you", method="GET") == "ok"
    assert Player(post("/x", "ok", {"a": {"REDACTED-0001": 1}}))("/x", {"a": {"mine": 1}}) == "ok"
    outputs = [{"tool_call_id": "call_1", "output": "plain"}, {"tool_call_id": "call_2", "output": "REDACTED-0001"}]
    submitted = {"tool_outputs": [{**outputs[1], "output": "secret"}, outputs[0]]}
    assert Player(post("/x", "ok", {"tool_outputs": outputs}))("/x", submitted) == "ok"


def test_requests_with_secrets_in_many_places_are_told_apart_by_the_rest() -> None:
    recorded = [post("/x", str(n), {"n": n, ("a", "b")[n % 2]: "REDACTED-0001"}) for n in range(10)]
    play = Player(*recorded)
    assert [play("/x", {"n": n, ("a", "b")[n % 2]: "k"}) for n in reversed(range(10))] == list("9876543210")


# ----------------------------------------------------------------------------------------------------------- free ids


def test_an_id_with_a_free_prefix_may_be_any_other_and_answers_have_the_clients() -> None:
    exchanges = [post("/x", "hello cust_one", {"for": "cust_one"}), post("/y", "bye cust_one", {"a": "\ncust_one!"})]
    play = Player(*exchanges, free=("cust_",))
    assert play("/x", {"for": "cust_other-1"}) == "hello cust_other-1"
    assert play("/y", {"a": "\ncust_other-1!"}) == "bye cust_other-1"
    assert Player(*exchanges)("/x", {"for": "cust_other-1"}) == "no_match"


@pytest.mark.parametrize("said", ["cust_", "dust_one", "xcust_one", "one", "cust_one!", ""])
def test_what_is_no_id_with_the_prefix_is_another_text(said: str) -> None:
    assert Player(post("/x", "", {"for": "cust_one"}), free=("cust_",))("/x", {"for": said}) == "no_match"


def test_two_ids_are_two_ids_within_a_walk() -> None:
    body = {"a": "cust_one", "b": "cust_two"}
    exchanges = [post(OF, "1", body), post(OF, "2", {"c": "cust_two"})]
    assert Player(*exchanges, free=("cust_",))(OF, {"a": "cust_x", "b": "cust_x"}) == "no_match"
    play = Player(*exchanges, free=("cust_",))
    assert play(OF, {"a": "cust_x", "b": "cust_y"}) == "1"
    assert play(OF, {"c": "cust_x"}) == "no_match"
    assert play(OF, {"c": "cust_y"}) == "2"


def test_free_ids_are_the_same_in_all_conversations_of_a_walk() -> None:
    exchanges = [
        post("/x", "hello cust_one", {"for": "cust_one"}),
        post("/y", "bye cust_one", {"to": "cust_one"}),
        post("/z", "both", {"to": "cust_two"}),
        get("/list", "cust_one cust_two cust_six"),
    ]
    play = Player(*exchanges, free=("cust_",))
    assert play("/x", {"for": "cust_a"}) == "hello cust_a"
    assert play("/list", method="GET") == "cust_a cust_two cust_six", "an answer to a request that names none"
    assert play("/y", {"to": "cust_b"}) == "no_match"
    assert play("/y", {"to": "cust_a"}) == "bye cust_a"
    assert play("/z", {"to": "cust_a"}) == "no_match", "two ids are two ids"
    assert play("/z", {"to": "cust_b"}) == "both"
    assert play("/list", method="GET") == "cust_a cust_b cust_six"


def test_an_id_that_was_minted_is_not_free_whatever_its_prefix() -> None:
    server = Server(1)
    thread = server.id("thread_")
    exchanges = [
        post("/threads", json.dumps({"id": thread}), {"parent": OWN}),
        get(f"/threads/{thread}?parent={OWN}", "here"),
    ]
    play = Player(*exchanges, free=("thread_",))
    other = OWN.replace("own", "new")
    live = json.loads(play("/threads", {"parent": other}))["id"]
    assert live != other
    assert play(f"/threads/{other}?parent={other}", method="GET") == "no_match"
    assert play(f"/threads/{live}?parent={other}", method="GET") == "here"


def test_prefixes_are_literal_and_the_longest_counts() -> None:
    free = FreeIds(("a.", "a.b."))
    assert free.reduced("a.b.c axc a.d") == "a.b. axc a."


def test_a_request_with_nothing_open_is_no_pattern() -> None:
    assert opened('["POST"]', None, lambda name: True) is None
    assert opened('["cust_one"]', FreeIds(("cust_",)), lambda name: True) is None


# ------------------------------------------------------------------------------------------- bodies that nobody kept


def unknown(method: str, target: str, answer: Any, **more: Any) -> Exchange:
    """An exchange of which a recording of another tool lacks the body of the request."""
    made = ask(method, target, answer, **more)
    return replace(made, request=made.request.model_copy(update={"body": UnknownBody(unknown=True)}))


BODIES = [None, b"", b"{}", b'{"a":{"b":[1,"\\n"]}}', b"[1]", b'"REDACTED-0000"', b"text", b"\xff"]


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_nobody_kept_is_equal_to_any(body: bytes | None) -> None:
    made = Session([tape(unknown("POST", "/threads", {"id": "thread_abcdefghijklmnopqrstuvwx"}))])
    answer = made.answer(HttpRequest("POST", "/v1/threads", (), body))
    assert (answer.status, made.misses) == (200, [])
    assert made.answer(HttpRequest("POST", "/v1/other", (), body)).status == 424
    assert made.answer(HttpRequest("PUT", "/v1/threads", (), body)).status == 424


def test_a_known_body_is_preferred_to_one_that_nobody_kept() -> None:
    made = Session([tape(unknown("POST", "/embeddings", {"n": 1}), post("/embeddings", {"n": 2}, {"a": 1}))])
    for sent, number in ((b'{"a": 1}', b"2"), (b'{"a": 2}', b"1")):
        answer = made.answer(HttpRequest("POST", "/v1/embeddings", (), sent))
        assert (answer.status, number in b"".join(answer.pieces)) == (200, True)


def test_paths_and_queries_still_tell_requests_with_unknown_bodies_apart() -> None:
    exchanges = [unknown("POST", f"/embeddings?part={n}", {"n": n}) for n in (1, 2)]
    made = Session([tape(*exchanges)])
    for number in (2, 1):
        answer = made.answer(HttpRequest("POST", f"/v1/embeddings?part={number}", (), b"x"))
        assert str(number).encode() in b"".join(answer.pieces)
    assert made.misses == []


def test_the_text_of_a_placeholder_in_a_known_body_opens_nothing_else() -> None:
    made = Session([tape(post("/embeddings", {"n": 1}, {"key": "REDACTED-0001", "a": 1}))])
    assert made.answer(HttpRequest("POST", "/v1/embeddings", (), b'{"key": "x", "a": 2}')).status == 424
    assert made.answer(HttpRequest("POST", "/v1/embeddings", (), b'{"key": "x", "a": 1}')).status == 200


@pytest.mark.parametrize("rules", [MatchRules(), MatchRules(tool_default=Mode.SHAPE)])
def test_binary_bodies_are_compared_as_they_are(rules: MatchRules) -> None:
    made = post("/files", {"id": "file-abcdefghijklmnopqrstuvwx"})
    binary = replace(made, request=made.request.model_copy(update={"body": Base64Body(base64="/wA=")}))
    session = Session([tape(binary, rules=rules)])
    assert session.answer(HttpRequest("POST", "/v1/files", (), b"\xff\x00")).status == 200
    assert session.answer(HttpRequest("POST", "/v1/files", (), b"\xff\x01")).status == 424
    assert [miss.code for miss in session.misses] == ["no_match"]
