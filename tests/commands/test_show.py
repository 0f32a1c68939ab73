"""`ls` and `show`: for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolreel.commands.show import ls, show
from toolreel.messages.model import Cassette, Ending, Interaction, JsonBody, JsonFrame, Request, Response, Take
from toolreel.store.files import save

RUN = {"id": "run_abcdefghijklmnopqrstuvwx", "object": "thread.run", "status": "queued"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one cassette: a run in JSON, and a stream that was cut."""
    path = "/threads/thread_abcdefghijklmnopqrstuvwx/runs"
    answer = Response(status=200, body=JsonBody(value=RUN, style="compact"))
    stream = Response(status=200, frames=(JsonFrame(event="thread.run.queued", value=RUN),))
    refused = Response(status=400, body=JsonBody(value={"error": {"message": "No [bold]."}}, style="compact"))
    interactions = (
        Interaction(n=1, request=Request(method="POST", path=path), response=answer),
        Interaction(n=2, request=Request(method="POST", path=path), response=stream, ending=Ending.CUT),
        Interaction(n=3, request=Request(method="GET", path="/x[bold]"), response=refused),
    )
    take = Take(recorded_at="2025-01-02T03:04:05Z", tool="toolreel 0")
    save(tmp_path / "a" / "tape.json", Cassette(upstreams=("https://h/v1",), interactions=interactions, take=take))
    return tmp_path


def test_ls_lists_every_cassette(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ls(folder, as_json=False) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["cassette", "interactions", "streams", "bytes", "recorded"]
    size = (folder / "a" / "tape.json").stat().st_size
    assert row.split() == ["a/tape", "3", "1", str(size), "2025-01-02T03:04:05Z"]


def test_ls_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ls(folder, as_json=True) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["cassette"], row["interactions"], row["streams"]) == ("a/tape", 3, 1)


def test_ls_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ls(tmp_path / "none", as_json=False) == 0
    assert capsys.readouterr().out == f"No cassettes in {tmp_path / 'none'}.\n"
    assert ls(tmp_path, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_show_tells_what_happened(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(folder, "a/tape", as_json=False) == 0
    out = capsys.readouterr().out
    assert "POST /threads/thread_abcd…/runs" in out
    assert "[cut]" in out
    assert "400" in out
    assert "/x[bold]" in out, "a path is no markup"


def test_show_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(folder, "a/tape", as_json=True) == 0
    steps = json.loads(capsys.readouterr().out)
    assert [(step["n"], step["status"], step["frames"], step["ending"]) for step in steps] == [
        (1, 200, None, "complete"),
        (2, 200, 1, "cut"),
        (3, 400, None, "complete"),
    ]
