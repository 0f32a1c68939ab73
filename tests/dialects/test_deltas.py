from __future__ import annotations

from typing import Any

import pytest

from toolreel.dialects.deltas import pieces


def message(text: Any, index: int = 0, id_: str = "msg_1") -> dict[str, Any]:
    content = [{"index": index, "type": "text", "text": text}]
    return {"id": id_, "object": "thread.message.delta", "delta": {"content": content}}


def step(arguments: str, index: int = 0, **more: Any) -> dict[str, Any]:
    call = {"index": index, "type": "function", "function": {"arguments": arguments, **more}}
    details = {"type": "tool_calls", "tool_calls": [call]}
    return {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": details}}


def chat(content: str, index: int = 0) -> dict[str, Any]:
    choice = {"index": index, "delta": {"content": content}}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}


def responses(delta: str, item: str = "msg_1", content: int = 0) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "item_id": item, "content_index": content, "delta": delta}


@pytest.mark.parametrize(
    ("frame", "strings"),
    [
        pytest.param(message({"value": "It"}), ["It"], id="message"),
        pytest.param(message({"value": "It", "annotations": []}), ["It"], id="first-message"),
        pytest.param(step('{"a'), ['{"a'], id="arguments"),
        pytest.param(step("", name="get_weather", output=None), [""], id="first-arguments"),
        pytest.param(step("", output="21"), ["", "21"], id="output"),
        pytest.param(chat("It"), ["It"], id="chat"),
        pytest.param(responses("It"), ["It"], id="responses"),
        pytest.param({"object": "thread.run", "instructions": "text"}, [], id="no-delta"),
        pytest.param({"delta": 3}, [], id="odd-delta"),
        pytest.param([1], [], id="list"),
        pytest.param(None, [], id="null"),
    ],
)
def test_the_pieces_of_a_frame(frame: Any, strings: list[str]) -> None:
    found = pieces(frame)
    assert [piece.string for piece in found] == strings
    for piece in found:
        value = frame
        for place in piece.path:
            value = value[place]
        assert value == piece.string


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(message({"value": "a"}), message({"value": "b", "annotations": []}), True, id="message"),
        pytest.param(message({"value": "a"}), message({"value": "b"}, index=1), False, id="other-part"),
        pytest.param(message({"value": "a"}), message({"value": "b"}, id_="msg_2"), False, id="other-message"),
        pytest.param(step("a", name="f"), step("b"), True, id="arguments"),
        pytest.param(step("a"), step("b", index=1), False, id="other-call"),
        pytest.param(chat("a"), chat("b"), True, id="chat"),
        pytest.param(chat("a"), chat("b", index=1), False, id="other-choice"),
        pytest.param(responses("a"), responses("b"), True, id="responses"),
        pytest.param(responses("a"), responses("b", item="msg_2"), False, id="other-item"),
        pytest.param(responses("a"), responses("b", content=1), False, id="other-content"),
    ],
)
def test_pieces_belong_together_by_what_does_not_change(one: Any, other: Any, same: bool) -> None:
    assert (pieces(one)[-1].text == pieces(other)[-1].text) is same


@pytest.mark.parametrize("odd", [[], {}, [{"a": [1]}], {"b": None}, 1.5, True, None])
def test_whatever_stands_for_an_id_or_number_names_a_text(odd: Any) -> None:
    frames = [{"id": odd, "delta": {"content": "a"}}, {"delta": {"content": [{"index": odd, "text": "a"}]}}]
    for frame in (*frames, chat("a", index=odd)):
        [piece] = pieces(frame)
        assert {piece.text: piece.string} == {pieces(frame)[0].text: "a"}
