"""Placeholders and free ids: any text, but the same wherever they stand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Server, answer_bytes, ask, get, post
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Base64Body, UnknownBody
from toolreel.replay.engine import Engine, Options
from toolreel.replay.miss import Miss
from toolreel.replay.rules import MatchRules, Mode
from toolreel.replay.session import Session
from toolreel.replay.variables import FreeIds, opened

from .clients import tape

OWN = "thread_" + "own" * 8
OF = f"/threads/{OWN}/messages"


class Player:
    """Sends bodies to one path; hears the answer, or the code of a miss."""

    def __init__(self, *exchanges: Exchange, free: tuple[str, ...] = ()) -> None:
        self._engine = Engine([tape(*exchanges, rules=MatchRules(free=free))], Options(repeat=False))

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
    assert play("/y", {"a": "\ncust_x!"}) == "bye cust_x"
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
