from __future__ import annotations

from typing import Any

import pytest

from tests.normalise.takes import Exchange as Made
from tests.normalise.takes import get, post, stream, take
from toolreel.dialects.calls import Call, Output
from toolreel.inspect.exchange import Exchange
from toolreel.messages.model import Frame, JsonFrame

from .tapes import CALL, ON_RUN, OTHER, SUBMIT, answered, delta, function, message, outputs, read, run


def exchange(made: Made) -> Exchange:
    return Exchange(take(made).interactions[0])


def test_a_poll_says_status_and_calls() -> None:
    one = exchange(get(ON_RUN, run("requires_action", function(CALL), function(OTHER, "{}"))))
    assert one.status == "requires_action"
    assert [(call.id, call.arguments) for call in one.required] == [(CALL, '{"city":"Paris"}'), (OTHER, "{}")]
    assert one.calls == one.required
    assert one.objects == ["thread.run"]
    assert not one.streams


def test_a_stream_says_what_its_deltas_join_to() -> None:
    one = exchange(answered("It is ", "21°."))
    assert one.streams
    assert one.outputs == [Output(CALL, "21")]
    assert one.answer == "It is 21°."
    assert one.status == "completed"
    assert [joined.pieces for joined in one.joined] == [2]
    assert [said.text for said in one.messages] == ["It is 21°."]
    assert one.objects == []


def test_of_a_list_of_messages_the_newest_is_the_answer() -> None:
    data = [message("new"), message("old", id="msg_zyxwvutsrqponmlkjihgfedc"), message("asked", role="user", id="m")]
    one = exchange(get("/threads/t/messages", {"object": "list", "data": data}))
    assert one.answer == "new"
    assert one.objects == ["thread.message"] * 3
    assert [said.text for said in one.messages] == ["new", "old", "asked"]


def test_of_the_states_of_a_message_the_last_counts() -> None:
    events = [
        ("thread.message.created", message("", status="in_progress")),
        ("thread.message.completed", message("x")),
    ]
    one = exchange(stream(SUBMIT, events))
    assert [said.text for said in one.messages] == ["x"]
    assert one.answer == "x"


def test_a_call_keeps_its_output_when_a_later_object_does_not_tell_it() -> None:
    step = {"object": "thread.run.step", "step_details": {"tool_calls": [function(CALL, output="21")]}}
    one = exchange(stream(SUBMIT, [("a", step), ("b", run("requires_action", function(CALL)))]))
    assert one.calls == [Call(CALL, "get_weather", '{"city":"Paris"}', "21")]


def chunk(**changes: Any) -> Frame:
    choice = {"index": 0, "delta": changes}
    return JsonFrame(value={"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]})


def test_a_chat_that_streams_requires_what_its_chunks_spell_out() -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": "{}"}}
    one = exchange(post("/chat/completions", frames=[chunk(tool_calls=[call]), chunk(tool_calls=[more])]))
    assert one.required == one.calls == [Call("call_1", "add", "{}")]


def test_the_event_that_wraps_a_response_is_looked_into() -> None:
    text = [{"type": "output_text", "text": "hi"}]
    output = [{"type": "message", "id": "m", "role": "assistant", "content": text}]
    response = {"id": "resp_1", "object": "response", "status": "completed", "output": output}
    event = {"type": "response.completed", "response": response}
    one = exchange(post("/responses", frames=[JsonFrame(event="response.completed", value=event)]))
    assert (one.status, one.answer) == ("completed", "hi")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": {"message": "No such run."}}, "No such run."),
        ({"error": {"code": "bad"}}, "bad"),
        (run("failed", last_error={"code": "x", "message": "Sorry."}), "Sorry."),
        ({"error": None}, ""),
        ({"error": "text"}, ""),
    ],
)
def test_an_error_says_why(answer: Any, error: str) -> None:
    assert exchange(get(ON_RUN, answer)).error == error


def test_what_is_no_json_says_nothing() -> None:
    one = exchange(post("/x", "plain", "text"))
    said = [
        one.request,
        one.values,
        one.asked,
        one.outputs,
        one.calls,
        one.messages,
        one.answer,
        one.status,
        one.objects,
    ]
    assert said == [None, [], [], [], [], [], "", "", []]
    assert exchange(read("x")).request is None
    assert exchange(post("/x", frames=[JsonFrame(value=delta("a")), JsonFrame(value=[1])])).answer == "a"
    assert exchange(post(SUBMIT, [1], outputs((CALL, "x")))).outputs == [Output(CALL, "x")]
