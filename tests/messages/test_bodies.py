from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.bodies import FILE_THRESHOLD, body_bytes, body_of, frame_bytes, frame_of
from toolreel.messages.jsontext import STYLES, spell
from toolreel.messages.model import (
    Base64Body,
    Base64Frame,
    Body,
    FileBody,
    Frame,
    JsonBody,
    JsonFrame,
    RawFrame,
    TextBody,
    TextFrame,
)

from .large import Files

QUICK = settings(max_examples=200, deadline=None)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=8,
)
JSON_TEXTS = st.builds(spell, JSON, st.sampled_from(STYLES))
BODIES = st.binary() | TEXTS.map(str.encode) | JSON_TEXTS.map(str.encode)
# What frames are made of, in any order.
FRAME_PIECES = st.sampled_from(
    [
        "event: ",
        "event:",
        "data: ",
        "data:",
        "a",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "id: 1",
        "[DONE]",
        '{"a":1}',
        '{"a": 1}',
        " ",
        ": ",
        "\ufeff",
        "é",
        "1e16",
        "\0",
    ]
)
FRAMES = (
    st.binary()
    | st.lists(FRAME_PIECES).map("".join).map(str.encode)
    | JSON_TEXTS.map(lambda text: f"event: x\ndata: {text}\n\n".encode())
)


def no_file(digest: str) -> bytes:
    raise AssertionError(f"{digest} was asked for")


@given(BODIES)
@QUICK
def test_any_body_comes_back(data: bytes) -> None:
    assert body_bytes(body_of(data), no_file) == data


@given(FRAMES)
@QUICK
def test_any_frame_comes_back(data: bytes) -> None:
    assert frame_bytes(frame_of(data)) == data


@given(FRAMES)
@QUICK
def test_a_frame_that_is_shown_by_its_parts_has_nothing_else(data: bytes) -> None:
    """Neither a further line nor another spelling hides in event or text."""
    frame = frame_of(data)
    if isinstance(frame, JsonFrame | TextFrame):
        head = [] if frame.event is None else [f"event: {frame.event}"]
        lines = re.split("\r\n|\n|\r", data.decode())
        assert lines[: len(head)] == head
        assert lines[len(head)].startswith("data: ")
        assert lines[len(head) + 1 :] == ["", ""]


@pytest.mark.parametrize(
    ("data", "body"),
    [
        pytest.param(None, None, id="no-body"),
        pytest.param(b"", TextBody(text=""), id="empty-body"),
        pytest.param(b'{"a": 1}', JsonBody(value={"a": 1}, style="spaced"), id="json"),
        pytest.param(b"[]\n", JsonBody(value=[], style="compact+nl"), id="json-with-newline"),
        pytest.param(b"1.10", TextBody(text="1.10"), id="json-that-would-change"),
        pytest.param("né".encode(), TextBody(text="né"), id="text"),
        pytest.param(b"\xef\xbb\xbf{}", TextBody(text="\ufeff{}"), id="json-with-byte-order-mark"),
        pytest.param(b"\0\n", TextBody(text="\0\n"), id="control-characters"),
        pytest.param(b"\xff\xfe", Base64Body(base64="//4="), id="no-utf-8"),
        pytest.param(b'"\xed\xa0\x80"', Base64Body(base64="Iu2ggCI="), id="surrogate-in-utf-8"),
    ],
)
def test_a_body_is_shown_as_plainly_as_it_can_be(data: bytes | None, body: Body | None) -> None:
    assert body_of(data) == body
    assert body_bytes(body, no_file) == data


@pytest.mark.parametrize("fill", [pytest.param(b"x", id="text"), pytest.param(b"\xff", id="binary")])
def test_a_large_body_goes_to_a_file(fill: bytes) -> None:
    data = fill * (FILE_THRESHOLD + 1)
    files = Files()
    body = body_of(data, files.keep)
    digest = hashlib.sha256(data).hexdigest()
    assert body == FileBody(file=digest)
    assert files == {digest: data}
    assert body_bytes(body, files.__getitem__) == data


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(b"x" * FILE_THRESHOLD, TextBody, id="text-of-one-mebibyte"),
        pytest.param(b"\xff" * FILE_THRESHOLD, Base64Body, id="binary-of-one-mebibyte"),
        pytest.param(b'"' + b"x" * FILE_THRESHOLD + b'"', JsonBody, id="longer-json"),
    ],
)
def test_a_body_stays_inline_up_to_one_mebibyte_and_json_always(data: bytes, kind: type) -> None:
    files = Files()
    body = body_of(data, files.keep)
    assert isinstance(body, kind)
    assert files == {}
    assert body_bytes(body, no_file) == data


def test_without_a_place_for_files_a_large_body_stays_inline() -> None:
    assert isinstance(body_of(b"x" * (FILE_THRESHOLD + 1)), TextBody)


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        pytest.param(b'event: e\ndata: {"a":1}\n\n', JsonFrame(event="e", value={"a": 1}), id="json"),
        pytest.param(b'data: {"a":1}\n\n', JsonFrame(value={"a": 1}), id="json-without-event"),
        pytest.param('data: "é"\n\n'.encode(), JsonFrame(value="é"), id="json-raw-letters"),
        pytest.param(b"data: null\n\n", JsonFrame(value=None), id="json-null"),
        pytest.param(b"event: done\ndata: [DONE]\n\n", TextFrame(event="done", text="[DONE]"), id="done"),
        pytest.param(b"data: \n\n", TextFrame(text=""), id="empty-data"),
        pytest.param(b"event: \ndata: x\n\n", TextFrame(event="", text="x"), id="empty-event"),
        pytest.param(b'data: {"a": 1}\n\n', TextFrame(text='{"a": 1}'), id="spaced-json"),
        pytest.param(b'data: "\\u00e9"\n\n', TextFrame(text='"\\u00e9"'), id="escaped-json"),
        pytest.param(b"data: 1.10\n\n", TextFrame(text="1.10"), id="json-that-would-change"),
        pytest.param(b"data: a data: b\n\n", TextFrame(text="a data: b"), id="data-within-data"),
        pytest.param(b"data:x\n\n", RawFrame(raw="data:x\n\n"), id="no-space"),
        pytest.param(b"event:e\ndata: x\n\n", RawFrame(raw="event:e\ndata: x\n\n"), id="no-space-after-event"),
        pytest.param(b"data: x\nevent: e\n\n", RawFrame(raw="data: x\nevent: e\n\n"), id="event-after-data"),
        pytest.param(b"data: x\nid: 3\n\n", RawFrame(raw="data: x\nid: 3\n\n"), id="id-after-data"),
        pytest.param(b"id: 3\ndata: x\n\n", RawFrame(raw="id: 3\ndata: x\n\n"), id="id-before-data"),
        pytest.param(b"event: e\nid: 3\ndata: x\n\n", RawFrame(raw="event: e\nid: 3\ndata: x\n\n"), id="id-between"),
        pytest.param(b"retry: 3\n\n", RawFrame(raw="retry: 3\n\n"), id="retry"),
        pytest.param(b": ping\n\n", RawFrame(raw=": ping\n\n"), id="comment"),
        pytest.param(b"data: x\n: ping\n\n", RawFrame(raw="data: x\n: ping\n\n"), id="comment-after-data"),
        pytest.param(b"data: a\ndata: b\n\n", RawFrame(raw="data: a\ndata: b\n\n"), id="two-data-lines"),
        pytest.param(b"data: x\r\n\r\n", RawFrame(raw="data: x\r\n\r\n"), id="crlf"),
        pytest.param(b"data: x\r\r", RawFrame(raw="data: x\r\r"), id="cr"),
        pytest.param(b"data: x\rid: 3\n\n", RawFrame(raw="data: x\rid: 3\n\n"), id="cr-within"),
        pytest.param(b"event: e\rdata: x\n\n", RawFrame(raw="event: e\rdata: x\n\n"), id="cr-after-event"),
        pytest.param(b"\xef\xbb\xbfdata: x\n\n", RawFrame(raw="\ufeffdata: x\n\n"), id="byte-order-mark"),
        pytest.param(b"event: e\n\n", RawFrame(raw="event: e\n\n"), id="no-data"),
        pytest.param(b"\n", RawFrame(raw="\n"), id="blank-line"),
        pytest.param(b'data: {"a":', RawFrame(raw='data: {"a":'), id="unfinished-data"),
        pytest.param(b"data: x\n", RawFrame(raw="data: x\n"), id="unfinished-by-one-newline"),
        pytest.param(b"event: thread.ru", RawFrame(raw="event: thread.ru"), id="unfinished-event"),
        pytest.param(b"", RawFrame(raw=""), id="nothing"),
        pytest.param(
            b"data: \xff\n\n", Base64Frame(base64=base64.b64encode(b"data: \xff\n\n").decode()), id="no-utf-8"
        ),
    ],
)
def test_a_frame_is_shown_by_its_parts_only_in_the_usual_spelling(data: bytes, frame: Frame) -> None:
    assert frame_of(data) == frame
    assert frame_bytes(frame) == data


@pytest.mark.parametrize("broken", ["a", "ab=c", "a\nb=", "é", "YQ", "YQ==\n", "Y Q==", "YQ_="])
def test_broken_base64_is_a_value_error(broken: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        body_bytes(Base64Body(base64=broken), no_file)
    with pytest.raises(ValueError, match="base64"):
        frame_bytes(Base64Frame(base64=broken))
