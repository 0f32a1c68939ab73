from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.replay.miss import Miss, MissCode
from toolreel.store import misses as module
from toolreel.store.database import open_store
from toolreel.store.misses import MissRow, names_of, note_misses, noted_misses


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of cassettes with a store."""
    folder = tmp_path / "cassettes"
    folder.mkdir()
    open_store(tmp_path / ".toolreel" / "store.db").close()
    return folder


def miss(message: str = "No.", param: str | None = None) -> Miss:
    return Miss(MissCode.NO_MATCH, message, param)


def test_misses_are_noted_in_their_order(folder: Path) -> None:
    note_misses(folder, ["a"], [miss("One."), miss("Two.", "$.x")])
    note_misses(folder, ["b", "sub/c"], [miss("Three.")])
    rows = noted_misses(folder)
    assert [(row.cassette, row.code, row.message, row.param) for row in rows] == [
        ("cassettes/a", "no_match", "One.", None),
        ("cassettes/a", "no_match", "Two.", "$.x"),
        ("cassettes/b cassettes/sub/c", "no_match", "Three.", None),
    ]
    assert all(row.at.endswith("Z") for row in rows)


@pytest.mark.parametrize(("name", "messages"), [("a", ["One."]), ("c", ["Two."]), ("b", ["Two."]), ("_", [])])
def test_those_of_one_cassette_are_told_apart(folder: Path, name: str, messages: list[str]) -> None:
    note_misses(folder, ["a"], [miss("One.")])
    note_misses(folder, ["b", "c"], [miss("Two.")])
    assert [row.message for row in noted_misses(folder, name)] == messages


def test_they_can_be_forgotten(folder: Path) -> None:
    note_misses(folder, ["a"], [miss("One.")])
    note_misses(folder, ["b"], [miss("Two.")])
    assert [row.message for row in noted_misses(folder, "a", clear=True)] == ["One."]
    assert [row.message for row in noted_misses(folder)] == ["Two."]
    noted_misses(folder, clear=True)
    assert noted_misses(folder) == []


def test_only_the_newest_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    for number in range(5):
        note_misses(folder, ["a"], [miss(str(number))])
    assert [row.message for row in noted_misses(folder)] == ["2", "3", "4"]


def test_replay_needs_no_store_and_makes_none(tmp_path: Path) -> None:
    note_misses(tmp_path / "cassettes", ["a"], [miss()])
    assert noted_misses(tmp_path / "cassettes") == []
    assert list(tmp_path.iterdir()) == []


def test_without_misses_the_store_is_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "open_store", None)
    note_misses(folder, ["a"], [])


@pytest.mark.parametrize("content", [b"this is no database" * 100, None])
def test_a_store_that_cannot_be_written_is_no_reason_to_fail(folder: Path, content: bytes | None) -> None:
    store = folder.parent / ".toolreel" / "store.db"
    store.unlink()
    if content is None:
        store.mkdir()
    else:
        store.write_bytes(content)
    note_misses(folder, ["a"], [miss()])


def test_a_store_that_is_locked_is_no_reason_to_fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_store(folder.parent / ".toolreel" / "store.db")
    monkeypatch.setattr("toolreel.store.database.BUSY_S", 0.05)
    db.execute("BEGIN IMMEDIATE")
    note_misses(folder, ["a"], [miss()])
    db.execute("ROLLBACK")
    db.close()
    assert noted_misses(folder) == []


@pytest.mark.parametrize(
    ("cassette", "names"),
    [
        ("cassettes/a", ["a"]),
        ("cassettes/a cassettes/sub/b", ["a", "sub/b"]),
        ("other/a other/b", ["other/a other/b"]),
    ],
)
def test_the_cassettes_of_a_miss_are_named_as_in_their_folder(folder: Path, cassette: str, names: list[str]) -> None:
    assert names_of(folder, MissRow("", cassette, "no_match", "No.", None)) == names


def test_the_name_of_a_folder_may_have_spaces(tmp_path: Path) -> None:
    assert names_of(tmp_path / "my a", MissRow("", "my a/b my a/c", "no_match", "No.", None)) == ["b", "c"]
