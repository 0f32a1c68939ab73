"""The store: one SQLite file with the journal of recordings in progress, the index of cassettes, and misses.

Everything in it but an unfinished recording can be rebuilt from the cassette files; replay works without it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from sqlite_utils import Database, Migrations

from toolreel.errors import MachineError

from .tables import INDEX

BUSY_S = 5
"""So many seconds somebody who wants to write waits for others who do."""

_migrations = Migrations("toolreel")


@_migrations()
def journal(db: Database) -> None:
    """Takes in progress or left unfinished, and their entries."""
    db.execute(
        """
        CREATE TABLE takes (
            id INTEGER PRIMARY KEY,
            cassette TEXT NOT NULL,
            recorded_at TEXT NOT NULL,  -- '' if nobody knows
            tool TEXT NOT NULL,
            pid INTEGER                 -- of the recorder; NULL once it has let go of the take
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY,     -- in the order in which they were noted
            take INTEGER NOT NULL REFERENCES takes(id) ON DELETE CASCADE,
            interaction INTEGER NOT NULL,
            kind TEXT NOT NULL,
            ms INTEGER NOT NULL,
            facts TEXT NOT NULL,        -- JSON
            data BLOB
        ) STRICT
        """
    )
    db.execute("CREATE INDEX entries_of_take ON entries(take, interaction)")


@_migrations()
def original_ids(db: Database) -> None:
    """The ids that a cassette's symbols stand for."""
    db.execute(
        """
        CREATE TABLE ids (
            cassette TEXT NOT NULL,
            symbol TEXT NOT NULL,
            original TEXT NOT NULL,
            PRIMARY KEY (cassette, symbol)
        ) STRICT, WITHOUT ROWID
        """
    )


@_migrations()
def cassette_index(db: Database) -> None:
    """What is known of finished cassettes, and their texts to search."""
    for statement in INDEX:
        db.execute(statement)


def make_index_anew(db: Database) -> None:
    """Empties the index, also if it is broken; whoever looks into it next fills it."""
    for table in ("words", "texts", "calls", "requests", "cassettes"):
        db.execute(f"DROP TABLE IF EXISTS {table}")  # and its triggers
    cassette_index(db)


@_migrations()
def missed_requests(db: Database) -> None:
    """Requests that replays could not answer."""
    db.execute(
        """
        CREATE TABLE misses (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            cassette TEXT NOT NULL,     -- several that were replayed together are joined by spaces
            code TEXT NOT NULL,
            message TEXT NOT NULL,
            param TEXT
        ) STRICT
        """
    )


def store_path(cassettes: Path, override: str | None = None) -> Path:
    """The store that belongs to a cassette folder: `.toolreel/store.db` beside it, or `override`."""
    place = Path(override) if override else cassettes / os.pardir / ".toolreel" / "store.db"
    return Path(os.path.normpath(place.absolute()))


def open_store(path: Path) -> Database:
    """The store at `path`, made or brought up to date if need be. Raises MachineError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == ".toolreel" and not (ignore := path.parent / ".gitignore").exists():
            ignore.write_text("*\n")
        # The recorder opens the store in one thread and writes in another, never in two at once.
        return _prepared_or_closed(
            sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        )
    except (OSError, sqlite3.Error) as error:
        raise MachineError(
            f"The store {path} cannot be opened ({error}); free the disk or set TOOLREEL_STORE."
        ) from None


def memory_copy(path: Path) -> Database:
    """The store at `path` in memory, where it cannot be written; an empty one if it cannot even be read."""
    connection = _in_memory()
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"  # a folder that is read-only takes no lock
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as disk:
            disk.backup(connection)
        return _prepared(connection)
    except sqlite3.Error:
        connection.close()
        return _prepared_or_closed(_in_memory())


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def _prepared_or_closed(connection: sqlite3.Connection) -> Database:
    try:
        return _prepared(connection)
    except BaseException:
        connection.close()
        raise


def _prepared(connection: sqlite3.Connection) -> Database:
    db = Database(connection)
    _enable_wal(db)
    db.execute("PRAGMA synchronous = NORMAL")  # with WAL, what is committed survives the death of the process
    db.execute("PRAGMA foreign_keys = ON")
    if _migrations.pending(db):
        db.execute("BEGIN IMMEDIATE")  # of several that open a new store at once, one makes it
        try:
            _migrations.apply(db)
            db.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise
    return db


def _enable_wal(db: Database) -> None:
    """With WAL readers never block the recorder. SQLite does not wait by itself for others who switch to it too."""
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            db.enable_wal()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
