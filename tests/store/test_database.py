from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from toolreel.errors import MachineError
from toolreel.store import database
from toolreel.store.database import make_index_anew, memory_copy, open_store, store_path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / ".toolreel" / "store.db"


def test_the_store_lies_beside_the_cassettes() -> None:
    assert store_path(Path("/project/cassettes")) == Path("/project/.toolreel/store.db")


def test_a_relative_folder_means_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert store_path(Path("cassettes")) == tmp_path / ".toolreel" / "store.db"


@pytest.mark.parametrize(
    ("cassettes", "place"),
    [(".", "one/.toolreel"), ("..", ".toolreel"), ("../b", "one/.toolreel"), ("b/..", "one/.toolreel")],
)
def test_a_folder_may_be_named_by_dots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cassettes: str, place: str
) -> None:
    (tmp_path / "one" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "one" / "a")
    assert store_path(Path(cassettes)) == tmp_path / place / "store.db"


def test_the_store_lies_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_path(Path("/project/cassettes"), "/elsewhere/s.db") == Path("/elsewhere/s.db")
    monkeypatch.chdir(tmp_path)
    assert store_path(Path("/project/cassettes"), "../s.db") == tmp_path.parent / "s.db"
    assert store_path(Path("/project/cassettes"), "") == Path("/project/.toolreel/store.db")


# --------------------------------------------------------------------------------------------------- migrations


def first_store(store: Path) -> None:
    """A store as the first toolreel made it, with a take that was left in it."""
    store.parent.mkdir()
    connection = sqlite3.connect(store, isolation_level=None)
    database._migrations.apply(Database(connection), stop_before="original_ids")
    connection.execute("INSERT INTO takes (id, cassette, recorded_at, tool) VALUES (7, 'cassettes/a', 'b', 'c')")
    connection.execute("INSERT INTO entries (take, interaction, kind, ms, facts) VALUES (7, 1, 'Began', 0, '{}')")
    connection.close()


def tables(store: Path) -> dict[str, str]:
    """What the store is made of."""
    connection = sqlite3.connect(store)
    made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL"))
    connection.close()
    return made


def test_a_store_of_the_first_toolreel_is_brought_up_to_date_and_keeps_its_takes(store: Path, tmp_path: Path) -> None:
    first_store(store)
    assert "ids" not in tables(store)
    db = open_store(store)
    assert db.execute("SELECT id, cassette FROM takes").fetchall() == [(7, "cassettes/a")]
    assert db.execute("SELECT take, kind FROM entries").fetchall() == [(7, "Began")]
    db.close()
    open_store(tmp_path / "new.db").close()
    assert tables(store) == tables(tmp_path / "new.db")


def test_an_up_to_date_store_is_left_as_it_is(store: Path) -> None:
    open_store(store).close()
    before = tables(store)
    db = open_store(store)
    applied = db.execute("SELECT name FROM _sqlite_migrations ORDER BY name").fetchall()
    db.close()
    assert tables(store) == before
    assert applied == [("cassette_index",), ("journal",), ("missed_requests",), ("original_ids",)]


def test_of_a_migration_that_fails_nothing_stays(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first_store(store)
    before = tables(store)
    failing = Migrations("toolreel")
    failing()(database.journal)

    @failing()
    def breaks(db: Database) -> None:
        db.execute("CREATE TABLE half (a)")
        db.execute("no SQL")

    monkeypatch.setattr(database, "_migrations", failing)
    with pytest.raises(MachineError, match=r"cannot be opened \(.*syntax error\); free the disk"):
        open_store(store)
    assert tables(store) == before


def test_several_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    """As the workers of a test run do, each of which records a cassette of its own."""
    together = threading.Barrier(4)

    def first_of_all(store: Path) -> str:
        together.wait(20)
        db = open_store(store)
        mode: str = db.journal_mode
        db.close()
        return mode

    with ThreadPoolExecutor(4) as workers:
        for n in range(10):
            assert list(workers.map(first_of_all, [tmp_path / str(n) / "store.db"] * 4)) == ["wal"] * 4


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


# ------------------------------------------------------------------------------------------------- index and memory


def test_a_store_can_be_had_in_memory(store: Path) -> None:
    db = open_store(store)
    db.execute("INSERT INTO takes (id, cassette, recorded_at, tool) VALUES (7, 'cassettes/a', 'b', 'c')")
    db.close()
    copy = memory_copy(store)
    assert copy.execute("SELECT id FROM takes").fetchall() == [(7,)]
    copy.execute("DELETE FROM takes")
    copy.close()
    again = memory_copy(store)
    assert again.execute("SELECT id FROM takes").fetchall() == [(7,)]
    again.close()


@pytest.mark.parametrize("content", [None, b"this is no database" * 100])
def test_in_memory_there_is_always_a_store(store: Path, content: bytes | None) -> None:
    if content:
        store.parent.mkdir()
        store.write_bytes(content)
    db = memory_copy(store)
    assert db.execute("SELECT count(*) FROM cassettes").fetchone() == (0,)
    db.close()
    assert store.exists() == bool(content)


def test_an_index_made_anew_is_as_it_was_made_first(store: Path) -> None:
    db = open_store(store)
    before = tables(store)
    db.execute("DROP TABLE calls")
    make_index_anew(db)
    db.close()
    assert tables(store) == before
