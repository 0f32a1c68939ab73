from __future__ import annotations

import os
import queue
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from toolreel.errors import MachineError
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.model import Ending
from toolreel.recording.entries import Began, BodyPiece, Ended, Entry, Failed, FrameCame, Headed
from toolreel.store import journal
from toolreel.store.database import open_store
from toolreel.store.journal import (
    BusyError,
    Journal,
    TakeRow,
    drop,
    entries_of,
    first_ms,
    is_recording,
    pieces_of,
    unfinished,
)

LONG = 20
"""Seconds until a test gives up; none waits that long unless something is broken."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def db(store: Path) -> Iterator[Database]:
    opened = open_store(store)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def dead_pid() -> int:
    """The pid of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def open_journal(store: Path, cassette: str = "a") -> Journal:
    return Journal(store, cassette, recorded_at="2026-01-01T00:00:00Z", tool="toolreel 0")


def frame(n: int) -> FrameCame:
    return FrameCame(1, n, b"data: x\n\n")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
HEADERS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
KEYS = st.integers(0, 2**63 - 1)
DATA = st.none() | st.binary()
TIMES = st.none() | KEYS
REQUESTS = st.builds(HttpRequest, TEXTS, TEXTS, HEADERS, DATA, st.none() | TEXTS)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Began, KEYS, TIMES, REQUESTS, st.booleans(), st.booleans()),
    st.builds(Headed, KEYS, TIMES, st.builds(ResponseHead, st.integers(100, 999), HEADERS), HEADERS, st.booleans()),
    st.builds(FrameCame, KEYS, TIMES, st.binary()),
    st.builds(BodyPiece, st.integers(0, 3), TIMES, st.binary()),
    st.builds(
        Ended,
        KEYS,
        TIMES,
        st.sampled_from(Ending),
        DATA,
        st.none() | st.lists(KEYS, max_size=3).map(tuple),
        st.none() | TEXTS,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(Failed, KEYS, TIMES, TEXTS),
)


@given(st.lists(st.lists(ENTRIES, max_size=4), max_size=4))
@settings(max_examples=60, deadline=None)
def test_all_entries_come_back_by_interaction_and_in_their_order(batches: list[list[Entry]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "GATHER_S", 0)
        store = Path(folder) / "store.db"
        opened = open_journal(store)
        for batch in batches:
            opened.append(batch)
        opened.close()
        reader = open_store(store)
        entries = [entry for batch in batches for entry in batch]
        assert list(entries_of(reader, opened.take)) == sorted(
            (entry for entry in entries if not isinstance(entry, BodyPiece)), key=lambda entry: entry.key
        )
        assert first_ms(reader, opened.take) == min(
            (entry.ms or 0 for entry in entries if isinstance(entry, Began)), default=0
        )
        for key in range(4):
            assert list(pieces_of(reader, opened.take, key)) == [
                entry.data for entry in entries if isinstance(entry, BodyPiece) and entry.key == key
            ]
        reader.close()


def test_the_pieces_of_large_bodies_do_not_mix(store: Path, db: Database) -> None:
    first, second = open_journal(store, "a"), open_journal(store, "b")
    for opened, mark in ((first, b"a"), (second, b"b")):
        for n in range(4):
            opened.append([BodyPiece(n % 2, n, mark + b"%d" % n), frame(n)])
        opened.close()
    assert list(pieces_of(db, first.take, 0)) == [b"a0", b"a2"]
    assert list(pieces_of(db, first.take, 1)) == [b"a1", b"a3"]
    assert list(pieces_of(db, second.take, 1)) == [b"b1", b"b3"]
    assert list(pieces_of(db, first.take, 2)) == []
    assert list(entries_of(db, first.take)) == [frame(n) for n in range(4)]


def test_the_pieces_of_a_large_body_are_read_one_by_one(store: Path, db: Database) -> None:
    opened = open_journal(store)
    opened.append([BodyPiece(1, n, b"x" * 100_000) for n in range(20)])
    opened.close()
    tracemalloc.start()
    try:
        assert sum(map(len, pieces_of(db, opened.take, 1))) == 2_000_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_no_body_and_an_empty_one_stay_apart(store: Path, db: Database) -> None:
    bodies = (None, b"", b"\0")
    entries: list[Entry] = [
        *(Began(1, 0, HttpRequest("GET", "/", (), body)) for body in bodies),
        *(Ended(1, 0, Ending.COMPLETE, body) for body in bodies),
    ]
    opened = open_journal(store)
    opened.append(entries)
    opened.close()
    assert list(entries_of(db, opened.take)) == entries


def test_takes_do_not_mix(store: Path, db: Database) -> None:
    first, second = open_journal(store, "a"), open_journal(store, "b")
    for n in range(10):
        first.append([frame(n)])
        second.append([frame(-n)])
    first.close()
    second.close()
    assert list(entries_of(db, first.take)) == [frame(n) for n in range(10)]
    assert list(entries_of(db, second.take)) == [frame(-n) for n in range(10)]


def test_thousands_of_entries_are_kept_in_order(store: Path, db: Database) -> None:
    opened = open_journal(store)
    for n in range(0, 5000, 5):
        opened.append([frame(n + more) for more in range(5)])
    opened.close()
    assert [entry.ms for entry in entries_of(db, opened.take)] == list(range(5000))


def wait_for(seen: Callable[[], bool], meanwhile: Callable[[], None] = lambda: None) -> bool:
    give_up = time.monotonic() + LONG
    while not seen():
        if time.monotonic() > give_up:
            return False
        meanwhile()
    return True


def test_an_entry_is_on_disk_soon_without_any_close(store: Path, db: Database) -> None:
    opened = open_journal(store)
    opened.append([frame(1)])
    assert wait_for(lambda: list(entries_of(db, opened.take)) == [frame(1)])
    opened.close()


def test_an_entry_is_on_disk_soon_even_while_others_keep_coming(store: Path, db: Database) -> None:
    opened = open_journal(store)
    count = "SELECT count(*) FROM entries"
    assert wait_for(lambda: db.execute(count).fetchone() != (0,), lambda: opened.append([frame(1)]))
    opened.close()


class SlowStream:
    """A queue in which the next entry always comes just before the wait for it ends, and the clock to it."""

    def __init__(self, entries: int) -> None:
        self.now = 0.0
        self.waited_at_write: list[float] = []
        self._left = entries
        self._first_at: float | None = None

    def monotonic(self) -> float:
        return self.now

    def put(self, item: object) -> None:
        pass

    def get(self, timeout: float | None = None) -> list[Entry] | None:
        if timeout is not None and timeout <= 0:
            raise queue.Empty
        if self._left == 0:
            return None
        self._left -= 1
        self.now += 0.04
        if self._first_at is None:
            self._first_at = self.now
        return [frame(self._left)]

    def written(self, rows: object) -> None:
        assert self._first_at is not None
        self.waited_at_write.append(self.now - self._first_at)
        self._first_at = None


def test_entries_of_a_slow_stream_wait_a_quarter_of_a_second_at_most(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = SlowStream(entries=500)
    monkeypatch.setattr(queue, "SimpleQueue", lambda: stream)
    monkeypatch.setattr("toolreel.store.journal.time", stream)
    monkeypatch.setattr(Journal, "_write", lambda self, rows: stream.written(rows))
    open_journal(store).close()
    assert len(stream.waited_at_write) > 100
    assert max(stream.waited_at_write) <= 0.25


# --------------------------------------------------------------------------------------------- a disk that is slow


class Watched(threading.Condition):
    """A condition that tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.set()
        return super().wait(timeout)


class SlowDisk:
    """A journal whose disk takes nothing until it may; `written` are the entries of each transaction."""

    def __init__(self, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_write = threading.Event()
        self.written: list[list[Entry]] = []
        really_write = Journal._write

        def write(journal: Journal, entries: list[Entry]) -> None:
            assert self.may_write.wait(LONG)
            self.written.append(entries)
            really_write(journal, entries)

        monkeypatch.setattr(Journal, "_write", write)
        self.journal = open_journal(store)
        self.room = Watched()
        self.journal._room = self.room

    def append_in_a_thread(self, entries: list[Entry]) -> Future[None]:
        """Another thread appends; gives back once it waits."""
        appended: Future[None] = Future()

        def append() -> None:
            try:
                self.journal.append(entries)
                appended.set_result(None)
            except MachineError as error:
                appended.set_exception(error)

        threading.Thread(target=append, daemon=True).start()
        assert self.room.waits.wait(LONG)
        return appended


def test_the_recorder_waits_when_the_disk_is_far_behind(
    store: Path, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(store, monkeypatch)
    monkeypatch.setattr(journal, "MOST_QUEUED", 30_000)
    for n in range(3):  # each of these finds room
        disk.journal.append([FrameCame(1, n, b"x" * 10_000)])
    assert not disk.room.waits.is_set()
    appended = disk.append_in_a_thread([FrameCame(1, 3, b"x")])
    assert not appended.done()
    disk.may_write.set()
    appended.result(LONG)
    disk.journal.close()
    assert [entry.ms for entry in entries_of(db, disk.journal.take)] == [0, 1, 2, 3]
    assert disk.journal._queued == 0


def test_a_body_larger_than_the_queue_passes_all_the_same(
    store: Path, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MOST_QUEUED", 1_000)
    opened = open_journal(store)
    for n in range(5):
        opened.append([BodyPiece(1, n, b"x" * 10_000)])
    opened.close()
    assert len(list(pieces_of(db, opened.take, 1))) == 5


@pytest.mark.parametrize(
    "entry",
    [
        Began(1, 0, HttpRequest("POST", "/", (), b"x" * 10_000)),
        FrameCame(1, 0, b"x" * 10_000),
        BodyPiece(1, 0, b"x" * 10_000),
        Ended(1, 0, Ending.COMPLETE, b"x" * 10_000),
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_whatever_holds_a_body_counts(store: Path, monkeypatch: pytest.MonkeyPatch, entry: Entry) -> None:
    disk = SlowDisk(store, monkeypatch)
    monkeypatch.setattr(journal, "MOST_QUEUED", 10_000)
    disk.journal.append([entry])
    appended = disk.append_in_a_thread([frame(1)])
    disk.may_write.set()
    appended.result(LONG)
    disk.journal.close()


def test_who_waits_for_the_disk_is_told_of_its_failure(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(store, monkeypatch)
    monkeypatch.setattr(journal, "MOST_QUEUED", 1_000)
    disk.journal.append([Failed(1, 2**70, "a number that SQLite does not have"), FrameCame(1, 0, b"x" * 1_000)])
    appended = disk.append_in_a_thread([frame(1)])
    disk.may_write.set()
    failure = appended.exception(LONG)
    assert failure is disk.journal.failure is not None
    with pytest.raises(MachineError):
        disk.journal.close()


def test_transactions_are_of_about_one_mebibyte(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much has gathered, a reader never waits long for the disk, nor a kill costs much."""
    disk = SlowDisk(store, monkeypatch)
    monkeypatch.setattr(journal, "GATHER_S", LONG)
    disk.may_write.set()
    for n in range(100):
        disk.journal.append([BodyPiece(1, n, b"x" * 65_536)])
    disk.journal.close()
    sizes = [sum(len(entry.data) for entry in entries if isinstance(entry, BodyPiece)) for entries in disk.written]
    assert sum(sizes) == 100 * 65_536
    assert all(journal.MOST_AT_ONCE - 65_536 <= size <= journal.MOST_AT_ONCE + 65_536 for size in sizes[:-1])
    assert len(sizes) == 7


def test_entries_that_come_together_are_written_together(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(store, monkeypatch)
    monkeypatch.setattr(journal, "GATHER_S", LONG)
    disk.may_write.set()
    for n in range(100):
        disk.journal.append([frame(n)])
    disk.journal.close()
    assert disk.written == [[frame(n) for n in range(100)]]


# ------------------------------------------------------------------------------------------------------------ locks


def test_a_recording_in_progress_belongs_to_this_process(store: Path, db: Database) -> None:
    opened = open_journal(store)
    [take] = unfinished(db)
    assert take == TakeRow(opened.take, "a", "2026-01-01T00:00:00Z", "toolreel 0", os.getpid())
    assert is_recording(take)
    opened.close()


def test_a_closed_journal_lets_go_of_its_take(store: Path, db: Database) -> None:
    opened = open_journal(store)
    opened.close()
    [take] = unfinished(db)
    assert take == TakeRow(opened.take, "a", "2026-01-01T00:00:00Z", "toolreel 0", None)
    assert not is_recording(take)


def test_a_second_recorder_on_one_cassette_is_refused(store: Path, db: Database) -> None:
    opened = open_journal(store)
    with pytest.raises(BusyError) as caught:
        open_journal(store)
    assert caught.value.pid == os.getpid()
    opened.append([frame(1)])
    opened.close()
    assert [take.id for take in unfinished(db)] == [opened.take]
    assert list(entries_of(db, opened.take)) == [frame(1)]


def test_of_two_recorders_that_start_at_once_only_one_looks_at_a_time(
    store: Path, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.execute("PRAGMA busy_timeout = 0")

    def another_starts(mine: Database, cassette: str) -> list[TakeRow]:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            db.execute("BEGIN IMMEDIATE")
        return unfinished(mine, cassette)

    monkeypatch.setattr(journal, "unfinished", another_starts)
    open_journal(store).close()


def test_two_recorders_on_two_cassettes_do_not_mind_each_other(store: Path, db: Database) -> None:
    first, second = open_journal(store, "a"), open_journal(store, "b")
    assert (first.unfinished, second.unfinished) == (0, 0)
    first.close()
    second.close()
    assert [take.cassette for take in unfinished(db, "b")] == ["b"]


def set_pid(db: Database, take: int, pid: int) -> None:
    db.execute("UPDATE takes SET pid = ? WHERE id = ?", [pid, take])


def test_the_take_of_a_dead_recorder_is_no_obstacle_and_is_counted(store: Path, db: Database, dead_pid: int) -> None:
    left = open_journal(store)
    left.append([frame(1)])
    left.close()
    set_pid(db, left.take, dead_pid)
    [take] = unfinished(db)
    assert not is_recording(take)
    opened = open_journal(store)
    assert opened.unfinished == 1
    opened.close()
    assert list(entries_of(db, left.take)) == [frame(1)]
    assert [take.id for take in unfinished(db, "a")] == [opened.take, left.take]


def test_a_recorder_of_another_user_is_alive(store: Path, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_permitted(pid: int, signal: int) -> None:
        assert (pid, signal) == (4711, 0)
        raise PermissionError

    opened = open_journal(store)
    opened.close()
    set_pid(db, opened.take, 4711)
    monkeypatch.setattr(os, "kill", not_permitted)
    with pytest.raises(BusyError, match="process 4711 is recording"):
        open_journal(store)


def test_dropped_takes_are_gone_with_their_entries(store: Path, db: Database) -> None:
    takes = []
    for _ in range(3):
        opened = open_journal(store)
        opened.append([frame(1)])
        opened.close()
        takes.append(opened.take)
    drop(db, takes[:2])
    assert [take.id for take in unfinished(db)] == takes[2:]
    assert [list(entries_of(db, take)) for take in takes] == [[], [], [frame(1)]]


# --------------------------------------------------------------------------------------------------------- failures


def fails_to_write(opened: Journal) -> MachineError:
    """Waits until the journal has noticed that it cannot write."""
    assert wait_for(lambda: opened.failure is not None)
    with pytest.raises(MachineError) as on_append:
        opened.append([frame(2)])
    with pytest.raises(MachineError) as on_close:
        opened.close()
    assert on_append.value is on_close.value is opened.failure
    return on_append.value


def test_a_full_disk_is_told_by_the_next_append_and_by_close(
    store: Path, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_full(path: Path) -> Database:
        opened = open_store(path)
        [pages] = opened.execute("PRAGMA page_count").fetchone()
        opened.execute(f"PRAGMA max_page_count = {pages + 2}")
        return opened

    monkeypatch.setattr(journal, "open_store", open_full)
    opened = open_journal(store)
    opened.append([FrameCame(1, 0, b"x" * 100_000)])
    assert str(fails_to_write(opened)) == (
        "The journal cannot be written (database or disk is full); free the disk, then record again."
    )
    assert list(entries_of(db, opened.take)) == []


def test_a_lost_store_is_told_by_the_next_append_and_by_close(store: Path, db: Database) -> None:
    opened = open_journal(store)
    db.execute("DROP TABLE entries")
    opened.append([frame(1)])
    assert "no such table: entries" in str(fails_to_write(opened))


def test_an_entry_that_no_store_can_hold_is_told_as_well(store: Path) -> None:
    opened = open_journal(store)
    opened.append([Failed(1, 2**70, "a number that SQLite does not have")])
    assert str(fails_to_write(opened)).startswith("The journal cannot be written (")


def test_what_came_together_with_an_entry_that_fails_is_kept(store: Path, db: Database) -> None:
    opened = open_journal(store)
    opened.append([frame(1), frame(2), Failed(3, 2**70, "a number that SQLite does not have"), frame(4)])
    fails_to_write(opened)
    assert list(entries_of(db, opened.take)) == [frame(1), frame(2)]


def test_of_a_failure_somebody_is_told_once_and_at_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_AT_ONCE", 1)  # a transaction for each
    opened = open_journal(store)
    told: queue.SimpleQueue[tuple[MachineError, str]] = queue.SimpleQueue()
    opened.on_failure = lambda failure: told.put((failure, threading.current_thread().name))
    opened.append([frame(1)])
    bad = Failed(1, 2**70, "a number that SQLite does not have")
    for entries in ([bad], [bad], [frame(2)]):
        with suppress(MachineError):
            opened.append(entries)
    assert told.get(timeout=LONG) == (opened.failure, "toolreel-journal")
    with pytest.raises(MachineError):
        opened.close()
    assert told.empty()


def test_of_a_journal_that_works_nobody_is_told(store: Path) -> None:
    opened = open_journal(store)
    told: list[MachineError] = []
    opened.on_failure = told.append
    opened.append([frame(1)])
    opened.close()
    assert told == []


def test_a_full_queue_empties_after_a_failure(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for a disk that takes nothing any more."""
    disk = SlowDisk(store, monkeypatch)
    for n in range(50):
        disk.journal.append([Failed(1, 2**70, "a number that SQLite does not have"), frame(n)])
    disk.may_write.set()
    with pytest.raises(MachineError):
        disk.journal.close()
    assert disk.journal._queued == 0


def test_after_a_failure_nothing_more_is_written(store: Path, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    all_queued = threading.Event()
    row_of = journal._row

    def row_when_all_is_queued(entry: Entry) -> object:
        assert all_queued.wait(LONG)
        return row_of(entry)

    monkeypatch.setattr(journal, "_row", row_when_all_is_queued)
    opened = open_journal(store)
    opened.append([Failed(1, 2**70, "a number that SQLite does not have")] * 1000)  # enough for a transaction
    opened.append([frame(1)])
    all_queued.set()
    with pytest.raises(MachineError):
        opened.close()
    assert list(entries_of(db, opened.take)) == []


def test_a_locked_store_is_told(store: Path, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_impatient(path: Path) -> Database:
        opened = open_store(path)
        opened.execute("PRAGMA busy_timeout = 0")
        return opened

    monkeypatch.setattr(journal, "open_store", open_impatient)
    db.execute("BEGIN IMMEDIATE")
    with pytest.raises(MachineError, match=r"\(database is locked\); end what holds it, then record again\."):
        open_journal(store)
    db.execute("ROLLBACK")
    assert unfinished(db) == []


def test_an_entry_of_a_newer_toolreel_is_named(store: Path, db: Database) -> None:
    opened = open_journal(store)
    opened.close()
    db.execute("INSERT INTO entries (take, interaction, kind, ms, facts) VALUES (1, 1, 'Walked', 0, '{}')")
    with pytest.raises(MachineError, match="entry of unknown kind 'Walked'; it is of a newer toolreel"):
        list(entries_of(db, opened.take))


def test_a_killed_recorder_leaves_what_was_written(store: Path, db: Database) -> None:
    """Without any closing: the writing connection is simply never heard of again."""
    opened = open_journal(store)
    opened.append([frame(1)])
    assert wait_for(lambda: list(entries_of(db, opened.take)) == [frame(1)])
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as other:
        assert other.execute("SELECT count(*) FROM entries").fetchone() == (1,)
    other.close()
    opened.close()


def test_what_is_left_of_a_coding_comes_back(store: Path, db: Database) -> None:
    entries: list[Entry] = [Ended(1, 0, Ending.CUT, b"", (), "gzip", rest=b"\0\xff", hidden=7)]
    opened = open_journal(store)
    opened.append(entries)
    opened.close()
    assert list(entries_of(db, opened.take)) == entries
    db.execute("UPDATE entries SET facts = json_remove(facts, '$.rest', '$.hidden')")  # as it was before 0.1
    [before] = entries_of(db, opened.take)
    assert before == Ended(1, 0, Ending.CUT, b"", (), "gzip")
