from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.http import Headers, HttpRequest, ResponseHead
from toolreel.messages.model import Ending
from toolreel.recording.entries import Began, Ended, Entry, FrameCame, Headed
from toolreel.recording.exchange import Exchange

JSON_HEAD = ResponseHead(200, (("content-type", "application/json"),))
GZIP_HEAD = ResponseHead(200, (("content-type", "application/json"), ("content-encoding", "gzip")))
SSE_HEAD = ResponseHead(200, (("content-type", "text/event-stream; charset=utf-8"),))
SSE_GZIP_HEAD = ResponseHead(200, (*SSE_HEAD.headers, ("content-encoding", "gzip")))
BODY = b'{\n  "id": "run_1"\n}'
FRAMES = (b'event: thread.run.created\ndata: {"id":"run_1"}\n\n', b"event: done\ndata: [DONE]\n\n")
STREAM = b"".join(FRAMES)


def answer(
    head: ResponseHead, *pieces: bytes, method: str = "GET", ending: Ending = Ending.COMPLETE
) -> tuple[list[bytes], Ended]:
    """The frames and the end that an answer gives."""
    exchange = Exchange(7, HttpRequest(method, "/v1/threads"))
    entries: list[Entry] = [*exchange.begin(0), *exchange.head(head, 0)]
    for piece in pieces:
        entries += exchange.data(piece, 0)
    entries += exchange.end(ending, 0)
    *others, ended = entries
    assert isinstance(ended, Ended)
    return [entry.data for entry in others if isinstance(entry, FrameCame)], ended


def test_a_json_answer_becomes_three_entries() -> None:
    request = HttpRequest(
        "POST", "/v1/threads?a=1", (("accept", "*/*"), ("authorization", "Bearer sk-1")), b"{}", "https://a"
    )
    exchange = Exchange(7, request)
    assert exchange.begin(10) == [
        Began(7, 10, HttpRequest("POST", "/v1/threads?a=1", (("accept", "*/*"),), b"{}", "https://a"))
    ]
    before = exchange.headed
    head = ResponseHead(201, (*JSON_HEAD.headers, ("set-cookie", "a=b"), ("retry-after", "5")))
    assert exchange.head(head, 20) == [
        Headed(7, 20, ResponseHead(201, JSON_HEAD.headers), (("retry-after", "5"),), streams=False)
    ]
    assert (before, exchange.headed) == (False, True)
    assert exchange.data(BODY[:5], 30) == []
    assert exchange.data(BODY[5:], 40) == []
    assert exchange.end(Ending.COMPLETE, 50) == [Ended(7, 50, Ending.COMPLETE, BODY, (5, len(BODY) - 5))]


def test_the_frames_of_a_stream_are_noted_when_they_are_complete() -> None:
    exchange = Exchange(7, HttpRequest("POST", "/v1/threads/runs"))
    exchange.begin(0)
    assert exchange.head(SSE_HEAD, 1) == [Headed(7, 1, SSE_HEAD, (), streams=True)]
    assert exchange.data(STREAM[:20], 2) == []
    assert exchange.data(STREAM[20:-3], 3) == [FrameCame(7, 3, FRAMES[0])]
    assert exchange.data(STREAM[-3:], 4) == [FrameCame(7, 4, FRAMES[1])]
    assert exchange.end(Ending.COMPLETE, 5) == [Ended(7, 5, Ending.COMPLETE, None, (20, len(STREAM) - 23, 3))]


def test_a_frame_that_only_the_end_completes_is_noted_at_the_end() -> None:
    exchange = Exchange(7, HttpRequest("GET", "/"))
    exchange.begin(0)
    exchange.head(SSE_HEAD, 0)
    assert exchange.data(b"data: [DONE]\n\r", 1) == []
    assert exchange.end(Ending.CLIENT_GONE, 9) == [
        FrameCame(7, 9, b"data: [DONE]\n\r"),
        Ended(7, 9, Ending.COMPLETE, None, (14,)),
    ]


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        pytest.param("HEAD", 200, None, id="head"),
        pytest.param("DELETE", 204, None, id="no-content"),
        pytest.param("GET", 304, None, id="not-modified"),
        pytest.param("GET", 199, None, id="informational"),
        pytest.param("GET", 200, b"", id="empty"),
        pytest.param("DELETE", 205, b"", id="reset-content"),
        pytest.param("GET", 404, b"", id="empty-error"),
    ],
)
@pytest.mark.parametrize("head", [JSON_HEAD, GZIP_HEAD, SSE_HEAD], ids=["json", "gzip", "sse"])
def test_no_body_is_no_empty_body(method: str, status: int, body: bytes | None, head: ResponseHead) -> None:
    streams = head is SSE_HEAD and body is not None
    frames, ended = answer(ResponseHead(status, head.headers), method=method)
    assert frames == []
    assert ended.body == (None if streams else body)
    assert ended.chunks == ()


def test_an_answer_without_a_body_is_no_stream_whatever_its_type() -> None:
    exchange = Exchange(1, HttpRequest("HEAD", "/"))
    [headed] = exchange.head(SSE_HEAD, 0)
    assert isinstance(headed, Headed)
    assert headed.streams is False


def test_a_coded_body_is_recorded_decoded() -> None:
    coded = gzip.compress(BODY)
    frames, ended = answer(GZIP_HEAD, coded[:15], coded[15:])
    assert frames == []
    assert ended.body == BODY
    assert sum(ended.chunks or ()) == len(BODY)
    assert (ended.encoding, ended.decoded) == ("gzip", True)


def test_a_coded_stream_is_recorded_decoded_frame_by_frame() -> None:
    compress = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    pieces = [compress.compress(frame) + compress.flush(zlib.Z_SYNC_FLUSH) for frame in FRAMES]
    exchange = Exchange(7, HttpRequest("GET", "/"))
    exchange.head(SSE_GZIP_HEAD, 0)
    for ms, (piece, frame) in enumerate(zip(pieces, FRAMES, strict=True)):
        assert exchange.data(piece, ms) == [FrameCame(7, ms, frame)]
    [ended] = exchange.end(Ending.COMPLETE, 5)
    assert ended == Ended(7, 5, Ending.COMPLETE, None, tuple(map(len, FRAMES)), "gzip", True)


@pytest.mark.parametrize(
    ("head", "pieces", "body"),
    [
        pytest.param(GZIP_HEAD, (gzip.compress(BODY)[:-9],), gzip.compress(BODY)[:-9], id="cut-in-one-piece"),
        pytest.param(
            GZIP_HEAD,
            (gzip.compress(BODY * 99)[:40], gzip.compress(BODY * 99)[40:-9]),
            gzip.compress(BODY * 99)[:-9],
            id="cut-after-some-was-decoded",
        ),
        pytest.param(GZIP_HEAD, (b"plain", b" text"), b"plain text", id="not-in-its-coding"),
        pytest.param(
            GZIP_HEAD,
            (gzip.compress(BODY), b"junk", b"more"),
            gzip.compress(BODY) + b"junkmore",
            id="garbage-after-good-data",
        ),
        pytest.param(
            ResponseHead(200, (("content-encoding", "compress"),)), (b"ab", b"cd"), b"abcd", id="unknown-coding"
        ),
    ],
)
def test_a_body_that_cannot_be_decoded_is_kept_as_it_came(
    head: ResponseHead, pieces: tuple[bytes, ...], body: bytes
) -> None:
    _, ended = answer(head, *pieces)
    assert ended.body == body
    assert ended.decoded is False
    assert ended.chunks == tuple(map(len, pieces))


def test_a_stream_in_an_unknown_coding_is_kept_as_a_body() -> None:
    head = ResponseHead(200, (*SSE_HEAD.headers, ("content-encoding", "compress")))
    frames, ended = answer(head, STREAM)
    assert frames == []
    assert (ended.body, ended.encoding, ended.decoded) == (STREAM, "compress", False)


@pytest.mark.parametrize(
    ("seems", "ending"),
    [
        (Ending.COMPLETE, Ending.CUT),
        (Ending.EOF, Ending.CUT),
        (Ending.CUT, Ending.CUT),
        (Ending.CLIENT_GONE, Ending.CLIENT_GONE),
    ],
)
def test_of_a_stream_whose_coding_breaks_the_frames_until_then_are_kept_decoded(
    seems: Ending, ending: Ending
) -> None:
    compress = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    first = compress.compress(FRAMES[0] + b"data: x") + compress.flush(zlib.Z_SYNC_FLUSH)
    frames, ended = answer(SSE_GZIP_HEAD, first, b"\xff" * 20, b"lost", ending=seems)
    assert frames == [FRAMES[0]]
    assert ended == Ended(7, 0, ending, b"data: x", (len(FRAMES[0]) + 7,), "gzip", True, hidden=24)


def test_a_cut_coded_stream_keeps_what_had_come() -> None:
    compress = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    first = compress.compress(FRAMES[0] + b"data: x") + compress.flush(zlib.Z_SYNC_FLUSH)
    frames, ended = answer(SSE_GZIP_HEAD, first, ending=Ending.CUT)
    assert frames == [FRAMES[0]]
    rest = bytes(4) + b"\xff\xff"
    assert ended == Ended(7, 0, Ending.CUT, b"data: x", (len(FRAMES[0]) + 7,), "gzip", True, rest=rest)


@pytest.mark.parametrize(
    ("pieces", "tail"),
    [
        pytest.param((STREAM[:-1],), FRAMES[1][:-1], id="last-newline-missing"),
        pytest.param((FRAMES[0], b"event: thread.ru"), b"event: thread.ru", id="within-a-line"),
        pytest.param((FRAMES[0],), None, id="between-frames"),
        pytest.param((), None, id="before-the-first"),
    ],
)
@pytest.mark.parametrize("ending", [Ending.CUT, Ending.CLIENT_GONE, Ending.EOF, Ending.COMPLETE])
def test_a_stream_that_breaks_off_keeps_its_tail_and_its_ending(
    pieces: tuple[bytes, ...], tail: bytes | None, ending: Ending
) -> None:
    _, ended = answer(SSE_HEAD, *pieces, ending=ending)
    assert ended.body == tail
    assert ended.ending is ending


@pytest.mark.parametrize("ending", [Ending.CUT, Ending.CLIENT_GONE, Ending.EOF])
@pytest.mark.parametrize(
    "last",
    [
        pytest.param(b"event: done\ndata: [DONE]\n\n", id="assistants"),
        pytest.param(b"data: [DONE]\n\n", id="chat"),
        pytest.param(b"event: response.completed\ndata: {}\n\n", id="responses-completed"),
        pytest.param(b"event: response.failed\ndata: {}\n\n", id="responses-failed"),
        pytest.param(b"event: response.incomplete\ndata: {}\n\n", id="responses-incomplete"),
        pytest.param(b"data: [DONE]\n\n: ping\n\ndata: x", id="something-after-it"),
    ],
)
def test_after_the_terminal_frame_an_answer_is_complete_whatever_the_connection_does(
    last: bytes, ending: Ending
) -> None:
    _, ended = answer(SSE_HEAD, FRAMES[0], last, ending=ending)
    assert ended.ending is Ending.COMPLETE


def test_a_json_answer_that_quotes_the_terminal_frame_is_not_complete_by_it() -> None:
    _, ended = answer(JSON_HEAD, b"data: [DONE]\n\n", ending=Ending.CUT)
    assert (ended.ending, ended.body) == (Ending.CUT, b"data: [DONE]\n\n")


@given(st.lists(st.integers(0, 200)), st.sampled_from([b"", b"data: x\n", b"\xff\n\ndata: y"]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_however_a_stream_comes_its_frames_and_tail_are_the_same(cuts: list[int], tail: bytes, coded: bool) -> None:
    data = STREAM + tail
    sent = gzip.compress(data) if coded else data
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    pieces = [sent[start:end] for start, end in pairwise(places)]
    frames, ended = answer(SSE_GZIP_HEAD if coded else SSE_HEAD, *pieces)
    assert b"".join(frames) + (ended.body or b"") == data
    assert frames[:2] == list(FRAMES)
    assert sum(ended.chunks or ()) == len(data)
    assert 0 not in (ended.chunks or ())


@given(st.lists(st.binary()), st.sampled_from(["", "gzip", "deflate", "identity", "compress"]))
@settings(max_examples=100, deadline=None)
def test_the_chunks_of_a_body_add_up_to_it(pieces: list[bytes], name: str) -> None:
    _, ended = answer(ResponseHead(200, (("content-encoding", name),)), *pieces)
    assert ended.body is not None
    assert sum(ended.chunks or ()) == len(ended.body)


@pytest.mark.parametrize(
    ("headers", "body", "kept"),
    [
        pytest.param((), None, None, id="none"),
        pytest.param((), b"", b"", id="empty"),
        pytest.param((("content-encoding", "gzip"),), gzip.compress(b"{}"), b"{}", id="coded"),
        pytest.param((("content-encoding", "gzip"),), b"{}", b"{}", id="not-in-its-coding"),
    ],
)
def test_the_body_of_a_request_is_kept_decoded(headers: Headers, body: bytes | None, kept: bytes | None) -> None:
    [began] = Exchange(1, HttpRequest("POST", "/", headers, body)).begin(0)
    assert isinstance(began, Began)
    assert began.request.body == kept
    assert began.request.headers == ()


# ------------------------------------------------------------------------------------ what is left of a cut coding


def told(head: ResponseHead, *pieces: bytes, ending: Ending = Ending.CUT) -> tuple[Ended, str | None]:
    """The end of an answer, and what the recorder says of it."""
    exchange = Exchange(7, HttpRequest("GET", "/x"))
    exchange.head(head, 0)
    for piece in pieces:
        exchange.data(piece, 0)
    *_, last = exchange.end(ending, 0)
    assert isinstance(last, Ended)
    return last, exchange.undecoded


def flushed(*pieces: bytes) -> bytes:
    compress = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return b"".join(compress.compress(piece) + compress.flush(zlib.Z_SYNC_FLUSH) for piece in pieces)


def test_what_says_nothing_yet_is_kept_as_it_came_and_told() -> None:
    came = flushed(FRAMES[0], b"data: x")
    last, words = told(SSE_GZIP_HEAD, came[:30], came[30:])
    assert (last.body, last.rest, last.hidden) == (b"data: x", came[-len(last.rest) :], 0)
    assert words == (
        f"it broke off, or is not in its coding (gzip); its last {len(last.rest)} bytes are kept as they came"
    )


@pytest.mark.parametrize("ending", [Ending.COMPLETE, Ending.EOF])
def test_of_a_stream_that_was_not_cut_nothing_is_left(ending: Ending) -> None:
    """Many servers never end the coding of a stream."""
    last, words = told(SSE_GZIP_HEAD, flushed(FRAMES[0]), ending=ending)
    assert (last.rest, last.hidden, words) == (b"", 0, None)


def test_after_the_terminal_frame_nothing_is_left() -> None:
    last, words = told(SSE_GZIP_HEAD, flushed(*FRAMES))
    assert (last.ending, last.rest, last.hidden, words) == (Ending.COMPLETE, b"", 0, None)


def test_a_name_in_a_header_of_gzip_may_be_secret() -> None:
    name = b"sk-proj-9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sTuV"
    for cut in (20, 40, 51):
        last, words = told(SSE_GZIP_HEAD, (b"\x1f\x8b\x08\x08" + bytes(6) + name + b"\0")[:cut])
        assert (last.rest, last.hidden) == (b"", cut)
        assert words is not None
        assert words.endswith("bytes that might tell secrets are not kept")


def test_of_a_large_download_what_is_left_is_kept_too() -> None:
    head = ResponseHead(200, (("content-type", "application/octet-stream"), ("content-encoding", "gzip")))
    came = flushed(bytes(3 << 20), b"x" * 40)
    last, words = told(head, came[:2000], came[2000:])
    assert last.rest == came[-len(last.rest) :]
    assert 0 < len(last.rest) < 9
    assert words


def test_a_checksum_of_what_was_redacted_is_not_kept() -> None:
    """By it somebody could find out whether he has guessed the secret."""
    came = gzip.compress(b'data: {"api_key":"word"}\n\n')
    last, words = told(SSE_GZIP_HEAD, came[:-2])
    assert last.rest == b""
    assert last.hidden in (6, 7), "the last two bits of the text may stand in a byte of their own"
    assert words
    assert words.endswith("bytes that might tell secrets are not kept")
