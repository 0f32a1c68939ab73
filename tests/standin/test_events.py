"""The order of events in every kind of stream."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import pytest

from .conftest import StandIn, path_of

BEGIN = ["thread.created", "thread.run.created", "thread.run.queued", "thread.run.in_progress"]
STEP = ["thread.run.step.created", "thread.run.step.in_progress"]
MESSAGE = ["thread.message.created", "thread.message.in_progress", "thread.message.delta"]
ANSWER = [*STEP, *MESSAGE, "thread.message.completed", "thread.run.step.completed", "thread.run.completed", "done"]
CALLS = [*STEP, "thread.run.step.delta", "thread.run.requires_action", "done"]
SUBMIT = ["thread.run.step.completed", "thread.run.queued", "thread.run.in_progress"]


def names(stream: list[tuple[str, Any]]) -> list[str]:
    """Event names in order, runs of deltas as one."""
    return [name for name, _ in groupby(event for event, _ in stream)]


def outputs_for(run: Any, **texts: str) -> dict[str, Any]:
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    return {"tool_outputs": [{"tool_call_id": c["id"], "output": texts[c["function"]["name"]]} for c in calls]}


def submit(standin: StandIn, run: Any, **texts: str) -> list[tuple[str, Any]]:
    return standin.stream(path_of(run) + "/submit_tool_outputs", outputs_for(run, **texts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", [*BEGIN, *ANSWER]),
        ("weather in Rome", [*BEGIN, *CALLS]),
        ("weather in Rome and Oslo", [*BEGIN, *CALLS]),
        ("please fail", [*BEGIN, "thread.run.failed", "done"]),
        (
            "a long story",
            [
                *BEGIN,
                *STEP,
                *MESSAGE,
                "thread.message.incomplete",
                "thread.run.step.completed",
                "thread.run.incomplete",
                "done",
            ],
        ),
    ],
)
def test_first_stream(standin: StandIn, text: str, expected: list[str]) -> None:
    assert names(standin.stream("/v1/threads/runs", standin.question(text))) == expected


def test_run_on_an_existing_thread_begins_with_the_run(standin: StandIn) -> None:
    thread = standin.ok("POST", "/v1/threads", {"messages": [{"role": "user", "content": "hello"}]})
    stream = standin.stream(f"/v1/threads/{thread['id']}/runs", {"assistant_id": standin.assistant()})
    assert names(stream) == [*BEGIN[1:], *ANSWER]


def test_submit_stream_begins_with_the_old_step(standin: StandIn) -> None:
    stream = standin.stream("/v1/threads/runs", standin.question("weather in Rome"))
    step = next(data for event, data in stream if event == "thread.run.step.created")
    answer = submit(standin, stream[-2][1], get_weather="warm and sunny")
    assert names(answer) == [*SUBMIT, *ANSWER]
    old = answer[0][1]
    assert old["id"] == step["id"]
    assert old["step_details"]["tool_calls"][0]["function"]["output"] == "warm and sunny"
    assert old["usage"]
    queued, running = answer[1][1], answer[2][1]
    assert queued["required_action"] is None
    assert queued["started_at"] == stream[-2][1]["started_at"] <= running["started_at"]


def test_two_rounds(standin: StandIn) -> None:
    first = standin.stream("/v1/threads/runs", standin.question("where is my order of Ann"))
    second = submit(standin, first[-2][1], find_order=json.dumps({"id": "A1", "parcel": "P9"}))
    assert names(second) == [*SUBMIT, *CALLS]
    call = second[-2][1]["required_action"]["submit_tool_outputs"]["tool_calls"][0]["function"]
    assert call == {"name": "track_parcel", "arguments": '{"parcel":"P9"}'}
    third = submit(standin, second[-2][1], track_parcel=json.dumps({"place": "Köln", "arrives": "Monday"}))
    assert names(third) == [*SUBMIT, *ANSWER]
    message = next(data for event, data in third if event == "thread.message.completed")
    said = message["content"][0]["text"]["value"]
    assert said == "Your order A1 is on its way. It was last seen in Köln, and should arrive Monday."
    usages = [
        data["usage"]["total_tokens"] for event, data in [*second, *third] if event == "thread.run.step.completed"
    ]
    assert third[-2][1]["usage"]["total_tokens"] == sum(usages)


def test_deltas_of_two_parallel_calls_join_to_the_arguments(standin: StandIn) -> None:
    stream = standin.stream("/v1/threads/runs", standin.question("weather in Rome and New York"))
    joined: dict[int, str] = {}
    for event, data in stream:
        if event == "thread.run.step.delta":
            (call,) = data["delta"]["step_details"]["tool_calls"]
            if call["index"] not in joined:
                assert list(call) == ["index", "id", "type", "function"]
                assert call["function"] == {"name": "get_weather", "arguments": "", "output": None}
            else:
                assert list(call) == ["index", "type", "function"]
                assert list(call["function"]) == ["arguments"]
            joined[call["index"]] = joined.get(call["index"], "") + call["function"]["arguments"]
    calls = stream[-2][1]["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert list(joined.values()) == [call["function"]["arguments"] for call in calls]
    assert list(joined.values()) == ['{"city":"Rome"}', '{"city":"New York"}']


def test_text_deltas_join_to_the_message(standin: StandIn) -> None:
    stream = standin.stream("/v1/threads/runs", standin.question("hello"))
    texts = [d["delta"]["content"][0]["text"] for event, d in stream if event == "thread.message.delta"]
    message = next(data for event, data in stream if event == "thread.message.completed")
    assert [list(text) for text in texts] == [["value", "annotations"]] + [["value"]] * (len(texts) - 1)
    assert "".join(text["value"] for text in texts) == message["content"][0]["text"]["value"]
    assert "👋" in message["content"][0]["text"]["value"]


def test_a_stream_takes_its_time(standin: StandIn) -> None:
    began, timing = standin.now, standin.script.timing
    stream = standin.stream("/v1/threads/runs", standin.question("hello"))
    deltas = sum(event == "thread.message.delta" for event, _ in stream)
    expected = (timing.queued_ms + timing.answer_ms + deltas * timing.frame_ms) / 1000
    assert standin.now - began == pytest.approx(expected, abs=0.001)
