from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from toolreel.commands.doors import BASE_URL
from toolreel.commands.missed import misses
from toolreel.commands.replay import replay
from toolreel.errors import MISSES
from toolreel.replay.miss import Miss, MissCode
from toolreel.server.hosts import Listen
from toolreel.store.database import open_store
from toolreel.store.misses import note_misses

SAMPLES = Path(__file__).parents[2] / "cassettes"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    open_store(tmp_path / ".toolreel" / "store.db").close()
    note_misses(folder, ["a"], [Miss(MissCode.NO_MATCH, "GET /x\x1b[31m has no answer.", "$.x")])
    return folder


def test_misses_are_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert misses(folder, None, clear=False, as_json=False) == 0
    out = capsys.readouterr().out
    assert out.endswith("  cassettes/a  no_match: GET /x\\x1b[31m has no answer.\n")
    assert misses(folder, "a", clear=False, as_json=True) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["code"], one["param"]) == ("no_match", "$.x")


def test_misses_are_forgotten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert misses(folder, None, clear=True, as_json=False) == 0
    assert capsys.readouterr() == ("", "Forgot 1 miss.\n")
    assert misses(folder, None, clear=False, as_json=False) == 0
    assert misses(folder, "b", clear=False, as_json=False) == 0
    assert capsys.readouterr().out == "No misses.\nNo misses of b.\n"
    assert misses(folder, None, clear=False, as_json=True) == 0
    assert misses(folder, None, clear=True, as_json=True) == 0
    assert capsys.readouterr() == ("[]\n[]\n", "")


ASKS = """
import os, urllib.error, urllib.request
try:
    urllib.request.urlopen(os.environ["TOOLREEL_URL"] + "/v1/models/none")
except urllib.error.HTTPError as error:
    assert error.code == 424
"""


def test_a_replay_notes_what_it_could_not_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "weather.json").write_bytes((SAMPLES / "weather.json").read_bytes())
    listen = Listen("127.0.0.1", 0)
    command = [sys.executable, "-c", ASKS]
    status = replay(["weather"], folder=folder, listen=listen, via=BASE_URL, command=command)
    assert status == MISSES
    capsys.readouterr()
    assert misses(folder, "weather", clear=False, as_json=True) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["cassette"], one["code"]) == ("cassettes/weather", "no_match")
    assert "GET /models/none" in one["message"]
