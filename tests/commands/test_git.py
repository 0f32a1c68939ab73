from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.commands import git as module
from toolreel.commands.git import git, in_checkout
from toolreel.errors import CommandError


def test_git_answers(tmp_path: Path) -> None:
    assert git(tmp_path, "--version").startswith(b"git version")


def test_git_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"^git rev-parse --show-toplevel: not a git repository .*\.$"):
        git(tmp_path, "rev-parse", "--show-toplevel")


def test_where_there_is_no_git_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"git cannot be run: no such file or directory\."):
        module.git(tmp_path, "--version")


def test_a_checkout_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not in_checkout(tmp_path)
    assert not in_checkout(tmp_path / "none")
    git(tmp_path, "init")
    (tmp_path / "sub").mkdir()
    assert in_checkout(tmp_path / "sub")
    assert not in_checkout(tmp_path / ".git")
    monkeypatch.setenv("PATH", "")
    assert not in_checkout(tmp_path)
