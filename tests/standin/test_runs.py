"""What moves a run: creating, submitting, cancelling, and how it ends."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from toolreel.standin import objects, runs
from toolreel.standin.script import load_script
from toolreel.standin.state import ThreadRecord, World

from .conftest import START, StandIn, path_of


def outputs_of(run: Any, text: str) -> dict[str, Any]:
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    return {"tool_outputs": [{"tool_call_id": call["id"], "output": text} for call in calls]}


def test_submit_in_json(standin: StandIn) -> None:
    run = standin.wait(standin.ask("weather in Rome"), "requires_action")
    standin.now += 30
    queued = standin.ok("POST", path_of(run) + "/submit_tool_outputs", outputs_of(run, "warm"))
    assert (queued["status"], queued["required_action"]) == ("queued", None)
    assert queued["started_at"] == run["started_at"]
    done = standin.wait(run, "completed")
    assert done["started_at"] >= run["started_at"] + 30
    messages = standin.ok("GET", f"/v1/threads/{run['thread_id']}/messages")
    assert messages["data"][0]["content"][0]["text"]["value"] == "The weather in Rome: warm"
    steps = standin.ok("GET", path_of(run) + "/steps?order=asc")["data"]
    assert [(step["type"], step["status"]) for step in steps] == [
        ("tool_calls", "completed"),
        ("message_creation", "completed"),
    ]
    assert steps[1]["step_details"]["message_creation"]["message_id"] == messages["first_id"]
    assert done["usage"]["prompt_tokens"] == sum(step["usage"]["prompt_tokens"] for step in steps)


@pytest.mark.parametrize("status", ["queued", "in_progress", "requires_action"])
def test_cancel(standin: StandIn, status: str) -> None:
    run = standin.wait(standin.ask("weather in Rome"), status)
    assert standin.ok("POST", path_of(run) + "/cancel")["status"] == "cancelling"
    standin.now += 0.1
    assert standin.poll(run)["status"] == "cancelling"
    standin.now += 0.11
    cancelled = standin.poll(run)
    assert (cancelled["status"], cancelled["required_action"]) == ("cancelled", None)
    assert cancelled["cancelled_at"] == int(START)
    steps = standin.ok("GET", path_of(run) + "/steps")["data"]
    assert [step["status"] for step in steps] == (["cancelled"] if status == "requires_action" else [])


def test_failed_run_has_its_error(standin: StandIn) -> None:
    failed = standin.wait(standin.ask("fail"), "failed")
    assert failed["last_error"]["code"] == "rate_limit_exceeded"
    assert failed["failed_at"] == START


def test_incomplete_run_says_why(standin: StandIn) -> None:
    run = standin.wait(standin.ask("long story"), "incomplete")
    assert run["incomplete_details"] == {"reason": "max_completion_tokens"}
    assert run["usage"]["total_tokens"] > 0


def test_latest_user_message_counts(standin: StandIn) -> None:
    run = standin.wait(
        standin.ask("weather in Rome", additional_messages=[{"role": "user", "content": "hello"}]), "completed"
    )
    texts = [
        m["content"][0]["text"]["value"]
        for m in standin.ok("GET", f"/v1/threads/{run['thread_id']}/messages")["data"]
    ]
    assert texts[0].startswith("Grüß dich!")
    assert texts[1:] == ["hello", "weather in Rome"]


def test_undeclared_tool_is_not_called(standin: StandIn) -> None:
    run = standin.wait(standin.ask("weather in Rome", tools=[]), "completed")
    answer = standin.ok("GET", f"/v1/threads/{run['thread_id']}/messages?run_id={run['id']}")
    assert len(answer["data"]) == 1
    assert "wants to call get_weather" in answer["data"][0]["content"][0]["text"]["value"]


def test_cancelling_while_the_answer_is_written() -> None:
    """A cancel that comes from elsewhere ends an open stream."""
    script = load_script(None)
    world = World(script, Random(1))
    helper = objects.assistant("asst_1", START, {"model": "m"})
    world.assistants["asst_1"] = helper
    thread = ThreadRecord(objects.thread("thread_1", START, {}))
    runs.add_message(world, thread, {"role": "user", "content": "hello"}, START)
    record = runs.create_run(world, thread, {"assistant_id": "asst_1", "stream": True}, START, new_thread=False)
    thread.advance(START + 0.45)
    assert thread.messages[-1]["status"] == "in_progress"
    runs.cancel_run(world, thread, record, START + 0.45)
    thread.advance(START + 0.66)
    assert not record.leg.pending
    events = [frame.split("\n")[0].removeprefix("event: ") for frame in record.leg.frames]
    assert events[-4:] == [
        "thread.run.cancelling",
        "thread.message.incomplete",
        "thread.run.step.cancelled",
        "thread.run.cancelled",
    ]
    assert events[-5] == "thread.message.delta"
    assert thread.messages[-1]["incomplete_details"] == {"reason": "run_cancelled"}


def test_run_takes_what_the_request_leaves_open_from_the_assistant(standin: StandIn) -> None:
    helper = standin.assistant(instructions="Be kind.", temperature=0, metadata={"a": "b"}, top_p=0.5)
    thread = {"messages": [{"role": "user", "content": "hello"}]}
    run = standin.ok(
        "POST",
        "/v1/threads/runs",
        {"assistant_id": helper, "thread": thread, "additional_instructions": "Be brief.", "model": "gpt-4.1"},
    )
    assert run["instructions"] == "Be kind. Be brief."
    assert (run["model"], run["temperature"], run["top_p"], run["metadata"]) == ("gpt-4.1", 0.0, 0.5, {})
    assert [tool["function"]["name"] for tool in run["tools"]] == ["get_weather", "find_order", "track_parcel"]


def test_instructions_are_enough_for_a_run_without_a_message(standin: StandIn) -> None:
    run = standin.ok("POST", "/v1/threads/runs", {"assistant_id": standin.assistant(instructions="Say hello.")})
    assert standin.wait(run, "completed")["instructions"] == "Say hello."


def test_one_call_at_a_time_without_parallel_calls(standin: StandIn) -> None:
    run = standin.wait(standin.ask("weather in Rome and Oslo", parallel_tool_calls=False), "requires_action")
    assert len(outputs_of(run, "")["tool_outputs"]) == 1
    standin.ok("POST", path_of(run) + "/submit_tool_outputs", outputs_of(run, '{"temperature": 1, "sky": "clear"}'))
    again = standin.wait(run, "requires_action")
    assert again["required_action"] != run["required_action"]
    standin.ok("POST", path_of(run) + "/submit_tool_outputs", outputs_of(again, '{"temperature": 2, "sky": "grey"}'))
    standin.wait(run, "completed")
    said = standin.ok("GET", f"/v1/threads/{run['thread_id']}/messages")["data"][0]["content"][0]["text"]["value"]
    assert said == "In Rome it is 1° and clear, in Oslo 2° and grey."
