from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.redaction import Redactor, StreamRedactor, rules_from

PIECES = st.sampled_from(
    [
        "sk-",
        "abcdefgh1234",
        "Bearer ",
        "password",
        '"',
        "\\",
        "=",
        ": ",
        " ",
        "\n",
        "{",
        "}",
        ",",
        '{"secret":"',
        "\\u0073",
        "REDACTED-0001",
        "hunter2xyz",
        "é",
        "😀",
        "a1" * 300,
        "user-",
        "eyJhbGciOi",
        ".",
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)
CUTS = st.lists(st.integers(0, 200), max_size=8)


def sse(event: str, value: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def said(text: str, message: str = "msg_00000001") -> bytes:
    content = [{"index": 0, "type": "text", "text": {"value": text}}]
    return sse(
        "thread.message.delta", {"id": message, "object": "thread.message.delta", "delta": {"content": content}}
    )


def called(arguments: str, index: int = 0) -> bytes:
    calls = [{"index": index, "type": "function", "function": {"arguments": arguments}}]
    delta = {"step_details": {"type": "tool_calls", "tool_calls": calls}}
    return sse("thread.run.step.delta", {"id": "step_00000001", "object": "thread.run.step.delta", "delta": delta})


def chat(text: str) -> bytes:
    choices = [{"index": 0, "delta": {"content": text}}]
    return sse("x", {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": choices})


def responded(text: str, item: str = "fc_00000001") -> bytes:
    value = {"type": "response.function_call_arguments.delta", "item_id": item, "output_index": 0, "delta": text}
    return sse("response.function_call_arguments.delta", value)


def fed(stream: StreamRedactor, frames: Iterable[bytes]) -> list[bytes]:
    return [out for frame in frames for out in stream.feed(frame)]


def closed(frames: list[bytes]) -> list[bytes]:
    stream = Redactor().stream()
    out = fed(stream, frames)
    last, tail = stream.close()
    assert tail == b""
    return out + last


@pytest.mark.parametrize("frame", [said, called, chat, responded])
@given(text=TEXTS, cuts=CUTS)
@settings(max_examples=100, deadline=None)
def test_any_fragmentation_gives_the_same_text(frame: Any, text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    out = closed([frame(piece) for piece in pieces])
    assert len(out) == len(pieces)
    parts = [json.loads(one.partition(b"data: ")[2]) for one in out]
    texts = [string_of(part) for part in parts]
    assert out == [frame(part) for part in texts]
    whole = closed([frame(text)])
    assert "".join(texts) == string_of(json.loads(whole[0].partition(b"data: ")[2]))
    assert closed(out) == out


def string_of(value: Any) -> str:
    if "choices" in value:
        text = value["choices"][0]["delta"]["content"]
    elif isinstance(value["delta"], str):
        text = value["delta"]
    elif "content" in value["delta"]:
        text = value["delta"]["content"][0]["text"]["value"]
    else:
        text = value["delta"]["step_details"]["tool_calls"][0]["function"]["arguments"]
    assert isinstance(text, str)
    return text


def test_the_placeholder_goes_into_the_frame_where_the_secret_began() -> None:
    stream = Redactor().stream()
    assert stream.feed(said("my key is ")) == [said("my key is ")]
    assert stream.feed(said("here: sk-abc")) == []
    assert stream.feed(said("defgh")) == []
    assert stream.feed(sse("thread.run.step.created", {"id": "x"})) == []
    assert stream.feed(said("1234, so")) == [
        said("here: REDACTED-0001"),
        said(""),
        sse("thread.run.step.created", {"id": "x"}),
        said(", so"),
    ]
    assert stream.close() == ([], b"")


def test_an_open_value_under_a_secret_key_is_held_back() -> None:
    stream = Redactor().stream()
    assert stream.feed(called('{"user":"a","pass')) == [called('{"user":"a","pass')]
    assert stream.feed(called('word":')) == [called('word":')]
    assert stream.feed(called(' "hun')) == []
    assert stream.feed(called("ter2")) == []
    assert stream.feed(called('", "x":"b')) == [called(' "REDACTED-0001'), called(""), called('", "x":"b')]
    assert stream.feed(called('"}')) == [called('"}')]


def test_json_in_arguments_that_come_in_pieces() -> None:
    inner = json.dumps({"headers": {"Authorization": "Bearer abc"}, "note": "fine"})
    text = json.dumps({"request": inner, "n": 1})
    out = closed([called(char) for char in text])
    assert "".join(string_of(json.loads(one.partition(b"data: ")[2])) for one in out) == text.replace(
        "abc", "REDACTED-0001"
    )


def test_texts_are_kept_apart() -> None:
    frames = [called('{"a":"sk-abc', 0), called('{"b":"x', 1), called('defgh1234"}', 0), called('defgh1234"}', 1)]
    assert closed(frames) == [
        called('{"a":"REDACTED-0001', 0),
        called('{"b":"x', 1),
        called('"}', 0),
        called('defgh1234"}', 1),
    ]


def test_other_strings_of_a_frame_are_redacted_whole() -> None:
    frames = [
        said("sk-abcdefgh"),
        said("1234"),
        sse("thread.message.completed", {"x": ["sk-abcdefgh1234"], "usage": 12}),
    ]
    assert closed(frames) == [
        said("REDACTED-0001"),
        said(""),
        sse("thread.message.completed", {"x": ["REDACTED-0001"], "usage": 12}),
    ]


PROSE = (
    "Sure! Here is a short summary of what I found: the user asked for a risk-averse plan, so she uses the service, "
    'e.g. "AKI" or user-friendly tools; the password must be long. See https://example.com/a?b=c for help. ' * 5
)


def test_prose_in_single_characters_is_hardly_held_back() -> None:
    stream, out = Redactor().stream(), 0
    for given_, char in enumerate(PROSE, start=1):
        out += len(stream.feed(said(char)))
        assert given_ - out <= len("user-friendly")
    assert [*closed([said(PROSE)])] == [said(PROSE)]


def test_ordinary_tokens_are_not_held_back() -> None:
    stream = Redactor().stream()
    late = sum(not stream.feed(said(word + " ")) for word in PROSE.split(" "))
    assert late == 0


@pytest.mark.parametrize(
    "end",
    [
        sse("thread.message.completed", {"id": "msg_00000001", "object": "thread.message"}),
        sse("thread.message.incomplete", {"id": "msg_00000001", "object": "thread.message"}),
    ],
)
def test_a_text_that_is_complete_holds_nothing_back(end: bytes) -> None:
    stream = Redactor().stream()
    assert stream.feed(said("ends with s")) == []
    assert stream.feed(sse("thread.run.step.in_progress", {"id": "step_1"})) == []
    assert len(stream.feed(end)) == 3


def test_the_end_of_an_item_of_the_responses_api() -> None:
    stream = Redactor().stream()
    done = sse(
        "response.function_call_arguments.done",
        {"type": "response.function_call_arguments.done", "item_id": "fc_00000001"},
    )
    assert stream.feed(responded('{"password":"a')) == []
    assert stream.feed(done) == [responded('{"password":"REDACTED-0001'), done]


def test_no_more_than_so_much_of_a_secret_is_held_back() -> None:
    stream = Redactor().stream()
    frames = [said("x" * 10 + "1") for _ in range(100)]
    held = 0
    out = list[bytes]()
    for frame in [said("sk-"), *frames]:
        held += 11
        new = stream.feed(frame)
        held -= 11 * len(new)
        out += new
        assert held <= 512 + 2 * 11
    out += stream.feed(said(" end"))
    assert out == [said("REDACTED-0001"), *[said("")] * 100, said(" end")]


def test_no_text_stops_a_long_stream() -> None:
    stream = Redactor().stream()
    out = stream.feed(said("a password: abc12"))
    assert out == []
    other = called("x " * 200)
    for _ in range(4000):
        out += stream.feed(other)
    assert len(out) > 1000
    assert out[0] == said("a password: abc12")  # no secret yet, and too much had to wait for it
    out = fed(stream, [said("34567 "), said("sk-abcdefgh1234 ")])
    assert out[-2:] == [said("REDACTED-0001 "), said("REDACTED-0002 ")]


def test_patterns_of_the_user_hold_back_by_their_length() -> None:
    stream = Redactor(rules_from({"patterns": [{"pattern": "acme[0-9]{4}", "max_length": 8}]})).stream()
    out = fed(stream, [said(char) for char in "an acme1234 is"])
    assert out == [said(char) for char in ["a", "n", " ", "REDACTED-0001"]][: len(out)]
    assert len(out) == 3
    assert len(out + stream.close()[0]) == 14


@pytest.mark.parametrize(
    ("tail", "result"),
    [
        (b"", b""),
        (b"event: thread.mess", b"event: thread.mess"),
        (b"data: sk-abcdefgh1234", b"data: R2"),
        (said("1234 x")[:-6], said("1234 x")[:-6].replace(b"1234 ", b" ")),
        (said("1234 é sk-ijklmnop99")[:-2], said(" é R2")[:-2]),
        (said("12")[:-9] + b"\xc3", said("")[:-9]),
        (said('12"x')[: said('12"x').index(b"\\") + 1], said('12"x')[: said('12"x').index(b"12")] + b"\\"),
    ],
)
def test_the_tail_of_a_stream_that_is_cut(tail: bytes, result: bytes) -> None:
    stream = Redactor().stream()
    assert stream.feed(said("sk-abcdefgh")) == []
    frames, cut = stream.close(tail)
    assert frames == [said("REDACTED-0001")]
    if tail.endswith(b"\xc3"):
        assert cut.startswith(said("")[: said("").index(b'""') + 1])
        assert b"12" not in cut
    else:
        assert cut.replace(b"REDACTED-000", b"R") == result


@pytest.mark.parametrize(
    "data",
    [
        "null",
        "1",
        '"x"',
        "[]",
        "{",
        '{"delta":1}',
        '{"id":[],"delta":{"text":"x"}}',
        '{"choices":[{"index":{},"delta":{"content":"x"}}]}',
        '{"delta":{"text":"a"},"delta":{"text":"b"}}',
        "[1,2",
        '{"delta":{"content":[{"index":0,"text":{"value":null}}]}}',
    ],
)
def test_odd_frames_pass(data: str) -> None:
    frame = f"data: {data}\n\n".encode()
    assert closed([frame, frame]) == [frame, frame]


FRAMES = st.builds(lambda make, text: make(text), st.sampled_from([said, called, chat, responded]), TEXTS) | st.lists(
    PIECES.map(str.encode) | st.binary(max_size=5), max_size=5
).map(lambda parts: b"data: " + b"".join(parts) + b"\n\n")


@given(st.lists(FRAMES, max_size=6), st.binary(max_size=8) | TEXTS.map(str.encode))
@settings(max_examples=150, deadline=None)
def test_redacting_a_stream_again_changes_nothing(frames: list[bytes], tail: bytes) -> None:
    first, second = Redactor().stream(), Redactor().stream()
    out = fed(first, frames)
    last, end = first.close(tail)
    assert len(out + last) == len(frames)
    again = fed(second, out + last)
    last_again, end_again = second.close(end)
    assert again + last_again == out + last
    assert end_again == end
