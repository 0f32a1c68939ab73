from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.formats.writers import SHIPPED
from toolreel.commands.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cassettes").mkdir()
    shutil.copy(SHIPPED, tmp_path / "cassettes" / "weather.json")
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["export", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_har_goes_to_stdout_or_to_a_file(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("weather", "--to", "har") == 0
    printed = capfd.readouterr().out
    assert json.loads(printed)["log"]["creator"]["name"] == "toolreel"
    assert run("weather", "--to", "har", "-o", "out.har") == 0
    assert (folder / "out.har").read_text() == printed
    assert capfd.readouterr().err == "Wrote out.har.\n"
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_what_comes_back_is_the_same_file(folder: Path) -> None:
    assert run("weather", "--to", "har", "-o", "out.har") == 0
    with pytest.raises(SystemExit):
        main(["import", "out.har", "-o", "again"])
    assert (folder / "cassettes" / "again.json").read_bytes() == SHIPPED.read_bytes()


def test_an_existing_file_is_replaced_only_if_asked_to(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "out.har").write_text("old")
    assert run("weather", "--to", "har", "-o", "out.har") == 2
    assert "File out.har exists; give --force to replace it" in capfd.readouterr().err
    assert (folder / "out.har").read_text() == "old"
    assert run("weather", "--to", "har", "-o", "out.har", "--force") == 0
    assert json.loads((folder / "out.har").read_text())


@pytest.mark.parametrize(
    ("arguments", "status", "what"),
    [
        (("nothing", "--to", "har"), 65, "There is no cassette cassettes/nothing.json"),
        (("../x", "--to", "har"), 2, "is no cassette name"),
        (("weather",), 2, "--to"),
        (("weather", "--to", "pdf"), 2, "'pdf' is not 'har'"),
        (("weather", "--to", "har", "-o", "no/such/out.har"), 74, "File no/such/out.har cannot be written: no such"),
    ],
)
def test_what_cannot_be_exported_is_said(
    arguments: tuple[str, ...], status: int, what: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    assert run(*arguments) == status
    err = capfd.readouterr().err
    assert what in err
    assert "Traceback" not in err
