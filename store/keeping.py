"""Cassettes renamed, removed and rewritten, with their large bodies and what the store knows of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from toolreel.errors import CommandError, MachineError
from toolreel.messages.model import Cassette

from .database import open_store, store_path
from .files import files_folder, save
from .journal import is_recording, unfinished
from .names import SUFFIX, cassette_path, clashing_name, store_key
from .places import Place


def rename(place: Place, new_name: str, *, force: bool = False) -> Path:
    """Gives a cassette another name in its folder, and gives the path of its file. Raises ToolreelError."""
    path = cassette_path(place.folder, new_name)
    name = new_name.removesuffix(SUFFIX)
    if path.exists() and path.samefile(place.path) and name == place.name:
        raise CommandError(f"Cassette {place.path} has this name already.")
    other = clashing_name(place.folder, name)
    if other and other != place.name:
        raise CommandError(f"Cassette {other} exists, and {name} differs from it in case only; choose another name.")
    if path.exists() and not path.samefile(place.path) and not force:
        raise CommandError(f"Cassette {path} exists; give --force to replace it, or choose another name.")
    _check_not_recording(place)
    try:
        _move(place.path, path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MachineError(f"Cassette {place.path} cannot be renamed to {path}: {reason}.") from None
    with _store_of(place) as (db, store):
        if db is not None:
            old, new = store_key(place.path, store), store_key(path, store)
            with db.atomic():
                db.execute("DELETE FROM ids WHERE cassette = ?", [new])
                for table in ("ids", "takes", "misses"):
                    db.execute(f"UPDATE {table} SET cassette = ? WHERE cassette = ?", [new, old])
    _drop_empty(place.path.parent, place.folder)
    return path


def _move(old: Path, new: Path) -> None:
    """At any moment each cassette that is there has all its large bodies."""
    new.parent.mkdir(parents=True, exist_ok=True)
    bodies, wanted = files_folder(old), files_folder(new)
    same = new.exists() and new.samefile(old)  # a name that differs in case only, where case does not count
    if bodies.is_dir() and not same:
        shutil.copytree(bodies, wanted, dirs_exist_ok=True)
    old.replace(new)
    if bodies.is_dir():
        if same:
            bodies.rename(wanted)
        else:
            kept = {path.name for path in bodies.iterdir()}
            shutil.rmtree(bodies)
            for path in wanted.iterdir():  # of the cassette that was replaced
                if path.name not in kept:
                    path.unlink()
    elif wanted.is_dir():
        shutil.rmtree(wanted)


def remove(place: Place) -> None:
    """Removes a cassette. Raises ToolreelError."""
    _check_not_recording(place)
    try:
        place.path.unlink()
        shutil.rmtree(files_folder(place.path), ignore_errors=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MachineError(f"Cassette {place.path} cannot be removed: {reason}.") from None
    with _store_of(place) as (db, store):
        if db is not None:
            db.execute("DELETE FROM ids WHERE cassette = ?", [store_key(place.path, store)])
    _drop_empty(place.path.parent, place.folder)


def rewrite(place: Place, cassette: Cassette, names: Mapping[str, str]) -> None:
    """Writes another cassette in place of one; `names` are the new names of its symbols. Raises ToolreelError."""
    _check_not_recording(place)
    save(place.path, cassette)
    with _store_of(place) as (db, store):
        if db is not None:
            key = store_key(place.path, store)
            with db.atomic():
                known = dict(db.execute("SELECT symbol, original FROM ids WHERE cassette = ?", [key]).fetchall())
                db.execute("DELETE FROM ids WHERE cassette = ?", [key])
                db.conn.executemany(
                    "INSERT INTO ids (cassette, symbol, original) VALUES (?, ?, ?)",
                    [(key, new, known[old]) for old, new in names.items() if old in known],
                )


def _check_not_recording(place: Place) -> None:
    with _store_of(place) as (db, store):
        takes = unfinished(db, store_key(place.path, store)) if db is not None else []
    if recording := next(filter(is_recording, takes), None):
        raise CommandError(f"Cassette {place.name} is being recorded by process {recording.pid}; wait for it.")


@contextmanager
def _store_of(place: Place) -> Iterator[tuple[Database | None, Path]]:
    """The store that knows of a cassette, if there is one."""
    store = store_path(place.folder, os.environ.get("TOOLREEL_STORE"))
    db = open_store(store) if store.exists() else None
    try:
        yield db, store
    finally:
        if db is not None:
            db.close()


def _drop_empty(folder: Path, top: Path) -> None:
    """Removes folders that hold nothing any more, below the folder of the cassettes."""
    while folder != top and top in folder.parents and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
