"""`show`: for people and for programs."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from toolreel.commands.show import show
from toolreel.errors import CassetteError, CommandError
from toolreel.messages.model import (
    Base64Body,
    Cassette,
    Ending,
    Interaction,
    JsonBody,
    JsonFrame,
    Part,
    PartsBody,
    Request,
    Response,
    Take,
    TextBody,
)
from toolreel.store.files import save

SAMPLES = Path(__file__).parents[2] / "cassettes"
THREAD = "thread_abcdefghijklmnopqrstuvwx"
RUN = {"id": "run_abcdefghijklmnopqrstuvwx", "object": "thread.run", "status": "queued"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one cassette: a run in JSON, a stream that was cut, and a hostile error."""
    path = f"/threads/{THREAD}/runs"
    answer = Response(status=200, body=JsonBody(value=RUN, style="compact"))
    stream = Response(status=200, frames=(JsonFrame(event="thread.run.queued", value=RUN),))
    hostile = {"error": {"message": "No [bold] \x1b[31m\u202e\r."}}
    refused = Response(status=400, body=JsonBody(value=hostile, style="compact"))
    interactions = (
        Interaction(n=1, request=Request(method="POST", path=path), response=answer),
        Interaction(n=2, request=Request(method="POST", path=path), response=stream, ending=Ending.CUT),
        Interaction(n=3, request=Request(method="GET", path="/x[bold]\x1b]0;"), response=refused),
    )
    take = Take(recorded_at="2025-01-02T03:04:05Z", tool="toolreel 0")
    save(tmp_path / "a" / "tape.json", Cassette(upstreams=("https://h/v1",), interactions=interactions, take=take))
    return tmp_path


def test_show_tells_what_happened(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(folder, "a/tape") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "a/tape: 3 requests, 0 tool calls, 1 stream, recorded 2025-01-02T03:04:05Z"
    assert f"POST /threads/{THREAD}/runs → 200, 1 frame\n" in out
    assert "cut     the upstream broke off" in out
    assert "→ 400" in out


def test_nothing_in_a_cassette_is_markup_or_steers_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for numbers in ((), (1, 2, 3)):
        show(folder, "a/tape", numbers, frames=True, full=True)
        out = capsys.readouterr().out
        assert "/x[bold]\\x1b]0;" in out
        assert "[bold]" in out
        assert not {"\x1b", "\u202e", "\r"} & set(out)


@pytest.mark.parametrize("columns", ["80", "40", "0", "x", None])
def test_lines_are_broken_between_words_and_never_padded(
    columns: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    show(SAMPLES, "weather")
    lines = capsys.readouterr().out.splitlines()
    assert all(line == line.rstrip() for line in lines)
    width = int(columns or "0") if (columns or "x").isdigit() else 0
    if width:
        long = [line for line in lines if cell_len(line) > max(width, 44)]  # some words there are always room for
        assert all(len(line[16:].split()) <= 2 for line in long), "only what cannot be broken is longer"
        assert bool(long) == (width < 80)
        wrapped = " ".join(" ".join(lines).split())
        assert "In Paris it is 18° and light rain, in Tokyo 26° and clear." in wrapped
        assert "thread_1/runs/run_1/submit_tool_outputs" in wrapped, "no id is broken"
    else:
        assert any("26° and clear." in line and "In Paris" in line for line in lines)


def test_on_a_terminal_it_is_the_same_in_colours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    show(SAMPLES, "weather")
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "300")
    show(SAMPLES, "weather")
    coloured = capsys.readouterr().out
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_one_conversation_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(SAMPLES, "weather#2")
    by_number = capsys.readouterr().out
    assert "#2 thread_1" in by_number
    assert "thread_2" not in by_number
    for name in ("weather#thread_1", "weather#thread_000000000000000000000001"):
        show(SAMPLES, name)
        assert capsys.readouterr().out == by_number
    with pytest.raises(CommandError, match=r"has no conversation '9'; it has 1, 2, 3\."):
        show(SAMPLES, "weather#9")


def test_long_texts_are_cut_unless_all_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "word " * 100 + "end"
    request = Request(method="POST", path="/x", body=JsonBody(value={"content": text}, style="compact"))
    one = Interaction(n=1, request=request, response=Response(status=200))
    save(tmp_path / "long.json", Cassette(upstreams=("https://h",), interactions=(one,)))
    show(tmp_path, "long")
    assert "…" in capsys.readouterr().out
    show(tmp_path, "long", full=True)
    out = capsys.readouterr().out
    assert text in out
    assert "…" not in out


def test_frames_are_shown_with_their_times(capsys: pytest.CaptureFixture[str]) -> None:
    show(SAMPLES, "weather", frames=True)
    out = capsys.readouterr().out
    assert out.count("thread.message.delta") >= 17
    assert "   584 ms  done [DONE]\n" in out
    show(SAMPLES, "weather", [3], frames=True)
    out = capsys.readouterr().out
    assert "\n   584 ms  done [DONE]\n" in out
    assert "…" in out
    assert out.index("[DONE]") < out.index("joined of")
    show(SAMPLES, "weather", [3], frames=True, full=True)
    assert "…" not in capsys.readouterr().out


def test_all_of_some_requests_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(SAMPLES, "weather", [4, 2])
    out = capsys.readouterr().out
    assert out.index("submit_tool_outputs") < out.index("POST http://127.0.0.1:4010/v1/threads\n")
    assert '"output": "{\\"temperature\\": 26' in out
    assert "→ 200 in 662 ms" in out
    assert "content[0].text.value of msg_1, joined of 17 pieces:\n  In Paris it is 18°" in out
    assert "28 frames; --frames shows them" in out


@pytest.mark.parametrize("number", [0, 13, -1])
def test_a_number_that_is_none_is_refused(number: int) -> None:
    with pytest.raises(CommandError, match=f"Cassette weather has no interaction {number}; it has 12"):
        show(SAMPLES, "weather", [number])


def test_bodies_of_all_kinds_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = PartsBody(parts=(Part(headers=(("content-type", "text/plain"),), body=TextBody(text="one\ntwo")),))
    exchanges = [
        (Request(method="POST", path="/x", query=(("a", "b"),), body=parts), Response(status=200)),
        (Request(method="GET", path="/y"), Response(status=200, body=Base64Body(base64="AAAA"))),
    ]
    interactions = tuple(Interaction(n=n, request=a, response=b) for n, (a, b) in enumerate(exchanges, start=1))
    save(tmp_path / "kinds.json", Cassette(upstreams=("https://h",), interactions=interactions))
    show(tmp_path, "kinds", [1, 2])
    out = capsys.readouterr().out
    assert "1 POST https://h/x?a=b\n  --\n  content-type: text/plain\n  one\n  two\n→ 200\n" in out
    assert "(3 bytes that are no text)" in out


@pytest.mark.parametrize(
    ("numbers", "raw", "expected"),
    [
        ([8], "answer", b'{\n  "id": "run_000000000000000000000002",'),
        ([8], "request", b""),
        ([3], "answer", b"event: thread.run.created\ndata: {"),
        ([2], "request", b'{"messages":[{'),
    ],
)
def test_the_bytes_are_given_as_they_are(
    numbers: list[int], raw: str, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    show(SAMPLES, "weather", numbers, raw=raw)
    assert written.getvalue().startswith(expected)
    assert bool(expected) == bool(written.getvalue())


def as_json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_show_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(folder, "a/tape", as_json=True) == 0
    steps = [step for chapter in as_json(capsys)["chapters"] for step in chapter["steps"]]
    assert sorted((step["n"], step["status"], step["frames"], step["ending"]) for step in steps) == [
        (1, 200, None, "complete"),
        (2, 200, 1, "cut"),
        (3, 400, None, "complete"),
    ]
    assert show(folder, "a/tape", [2], as_json=True) == 0
    (one,) = as_json(capsys)
    assert (one["n"], one["frames"][0]["event"]) == (2, "thread.run.queued")


def test_a_cassette_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(CassetteError, match="did you mean 'a/tape'"):
        show(folder, "a/tap")
