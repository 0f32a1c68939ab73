"""Conversations that begin alike are told apart by what follows, however many they are."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Server, ask, assistant, get, post, take
from toolreel.messages.http import HttpRequest
from toolreel.normalise.cassette import normalise
from toolreel.replay.engine import Options
from toolreel.replay.session import Session

from .clients import body, tape_of

COUNT = 30


def conversation(server: Server, name: str, *, begun: Any = None, answer: Any = None) -> list[Exchange]:
    """A thread, and what is said of it: one question of its own, and its answer."""
    thread = server.id("thread_")
    path = f"/threads/{thread}"
    return [
        post("/threads", {"id": thread, **(answer or {})}, begun or {}),
        post(f"{path}/messages", {"id": server.id("msg_"), "content": name}, {"content": name}),
        get(path, {"id": thread, "name": name}),
    ]


def recorded(*conversations: list[Exchange], **options: Any) -> Session:
    exchanges = [exchange for conversation in conversations for exchange in conversation]
    return Session([tape_of(normalise(take(*exchanges))[0])], Options(**options))


def said(session: Session, method: str, target: str, sent: Any = None) -> Any:
    data = None if sent is None else json.dumps(sent).encode()
    answer = session.answer(HttpRequest(method, f"/v1{target}", (), data))
    return json.loads(body(answer)) if answer.status == 200 else answer.status


def test_all_that_opened_a_thread_alike_are_singled_out_by_what_they_say() -> None:
    server = Server(1)
    names = [str(number) for number in range(COUNT)]
    session = recorded(*(conversation(server, name) for name in names), repeat=False)
    threads = [said(session, "POST", "/threads", {})["id"] for _ in names]
    assert len(set(threads)) == COUNT
    assert said(session, "POST", "/threads", {}) == 424, "there are no more"
    session.misses.clear()
    Random(1).shuffle(names)
    for thread, name in zip(threads, names, strict=True):
        assert said(session, "POST", f"/threads/{thread}/messages", {"content": name})["content"] == name
        assert said(session, "GET", f"/threads/{thread}") == {"id": thread, "name": name}
    assert session.misses == []
    assert session.unplayed == 0


def test_ids_are_handed_out_in_the_order_of_the_file() -> None:
    server = Server(1)
    session = recorded(*(conversation(server, str(number)) for number in range(COUNT)), repeat=False)
    threads = [said(session, "POST", "/threads", {})["id"] for _ in range(COUNT)]
    assert threads == [f"thread_{number:024}" for number in range(1, COUNT + 1)]


def test_one_that_was_taken_is_not_given_away_again() -> None:
    server = Server(1)
    session = recorded(*(conversation(server, name) for name in "abc"), repeat=False)
    first, second, third = (said(session, "POST", "/threads", {})["id"] for _ in "abc")
    assert said(session, "POST", f"/threads/{second}/messages", {"content": "a"})["content"] == "a"
    assert said(session, "POST", f"/threads/{first}/messages", {"content": "a"}) == 424
    assert said(session, "POST", f"/threads/{third}/messages", {"content": "b"})["content"] == "b"
    assert said(session, "POST", f"/threads/{first}/messages", {"content": "c"})["content"] == "c"
    assert session.unplayed == 3, "the reads"


@pytest.mark.parametrize("repeat", [True, False])
def test_what_begins_alike_but_is_answered_otherwise_comes_in_the_order_of_the_file(repeat: bool) -> None:
    server = Server(1)
    kinds = [{"kind": kind} for kind in ("x", "y", "x", "y")]
    session = recorded(*(conversation(server, str(at), answer=kind) for at, kind in enumerate(kinds)), repeat=repeat)
    opened = [said(session, "POST", "/threads", {}) for _ in kinds]
    assert [one["kind"] for one in opened] == sorted(one["kind"] for one in kinds)
    for one, names in zip(opened, ("2", "0", "1", "3"), strict=True):
        assert said(session, "POST", f"/threads/{one['id']}/messages", {"content": names})["content"] == names
    again = said(session, "POST", "/threads", {})
    assert (again == 424) is not repeat


def test_conversations_that_name_an_assistant_begin_alike_whichever_of_its_kind_it_is() -> None:
    server = Server(1)
    helpers = [assistant(server) for _ in range(3)]
    exchanges = [[made] for made, _ in helpers]
    for number, (_, helper) in enumerate(helpers):
        thread, run = server.id("thread_"), server.id("run_")
        made = {"id": run, "thread_id": thread, "assistant_id": helper}
        exchanges.append(
            [
                post("/threads/runs", made, {"assistant_id": helper}),
                post(f"/threads/{thread}/messages", {"content": str(number)}, {"content": str(number)}),
                ask("DELETE", f"/assistants/{helper}", {"id": helper, "deleted": True}),
            ]
        )
    session = recorded(*exchanges)
    for _ in range(2):
        mine = [said(session, "POST", "/assistants", {"name": "weather", "model": "gpt-4o"})["id"] for _ in helpers]
        runs = [said(session, "POST", "/threads/runs", {"assistant_id": one}) for one in mine]
        assert [one["assistant_id"] for one in runs] == mine
        for run, content in zip(runs, ("2", "0", "1"), strict=True):
            sent = {"content": content}
            assert said(session, "POST", f"/threads/{run['thread_id']}/messages", sent)["content"] == content
        for one in mine:
            assert said(session, "DELETE", f"/assistants/{one}")["id"] == one
    assert session.misses == []


def test_what_is_the_same_to_the_end_is_decided_at_once() -> None:
    server = Server(1)
    session = recorded(*(conversation(server, "same") for _ in range(3)), repeat=False)
    for _ in range(3):
        thread = said(session, "POST", "/threads", {})["id"]
        assert said(session, "POST", f"/threads/{thread}/messages", {"content": "same"})["content"] == "same"
    assert said(session, "POST", "/threads", {}) == 424


def test_two_hundred_sessions_share_one_tape() -> None:
    server = Server(1)
    names = [str(number) for number in range(5)]
    exchanges = [exchange for name in names for exchange in conversation(server, name)]
    tape = tape_of(normalise(take(*exchanges))[0])
    sessions = [Session([tape], Options(repeat=False, strict=True)) for _ in range(200)]
    threads = {
        (at, name): said(one, "POST", "/threads", {})["id"] for name in names for at, one in enumerate(sessions)
    }
    order = list(threads)
    Random(1).shuffle(order)
    for at, name in order:
        path = f"/threads/{threads[at, name]}"
        assert said(sessions[at], "POST", f"{path}/messages", {"content": name})["content"] == name
        assert said(sessions[at], "GET", path)["name"] == name
    assert all(session.verdict().good and session.unplayed == 0 for session in sessions)
