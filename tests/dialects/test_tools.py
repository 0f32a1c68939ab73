from __future__ import annotations

from typing import Any

import pytest

from toolreel.dialects.tools import answered_calls, called

CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("value", "calls"),
    [
        pytest.param(
            {"required_action": {"submit_tool_outputs": {"tool_calls": [CALL]}}},
            [("call_1", "get_weather")],
            id="run",
        ),
        pytest.param(
            {"data": [{"step_details": {"tool_calls": [CALL, CALL]}}]}, [("call_1", "get_weather")] * 2, id="list"
        ),
        pytest.param(
            {"delta": {"step_details": {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}}},
            [],
            id="delta",
        ),
        pytest.param(
            {"tool_calls": [3, {"id": 3, "function": {"name": "n"}}, {"id": "c", "function": "n"}]}, [], id="odd"
        ),
        pytest.param({"tool_calls": None}, [], id="null"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_the_calls_of_an_answer_are_found(value: Any, calls: list[tuple[str, str]]) -> None:
    assert list(called(value)) == calls


@pytest.mark.parametrize(
    ("value", "calls"),
    [
        (
            {"tool_outputs": [{"tool_call_id": "call_1", "output": "x"}, {"tool_call_id": "call_2"}]},
            ["call_1", "call_2"],
        ),
        ({"tool_outputs": [3, {"tool_call_id": 3}, {}]}, []),
        ({"tool_outputs": None}, []),
        ({}, []),
        ([], []),
        (None, []),
    ],
)
def test_the_calls_that_a_request_answers_are_found(value: Any, calls: list[str]) -> None:
    assert answered_calls(value) == calls
