from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages import sse
from toolreel.messages.sse import Event, FrameSplitter, event

QUICK = settings(max_examples=300, deadline=None)

PIECES = [
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"data: x",
    b"data",
    b":",
    b" ",
    b"event: a",
    b"\xff",
    b"\xef\xbb\xbf",
    b"id: 1",
]
STREAMS = st.lists(st.sampled_from(PIECES)).map(b"".join) | st.binary()
CUTS = st.lists(st.integers(0, 60), max_size=8)


def fragments(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at some places; empty pieces may come too."""
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def split(pieces: list[bytes]) -> tuple[list[bytes], bytes]:
    splitter = FrameSplitter()
    frames = [frame for piece in pieces for frame in splitter.feed(piece)]
    last, tail = splitter.close()
    return frames + last, tail


@given(STREAMS, CUTS)
@QUICK
def test_frames_and_tail_put_together_are_the_stream(data: bytes, cuts: list[int]) -> None:
    frames, tail = split(fragments(data, cuts))
    assert b"".join(frames) + tail == data


@given(STREAMS, CUTS)
@QUICK
def test_the_frames_are_the_same_however_the_stream_comes(data: bytes, cuts: list[int]) -> None:
    whole = split([data])
    assert split(fragments(data, cuts)) == whole
    assert split([data[at : at + 1] for at in range(len(data))]) == whole


@given(STREAMS)
@QUICK
def test_a_frame_ends_with_its_only_blank_line_and_the_tail_has_none(data: bytes) -> None:
    frames, tail = split([data])
    for frame in frames:
        *lines, last = re.findall(rb"[^\r\n]*(?:\r\n|\n|\r)", frame)
        assert b"".join([*lines, last]) == frame
        assert last.strip(b"\r\n") == b""
        assert all(line.strip(b"\r\n") for line in lines)
    assert not any(line == b"" for line in re.split(rb"\r\n|\n|\r", tail)[:-1])


@pytest.mark.parametrize(
    ("data", "frames", "tail"),
    [
        pytest.param(b"", [], b"", id="nothing"),
        pytest.param(b"data: a\n\ndata: b\n\n", [b"data: a\n\n", b"data: b\n\n"], b"", id="lf"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [b"data: a\r\n\r\n", b"data: b\r\n\r\n"], b"", id="crlf"),
        pytest.param(b"data: a\r\rdata: b\r\r", [b"data: a\r\r", b"data: b\r\r"], b"", id="cr"),
        pytest.param(b"a\r\n\nb\n\r\nc\r\r\n", [b"a\r\n\n", b"b\n\r\n", b"c\r\r\n"], b"", id="mixed"),
        pytest.param(b"a\n\rb", [b"a\n\r"], b"b", id="lf-then-cr-is-two-line-ends"),
        pytest.param(b"a\r\nb\r\n", [], b"a\r\nb\r\n", id="crlf-is-one-line-end"),
        pytest.param(b"\n\n\n", [b"\n", b"\n", b"\n"], b"", id="blank-lines-only"),
        pytest.param(b"a\n\n\nb\n\n", [b"a\n\n", b"\n", b"b\n\n"], b"", id="one-blank-line-too-many"),
        pytest.param(b"data: a\n", [], b"data: a\n", id="no-blank-line"),
        pytest.param(b"data: a\n\ndata: [DO", [b"data: a\n\n"], b"data: [DO", id="cut-in-a-frame"),
        pytest.param(b"a\n\r", [b"a\n\r"], b"", id="lone-cr-at-the-end"),
        pytest.param(b"a\r", [], b"a\r", id="line-that-ends-with-the-last-byte"),
        pytest.param(
            b"data: a\x0b\x0c\x85\xe2\x80\xa8\n\n", [b"data: a\x0b\x0c\x85\xe2\x80\xa8\n\n"], b"", id="other-breaks"
        ),
    ],
)
def test_a_stream_is_cut_after_blank_lines(data: bytes, frames: list[bytes], tail: bytes) -> None:
    assert split([data]) == (frames, tail)


def test_a_frame_is_given_out_with_the_piece_that_completes_it() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(b"data: a\n") == []
    assert splitter.feed(b"\nda") == [b"data: a\n\n"]
    assert splitter.feed(b"ta: b\n\ndata: c\n\nd") == [b"data: b\n\n", b"data: c\n\n"]
    assert splitter.close() == ([], b"d")


def test_a_cr_waits_for_the_lf_that_may_follow() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(b"a\r\n\r") == []
    assert splitter.feed(b"\nb\r\r") == [b"a\r\n\r\n"]
    assert splitter.feed(b"c") == [b"b\r\r"]
    assert splitter.close() == ([], b"c")


def test_only_the_end_shows_that_a_last_cr_stands_alone() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(b"a\n\r") == []
    assert splitter.close() == ([b"a\n\r"], b"")


class _CountingLineEnd:
    """The pattern of line ends, which counts the bytes that it is sent over."""

    def __init__(self) -> None:
        self.bytes = 0

    def finditer(self, text: bytearray, at: int) -> Iterator[re.Match[bytes]]:
        self.bytes += len(text) - at
        return re.compile(rb"\r\n|\n|\r").finditer(text, at)


@pytest.mark.parametrize(
    ("data", "piece"),
    [
        pytest.param(b"data: " + b"x" * (2 << 20) + b"\n\n", 1000, id="one-long-line"),
        pytest.param(b"data: xxxxxxxxxx\n" * (1 << 16) + b"\n", 700, id="many-lines-in-one-frame"),
        pytest.param(b"data: x\r\n\r\n" * (1 << 14), 3, id="many-frames"),
    ],
)
def test_a_long_frame_in_small_pieces_is_searched_only_once(
    data: bytes, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = _CountingLineEnd()
    monkeypatch.setattr(sse, "_LINE_END", counting)
    frames, tail = split([data[at : at + piece] for at in range(0, len(data), piece)])
    assert b"".join(frames) == data
    assert tail == b""
    # Each byte once, a CR as last byte of a piece once more.
    assert counting.bytes <= len(data) + len(data) // piece + 1


def ev(data: str, kind: str = "message", last_id: str | None = None, retry: int | None = None) -> Event:
    return Event(kind, data, last_id, retry)


# WHATWG HTML §9.2.6: its examples, and each rule of "interpreting an event stream".
@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(b"data: YHOO\ndata: +2\ndata: 10\n\n", ev("YHOO\n+2\n10"), id="spec-stock-ticker"),
        pytest.param(b": test stream\n\n", None, id="spec-comment-only"),
        pytest.param(b"data: first event\nid: 1\n\n", ev("first event", last_id="1"), id="spec-id"),
        pytest.param(b"data:second event\nid\n\n", ev("second event", last_id=""), id="spec-id-reset"),
        pytest.param(b"data:  third event\n\n", ev(" third event"), id="spec-only-one-space-goes"),
        pytest.param(b"data\n\n", ev(""), id="spec-data-without-colon"),
        pytest.param(b"data\ndata\n\n", ev("\n"), id="spec-two-empty-data-lines"),
        pytest.param(b"data:test\n\n", ev("test"), id="spec-no-space"),
        pytest.param(b"data: test\n\n", ev("test"), id="spec-space"),
        pytest.param(b"event: add\ndata: 73857293\n\n", ev("73857293", "add"), id="spec-event-type"),
        pytest.param(b"event: a\nevent: b\ndata: x\n\n", ev("x", "b"), id="last-event-line-counts"),
        pytest.param(b"event: a\nevent:\ndata: x\n\n", ev("x"), id="empty-event-is-message"),
        pytest.param(b"data: x\nevent: late\n\n", ev("x", "late"), id="event-after-data"),
        pytest.param(b"event: done\n\n", None, id="no-data"),
        pytest.param(b"\n", None, id="blank-line"),
        pytest.param(b"id: a\0b\ndata: x\n\n", ev("x"), id="id-with-nul-is-ignored"),
        pytest.param(b"id: 1\nid: a\0\ndata: x\n\n", ev("x", last_id="1"), id="id-with-nul-keeps-the-one-before"),
        pytest.param(b"retry: 1500\ndata: x\n\n", ev("x", retry=1500), id="retry"),
        pytest.param(b"retry: 15s\ndata: x\n\n", ev("x"), id="retry-with-letters"),
        pytest.param(b"retry: -1\ndata: x\n\n", ev("x"), id="retry-negative"),
        pytest.param(b"retry:\ndata: x\n\n", ev("x"), id="retry-empty"),
        pytest.param(b"retry: " + b"9" * 5000 + b"\ndata: x\n\n", ev("x"), id="retry-beyond-all-numbers"),
        pytest.param("retry: ٣\ndata: x\n\n".encode(), ev("x"), id="retry-not-ascii"),
        pytest.param("retry: ²\ndata: x\n\n".encode(), ev("x"), id="retry-superscript"),
        pytest.param(b"Data: x\n\n", None, id="names-in-capitals-are-unknown"),
        pytest.param(b" data: x\n\n", None, id="space-before-the-name"),
        pytest.param(b"data : x\n\n", None, id="space-before-the-colon"),
        pytest.param(b"foo: bar\ndata: x\n\n", ev("x"), id="unknown-field"),
        pytest.param(b": c\ndata: x\n:\n\n", ev("x"), id="comments-between"),
        pytest.param(b"data: a:b: c\n\n", ev("a:b: c"), id="further-colons-are-data"),
        pytest.param(b"data:\tx\n\n", ev("\tx"), id="tab-stays"),
        pytest.param(b"event: e\r\ndata: x\r\n\r\n", ev("x", "e"), id="crlf"),
        pytest.param(b"event: e\rdata: x\rdata: y\r\r", ev("x\ny", "e"), id="cr"),
        pytest.param("data: a\u2028b\x0bc\x85\n\n".encode(), ev("a\u2028b\x0bc\x85"), id="other-breaks-are-data"),
        pytest.param(b"data: \xff\n\n", ev("\ufffd"), id="not-utf-8"),
        pytest.param("data: é\n\n".encode(), ev("é"), id="utf-8"),
        pytest.param(b"\xef\xbb\xbfdata: x\n\n", None, id="byte-order-mark-later-in-the-stream"),
    ],
)
def test_a_client_makes_this_of_a_frame(frame: bytes, expected: Event | None) -> None:
    assert event(frame) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        pytest.param(b"\xef\xbb\xbfdata: x\n\n", ev("x"), id="one-mark-goes"),
        pytest.param(b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n", None, id="a-second-stays"),
        pytest.param(b"data: x\n\n", ev("x"), id="none"),
    ],
)
def test_the_first_frame_may_begin_with_a_byte_order_mark(frame: bytes, expected: Event | None) -> None:
    assert event(frame, first=True) == expected


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1))
@QUICK
def test_the_data_lines_of_a_frame_come_back(lines: list[str]) -> None:
    frame = "".join(f"data: {line}\n" for line in lines) + "\n"
    assert event(frame.encode()) == ev("\n".join(lines))


@given(st.binary(), st.booleans())
@QUICK
def test_any_bytes_can_be_read_as_a_frame(frame: bytes, first: bool) -> None:
    found = event(frame, first=first)
    assert found is None or found.type
