from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.commands import git as module
from toolreel.commands.git import file_at, git, in_checkout
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


def test_offline_nothing_is_fetched(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    (origin / "a.json").write_text("{}")
    git(origin, "init")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "add", "-A")
    git(origin, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-m", "One")
    git(tmp_path, "clone", "--filter=blob:none", "--no-checkout", origin.as_uri(), str(clone))
    with pytest.raises(CommandError, match=r"a\.json"):
        file_at("HEAD", clone / "a.json", offline=True)
    assert file_at("HEAD", clone / "a.json") == b"{}"
    assert file_at("HEAD", clone / "a.json", offline=True) == b"{}"
