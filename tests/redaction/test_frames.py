from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.messages import sse
from toolreel.redaction.edits import Edit
from toolreel.redaction.frames import FrameText
from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.rules import DEFAULT_RULES
from toolreel.redaction.search import Search

LINES = st.sampled_from(
    [b"data: x", b"data:y", b"data", b"data:", b"event: a", b": c", b"id: 1", b"datax: z", b"x", b"\xff"]
)
FRAMES = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=6).map(
    lambda lines: b"".join(line + end for line, end in lines) + b"\n"
)


def redacted(frame: bytes, known: Any = None) -> bytes:
    return (
        FrameText.of(frame)
        .redacted(Search(DEFAULT_RULES, Placeholders()), known or {})
        .encode("utf-8", "surrogateescape")
    )


@given(FRAMES)
def test_data_and_type_are_those_of_the_event(frame: bytes) -> None:
    text, event = FrameText.of(frame), sse.event(frame)
    if event:
        assert text.payload.encode("utf-8", "surrogateescape").decode("utf-8", "replace") == event.data
        assert (text.event or "message") == event.type
    assert redacted(frame) == frame


@pytest.mark.parametrize(
    ("frame", "result"),
    [
        (b"data: [DONE]\n\n", None),
        (b"event: done\ndata: [DONE]\n\n", None),
        (b'event: x\ndata: {"password":"abc"}\n\n', b'event: x\ndata: {"password":"R1"}\n\n'),
        (b'data:{"password" : "abc"}\r\n\r\n', b'data:{"password" : "R1"}\r\n\r\n'),
        (
            b'id: 1\ndata: {\ndata: "password":\ndata: "abc"}\n\n',
            b'id: 1\ndata: {\ndata: "password":\ndata: "R1"}\n\n',
        ),
        (b"data: my key is\ndata: sk-abcdefgh1234\n\n", b"data: my key is\ndata: R1\n\n"),
        (b": sk-abcdefgh1234\ndata: x\n\n", b": R1\ndata: x\n\n"),
        (b"event: sk-abcdefgh1234\ndata: x\n\n", b"event: R1\ndata: x\n\n"),
        (b"\xef\xbb\xbfdata: sk-abcdefgh1234\n\n", b"\xef\xbb\xbfdata: R1\n\n"),
        (b"data: \xff sk-abcdefgh1234\n\n", b"data: \xff R1\n\n"),
        (b'data: {"password":"a', b'data: {"password":"R1'),
        (
            b"data: -----BEGIN PRIVATE KEY-----\ndata: "
            + b"MIIE" * 9
            + b"\ndata: ab\ndata: -----END PRIVATE KEY-----\n\n",
            b"data: -----BEGIN PRIVATE KEY-----\ndata: R1\ndata: \ndata: -----END PRIVATE KEY-----\n\n",
        ),
    ],
)
def test_frames(frame: bytes, result: bytes | None) -> None:
    assert redacted(frame).replace(b"REDACTED-000", b"R") == (frame if result is None else result)


def test_what_is_known_of_a_string() -> None:
    assert redacted(b'data: {"a":"bcd"}\n\n', {("a",): ("bcd", [Edit(1, 2, "X")])}) == b'data: {"a":"bXd"}\n\n'
