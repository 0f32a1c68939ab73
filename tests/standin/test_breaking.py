"""Faults at the stand-in: what is broken there is what a recorder sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from toolreel.commands.standin import standing_in
from toolreel.replay.faults import parse_faults
from toolreel.replay.trouble import Trouble
from toolreel.server.hosts import Listen
from toolreel.standin.script import Script

from .conftest import START, StandIn, path_of

SCRIPT = """
timing = { queued_ms = 1, tools_ms = 1, answer_ms = 1, frame_ms = 1 }
[[rule]]
answer = "In Paris it is 21° and klar."
"""
QUESTION = "Say something."


@pytest.fixture
def troubled(default_script: Script) -> Callable[[str], StandIn]:
    def make(faults: str) -> StandIn:
        return StandIn(default_script, trouble(faults))

    return make


def trouble(faults: str) -> Trouble:
    return Trouble(parse_faults(faults, "f.toml"))


@contextmanager
def served(faults: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A stand-in on a real socket."""
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    with standing_in(Listen("127.0.0.1", 0), script, trouble(faults)) as address:
        headers = {"authorization": "Bearer sk-any"}
        with httpx.Client(base_url=f"http://{address.shown}/v1", headers=headers, trust_env=False) as client:
            yield client


def start(client: httpx.Client) -> dict[str, Any]:
    assistant = client.post("/assistants", json={"model": "gpt-4o"}).json()["id"]
    thread = {"messages": [{"role": "user", "content": QUESTION}]}
    return {"assistant_id": assistant, "thread": thread, "stream": True}


def read(client: httpx.Client) -> tuple[list[str], type[Exception] | None]:
    """The events of a streamed run, and how it broke off."""
    seen = b""
    error = None
    with client.stream("POST", "/threads/runs", json=start(client)) as response:
        assert response.status_code == 200
        try:
            for piece in response.iter_raw():
                seen += piece
        except httpx.TransportError as broken:
            error = type(broken)
    return [line.removeprefix("event: ") for line in seen.decode().split("\n") if line.startswith("event: ")], error


def test_a_status_comes_with_the_headers_of_the_api(troubled: Callable[[str], StandIn]) -> None:
    standin = troubled('[[fault]]\nroute = "/threads"\nnth = 1\nstatus = 429\nheaders = { retry-after = 3 }')
    limited = standin.send("POST", "/v1/threads", {})
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
    assert limited.json()["error"]["code"] == "rate_limit_exceeded"
    assert limited.headers["x-request-id"].startswith("req_")
    assert standin.send("POST", "/v1/threads", {}).status_code == 200


def test_a_delay_lets_time_pass(troubled: Callable[[str], StandIn]) -> None:
    standin = troubled("[[fault]]\ndelay_ms = 2500")
    assert standin.send("POST", "/v1/threads", {}).status_code == 200
    assert round(standin.now - START, 3) == 2.5


def test_errors_of_the_api_can_be_broken_too(troubled: Callable[[str], StandIn]) -> None:
    standin = troubled("[[fault]]\ndelay_ms = 500")
    assert standin.send("GET", "/v1/threads/thread_x").status_code == 404
    assert round(standin.now - START, 3) == 0.5


@pytest.mark.parametrize("status", ["failed", "expired", "incomplete"])
def test_a_run_that_a_fault_ends_has_ended_for_everybody(status: str, troubled: Callable[[str], StandIn]) -> None:
    standin = troubled(f'[[fault]]\nroute = "GET /threads/{{t}}/runs/{{r}}"\nnth = 2\nrun = "{status}"')
    run = standin.ask(QUESTION)
    assert standin.poll(run)["status"] == "queued"
    standin.now += 60
    assert [standin.poll(run)["status"] for _ in range(3)] == [status] * 3
    listed = standin.ok("GET", f"/v1/threads/{run['thread_id']}/runs")["data"]
    assert [one["status"] for one in listed] == [status]
    standin.ok("POST", f"/v1/threads/{run['thread_id']}/messages", {"role": "user", "content": "again"})
    refused = standin.send("POST", f"{path_of(run)}/submit_tool_outputs", {"tool_outputs": []})
    assert refused.json()["error"]["message"] == f'Runs in status "{status}" do not accept tool outputs.'


def test_a_streamed_run_that_a_fault_ends_has_ended_for_everybody(troubled: Callable[[str], StandIn]) -> None:
    standin = troubled('[[fault]]\nrun = "failed"\nlast_error = { code = "rate_limit_exceeded", message = "m" }')
    seen = standin.stream("/v1/threads/runs", standin.question(QUESTION))
    run = dict(seen)["thread.run.failed"]
    assert [event for event, _ in seen][-2:] == ["thread.run.failed", "done"]
    assert run["last_error"] == {"code": "rate_limit_exceeded", "message": "m"}
    assert standin.poll(run)["status"] == "failed"
    steps = standin.ok("GET", f"{path_of(run)}/steps")["data"]
    messages = standin.ok("GET", f"/v1/threads/{run['thread_id']}/messages")["data"]
    assert {step["status"] for step in steps} == {"failed"}
    (answer,) = [message for message in messages if message["role"] == "assistant"]
    told = dict(seen)["thread.message.incomplete"]
    assert told["incomplete_details"] == {"reason": "run_failed"}
    assert answer["content"] == told["content"] != []


def test_an_error_event_and_a_malformed_frame_stand_in_the_stream(troubled: Callable[[str], StandIn]) -> None:
    standin = troubled("[[fault]]\nerror_event = true\nafter_frame = 2\nmalformed_frame = 2")
    text = standin.send("POST", "/v1/threads/runs", {**standin.question(QUESTION), "stream": True}).text
    created, malformed, error, done = text.removesuffix("\n\n").split("\n\n")
    assert created.startswith("event: thread.created\n")
    assert malformed.startswith("event: thread.run.created\n")
    assert not malformed.endswith("}")
    assert error.startswith('event: error\ndata: {"error":{"message":"The server had an error')
    assert done == "event: done\ndata: [DONE]"


def test_frames_can_be_slow(troubled: Callable[[str], StandIn]) -> None:
    plain, slow = troubled(""), troubled("[[fault]]\nframe_delay_ms = 1000")
    count = len(plain.stream("/v1/threads/runs", plain.question(QUESTION)))
    assert len(slow.stream("/v1/threads/runs", slow.question(QUESTION))) == count
    assert slow.now - plain.now == pytest.approx(count - 1, abs=1)


def test_a_stream_is_cut(tmp_path: Path) -> None:
    with served("[[fault]]\nnth = 1\ncut_after_frame = 3", tmp_path) as client:
        assert read(client) == (
            ["thread.created", "thread.run.created", "thread.run.queued"],
            httpx.RemoteProtocolError,
        )
        events, error = read(client)
        assert (events[-2:], error) == (["thread.run.completed", "done"], None)


def test_a_stream_ends_without_its_last_frames(tmp_path: Path) -> None:
    with served("[[fault]]\nend_after_frame = 1", tmp_path) as client:
        assert read(client) == (["thread.created"], None)


@pytest.mark.parametrize("what", ["request", "answer"])
@pytest.mark.parametrize("route", ["/threads/runs", "/assistants"])
def test_a_connection_is_reset(what: str, route: str, tmp_path: Path) -> None:
    with (
        served(f'[[fault]]\nroute = "{route}"\nreset = "{what}"', tmp_path) as client,
        pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)),
    ):
        read(client)
