"""Neither the name of a file nor what is in it steers the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inspect.tapes import SAMPLE
from tests.view.hostile import hostile
from toolreel.commands.cli import main
from toolreel.store.layout import cassette_text

EVIL = "e\x1b[2Jvi\u202el"
SHOWN = "e\\x1b[2Jvi\\u202el"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cassettes").mkdir()
    Path("cassettes", f"{EVIL}.json").write_text(SAMPLE.read_text())
    Path("cassettes", f"{EVIL}-broken.json").write_text(f'{{"toolreel": 1, "{EVIL}')
    Path("other.json").write_text(SAMPLE.read_text().replace("light", "heavy"))


@pytest.mark.parametrize(
    "command",
    [
        "ls",
        "search paris",
        "lint",
        "show FILE",
        "diff FILE FILE",
        "diff FILE other.json",
        "diff other.json FILE",
        "audit FILE",
        "rm FILE",
        "rm FILE#2",
        "mv FILE sane",
    ],
)
def test_a_name_is_shown_as_text(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    file = f"cassettes/{EVIL}.json"
    with pytest.raises(SystemExit):
        main([word.replace("FILE", file) for word in command.split(" ")])
    out, err = capfd.readouterr()
    assert SHOWN in out + err
    assert not {"\x1b", "\u202e"} & set(out + err)


@pytest.mark.parametrize(
    "command", ["show", "show --frames", "show NAME 3 4 6", "audit", "lint", "search owned", "stats"]
)
def test_what_a_hostile_cassette_says_is_shown_as_text(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("cassettes", "hostile.json").write_text(cassette_text(hostile()))
    words = command.replace("NAME", "hostile").split()
    named = [] if "hostile" in words or words[0] == "search" else ["hostile"]
    with pytest.raises(SystemExit):
        main([*words, *named])
    out, err = capfd.readouterr()
    assert out + err
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(out + err)
