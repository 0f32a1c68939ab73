"""The journal: every entry of a recording is on disk within a quarter of a second, off the recorder's event loop."""

from __future__ import annotations

import base64
import json
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from toolreel.errors import MachineError
from toolreel.messages.http import Headers, HttpRequest, ResponseHead
from toolreel.messages.model import Ending
from toolreel.recording.entries import Began, BodyPiece, Ended, Entry, Failed, FrameCame, Headed

from .database import open_store
from .processes import alive

GATHER_S = 0.05
"""Entries that come within this many seconds of the first one are written in one transaction with it."""

MOST_AT_ONCE = 1 << 20
"""So many bytes are written in one transaction, and a little more."""

MOST_QUEUED = 8 << 20
"""So many bytes may wait for the disk before the recorder waits too."""

_Row = tuple[int, str, int, str, bytes | None]
_UNTIMED = "untimed"


@dataclass(frozen=True, slots=True)
class TakeRow:
    """A take in the journal; `pid` is the recorder's process, None if it has let go of the take."""

    id: int
    cassette: str
    recorded_at: str | None
    tool: str
    pid: int | None


class BusyError(Exception):
    """Another process is recording the cassette; `pid` is its id."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid} is recording this cassette")
        self.pid = pid


class Journal:
    """The open journal of one take: entries are queued by `append` and written by a thread of its own.

    After a failure to write, `failure` says why and `append` raises it: traffic must not pass unrecorded.
    `take` is its id in the store, `unfinished` how many earlier takes of the cassette were never finished.
    """

    def __init__(self, store: Path, cassette: str, *, recorded_at: str | None, tool: str) -> None:
        self._db = open_store(store)
        self.failure: MachineError | None = None
        self.on_failure: Callable[[MachineError], None] = lambda failure: None
        """Called by the writing thread, once, when writing has failed."""
        self._room = threading.Condition()
        self._queued = 0
        self._queue: queue.SimpleQueue[Sequence[Entry] | None] = queue.SimpleQueue()
        self.take, self.unfinished = _begin_take(self._db, TakeRow(0, cassette, recorded_at, tool, os.getpid()))
        self._thread = threading.Thread(target=self._write_all, name="toolreel-journal", daemon=True)
        self._thread.start()

    def append(self, entries: Sequence[Entry]) -> None:
        """Queues entries for writing; raises MachineError if an earlier one could not be written.

        Waits if the disk is so far behind that the queue would fill the memory.
        """
        size = sum(map(_size, entries))
        with self._room:
            self._room.wait_for(lambda: self.failure or self._queued < MOST_QUEUED)
            self._queued += size
        if self.failure:
            raise self.failure
        self._queue.put(entries)

    def close(self) -> None:
        """Writes what is queued and lets go of the take, which stays in the store. Raises MachineError."""
        self._queue.put(None)
        self._thread.join()
        try:
            self._db.execute("UPDATE takes SET pid = NULL WHERE id = ?", [self.take])
        except sqlite3.Error as error:
            self.failure = self.failure or _broken(error)
        finally:
            self._db.close()
        if self.failure:
            raise self.failure

    def _write_all(self) -> None:
        ended = False
        while not ended:
            entries: list[Entry] = []
            size = 0
            batch = self._queue.get()
            due = time.monotonic() + GATHER_S
            # The first entries wait for those that follow at once; a stream makes hundreds a second.
            while batch is not None:
                entries += batch
                size += sum(map(_size, batch))
                if size >= MOST_AT_ONCE:
                    break
                try:
                    batch = self._queue.get(timeout=max(0, due - time.monotonic()))
                except queue.Empty:
                    break
            ended = batch is None
            if entries and not self.failure:
                self._write(entries)
            with self._room:
                self._queued -= size
                self._room.notify_all()

    def _write(self, entries: list[Entry]) -> None:
        """Writes them in one transaction; if that fails, one by one, so that all that can be kept is kept."""
        try:
            self._insert(entries)
        except Exception:  # noqa: BLE001 - the entry that cannot be written fails again, by itself
            for entry in entries:
                try:
                    self._insert([entry])
                except Exception as error:  # noqa: BLE001 - whatever it is, traffic must not pass unrecorded in silence
                    self.failure = _broken(error)
                    self.on_failure(self.failure)
                    return

    def _insert(self, entries: list[Entry]) -> None:
        rows = [(self.take, *_row(entry)) for entry in entries]
        with self._db.atomic():
            self._db.conn.executemany(
                "INSERT INTO entries (take, interaction, kind, ms, facts, data) VALUES (?, ?, ?, ?, ?, ?)", rows
            )


def _size(entry: Entry) -> int:
    """About how many bytes an entry holds."""
    match entry:
        case FrameCame() | BodyPiece():
            return 200 + len(entry.data)
        case Ended():
            return 200 + len(entry.body or b"")
        case Began():
            return 500 + len(entry.request.body or b"")
        case _:
            return 500


def _broken(error: Exception) -> MachineError:
    remedy = "end what holds it" if "locked" in str(error) else "free the disk"
    return MachineError(f"The journal cannot be written ({error}); {remedy}, then record again.")


def _begin_take(db: Database, take: TakeRow) -> tuple[int, int]:
    """Locks the cassette for this recorder; gives the take's id, and how many others were left unfinished.

    Raises BusyError if another process records the cassette.
    """
    try:
        # IMMEDIATE: of two recorders that start at once, the second must see the row of the first.
        db.execute("BEGIN IMMEDIATE")
        others = unfinished(db, take.cassette)
        cursor = db.execute(
            "INSERT INTO takes (cassette, recorded_at, tool, pid) VALUES (?, ?, ?, ?)",
            [take.cassette, take.recorded_at or "", take.tool, take.pid],
        )
        busy = next(filter(is_recording, others), None)
        db.execute("ROLLBACK" if busy else "COMMIT")
    except sqlite3.Error as error:
        db.close()
        raise _broken(error) from None
    if busy:
        db.close()
        raise BusyError(busy.pid or 0)
    assert cursor.lastrowid is not None
    return cursor.lastrowid, len(others)


def unfinished(db: Database, cassette: str | None = None) -> list[TakeRow]:
    """The takes in the store, newest first, of one cassette or of all: recordings in progress or never finished."""
    where, arguments = ("WHERE cassette = ?", [cassette]) if cassette else ("", [])
    rows = db.execute(f"SELECT id, cassette, recorded_at, tool, pid FROM takes {where} ORDER BY id DESC", arguments)
    return [TakeRow(id_, cassette, at or None, tool, pid) for id_, cassette, at, tool, pid in rows.fetchall()]


def is_recording(take: TakeRow) -> bool:
    """Whether a living process is recording the take."""
    return take.pid is not None and alive(take.pid)


def entries_of(db: Database, take: int) -> Iterator[Entry]:
    """The entries of a take, interaction by interaction, each in the order in which they were noted.

    The pieces of large bodies are not among them.
    """
    rows = db.execute(f"{_ENTRIES} AND kind != 'BodyPiece' ORDER BY interaction, id", [take])
    return (_entry(*row) for row in rows)


def first_ms(db: Database, take: int) -> int:
    """When the first request of a take came, in milliseconds."""
    [[ms]] = db.execute("SELECT min(ms) FROM entries WHERE take = ? AND kind = 'Began'", [take]).fetchall()
    return ms or 0


def pieces_of(db: Database, take: int, key: int) -> Iterator[bytes]:
    """The pieces of the large body of one interaction, in their order."""
    rows = db.execute(f"{_ENTRIES} AND kind = 'BodyPiece' AND interaction = ? ORDER BY id", [take, key])
    return (bytes(row[-1] or b"") for row in rows)


_ENTRIES = "SELECT interaction, kind, ms, facts, data FROM entries WHERE take = ?"


def drop(db: Database, takes: Iterable[int]) -> None:
    """Removes takes from the journal, because a cassette holds them or nobody wants them."""
    with db.atomic():
        db.conn.executemany("DELETE FROM takes WHERE id = ?", [(take,) for take in takes])


def _row(entry: Entry) -> _Row:
    facts: dict[str, Any]
    data: bytes | None = None
    match entry:
        case Began():
            request = entry.request
            facts = {
                "method": request.method,
                "target": request.target,
                "headers": request.headers,
                "origin": request.origin,
                "kept": [entry.body_kept, entry.spelling_kept],
            }
            data = request.body
        case Headed():
            facts = {
                "status": entry.head.status,
                "headers": entry.head.headers,
                "volatile": entry.volatile,
                "streams": entry.streams,
            }
        case FrameCame() | BodyPiece():
            facts, data = {}, entry.data
        case Ended():
            facts = {
                "ending": entry.ending,
                "chunks": entry.chunks,
                "encoding": entry.encoding,
                "decoded": entry.decoded,
                "kept": entry.spelling_kept,
                "rest": base64.b64encode(entry.rest).decode(),
                "hidden": entry.hidden,
            }
            data = entry.body
        case Failed():
            facts = {"reason": entry.reason}
    if entry.ms is None:
        facts[_UNTIMED] = True
    return entry.key, type(entry).__name__, entry.ms or 0, json.dumps(facts), data


def _entry(key: int, kind: str, noted: int, text: str, data: bytes | None) -> Entry:
    facts = json.loads(text)
    ms = None if facts.get(_UNTIMED) else noted
    match kind:
        case "Began":
            request = HttpRequest(facts["method"], facts["target"], _headers(facts["headers"]), data, facts["origin"])
            return Began(key, ms, request, *facts.get("kept", ()))
        case "Headed":
            head = ResponseHead(facts["status"], _headers(facts["headers"]))
            return Headed(key, ms, head, _headers(facts["volatile"]), facts["streams"])
        case "FrameCame":
            return FrameCame(key, ms, data or b"")
        case "BodyPiece":
            return BodyPiece(key, ms, data or b"")
        case "Ended":
            chunks = None if facts["chunks"] is None else tuple(facts["chunks"])
            encoding, decoded, kept = facts["encoding"], facts["decoded"], facts.get("kept", True)
            rest, hidden = base64.b64decode(facts.get("rest", "")), facts.get("hidden", 0)
            return Ended(key, ms, Ending(facts["ending"]), data, chunks, encoding, decoded, kept, rest, hidden)
        case "Failed":
            return Failed(key, ms, facts["reason"])
        case _:
            raise MachineError(f"The journal holds an entry of unknown kind {kind!r}; it is of a newer toolreel.")


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)
