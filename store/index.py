"""The index of finished cassettes: what `ls` and `search` look at, so that only changed files are read again.

A file is taken for unchanged if its size and its time of change are; else if its SHA-256 is. All of it can be made
anew from the files.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlite_utils import Database

from toolreel.errors import CassetteError, MachineError

from .database import make_index_anew, memory_copy, open_store, store_path
from .facts import VERSION, Facts, RequestFacts, Text, ToolCall
from .names import cassette_files

if TYPE_CHECKING:
    from toolreel.messages.model import Cassette

FRESH_NS = 2_000_000_000
"""A file that changed less than so many nanoseconds ago may change again without its time telling."""

_BATCH = 4 << 20
"""So many bytes of cassettes are indexed in one transaction, and a little more: a recorder must not wait for long."""

_MOST = 200
"""So many cassettes are indexed in one transaction at most."""

_UNWRITABLE = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR}
)
"""What the disk or another process says; the index itself is not at fault."""

Progress = Callable[[Sequence["_Change"]], Iterable["_Change"]]
"""Gives what it is given, and tells somebody how far it has come."""


class _Known(NamedTuple):
    id: int
    size: int
    mtime_ns: int
    sha256: str
    version: int


class _Change(NamedTuple):
    """A file that may have changed since it was indexed."""

    name: str
    path: Path
    size: int
    mtime_ns: int
    known: _Known | None


class Index:
    """The index of the cassettes in one folder.

    `describe` reads the facts out of a cassette. `unwritable` says why the store could not be written: then the index
    is in memory.
    """

    def __init__(self, folder: Path, describe: Callable[[Cassette], Facts]) -> None:
        self._files = folder
        self._describe = describe
        self._store = store_path(folder, os.environ.get("TOOLREEL_STORE"))
        self.folder = folder_key(folder, self._store)
        self.unwritable: str | None = None
        self.db = self._open()

    def _open(self) -> Database:
        if not self._store.exists() and next(cassette_files(self._files), None) is None:
            return memory_copy(self._store)  # for nothing at all no store is made
        try:
            return open_store(self._store)
        except MachineError as error:
            self.unwritable = str(error)
            return memory_copy(self._store)

    def close(self) -> None:
        """Closes the store."""
        self.db.close()

    def refresh(self, progress: Progress = lambda changes: changes, *, anew: bool = False) -> None:
        """Reads what has changed since the last time, or everything `anew`. Raises MachineError."""
        try:
            if anew:
                with self.db.atomic():
                    make_index_anew(self.db)
            self._refresh(progress)
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
                raise MachineError(
                    f"The index in {self._store} is broken ({error}); 'toolreel reindex' makes it anew."
                ) from None
            self.unwritable = f"The index in {self._store} cannot be written ({error})."
            self.db.close()
            self.db = memory_copy(self._store)
            self._refresh(progress)

    def _refresh(self, progress: Progress) -> None:
        known = self._known()
        changes: list[_Change] = []
        for name, entry in cassette_files(self._files):
            try:
                stat = entry.stat()
            except OSError:  # it has gone meanwhile, or is a link that leads nowhere
                continue
            before = known.pop(name, None)
            here = (stat.st_size, stat.st_mtime_ns, VERSION)
            if before is None or (before.size, before.mtime_ns, before.version) != here:
                changes.append(_Change(name, Path(entry.path), stat.st_size, stat.st_mtime_ns, before))
        self._forget([gone.id for gone in known.values()])
        changes.sort(key=lambda change: change.name)
        self._index(progress(changes) if changes else ())

    def _known(self) -> dict[str, _Known]:
        rows = self.db.execute(
            "SELECT name, id, size, mtime_ns, sha256, version FROM cassettes WHERE folder = ?", [self.folder]
        )
        return {name: _Known(*values) for name, *values in rows.fetchall()}

    def _forget(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), _MOST):
            with self.db.atomic():
                some = [(one,) for one in ids[start : start + _MOST]]
                self.db.conn.executemany("DELETE FROM cassettes WHERE id = ?", some)

    def _index(self, changes: Iterable[_Change]) -> None:
        batch: list[Callable[[], None]] = []
        size = 0
        for change in changes:
            if write := self._read(change):
                batch.append(write)
                size += change.size
            if size >= _BATCH or len(batch) >= _MOST:
                self._write(batch)
                batch, size = [], 0
        self._write(batch)

    def _write(self, batch: Sequence[Callable[[], None]]) -> None:
        # What is written was read before the transaction began, so that it is short.
        if batch:
            with self.db.atomic():
                for write in batch:
                    write()

    def _read(self, change: _Change) -> Callable[[], None] | None:
        """Reads a file, and gives what is to be written of it."""
        trusted = change.mtime_ns if time.time_ns() - change.mtime_ns > FRESH_NS else 0
        from .files import parse, read  # where nothing has changed, nothing of it is needed

        digest, facts, error = "", None, None
        try:
            data = read(change.path)
            digest = hashlib.sha256(data).hexdigest()
            if change.known and (change.known.sha256, change.known.version) == (digest, VERSION):
                return lambda: self._touch(change, trusted)
            facts = self._describe(parse(data, change.path))
        except (CassetteError, RecursionError) as reason:
            error = str(reason) if isinstance(reason, CassetteError) else f"Cassette {change.path}: nested too deep."
        return lambda: self._insert(change, trusted, digest, facts, error)

    def _touch(self, change: _Change, mtime_ns: int) -> None:
        self.db.execute(
            "UPDATE cassettes SET mtime_ns = ? WHERE folder = ? AND name = ?", [mtime_ns, self.folder, change.name]
        )

    def _insert(self, change: _Change, mtime_ns: int, digest: str, facts: Facts | None, error: str | None) -> None:
        row: dict[str, Any] = {
            "folder": self.folder,
            "name": change.name,
            "size": change.size,
            "mtime_ns": mtime_ns,
            "sha256": digest,
            "version": VERSION,
            "error": error,
            **_figures(facts),
        }
        # Somebody else may have indexed it meanwhile.
        self.db.execute("DELETE FROM cassettes WHERE folder = ? AND name = ?", [self.folder, change.name])
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        id_ = self.db.execute(
            f"INSERT INTO cassettes ({names}) VALUES ({marks})", list(map(_storable, row.values()))
        ).lastrowid
        if facts:
            self._insert_all("requests", RequestFacts, id_, facts.requests)
            self._insert_all("calls", ToolCall, id_, facts.calls)
            self._insert_all("texts", Text, id_, facts.texts)

    def _insert_all(
        self, table: str, kind: type[NamedTuple], id_: int | None, rows: Iterable[tuple[Any, ...]]
    ) -> None:
        names, marks = ", ".join(kind._fields), ", ".join("?" * len(kind._fields))
        self.db.conn.executemany(
            f"INSERT INTO {table} (cassette, {names}) VALUES (?, {marks})",
            [(id_, *map(_storable, row)) for row in rows],
        )


def _storable(value: Any) -> Any:
    """The same, but for half a surrogate pair, which a program may well have sent and no database can hold."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def folder_key(folder: Path, store: Path) -> str:
    """How the store names a folder of cassettes: by its place, seen from the folder in which `.toolreel` lies."""
    return Path(os.path.relpath(folder, store.parent.parent)).as_posix()


def _figures(facts: Facts | None) -> dict[str, Any]:
    requests = facts.requests if facts else ()
    streams = [one.frames for one in requests if one.frames is not None]
    return {
        "recorded_at": facts.recorded_at if facts else None,
        "upstream": facts.upstream if facts else None,
        "requests": len(requests),
        "runs": facts.runs if facts else 0,
        "calls": len(facts.calls) if facts else 0,
        "streams": len(streams),
        "frames": sum(streams),
        "failures": facts.failures if facts else 0,
    }
