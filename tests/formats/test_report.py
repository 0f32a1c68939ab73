from __future__ import annotations

import pytest

from toolreel.formats.entries import Importer
from toolreel.formats.found import Answer, Found, Left, Timing
from toolreel.formats.report import Report
from toolreel.messages.http import Headers, HttpRequest, ResponseHead

SSE = (("content-type", "text/event-stream"),)


def report(*found: Found) -> Report:
    made, importer = Report("file.yaml", tool="VCR.py"), Importer()
    for one in found:
        assert list(made.watch(one, importer.entries(one)))
    return made


def one(path: str = "/v1/threads", body: bytes = b"{}", headers: Headers = (), **more: object) -> Found:
    request = HttpRequest("POST", path, (("user-agent", "x"), ("content-type", "a/b")), b"{}", "https://h.example")
    return Found(request, Answer(ResponseHead(200, headers), body), **more)  # type: ignore[arg-type]


def test_it_counts_what_was_taken() -> None:
    made = report(one(), one("/v1/threads/t/runs/r/submit_tool_outputs", b"event: a\ndata: {}\n\n", SSE))
    assert (made.taken, made.streams, made.submits) == (2, 1, 1)
    assert next(made.lines()) == ("file.yaml (VCR.py): 2 interactions taken, 1 stream, 1 submission of tool outputs.")


def test_it_says_what_is_unknown() -> None:
    events = b"event: a\ndata: {}\n\n"
    timed = Timing(0, 1)
    assert report(one(timing=timed)).unknown == {}
    assert report(one()).unknown == {"times": 1}
    assert report(one(timing=timed, body_kept=False, spelling_kept=False)).unknown == {
        "request bodies": 1,
        "spelling of JSON bodies": 1,
    }
    assert report(one("/v1/threads/runs", events, SSE, timing=timed)).unknown == {
        "times of frames": 1,
        "chunks of streams": 1,
    }
    whole = Timing(0, 1, (1,))
    assert report(one("/v1/threads/runs", events, SSE, timing=whole, chunks=(1,))).unknown == {}


def test_streams_that_lost_their_event_lines_are_named() -> None:
    """The openai client takes each event for another one then, without a word."""
    frames, whole = b'data: {"object":"thread.run"}\n\n', Timing(0, 1, (1,))
    for path, lost in (("/v1/threads/runs", 1), ("/openai/responses", 1), ("/v1/chat/completions", 0)):
        made = report(one(path, frames, SSE, timing=whole, chunks=(1,)))
        assert made.unknown["event lines of streams"] == lost


def test_it_tells_what_replay_must_do_without_from_times_and_chunks() -> None:
    frames = b'data: {"object":"thread.run"}\n\n'
    assert not report(one(), one("/v1/threads/runs", b"event: a\n" + frames, SSE)).lacks
    for found in (one(body_kept=False), one(spelling_kept=False), one("/v1/threads/runs", frames, SSE)):
        assert report(one(), found).lacks


def test_it_says_that_a_part_of_a_compressed_answer_was_left_out() -> None:
    """Of what nobody can decode nobody can say what secrets it holds."""
    zstandard = pytest.importorskip("zstandard")  # comes with mitmproxy (the extra `proxy`)
    coded = zstandard.ZstdCompressor().compress(b"data: 1\n\n" * 99)[:-2]
    made = report(one("/v1/threads/runs", coded, (*SSE, ("content-encoding", "zstd"))))
    assert made.left_out == {"ends of compressed answers": 1}
    assert report(one("/v1/threads/runs", b"data: 1\n\n", SSE)).left_out == {}


def test_it_says_what_was_left_out() -> None:
    headers = (("content-type", "a/b"), ("x-request-id", "1"), ("retry-after", "1"), ("content-length", "2"))
    made = report(one(headers=headers, not_kept=("duration",)))
    made.left.append(Left(3, "it got no answer", "GET /x"))
    made.left.append(Left(4, "no reason"))
    made.elsewhere["https://cdn.example"] += 2
    made.placeholders = 5
    assert list(made.lines()) == [
        "file.yaml (VCR.py): 1 interaction taken.",
        "  Unknown, because the format does not keep it: times (1).",
        "  Not taken: number 3, GET /x: it got no answer.",
        "  Not taken: number 4: no reason.",
        "  Not taken, for other servers: https://cdn.example (2).",
        "  Left out, a cassette has no place for it: duration (1).",
        "  Left out, as in every recording: 2 headers (--json names them).",
        "  Placeholders of another tool that became toolreel's: 5.",
    ]
    assert made.as_json() == {
        "file": "file.yaml",
        "format": "VCR.py",
        "interactions": 1,
        "streams": 0,
        "submits": 0,
        "unknown": {"times": 1},
        "not_taken": [
            {"number": 3, "asked": "GET /x", "reason": "it got no answer"},
            {"number": 4, "asked": "", "reason": "no reason"},
        ],
        "other_servers": {"https://cdn.example": 2},
        "left_out": {"duration": 1},
        "headers_left_out": ["user-agent", "x-request-id"],
        "placeholders": 5,
    }


def test_an_empty_file_says_so() -> None:
    assert list(Report("a.yaml").lines()) == ["a.yaml (empty): 0 interactions taken."]
