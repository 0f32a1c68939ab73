"""Requests that replays could not answer, kept in the store if there is one: replay itself needs none."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from toolreel.errors import MachineError

from .database import open_store, store_path
from .names import cassette_path, store_key

KEPT = 1000
"""So many misses are kept; older ones are forgotten."""


class Missed(Protocol):
    """A request without an answer; `toolreel.replay.miss.Miss` is one."""

    @property
    def code(self) -> str:
        """Why there is none."""

    @property
    def message(self) -> str:
        """One sentence for people."""

    @property
    def param(self) -> str | None:
        """The JSON path of the field that differs."""


class MissRow(NamedTuple):
    """A miss in the store; `cassette` are the names of those that were replayed, as the store names them."""

    at: str
    cassette: str
    code: str
    message: str
    param: str | None


def note_misses(folder: Path, names: Sequence[str], misses: Sequence[Missed]) -> None:
    """Notes the misses of a replay of cassettes, if there is a store and it can be written."""
    store = store_path(folder, os.environ.get("TOOLREEL_STORE"))
    if not misses or not store.exists():
        return
    keys = " ".join(store_key(cassette_path(folder, name), store) for name in names)
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    # The replay has told them already: whatever keeps the store from being written is no reason to fail.
    with contextlib.suppress(MachineError, sqlite3.Error), contextlib.closing(open_store(store)) as db, db.atomic():
        db.conn.executemany(
            "INSERT INTO misses (at, cassette, code, message, param) VALUES (?, ?, ?, ?, ?)",
            [(now, keys, str(miss.code), miss.message, miss.param) for miss in misses],
        )
        db.execute("DELETE FROM misses WHERE id <= (SELECT max(id) FROM misses) - ?", [KEPT])


def noted_misses(folder: Path, name: str | None = None, *, clear: bool = False) -> list[MissRow]:
    """The misses of one cassette or of all, the oldest first; `clear` forgets them. Raises ToolreelError."""
    store = store_path(folder, os.environ.get("TOOLREEL_STORE"))
    if not store.exists():
        return []
    db = open_store(store)
    try:
        where, values = "", []
        if name is not None:
            where = "WHERE instr(' ' || cassette || ' ', ?)"
            values = [f" {store_key(cassette_path(folder, name), store)} "]
        rows = db.execute(f"SELECT at, cassette, code, message, param FROM misses {where} ORDER BY id", values)
        found = [MissRow(*row) for row in rows.fetchall()]
        if clear:
            db.execute(f"DELETE FROM misses {where}", values)
        return found
    finally:
        db.close()


def names_of(folder: Path, miss: MissRow) -> list[str]:
    """The names of the cassettes of a miss, if they lie in `folder`; else what the store names them, as one."""
    store = store_path(folder, os.environ.get("TOOLREEL_STORE"))
    before = " " + store_key(cassette_path(folder, "x"), store).removesuffix("x")
    keys = f" {miss.cassette}"
    return keys.removeprefix(before).split(before) if keys.startswith(before) else [miss.cassette]
