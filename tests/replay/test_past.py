"""What a server keeps that is asked for a long time: of walks that are over, no more than is needed."""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Server, get, post
from toolreel.messages.http import HttpRequest
from toolreel.replay import past
from toolreel.replay.live import Live
from toolreel.replay.progress import State
from toolreel.replay.session import Session

from .clients import body, session

OWN = "thread_" + "own" * 8
PATH = f"/threads/{OWN}/runs/run_ownownown/submit_tool_outputs"


def said(replay: Session, method: str, target: str, sent: Any = None, *, retry: bool = False) -> Any:
    data = None if method == "GET" else json.dumps(sent or {}).encode()
    headers = (("x-stainless-retry-count", "1"),) if retry else ()
    answer = replay.answer(HttpRequest(method, f"/v1{target}", headers, data))
    if answer.status != 200:
        return answer.status
    text = body(answer).decode()
    return json.loads(text) if text.startswith("{") else text


def conversation(server: Server, content: str = "x") -> list[Exchange]:
    thread = server.id("thread_")
    path = f"/threads/{thread}"
    return [
        post("/threads", {"id": thread}),
        post(f"{path}/messages", {"id": server.id("msg_")}, {"content": content}),
        get(path, {"id": thread, "said": content}),
    ]


def walk(replay: Session, content: str = "x") -> str:
    thread: str = said(replay, "POST", "/threads")["id"]
    assert said(replay, "POST", f"/threads/{thread}/messages", {"content": content})["id"]
    assert said(replay, "GET", f"/threads/{thread}")["id"] == thread
    return thread


def lives_of(replay: Session) -> set[Live]:
    """All live conversations that anything in a session still leads to."""
    seen: set[int] = set()
    waiting: list[Any] = [replay._engine._ids, replay._engine._past, replay._engine._conversations]
    found = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen or (len(seen) > 3 and not isinstance(one, dict | list | tuple | set | Live)):
            continue
        seen.add(id(one))
        if isinstance(one, Live):
            found.add(one)
        else:
            waiting += gc.get_referents(one)
    return found


class Visits:
    """Counts how often it is asked whether something is due in a conversation."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        due = State.due

        def counted(state: State, asking: Any) -> Any:
            self.count += 1
            return due(state, asking)

        patch.setattr(State, "due", counted)

    def taken(self) -> int:
        count, self.count = self.count, 0
        return count


def test_a_write_that_is_repeated_visits_no_walks_that_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = session(post(PATH, "done"))
    visits = Visits(monkeypatch)
    found = []
    for _ in range(2_000):
        assert said(replay, "POST", PATH) == "done"
        found.append(visits.taken())
    assert max(found) <= found[0]
    assert len(lives_of(replay)) <= past.NEAR
    assert len(replay._engine._conversations._walks) <= 2
    verdict = replay.verdict()
    assert (verdict.served, verdict.never_played, verdict.unplayed) == (2_000, 0, ())


@pytest.mark.parametrize("count", [400, pytest.param(15_000, marks=pytest.mark.soak)])
def test_conversations_that_are_over_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    if count < past.KEPT:
        monkeypatch.setattr(past, "KEPT", 50)
    replay = session(*conversation(Server(1)))
    visits = Visits(monkeypatch)
    found, threads = [], []
    for _ in range(count):
        threads.append(walk(replay))
        found.append(visits.taken())
    assert max(found) <= found[0]
    assert len(lives_of(replay)) <= past.KEPT
    assert len(replay._engine._ids.names) <= 2 * past.KEPT
    assert len(set(threads)) == count, "no id is handed out twice"
    assert replay.misses == []
    assert said(replay, "GET", f"/threads/{threads[-past.KEPT]}")["id"] == threads[-past.KEPT]
    for ancient in (threads[0], threads[-past.KEPT - 1]):
        assert said(replay, "GET", f"/threads/{ancient}") == 424
        assert f"{ancient} is no id that this replay gave out, or one that it forgot" in replay.misses[-1].message
    assert replay.verdict().never_played == 0
    assert replay.verdict().unplayed == ()


def test_who_is_in_the_middle_of_an_old_walk_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "KEPT", 5)
    replay = session(*conversation(Server(1)))
    threads = [said(replay, "POST", "/threads")["id"] for _ in range(20)]
    for _ in range(50):
        walk(replay)
    for thread in threads:
        said(replay, "POST", f"/threads/{thread}/messages", {"content": "x"})
        assert said(replay, "GET", f"/threads/{thread}") == {"id": thread, "said": "x"}
    assert replay.misses == []


def test_who_holds_no_ids_goes_on_in_the_middle_of_an_old_walk() -> None:
    path = f"/threads/{OWN}/messages"
    replay = session(*(post(path, f"got {text}", {"content": text}) for text in "ab"), post("/x", "x"))
    assert said(replay, "POST", path, {"content": "a"}) == "got a"
    assert {said(replay, "POST", "/x") for _ in range(50)} == {"x"}
    assert said(replay, "POST", path, {"content": "b"}) == "got b"
    assert replay.verdict().unplayed == ()


def test_an_id_that_is_in_use_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "KEPT", 20)
    server = Server(1)
    helper = server.id("asst_")
    thread = server.id("thread_")
    replay = session(
        post("/assistants", {"id": helper}, {"name": "a"}),
        post("/threads/runs", {"id": server.id("run_"), "thread_id": thread}, {"assistant_id": helper}),
    )
    known = [said(replay, "POST", "/assistants", {"name": "a"})["id"] for _ in range(4)]
    for _ in range(30):
        for one in known:
            assert said(replay, "POST", "/threads/runs", {"assistant_id": one})["thread_id"]
    assert replay.misses == []


def test_a_retry_gets_the_last_answer_only_where_one_client_can_have_sent_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "KEPT", 1)
    replay = session(*conversation(Server(1)))
    first = walk(replay)
    assert said(replay, "POST", "/threads", retry=True)["id"] == first
    second = said(replay, "POST", "/threads")["id"]
    again = [said(replay, "POST", f"/threads/{second}/messages", {"content": "x"}, retry=bool(n)) for n in range(3)]
    assert again[0] == again[1] == again[2], "it holds the id"
    for _ in range(40):
        walk(replay)
    thread = walk(replay)
    assert said(replay, "POST", "/threads", retry=True)["id"] != thread, "more than one may have sent it"


def test_reads_by_who_holds_no_ids_are_those_after_the_last_write() -> None:
    path = f"/threads/{OWN}"
    replay = session(get(path, "before"), post(f"{path}/messages", "m"), get(path, "after"))
    assert said(replay, "GET", path) == "before"
    for _ in range(40):
        assert said(replay, "POST", f"{path}/messages") == "m"
        assert said(replay, "GET", path) == "after"
    assert replay.verdict().never_played == 0


def test_what_was_read_after_a_walk_was_let_go_is_played() -> None:
    replay = session(*conversation(Server(1)))
    thread = said(replay, "POST", "/threads")["id"]
    said(replay, "POST", f"/threads/{thread}/messages", {"content": "x"})
    assert replay.verdict().never_played == 1
    for _ in range(past.NEAR + 5):
        said(replay, "POST", f"/threads/{said(replay, 'POST', '/threads')['id']}/messages", {"content": "x"})
    assert replay.verdict().never_played == 1
    assert said(replay, "GET", f"/threads/{thread}")["id"] == thread
    assert replay.verdict().never_played == 0


def test_a_walk_that_may_not_be_repeated_stays_taken() -> None:
    replay = session(*conversation(Server(1)), repeat=False)
    walk(replay)
    assert said(replay, "POST", "/threads") == 424
    assert replay.verdict().never_played == 0


def test_one_that_is_over_is_not_begun_again_in_the_same_walk() -> None:
    server = Server(1)
    replay = session(*conversation(server, "a"), *conversation(server, "b"))
    for _ in range(20):
        walk(replay, "a")
        walk(replay, "b")
    assert replay.misses == []
    assert replay.verdict().unplayed == ()
