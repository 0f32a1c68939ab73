from __future__ import annotations

from typing import Any

import pytest

from toolreel.inspect.timeline import Step, answered, asked, timeline
from toolreel.messages.model import (
    Body,
    Cassette,
    Ending,
    Frame,
    Interaction,
    JsonBody,
    JsonFrame,
    Performance,
    RawFrame,
    Read,
    Request,
    Response,
    Take,
    TextBody,
    TextFrame,
)


def js(value: Any) -> JsonBody:
    return JsonBody(value=value, style="compact")


def interaction(
    body: Body | None = None, answer: Body | None = None, frames: tuple[Frame, ...] | None = None
) -> Interaction:
    return Interaction(
        n=1,
        request=Request(method="POST", path="/threads", body=body),
        response=Response(status=200, body=answer, frames=frames),
    )


def message(*parts: Any, role: str = "assistant") -> dict[str, Any]:
    return {"object": "thread.message", "role": role, "content": list(parts)}


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": {"value": value, "annotations": []}}


def run(status: str, *calls: tuple[str, str]) -> dict[str, Any]:
    tool_calls = [{"id": "c", "function": {"name": name, "arguments": arguments}} for name, arguments in calls]
    action = {"submit_tool_outputs": {"tool_calls": tool_calls}} if calls else None
    return {"object": "thread.run", "status": status, "required_action": action}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(None, "", id="no-body"),
        pytest.param(TextBody(text="hello"), "", id="no-json"),
        pytest.param(js([1]), "", id="no-object"),
        pytest.param(js({}), "", id="nothing-of-interest"),
        pytest.param(
            js({"role": "user", "content": "What is\n the  weather?"}), "What is the weather?", id="message"
        ),
        pytest.param(js({"content": "x" * 101}), "x" * 99 + "…", id="long-message"),
        pytest.param(js({"content": "x" * 100}), "x" * 100, id="message-that-just-fits"),
        pytest.param(js({"content": [text("x")]}), "", id="message-in-parts"),
        pytest.param(js({"tool_outputs": [{"tool_call_id": "c", "output": "21"}]}), "21", id="tool-output"),
        pytest.param(js({"tool_outputs": [{"output": "a"}, {"output": "b"}, 3]}), "a; b", id="tool-outputs"),
        pytest.param(js({"tool_outputs": [{}, {"output": {"é": 1}}]}), '; {"é": 1}', id="odd-tool-outputs"),
        pytest.param(js({"tool_outputs": [{"output": "a"}], "stream": True}), "a", id="tool-output-streamed"),
        pytest.param(js({"tool_outputs": None, "stream": True}), "stream", id="stream"),
        pytest.param(js({"stream": 1}), "", id="stream-that-is-not-true"),
    ],
)
def test_what_a_request_wants(body: Body | None, says: str) -> None:
    assert asked(interaction(body)) == says


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(None, "", id="no-body"),
        pytest.param(TextBody(text="hello"), "", id="no-json"),
        pytest.param(js(3), "", id="no-object"),
        pytest.param(js({"object": "thread"}), "thread", id="anything"),
        pytest.param(js({"error": {"message": "No such\nrun."}}), "No such run.", id="error"),
        pytest.param(js({"error": {"message": None}}), "", id="error-without-words"),
        pytest.param(js({"error": None, "object": "response"}), "response", id="no-error"),
        pytest.param(js(run("queued")), "queued", id="run"),
        pytest.param(
            js(run("requires_action", ("f", '{"a":1}'), ("g", "{}"))),
            'requires_action: f({"a":1}), g({})',
            id="tool-calls",
        ),
        pytest.param(js({"object": "thread.run", "required_action": 3}), "None", id="odd-run"),
        pytest.param(
            js({**run("x"), "required_action": {"submit_tool_outputs": {"tool_calls": [3]}}}), "x", id="odd-call"
        ),
        pytest.param(js(message(text("It is "), text("21°."))), "It is 21°.", id="message"),
        pytest.param(js(message({"type": "image_file"}, 3)), "", id="message-without-text"),
        pytest.param(
            js({"object": "list", "data": [message(text("new")), message(text("old"))]}), "new", id="messages"
        ),
        pytest.param(
            js({"object": "list", "data": [message(text("hi"), role="user")]}), "1 thread.message", id="own-messages"
        ),
        pytest.param(
            js(
                {
                    "object": "list",
                    "data": [{"object": "thread.run.step"}, {"object": "thread.run.step"}, {"object": "x"}],
                }
            ),
            "2 thread.run.step, 1 x",
            id="list",
        ),
        pytest.param(js({"object": "list", "data": []}), "nothing", id="empty-list"),
    ],
)
def test_what_an_answer_says(body: Body | None, says: str) -> None:
    assert answered(interaction(answer=body)) == says


def delta(value: str) -> JsonFrame:
    return JsonFrame(
        event="thread.message.delta", value={"object": "thread.message.delta", "delta": {"content": [text(value)]}}
    )


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        pytest.param((), "", id="no-frames"),
        pytest.param(
            (TextFrame(text="[DONE]"), RawFrame(raw="x"), JsonFrame(value=[1])), "", id="nothing-of-interest"
        ),
        pytest.param((JsonFrame(value=run("queued")), JsonFrame(value=run("completed"))), "completed", id="last-run"),
        pytest.param(
            (JsonFrame(value=run("in_progress")), delta("It is "), delta("21."), JsonFrame(value=run("completed"))),
            "completed: It is 21.",
            id="run-and-text",
        ),
        pytest.param((delta("only"), delta(" text")), "only text", id="text-of-a-cut-stream"),
        pytest.param(
            (JsonFrame(value=run("requires_action", ("f", "{}"))), TextFrame(event="done", text="[DONE]")),
            "requires_action: f({})",
            id="tool-call",
        ),
        pytest.param((JsonFrame(value={"object": "thread.message.delta", "delta": 3}),), "", id="odd-delta"),
    ],
)
def test_what_a_stream_says(frames: tuple[Frame, ...], says: str) -> None:
    assert answered(interaction(frames=frames)) == says


def test_the_timeline_has_a_step_for_each_interaction() -> None:
    second = Interaction(
        n=2,
        request=Request(method="GET", path="/threads/t"),
        response=Response(status=404, frames=(delta("x"),)),
        ending=Ending.CUT,
    )
    polls = (Read(count=2, body=js(run("queued"))), Read(count=1), Read(count=3, body=js(run("in_progress"))))
    cassette = Cassette(
        upstreams=("https://a.example",),
        interactions=(interaction(js({"content": "hi"}), js({"object": "thread"})), second),
        take=Take(recorded_at="", tool="", interactions={"2": Performance(ms=(5, 9))}, reads={"2": polls}),
    )
    first_step, second_step = timeline(cassette)
    assert first_step == Step(1, "POST", "/threads", 200, "complete", None, None, "hi", "", "thread")
    polled = "2 × queued, 3 × in_progress"
    assert second_step == Step(2, "GET", "/threads/t", 404, "cut", 1, (5, 9), "", polled, "x")
    assert second_step.as_json() == {
        "n": 2,
        "method": "GET",
        "path": "/threads/t",
        "status": 404,
        "ending": "cut",
        "frames": 1,
        "ms": (5, 9),
        "asked": "",
        "polls": "2 × queued, 3 × in_progress",
        "answered": "x",
    }


def test_a_cassette_without_a_take_has_no_times_and_no_polls() -> None:
    cassette = Cassette(upstreams=("https://a.example",), interactions=(interaction(),))
    assert [(step.ms, step.polls) for step in timeline(cassette)] == [(None, "")]
