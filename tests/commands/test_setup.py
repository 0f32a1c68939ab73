"""`setup`: git shows cassettes by meaning, and the shell completes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from toolreel.commands.setup import completion, git_diff, git_runs_diff, git_runs_textconv
from toolreel.errors import CommandError, MachineError

SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of cassettes in a repository."""
    folder = tmp_path / "my tests" / "tapes"
    folder.mkdir(parents=True)
    (folder / "weather.json").write_text(SAMPLE)
    git(tmp_path, "init")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "One")
    return folder


def test_git_shows_changes_by_meaning(folder: Path, tmp_path: Path) -> None:
    """The real git, which runs the real program."""
    assert git_diff(folder) == 0
    assert git_diff(folder) == 0, "a second time changes nothing"
    assert (tmp_path / ".gitattributes").read_text() == '"my tests/tapes/**/*.json" diff=toolreel\n'
    (folder / "weather.json").write_text(SAMPLE.replace("Tokyo", "Kyoto"))
    shown = git(tmp_path, "diff")
    assert shown.startswith("diff --git a/my tests/tapes/weather.json b/my tests/tapes/weather.json\n")
    assert '       - "Tokyo"\n       + "Kyoto"\n' in shown
    git(tmp_path, "commit", "-am", "Two")
    logged = git(tmp_path, "log", "-p", "-1")
    assert '-                call    get_weather({"city":"Tokyo"})\n' in logged
    assert "frames" not in logged, "what another take changes is not shown"
    assert "polls" not in logged


def test_what_stands_in_gitattributes_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_text("*.png binary")
    git_diff(folder)
    assert (tmp_path / ".gitattributes").read_text().splitlines()[0] == "*.png binary"


def test_where_there_is_no_repository_or_folder_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not a git repository"):
        git_diff(tmp_path)
    with pytest.raises(CommandError, match="There is no folder"):
        git_diff(tmp_path / "none")


def test_gitattributes_that_cannot_be_written_are_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").mkdir()
    with pytest.raises(MachineError, match=r"cannot be written .*; add the line"):
        git_diff(folder)


def runs(path: str, old: Path | str, new: Path | str) -> int:
    return git_runs_diff([path, str(old), "0" * 40, "100644", str(new), "1" * 40, "100644"])


def test_a_new_and_a_removed_cassette_are_shown_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "blob"
    file.write_text(SAMPLE)
    assert runs("tapes/weather.json", "/dev/null", file) == 0
    out = capsys.readouterr().out
    assert "new cassette\n#1 asst_1, shared\n" in out
    assert runs("tapes/weather.json", file, "/dev/null") == 0
    assert "removed cassette\n" in capsys.readouterr().out


def test_what_is_no_cassette_is_shown_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("[\n1\n]\n")
    new.write_text("[\n2\n]\n")
    assert runs("x.json", old, new) == 0
    assert "-1\n+2\n" in capsys.readouterr().out
    assert git_runs_textconv(old) == 0
    assert capsys.readouterr().out == "[\n1\n]\n"


def test_a_cassette_whose_bodies_git_does_not_hand_over_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """git gives the file only, not the folder beside it."""
    file = tmp_path / "blob.json"
    above, _, _ = SAMPLE.partition('"ending": "complete"}],\n "take"')
    large = f'"response": {{"status": 200, "body": {{"file": "{"a" * 64}"}}}}'
    file.write_text(
        f'{above}"ending": "complete"}}, {{"n": 13, "request": {{"method": "GET", "path": "/large"}}, {large}}}]}}'
    )
    assert git_runs_textconv(file) == 0
    assert "13  GET /large → 200" in capsys.readouterr().out


def test_only_git_runs_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="run 'toolreel diff'"):
        git_runs_diff(["x"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert completion(shell) == 0
    assert f"_TOOLREEL_COMPLETE={shell}_complete" in capsys.readouterr().out
