"""The ids that the server really minted, by the symbols that stand for them in a cassette."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolreel.errors import CommandError

from .names import cassette_path, store_key

if TYPE_CHECKING:
    from sqlite_utils import Database


def keep_originals(db: Database, cassette: str, symbols: Mapping[str, str]) -> None:
    """Notes the symbol of each original id of a cassette, in place of what was noted of it before."""
    with db.atomic():
        db.execute("DELETE FROM ids WHERE cassette = ?", [cassette])
        db.conn.executemany(
            "INSERT INTO ids (cassette, symbol, original) VALUES (?, ?, ?)",
            ((cassette, symbol, original) for original, symbol in (symbols or _NONE).items()),
        )


_NONE = {"": ""}
"""Noted of a cassette that has no symbols, so that it is known to have none."""


def originals(folder: Path, cassette: str) -> dict[str, str]:
    """The original id of each symbol of a cassette; raises CommandError if this machine did not record it."""
    from .database import open_store, store_path  # replay, which seldom asks for them, starts without SQLite

    store = store_path(folder, os.environ.get("TOOLREEL_STORE"))
    if store.exists():
        db = open_store(store)
        try:
            key = store_key(cassette_path(folder, cassette), store)
            rows = db.execute("SELECT symbol, original FROM ids WHERE cassette = ?", [key]).fetchall()
        finally:
            db.close()
        if rows:
            return {symbol: original for symbol, original in rows if symbol}
    raise CommandError(f"The original ids of {cassette} are not known: there is no recording of it in {store}.")
