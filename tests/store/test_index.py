"""The index: only what changed is read again, and nothing that stands in the files is ever missing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from toolreel.errors import MachineError
from toolreel.inspect.facts import facts
from toolreel.messages.model import Cassette
from toolreel.store import index as module
from toolreel.store.catalogue import Catalogue
from toolreel.store.database import open_store
from toolreel.store.facts import Facts
from toolreel.store.index import Index, folder_key
from toolreel.store.journal import Journal

SAMPLE = Path(__file__).parents[2] / "cassettes" / "weather.json"
OLD = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three cassettes that nobody has touched for a long time."""
    folder = tmp_path / "cassettes"
    for name in ("a", "b", "sub/c"):
        put(folder, name)
    return folder


def put(folder: Path, name: str, change: tuple[str, str] = ("", ""), at: int = OLD) -> Path:
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SAMPLE.read_text().replace(*change) if change[0] else SAMPLE.read_text())
    os.utime(path, (at, at))
    return path


class Reads:
    """Notes which cassettes are read out."""

    def __init__(self) -> None:
        self.count = 0
        self.seen: list[list[str]] = []

    def describe(self, cassette: Cassette) -> Facts:
        self.count += 1
        return facts(cassette)

    def progress(self, changes: Sequence[Any]) -> Sequence[Any]:
        self.seen.append([change.name for change in changes])
        return changes


def refreshed(folder: Path, *, anew: bool = False) -> tuple[list[str], int, list[list[str]]]:
    """The names in the index, how many files were read out, and which were looked into."""
    reads = Reads()
    index = Index(folder, reads.describe)
    try:
        index.refresh(reads.progress, anew=anew)
        rows = Catalogue(index.db, index.folder).rows()
        check(index.db)
        return [row.name for row in rows], reads.count, reads.seen
    finally:
        index.close()


def check(db: Database) -> None:
    """Texts and words are in step, and nothing belongs to a cassette that is gone."""
    db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    for table in ("requests", "calls", "texts"):
        (lost,) = db.execute(
            f"SELECT count(*) FROM {table} WHERE cassette NOT IN (SELECT id FROM cassettes)"
        ).fetchone()
        assert lost == 0


def test_the_first_time_everything_is_read_the_second_time_nothing(folder: Path) -> None:
    assert refreshed(folder) == (["a", "b", "sub/c"], 3, [["a", "b", "sub/c"]])
    assert refreshed(folder) == (["a", "b", "sub/c"], 0, [])


def test_only_what_changed_is_read_again(folder: Path) -> None:
    refreshed(folder)
    put(folder, "b", ("Tokyo", "Kyoto"), OLD + 10)
    put(folder, "new")
    (folder / "a.json").unlink()
    assert refreshed(folder) == (["b", "new", "sub/c"], 2, [["b", "new"]])


def test_a_file_that_was_only_touched_is_looked_into_but_not_read_out(folder: Path) -> None:
    refreshed(folder)
    os.utime(folder / "a.json", (OLD + 5, OLD + 5))
    assert refreshed(folder) == (["a", "b", "sub/c"], 0, [["a"]])
    assert refreshed(folder) == (["a", "b", "sub/c"], 0, [])


def test_a_change_within_the_same_moment_and_of_the_same_size_is_seen(folder: Path) -> None:
    path = put(folder, "a")
    os.utime(path)
    stat = path.stat()
    refreshed(folder)
    path.write_text(path.read_text().replace("Tokyo", "Kyoto"))
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert refreshed(folder)[1:] == (1, [["a"]])


def test_anew_everything_is_read(folder: Path) -> None:
    refreshed(folder)
    assert refreshed(folder, anew=True)[1] == 3


def test_another_version_of_the_facts_reads_everything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed(folder)
    monkeypatch.setattr(module, "VERSION", 99)
    assert refreshed(folder)[1] == 3
    assert refreshed(folder)[1] == 0


def test_a_broken_cassette_is_kept_with_its_reason_until_it_changes(folder: Path) -> None:
    path = put(folder, "b", ("{", "["))
    index = Index(folder, facts)
    index.refresh()
    (row,) = [row for row in Catalogue(index.db, index.folder).rows() if row.error]
    index.close()
    assert row.name == "b"
    assert str(path) in (row.error or "")
    assert refreshed(folder)[2] == []
    put(folder, "b", at=OLD + 1)
    assert refreshed(folder)[1] == 1


def test_what_is_nested_too_deep_is_broken_too(folder: Path) -> None:
    def deep(cassette: Cassette) -> Facts:
        raise RecursionError

    index = Index(folder, deep)
    index.refresh()
    assert all("nested too deep" in (row.error or "") for row in Catalogue(index.db, index.folder).rows())
    index.close()


def test_half_a_surrogate_pair_is_indexed_as_it_is_written(folder: Path) -> None:
    """Programs that cut a text in the middle of an emoji send it so, and the cassette keeps their spelling."""
    said = '{"messages": [{"role": "user", "content": "one half \\ud83d of it"}]}'
    request = {"method": "POST", "path": "/chat/completions", "body": {"text": said}}
    exchange = {"n": 1, "request": request, "response": {"status": 200}}
    value = {"toolreel": 1, "upstreams": ["https://api.openai.com/v1"], "interactions": [exchange]}
    (folder / "half.json").write_text(json.dumps(value))
    assert refreshed(folder)[0] == ["a", "b", "half", "sub/c"]
    index = Index(folder, facts)
    try:
        hits, total = Catalogue(index.db, index.folder).search("half of it", 10)
        assert (total, hits[0].name) == (1, "half")
    finally:
        index.close()


def test_a_link_that_leads_nowhere_is_passed_over(folder: Path) -> None:
    (folder / "x.json").symlink_to(folder / "nowhere")
    assert refreshed(folder)[0] == ["a", "b", "sub/c"]


def test_many_cassettes_are_written_in_several_transactions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    for number in range(5):
        put(folder, f"n{number}")
    assert len(refreshed(folder)[0]) == 8
    shutil.rmtree(folder / "sub")
    for number in range(5):
        (folder / f"n{number}.json").unlink()
    assert refreshed(folder)[0] == ["a", "b"]


def test_two_folders_share_a_store(folder: Path) -> None:
    other = put(folder.parent / "more", "x").parent
    refreshed(folder)
    assert refreshed(other) == (["x"], 1, [["x"]])
    assert refreshed(folder)[1] == 0


def test_the_index_does_not_disturb_a_recording(folder: Path) -> None:
    journal = Journal(folder.parent / ".toolreel" / "store.db", "cassettes/z", recorded_at="now", tool="toolreel")
    assert refreshed(folder)[1] == 3
    journal.close()
    assert journal.failure is None


def test_no_store_is_made_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "cassettes").mkdir()
    assert refreshed(tmp_path / "cassettes") == ([], 0, [])
    assert refreshed(tmp_path / "none") == ([], 0, [])
    assert not (tmp_path / ".toolreel").exists()


def test_a_folder_is_known_by_its_place(tmp_path: Path) -> None:
    store = tmp_path / ".toolreel" / "store.db"
    assert folder_key(tmp_path / "tests" / "tapes", store) == "tests/tapes"
    assert folder_key(tmp_path, store) == "."


# ----------------------------------------------------------------------------------- where the store can't be written


@pytest.fixture
def unwritable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOOLREEL_STORE", "/dev/null/store.db")
    return folder


def test_where_there_can_be_no_store_the_index_is_in_memory(unwritable: Path) -> None:
    index = Index(unwritable, facts)
    index.refresh()
    assert [row.name for row in Catalogue(index.db, index.folder).rows()] == ["a", "b", "sub/c"]
    assert index.unwritable is not None
    assert "/dev/null/store.db" in index.unwritable
    index.close()


def test_a_store_that_can_only_be_read_is_used_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed(folder)
    put(folder, "b", ("Tokyo", "Kyoto"), OLD + 10)
    real = sqlite3.connect

    def read_only(path: Any, **options: Any) -> sqlite3.Connection:
        if str(path).endswith("store.db"):
            path, options = f"file:{path}?mode=ro", {**options, "uri": True}
        connection: sqlite3.Connection = real(path, **options)
        return connection

    monkeypatch.setattr(sqlite3, "connect", read_only)
    reads = Reads()
    index = Index(folder, reads.describe)
    index.refresh()
    assert reads.count in (1, 2), "the copy in memory knows what has not changed"
    assert Catalogue(index.db, index.folder).search("Kyoto", 1).total > 0
    assert "readonly" in (index.unwritable or "")
    index.close()
    monkeypatch.undo()
    assert refreshed(folder)[1] == 1, "the store itself was left alone"


@pytest.fixture
def broken(folder: Path) -> Callable[[], Path]:
    """A store whose index is broken: words that nobody said, and a table gone."""
    refreshed(folder)

    def spoil() -> Path:
        db = open_store(folder.parent / ".toolreel" / "store.db")
        db.execute("DROP TABLE calls")
        db.close()
        return folder

    return spoil


def test_a_broken_index_is_made_anew(broken: Callable[[], Path]) -> None:
    folder = broken()
    put(folder, "d")
    assert refreshed(folder, anew=True)[0] == ["a", "b", "d", "sub/c"]
    assert refreshed(folder)[1] == 0


def test_a_file_that_is_no_store_is_left_alone(folder: Path) -> None:
    store = folder.parent / ".toolreel" / "store.db"
    store.parent.mkdir()
    store.write_bytes(b"this is no database" * 100)
    index = Index(folder, facts)
    index.refresh()
    assert len(Catalogue(index.db, index.folder).rows()) == 3
    assert "not a database" in (index.unwritable or "")
    index.close()
    assert store.read_bytes().startswith(b"this is no database")


def test_a_broken_index_is_an_error_that_says_what_to_do(broken: Callable[[], Path]) -> None:
    folder = broken()
    put(folder, "d")
    with pytest.raises(MachineError, match=r"no such table: .*calls.*; 'toolreel reindex' makes it anew"):
        refreshed(folder)


def test_a_store_that_another_process_holds_is_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed(folder)
    put(folder, "d")
    holder = open_store(folder.parent / ".toolreel" / "store.db")
    monkeypatch.setattr("toolreel.store.database.BUSY_S", 0.05)
    holder.execute("BEGIN IMMEDIATE")
    index = Index(folder, facts)
    index.refresh()
    assert [row.name for row in Catalogue(index.db, index.folder).rows()] == ["a", "b", "d", "sub/c"]
    assert "locked" in (index.unwritable or "")
    index.close()
    holder.execute("ROLLBACK")
    holder.close()
