from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from toolreel.dialects.deltas import is_delta
from toolreel.dialects.texts import Joined, Message, answer_of, asked_in, content_text, joined_texts, messages_in

from .test_calls import JSON


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": {"value": value, "annotations": []}}


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (
            {
                "object": "thread.message",
                "id": "m",
                "role": "assistant",
                "content": [text("a"), {"type": "x"}, text("b")],
            },
            [Message("m", "assistant", "ab")],
        ),
        ({"object": "thread.message", "content": "plain"}, [Message("", "", "plain")]),
        (
            {"object": "list", "data": [{"object": "thread.message", "id": "n", "role": "user", "content": []}, 3]},
            [Message("n", "user", "")],
        ),
        (
            {"object": "chat.completion", "choices": [{"message": {"role": "assistant", "content": "hi"}}, {}, 3]},
            [Message("", "assistant", "hi")],
        ),
        (
            {
                "object": "response",
                "output": [
                    {
                        "type": "message",
                        "id": "m",
                        "role": "assistant",
                        "content": [{"type": "output_text", "text": "hi"}],
                    },
                    {"type": "reasoning"},
                ],
            },
            [Message("m", "assistant", "hi")],
        ),
        ({"object": "thread"}, []),
        ([1], []),
    ],
)
def test_the_messages_of_an_answer(value: Any, messages: list[Message]) -> None:
    assert list(messages_in(value)) == messages


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ({"role": "user", "content": "What?"}, ["What?"]),
        ({"role": "user", "content": [text("Wh"), text("at?")]}, ["What?"]),
        ({"content": ""}, []),
        ({"thread": {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}}, ["a"]),
        ({"messages": [{"role": "user", "content": "new thread"}]}, ["new thread"]),
        ({"additional_messages": [{"role": "user", "content": "more"}]}, ["more"]),
        (
            {
                "messages": [
                    {"role": "system", "content": "s"},
                    {"role": "user", "content": "old"},
                    {"role": "assistant", "content": "said"},
                    {"role": "user", "content": "new"},
                ]
            },
            ["new"],
        ),
        ({"messages": [{"role": "user", "content": "old"}, {"role": "tool", "content": "5"}]}, []),
        ({"input": "hello"}, ["hello"]),
        ({"input": [{"role": "user", "content": "a"}, {"type": "function_call_output", "call_id": "c"}]}, []),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}]}, ["a"]),
        ({"messages": [3], "input": {}, "thread": 3}, []),
        ("text", []),
    ],
)
def test_what_a_request_asks_anew(value: Any, asked: list[str]) -> None:
    assert asked_in(value) == asked


def test_a_refusal_is_a_text_too() -> None:
    assert content_text([{"type": "refusal", "refusal": "No."}]) == "No."


def message_delta(index: int, value: str, id_: str = "msg_1") -> dict[str, Any]:
    content = [{"index": index, "type": "text", "text": {"value": value}}]
    return {"id": id_, "object": "thread.message.delta", "delta": {"content": content}}


def test_deltas_are_joined_by_what_they_belong_to() -> None:
    values = [
        message_delta(0, "It "),
        message_delta(1, "x"),
        message_delta(0, "is", "msg_2"),
        message_delta(0, "was"),
    ]
    assert joined_texts(values) == [
        Joined("msg_1", "content[0].text.value", "It was", 2),
        Joined("msg_1", "content[1].text.value", "x", 1),
        Joined("msg_2", "content[0].text.value", "is", 1),
    ]
    assert answer_of(joined_texts(values)) == "It wasxis"


def test_arguments_are_joined_but_are_no_answer() -> None:
    call = {"index": 0, "function": {"arguments": "{}"}}
    step = {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": {"tool_calls": [call]}}}
    joined = joined_texts([step])
    assert joined == [Joined("step_1", "step_details.tool_calls[0].function.arguments", "{}", 1)]
    assert answer_of(joined) == ""


def test_chats_and_responses_are_joined_alike() -> None:
    chunks = [
        {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 1, "delta": {"content": piece}}]}
        for piece in ("a", "b")
    ]
    assert joined_texts(chunks) == [Joined("c", "choices[1].content", "ab", 2)]
    assert answer_of(joined_texts(chunks)) == "ab"
    events = [
        {"type": "response.output_text.delta", "item_id": "m", "content_index": 0, "delta": piece} for piece in "ab"
    ]
    assert joined_texts(events) == [Joined("m", "output_text", "ab", 2)]
    assert answer_of(joined_texts(events)) == "ab"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (message_delta(0, "x"), True),
        ({"object": "chat.completion.chunk", "choices": []}, True),
        ({"object": "thread.run"}, False),
        ([{"delta": 1}], False),
    ],
)
def test_a_delta_is_but_a_piece(value: Any, expected: bool) -> None:
    assert is_delta(value) is expected


@given(JSON)
def test_nothing_that_is_odd_raises(value: Any) -> None:
    list(messages_in(value))
    asked_in(value)
    joined_texts([value])
