"""`diff`: two cassettes, and one against an earlier revision."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from toolreel.commands.difference import diff
from toolreel.errors import CassetteError, CommandError

SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    for name, old, new in (("a", "", ""), ("b", '{\\"city\\":\\"Tokyo\\"}', '{\\"city\\":\\"Kyoto\\"}')):
        (folder / f"{name}.json").write_text(SAMPLE.replace(old, new) if old else SAMPLE)
    taken = SAMPLE.index(',\n "take"')
    (folder / "c.json").write_text(SAMPLE[:taken] + "}\n")
    other = SAMPLE.replace("127.0.0.1:4010", "api.example.com")
    (folder / "d.json").write_text(other.replace("Tokyo", "T\\u001b[31mkyo"))
    return folder


def told(folder: Path, capsys: pytest.CaptureFixture[str], *names: str) -> tuple[int, str]:
    status = diff(folder, *names, against=None, as_json=False)
    return status, capsys.readouterr().out


def test_the_same_conversation_is_said_to_be(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(folder, capsys, "a", "c") == (0, "a and c: same conversation\n")
    assert told(folder, capsys, "a", str(folder / "a.json")) == (0, "a and a: same conversation\n")


def test_a_difference_is_told_by_step_and_tool_call(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = told(folder, capsys, "a", "b")
    assert status == 1
    assert out.splitlines()[:3] == ["--- a", "+++ b", "conversation thread_1"]
    assert out.endswith(
        """conversation thread_2
    8  GET /threads/thread_2/runs/run_2
       get_weather: arguments.city (and in 1 other place)
       - "Tokyo"
       + "Kyoto"
"""
    )


def test_another_upstream_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = told(folder, capsys, "a", "d")
    assert out.startswith("recorded from http://api.example.com/v1, not http://127.0.0.1:4010/v1\n")
    assert "\x1b" not in out


def test_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(folder, "a", "b", against=None, as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["same"] is False
    assert diff(folder, "a", "c", against=None, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["conversations"] == []


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(folder: Path) -> Path:
    git(folder.parent, "init")
    git(folder.parent, "add", "-A")
    git(folder.parent, "commit", "-m", "One")
    return folder


def test_a_cassette_is_compared_with_what_it_was(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(repository, "a", None, against="git:HEAD", as_json=False) == 0
    assert capsys.readouterr().out == "HEAD:a and a: same conversation\n"
    (repository / "a.json").write_text((repository / "b.json").read_text())
    assert diff(repository, "a", None, against="git:HEAD", as_json=False) == 1
    assert '+ "Kyoto"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("against", "message"),
    [
        ("git:none-such", "git cat-file blob none-such:cassettes/a.json: invalid object name 'none-such'."),
        ("git:--output=x", "'--output=x' is no revision."),
        ("git:HEAD\0", "'HEAD\\x00' is no revision."),
        ("git:HEAD:cassettes", "git cat-file blob HEAD:cassettes:cassettes/a.json: path "),
        ("git::/One", "git cat-file blob :/One:cassettes/a.json: "),
        ("git:", "--against git:: write git: and a revision"),
        ("HEAD", "--against HEAD: write git: and a revision"),
    ],
)
def test_a_revision_that_is_none_is_refused(repository: Path, against: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        diff(repository, "a", None, against=against, as_json=False)
    assert str(caught.value).startswith(message)


def test_a_cassette_that_is_new_has_no_earlier_revision(repository: Path) -> None:
    (repository / "new.json").write_text(SAMPLE)
    with pytest.raises(
        CommandError, match=r"git cat-file blob HEAD:cassettes/new.json: path 'cassettes/new.json' exists on disk"
    ):
        diff(repository, "new", None, against="git:HEAD", as_json=False)


def test_where_there_is_no_repository_git_says_so(folder: Path) -> None:
    with pytest.raises(CommandError, match="not a git repository"):
        diff(folder, "a", None, against="git:HEAD", as_json=False)


@pytest.mark.parametrize(("other", "against"), [(None, None), ("b", "git:HEAD")])
def test_two_are_compared(folder: Path, other: str | None, against: str | None) -> None:
    with pytest.raises(CommandError, match="Give two cassettes, or one and --against git:REV"):
        diff(folder, "a", other, against=against, as_json=False)


def test_a_broken_earlier_cassette_is_named(repository: Path) -> None:
    (repository / "a.json").write_text("[]")
    git(repository.parent, "commit", "-am", "Two")
    (repository / "a.json").write_text(SAMPLE)
    with pytest.raises(CassetteError, match="is no cassette"):
        diff(repository, "a", None, against="git:HEAD", as_json=False)
