"""Bars that show how far an import has come."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from tests.formats.writers import conversation, vcrpy
from toolreel.commands import bars
from toolreel.commands.import_ import Manner, import_


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a person sees."""
    screen = io.StringIO()
    monkeypatch.setattr(bars, "notes", lambda: Console(file=screen, force_terminal=True, width=100))
    return screen


def imported(folder: Path, name: str) -> int:
    files = [folder / "a.yaml", folder / "b.yaml"]
    for file in files:
        file.write_bytes(vcrpy(conversation()))
    return import_(files, name, manner=Manner(folder / "cassettes"))


def test_a_person_sees_reading_and_making(
    tmp_path: Path, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars, "TAKES_A_WHILE", 0)
    done: dict[str, tuple[float, float | None]] = {}
    update = Progress.update

    def noted(progress: Progress, task_id: object, **more: object) -> None:
        update(progress, task_id, **more)  # type: ignore[arg-type] # handed on as they came
        for task in progress.tasks:
            done[task.description] = (task.completed, task.total)

    monkeypatch.setattr(Progress, "update", noted)
    assert imported(tmp_path, "both") == 0
    assert "reading" in screen.getvalue()
    assert "making the cassette" in screen.getvalue()
    read, size = done["reading"]
    assert 0 < read == size == sum(file.stat().st_size for file in tmp_path.glob("*.yaml"))
    looks, expected = done["making the cassette"]
    assert expected
    assert 0.6 * expected < looks <= expected


def test_small_files_and_pipes_get_no_bar(
    tmp_path: Path, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert imported(tmp_path, "small") == 0
    pipe = io.StringIO()
    monkeypatch.setattr(bars, "TAKES_A_WHILE", 0)
    monkeypatch.setattr(bars, "notes", lambda: Console(file=pipe))
    assert imported(tmp_path, "piped") == 0
    assert screen.getvalue() == pipe.getvalue() == ""
