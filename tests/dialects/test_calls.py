from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.dialects.calls import Call, Output, calls_in, outputs_in, required_in, said, streamed_calls

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "tool_calls",
                    "function",
                    "id",
                    "type",
                    "name",
                    "arguments",
                    "output",
                    "object",
                    "delta",
                    "choices",
                    "required_action",
                    "status",
                    "index",
                    "submit_tool_outputs",
                    "step_details",
                    "input",
                    "messages",
                    "tool_outputs",
                    "call_id",
                    "role",
                    "code_interpreter",
                ]
            ),
            inner
            | st.sampled_from(["function", "thread.run", "requires_action", "chat.completion", "response", "tool"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


def function(id_: str, name: str, arguments: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments, **more}}


def run(status: str, *calls: dict[str, Any]) -> dict[str, Any]:
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": list(calls)}} if calls else None
    return {"id": "run_1", "object": "thread.run", "status": status, "required_action": action}


PARIS = function("call_1", "weather", '{"city":"Paris"}')
ITEM = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": "{}"}


@pytest.mark.parametrize(
    ("value", "calls"),
    [
        pytest.param(run("requires_action", PARIS), [Call("call_1", "weather", '{"city":"Paris"}')], id="run"),
        pytest.param(
            {"step_details": {"tool_calls": [function("c", "f", "{}", output="21")]}},
            [Call("c", "f", "{}", "21")],
            id="step-with-output",
        ),
        pytest.param(
            {"step_details": {"tool_calls": [function("c", "f", "{}", output=None)]}},
            [Call("c", "f", "{}")],
            id="step-without-output",
        ),
        pytest.param(
            {
                "tool_calls": [
                    {"id": "c", "type": "code_interpreter", "code_interpreter": {"input": "1", "outputs": []}}
                ]
            },
            [Call("c", "code_interpreter", "1", "[]")],
            id="code-interpreter",
        ),
        pytest.param(
            {"tool_calls": [{"id": "c", "type": "file_search", "file_search": {"ranking_options": {"a": 1}}}]},
            [Call("c", "file_search", '{"ranking_options": {"a": 1}}')],
            id="file-search",
        ),
        pytest.param({"output": [ITEM]}, [Call("call_1", "weather", "{}")], id="response"),
        pytest.param(
            {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "{}", "output": "x"},
            [Call("mcp_1", "f", "{}", "x")],
            id="mcp-call",
        ),
        pytest.param({"tools": [{"type": "function", "function": {"name": "f"}}]}, [], id="a-definition-is-no-call"),
        pytest.param({"tool_calls": [{"type": "function", "function": {"name": "f"}}]}, [], id="without-id"),
        pytest.param({"tool_calls": [{"id": "c"}, 3, None]}, [], id="odd"),
        pytest.param({"type": "function_call", "name": 3, "call_id": "c"}, [], id="odd-item"),
        pytest.param([[{"tool_calls": [PARIS]}]], [Call("call_1", "weather", '{"city":"Paris"}')], id="deep"),
    ],
)
def test_the_calls_in_a_value(value: Any, calls: list[Call]) -> None:
    assert list(calls_in(value)) == calls


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (run("requires_action", PARIS), ["call_1"]),
        (run("completed", PARIS), []),
        ({"object": "chat.completion", "choices": [{"message": {"tool_calls": [PARIS]}}]}, ["call_1"]),
        ({"object": "response", "output": [ITEM, {"type": "mcp_call", "id": "m", "name": "n"}]}, ["call_1"]),
        ({"object": "response", "output": None}, []),
        ({"object": "list", "data": []}, []),
        (3, []),
    ],
)
def test_what_an_answer_waits_for(value: Any, ids: list[str]) -> None:
    assert [call.id for call in required_in(value)] == ids


@pytest.mark.parametrize(
    ("value", "outputs"),
    [
        ({"tool_outputs": [{"tool_call_id": "c", "output": "21"}, {"output": "x"}, 3]}, [Output("c", "21")]),
        ({"tool_outputs": [{"tool_call_id": "c", "output": {"é": 1}}]}, [Output("c", '{"é": 1}')]),
        ({"tool_outputs": [{"tool_call_id": "c"}]}, [Output("c", "")]),
        ({"messages": [{"role": "tool", "tool_call_id": "c", "content": "5"}, {"role": "user"}]}, [Output("c", "5")]),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "5"}, "x"]}, [Output("c", "5")]),
        ({"input": "text"}, []),
        (None, []),
    ],
)
def test_what_a_request_submits(value: Any, outputs: list[Output]) -> None:
    assert outputs_in(value) == outputs


def step_delta(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": {"tool_calls": list(calls)}}}


def test_calls_are_joined_of_the_deltas_of_a_step() -> None:
    deltas = [
        step_delta({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}),
        step_delta({"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{"}}),
        step_delta({"index": 0, "type": "function", "function": {"arguments": '{"x"'}}),
        step_delta({"index": 1, "function": {"arguments": "}"}}, {"index": 0, "function": {"arguments": ":1}"}}),
    ]
    assert streamed_calls(deltas) == [Call("a", "f", '{"x":1}'), Call("b", "g", "{}")]


def test_calls_are_joined_of_the_chunks_of_a_chat_choice_by_choice() -> None:
    def chunk(choice: int, arguments: str, **more: Any) -> dict[str, Any]:
        call = {"index": 0, **more, "function": {"name": more.get("id"), "arguments": arguments}}
        return {"id": "chatcmpl-1", "choices": [{"index": choice, "delta": {"tool_calls": [call]}}, 3]}

    chunks = [
        chunk(0, "", id="a", type="function"),
        chunk(1, "[", id="b", type="function"),
        chunk(0, "{"),
        chunk(1, "]"),
    ]
    assert streamed_calls(chunks) == [Call("a", "a", "{"), Call("b", "b", "[]")]


def test_the_code_interpreters_input_comes_in_pieces_too() -> None:
    deltas = [
        step_delta({"index": 0, "id": "a", "type": "code_interpreter", "code_interpreter": {"input": "1"}}),
        step_delta({"index": 0, "type": "code_interpreter", "code_interpreter": {"input": "+1"}}),
    ]
    assert streamed_calls(deltas) == [Call("a", "code_interpreter", "1+1")]


@given(JSON)
def test_nothing_that_is_odd_raises(value: Any) -> None:
    list(calls_in(value))
    required_in(value)
    outputs_in(value)
    streamed_calls([value])


def test_a_text_says_itself() -> None:
    assert (said("ü"), said(["ü"])) == ("ü", '["ü"]')
