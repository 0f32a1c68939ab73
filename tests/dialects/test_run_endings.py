from __future__ import annotations

from typing import Any

import pytest
from openai.types.beta.threads import Message, Run
from openai.types.beta.threads.runs import RunStep

from toolreel.dialects.run_endings import RunEnd, Status, Watch, latest, refusal

RUN: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 100,
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "status": "in_progress",
    "started_at": 103,
    "expires_at": 700,
    "cancelled_at": None,
    "failed_at": None,
    "completed_at": None,
    "required_action": None,
    "last_error": None,
    "model": "gpt-4o",
    "instructions": "",
    "tools": [],
    "metadata": {},
    "incomplete_details": None,
    "usage": None,
    "truncation_strategy": {"type": "auto", "last_messages": None},
    "response_format": "auto",
    "tool_choice": "auto",
    "parallel_tool_calls": True,
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
WAITING = RUN | {
    "status": "requires_action",
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}},
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 104,
    "thread_id": "thread_1",
    "run_id": "run_1",
    "assistant_id": "asst_1",
    "status": "in_progress",
    "incomplete_details": None,
    "incomplete_at": None,
    "completed_at": None,
    "role": "assistant",
    "content": [],
    "attachments": [],
    "metadata": {},
}
STEP: dict[str, Any] = {
    "id": "step_1",
    "object": "thread.run.step",
    "created_at": 104,
    "run_id": "run_1",
    "assistant_id": "asst_1",
    "thread_id": "thread_1",
    "type": "message_creation",
    "status": "in_progress",
    "cancelled_at": None,
    "completed_at": None,
    "expires_at": 700,
    "failed_at": None,
    "last_error": None,
    "step_details": {"type": "message_creation", "message_creation": {"message_id": "msg_1"}},
    "usage": None,
}


def delta(text: str, index: int = 0) -> dict[str, Any]:
    content = [{"index": index, "type": "text", "text": {"value": text, "annotations": []}}]
    return {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": content}}


@pytest.mark.parametrize(
    ("end", "changed"),
    [
        pytest.param(
            RunEnd(Status.FAILED),
            {
                "status": "failed",
                "failed_at": 103,
                "expires_at": None,
                "last_error": {"code": "server_error", "message": "Sorry, something went wrong."},
            },
            id="failed",
        ),
        pytest.param(RunEnd(Status.EXPIRED), {"status": "expired"}, id="expired"),
        pytest.param(
            RunEnd(Status.INCOMPLETE, reason="max_prompt_tokens"),
            {
                "status": "incomplete",
                "completed_at": 103,
                "expires_at": None,
                "incomplete_details": {"reason": "max_prompt_tokens"},
            },
            id="incomplete",
        ),
    ],
)
@pytest.mark.parametrize("run", [RUN, WAITING], ids=["in_progress", "requires_action"])
def test_a_run_says_how_it_ended(run: dict[str, Any], end: RunEnd, changed: dict[str, Any]) -> None:
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    ended = end.of(run)
    assert ended == RUN | changed | {"usage": usage}
    assert list(ended) == list(RUN), "the fields stay in the order of the API"
    Run.model_validate(ended)


def test_a_run_keeps_what_it_has_used() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert RunEnd(Status.FAILED).of(RUN | {"usage": usage})["usage"] == usage


@pytest.mark.parametrize(
    ("status", "message_reason", "step_status", "events"),
    [
        (
            Status.FAILED,
            "run_failed",
            "failed",
            ["thread.message.incomplete", "thread.run.step.failed", "thread.run.failed"],
        ),
        (
            Status.EXPIRED,
            "run_expired",
            "expired",
            ["thread.message.incomplete", "thread.run.step.expired", "thread.run.expired"],
        ),
        (
            Status.INCOMPLETE,
            "max_tokens",
            "completed",
            ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete"],
        ),
    ],
)
def test_what_a_run_leaves_unfinished_ends_before_it(
    status: Status, message_reason: str, step_status: str, events: list[str]
) -> None:
    watch = Watch()
    for value in (RUN, STEP, MESSAGE, delta("Hel"), delta("lo "), delta("you", 1), delta("lost", 7), "[DONE]", None):
        watch.see(value)
    (first, message), (second, step), (third, run) = watch.ended(RunEnd(status))
    assert [first, second, third] == events
    texts = [part["text"]["value"] for part in message["content"]]
    assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": message_reason})
    assert texts == ["Hello ", "you"]
    assert (step["status"], step[f"{step_status}_at"]) == (step_status, 103)
    assert run == RunEnd(status).of(RUN)
    Message.model_validate(message)
    RunStep.model_validate(step)


def test_what_is_finished_is_not_ended_again() -> None:
    watch = Watch()
    for value in (STEP, RUN, STEP | {"status": "completed"}, MESSAGE, MESSAGE | {"status": "completed"}):
        watch.see(value)
    assert [event for event, _ in watch.ended(RunEnd(Status.FAILED))] == ["thread.run.failed"]


def test_a_stream_that_shows_no_run_cannot_end_it() -> None:
    watch = Watch()
    watch.see(STEP)
    assert list(watch.ended(RunEnd(Status.FAILED))) == []


def test_a_delta_of_what_is_no_text_changes_nothing() -> None:
    watch = Watch()
    picture = {"type": "image_file", "image_file": {"file_id": "file-1"}}
    for value in (
        RUN,
        MESSAGE | {"content": [picture]},
        delta("x"),
        {"id": "msg_1", "object": "thread.message.delta"},
    ):
        watch.see(value)
    (_, message), _ = watch.ended(RunEnd(Status.FAILED))
    assert message["content"] == [picture]


@pytest.mark.parametrize(
    ("run", "calls", "message"),
    [
        (RUN | {"status": "queued"}, ["call_1"], 'Runs in status "queued" do not accept tool outputs.'),
        (RUN | {"status": "expired"}, [], 'Runs in status "expired" do not accept tool outputs.'),
        (WAITING, ["call_1"], None),
        (WAITING, ["call_2"], "Expected tool outputs for call_ids ['call_1'], got ['call_2']"),
        (WAITING, [], "Expected tool outputs for call_ids ['call_1'], got []"),
    ],
)
def test_the_api_takes_outputs_for_what_a_run_waits_for(
    run: dict[str, Any], calls: list[str], message: str | None
) -> None:
    assert refusal(run, calls) == message


@pytest.mark.parametrize(
    ("run", "at"), [(RUN, 103), (RUN | {"completed_at": 110}, 110), ({}, 0), ({"created_at": "x"}, 0)]
)
def test_the_last_moment_of_a_run_is_not_when_it_expires(run: dict[str, Any], at: int) -> None:
    assert latest(run) == at
