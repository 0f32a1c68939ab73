from __future__ import annotations

from typing import Any

import pytest

from tests.normalise.takes import Exchange, get, post, stream, take
from toolreel.inspect.findings import Finding, Level, Recording
from toolreel.inspect.lint_streams import disagreements, endings
from toolreel.messages.model import Ending, JsonFrame, TextFrame

from .tapes import CALL, ON_RUN, ON_THREAD, STEP, SUBMIT, answered, begun, delta, function, message, read, run, sample


def ended(*frames: Any, ending: Ending = Ending.COMPLETE, path: str = SUBMIT) -> list[Finding]:
    return list(endings(Recording(take(post(path, frames=frames, ending=ending)))))


RUN_FRAME = JsonFrame(event="thread.run.queued", value=run("queued"))
DONE = TextFrame(event="done", text="[DONE]")
CHUNK = JsonFrame(value={"object": "chat.completion.chunk", "choices": []})
RESPONSE = JsonFrame(event="response.created", value={"type": "response.created", "response": {}})
COMPLETED = JsonFrame(event="response.completed", value={"type": "response.completed", "response": {}})


@pytest.mark.parametrize(
    "frames",
    [
        (RUN_FRAME, DONE),
        (CHUNK, TextFrame(text="[DONE]")),
        (RESPONSE, COMPLETED),
        (JsonFrame(value={"a": 1}),),
        (),
    ],
    ids=["assistants", "chat", "responses", "another-api", "empty"],
)
def test_a_stream_that_ends_as_its_api_does_is_right(frames: tuple[Any, ...]) -> None:
    assert ended(*frames) == []


@pytest.mark.parametrize("frames", [(RUN_FRAME,), (CHUNK, CHUNK), (RESPONSE,)])
def test_a_stream_without_its_last_frame_is_found(frames: tuple[Any, ...]) -> None:
    (one,) = ended(*frames)
    assert (one.rule, one.level, one.n, one.place) == (
        "last-frame",
        Level.WARNING,
        1,
        f"answer.frames[{len(frames) - 1}]",
    )
    (one,) = ended(*frames, ending=Ending.CUT)
    assert (one.level, "broke the stream off" in one.message) == (Level.WARNING, True)
    (one,) = ended(*frames, ending=Ending.CLIENT_GONE)
    assert one.level is Level.NOTE


def test_a_seeded_fault_in_the_sample_is_found() -> None:
    cassette = sample((',\n     {"event": "done", "text": "[DONE]"}', ""))
    assert [one.n for one in endings(Recording(cassette))] == [3, 4]


# ------------------------------------------------------------------------------------------------------ disagreements


def told(*exchanges: Exchange) -> list[tuple[int | None, str]]:
    return [(one.n, one.message) for one in disagreements(Recording(take(*exchanges)))]


def test_what_agrees_is_right() -> None:
    assert told(*begun(function(CALL)), answered("It is ", "21°."), read("It is 21°.")) == []


def test_a_message_that_reads_otherwise_than_it_was_streamed_is_found() -> None:
    ((n, said),) = told(*begun(function(CALL)), answered("It is ", "21°."), read("It is 25°."))
    assert n == 5
    assert "the stream in 4 says 'It is 21°.', this answer 'It is 25°.'" in said


def test_deltas_that_do_not_join_to_the_message_are_found() -> None:
    ((n, said),) = told(*begun(function(CALL)), answered("It is ", "21°.", said="It is 22°."))
    assert n == 4
    assert "the deltas of this stream join to 'It is 21°.', this answer 'It is 22°.'" in said


def step(arguments: str, output: str | None = None) -> dict[str, Any]:
    calls = [function(CALL, arguments, **({"output": output} if output else {}))]
    return {"id": STEP, "object": "thread.run.step", "status": "completed", "step_details": {"tool_calls": calls}}


def test_arguments_outputs_and_statuses_that_change_afterwards_are_found() -> None:
    streamed = stream(
        SUBMIT, [("thread.run.step.completed", step("{}", "21")), ("thread.run.completed", run("completed"))]
    )
    listed = get(f"{ON_RUN}/steps", {"object": "list", "data": [step('{"x":1}', "25")]})
    assert [said.split(":")[0].split(" ")[0] for _, said in told(streamed, listed)] == ["arguments", "output"]
    ((_, said),) = told(streamed, get(ON_RUN, run("failed")))
    assert said.startswith("status of")


def test_what_is_still_growing_does_not_count() -> None:
    growing = get(f"{ON_THREAD}/messages/m", message("It is", status="in_progress"))
    assert told(*begun(function(CALL)), answered("It is ", "21°."), growing) == []
    events = [("a", message("", status="in_progress")), ("b", delta("x")), ("c", run("in_progress"))]
    assert told(stream(SUBMIT, events), get(ON_RUN, run("completed"))) == []


def test_each_stream_counts_for_those_after_it() -> None:
    first, second = answered("a"), stream(SUBMIT, [("thread.message.completed", message("b"))])
    assert [n for n, _ in told(first, second, read("b"))] == [2]


def test_a_response_is_not_over_before_its_last_event() -> None:
    def event(kind: str, text: str) -> JsonFrame:
        output = [
            {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
        ]
        status = "completed" if kind == "completed" else "in_progress"
        response = {"id": "r", "object": "response", "status": status, "output": output}
        return JsonFrame(event=f"response.{kind}", value={"type": f"response.{kind}", "response": response})

    delta_frame = JsonFrame(
        value={"type": "response.output_text.delta", "item_id": "m", "content_index": 0, "delta": "hi"}
    )
    assert told(post("/responses", frames=[event("created", ""), delta_frame, event("completed", "hi")])) == []
    assert len(told(post("/responses", frames=[event("created", ""), delta_frame, event("completed", "ho")]))) == 1
