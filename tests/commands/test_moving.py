from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolreel.commands.moving import mv, rm
from toolreel.errors import CassetteError, CommandError
from toolreel.store.database import open_store
from toolreel.store.files import load
from toolreel.store.originals import keep_originals, originals

SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    for name in ("weather", "other"):
        (folder / f"{name}.json").write_text(SAMPLE)
    return folder


def test_a_cassette_is_renamed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mv(folder, "weather", "sub/new", force=False) == 0
    assert capsys.readouterr().err == f"Renamed {folder}/weather.json to {folder}/sub/new.json.\n"
    assert (folder / "sub" / "new.json").read_text() == SAMPLE
    with pytest.raises(CommandError, match="exists; give --force"):
        mv(folder, "sub/new", "other", force=False)
    mv(folder, "sub/new", "other", force=True)
    assert [path.name for path in folder.iterdir()] == ["other.json"]


def test_cassettes_are_removed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rm(folder, ["weather", "other"]) == 0
    assert capsys.readouterr().err == f"Removed {folder}/weather.json.\nRemoved {folder}/other.json.\n"
    assert list(folder.iterdir()) == []


def test_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mv(folder, "other", "new", force=False, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"from": f"{folder}/other.json", "to": f"{folder}/new.json"}
    rm(folder, ["weather#thread_1", "new"], as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {"file": f"{folder}/weather.json", "conversations": [f"thread_{1:024}"]},
        {"file": f"{folder}/new.json", "conversations": None},
    ]
    assert capsys.readouterr().err == ""


def test_nothing_is_removed_if_one_is_not_there(folder: Path) -> None:
    with pytest.raises(CassetteError, match="did you mean 'other'"):
        rm(folder, ["weather", "othr"])
    assert len(list(folder.iterdir())) == 2


def test_a_conversation_is_removed_and_the_file_stays_valid(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = open_store(folder.parent / ".toolreel" / "store.db")
    symbols = {f"thread_original{n}": f"thread_{n:024}" for n in (1, 2)}
    keep_originals(db, "cassettes/weather", symbols)
    db.close()
    assert rm(folder, ["weather#thread_1"]) == 0
    assert capsys.readouterr().err == f"Removed thread_1 from {folder}/weather.json: 3 requests.\n"
    left = load(folder / "weather.json")
    assert [one.n for one in left.interactions] == list(range(1, 10))
    assert left.interactions[2].request.path == "/threads/thread_000000000000000000000001/messages"
    assert originals(folder, "weather") == {f"thread_{1:024}": "thread_original2"}


def test_several_conversations_are_removed_at_once(folder: Path) -> None:
    rm(folder, ["weather#2", "weather#3"])
    assert len(load(folder / "weather.json").interactions) == 1


def test_what_others_need_stays(folder: Path) -> None:
    with pytest.raises(
        CommandError, match=r"Conversation 2 of weather needs what conversation 1 made; remove weather#2 too"
    ):
        rm(folder, ["weather#1"])
    assert (folder / "weather.json").read_text() == SAMPLE


def test_the_last_conversation_is_removed_with_the_cassette(folder: Path) -> None:
    with pytest.raises(CommandError, match="has no other conversation; remove it whole: rm weather"):
        rm(folder, ["weather#1", "weather#2", "weather#3"])
    rm(folder, ["weather#2", "weather"])
    assert not (folder / "weather.json").exists()


def test_a_conversation_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(CommandError, match="has no conversation '7'"):
        rm(folder, ["weather#7"])
