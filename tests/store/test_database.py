from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from toolreel.errors import MachineError
from toolreel.store.database import open_store, store_path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / ".toolreel" / "store.db"


def test_the_store_lies_beside_the_cassettes() -> None:
    assert store_path(Path("/project/cassettes")) == Path("/project/.toolreel/store.db")


def test_a_relative_folder_means_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert store_path(Path("cassettes")) == tmp_path / ".toolreel" / "store.db"


def test_the_store_lies_where_the_user_says() -> None:
    assert store_path(Path("/project/cassettes"), "/elsewhere/s.db") == Path("/elsewhere/s.db")


def test_a_new_store_is_made_with_its_folder_and_kept_out_of_git(store: Path) -> None:
    open_store(store).close()
    assert store.is_file()
    assert (store.parent / ".gitignore").read_text() == "*\n"


def test_a_gitignore_of_the_user_stays(store: Path) -> None:
    store.parent.mkdir()
    (store.parent / ".gitignore").write_text("mine\n")
    open_store(store).close()
    assert (store.parent / ".gitignore").read_text() == "mine\n"


def test_a_folder_that_is_not_ours_gets_no_gitignore(tmp_path: Path) -> None:
    open_store(tmp_path / "shared" / "s.db").close()
    assert not (tmp_path / "shared" / ".gitignore").exists()


def test_a_store_can_be_opened_again_and_by_several(store: Path) -> None:
    first = open_store(store)
    first.execute("INSERT INTO takes (cassette, recorded_at, tool) VALUES ('a', 'b', 'c')")
    second = open_store(store)
    assert second.execute("SELECT cassette FROM takes").fetchall() == [("a",)]
    first.close()
    second.close()


def test_a_reader_never_blocks_the_recorder(store: Path) -> None:
    writer, reader = open_store(store), open_store(store)
    writer.execute("PRAGMA busy_timeout = 0")
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM takes").fetchone() == (0,)
    writer.execute("INSERT INTO takes (cassette, recorded_at, tool) VALUES ('a', 'b', 'c')")
    assert reader.execute("SELECT count(*) FROM takes").fetchone() == (0,)
    reader.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM takes").fetchone() == (1,)
    writer.close()
    reader.close()


def test_the_entries_of_a_take_go_with_it(store: Path) -> None:
    db = open_store(store)
    db.execute("INSERT INTO takes (id, cassette, recorded_at, tool) VALUES (1, 'a', 'b', 'c'), (2, 'a', 'b', 'c')")
    db.execute("INSERT INTO entries (take, interaction, kind, ms, facts) VALUES (1, 1, 'Began', 0, '{}')")
    db.execute("INSERT INTO entries (take, interaction, kind, ms, facts) VALUES (2, 1, 'Began', 0, '{}')")
    db.execute("DELETE FROM takes WHERE id = 1")
    assert db.execute("SELECT take FROM entries").fetchall() == [(2,)]
    db.close()


def test_an_entry_of_no_take_is_refused(store: Path) -> None:
    db: Database = open_store(store)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO entries (take, interaction, kind, ms, facts) VALUES (1, 1, 'Began', 0, '{}')")
    db.close()


def test_a_file_that_is_no_store_is_refused_and_left_alone(store: Path) -> None:
    store.parent.mkdir()
    store.write_bytes(b"no database" * 100)
    with pytest.raises(MachineError) as caught:
        open_store(store)
    assert str(caught.value) == (
        f"The store {store} cannot be opened (file is not a database); free the disk or set TOOLREEL_STORE."
    )
    assert store.read_bytes() == b"no database" * 100


def test_a_store_that_cannot_be_opened_leaves_nothing_open(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []
    real = sqlite3.connect

    def connect(*args: object, **kwargs: object) -> sqlite3.Connection:
        opened.append(real(*args, **kwargs))  # type: ignore[call-overload] # passed on as they came
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", connect)
    store.parent.mkdir()
    store.write_bytes(b"no database" * 100)
    with pytest.raises(MachineError):
        open_store(store)
    [connection] = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


@pytest.mark.parametrize("place", ["a-file", "a-folder"])
def test_a_store_in_an_impossible_place_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    path = {"a-file": tmp_path / "file" / "s.db", "a-folder": tmp_path / "folder"}[place]
    with pytest.raises(MachineError, match=r"cannot be opened \(.+\); free the disk or set TOOLREEL_STORE\.$"):
        open_store(path)
