"""Recordings: from the first entry in the journal to the cassette file."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlite_utils import Database

from toolreel.errors import CommandError, MachineError
from toolreel.messages.model import Take
from toolreel.normalise.cassette import normal_form, replaced
from toolreel.normalise.performed import Received, in_time
from toolreel.normalise.strings import Find
from toolreel.recording.assemble import Assembly

from . import files
from .database import open_store, store_path
from .journal import BusyError, Journal, TakeRow, drop, entries_of, first_ms, is_recording, pieces_of, unfinished
from .names import SUFFIX, cassette_path, clashing_name, store_key
from .originals import keep_originals
from .spool import Spool, rank
from .writing import Made, write


@dataclass(frozen=True, slots=True)
class Source:
    """Who made a recording, and when if that is known (RFC 3339); for those that another tool made."""

    tool: str
    recorded_at: str | None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in progress; end it with `finish` or `leave`."""

    name: str
    path: Path
    store: Path
    journal: Journal
    unfinished: int
    """How many earlier recordings of this cassette were never finished."""
    replace: Find | None = None
    """Finds what the program varies (`toolreel.normalise.replace`)."""

    @property
    def cure(self) -> str:
        """How the cassette is made of what was recorded, if it was not."""
        force = " --force" if self.path.exists() else ""
        return f"'toolreel recover {self.name}{force}' makes the cassette of it"

    def finish(self, source: Source | None = None, looked: Callable[[], None] = lambda: None) -> Made:
        """Makes the cassette file of what was recorded, and forgets the journal of it. Raises ToolreelError.

        `source` is who made the recording, if that became known only now; `looked` is called whenever an interaction
        was looked at, which happens to each about five times.
        """
        self.journal.close()
        db = open_store(self.store)
        try:
            row = next(row for row in unfinished(db) if row.id == self.journal.take)
            if source:
                row = dataclasses.replace(row, recorded_at=source.recorded_at, tool=source.tool)
            return _keep(db, row, self.path, self.store, self.replace, looked)
        except MachineError as error:
            raise MachineError(f"{error} The recording is kept, {self.cure}.") from None
        finally:
            db.close()

    def leave(self) -> None:
        """Ends the recording without a cassette; the take stays in the journal for `recover`."""
        self.journal.close()

    def discard(self) -> None:
        """Ends the recording and forgets it."""
        self.journal.close()
        db = open_store(self.store)
        try:
            drop(db, [self.journal.take])
        finally:
            db.close()


def tool_name() -> str:
    """This program and its version, as a take names it."""
    return f"toolreel {version('toolreel')}"


def begin(
    folder: Path,
    name: str,
    *,
    force: bool = False,
    replace: Find | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    source: Source | None = None,
) -> Recording:
    """Starts to record the cassette `name` in `folder`; `replace` finds what the program varies.

    `source` is who made the recording, if it was not this program just now.

    Raises CommandError for a name that cannot be, for a cassette that exists (unless `force`) or is being recorded by
    another process, MachineError if the disk says no.
    """
    name = name.removesuffix(SUFFIX)
    path = cassette_path(folder, name)
    _check_writable(folder, name, path, force=force)
    store = store_path(folder, os.environ.get("TOOLREEL_STORE"))
    source = source or Source(tool_name(), now().isoformat(timespec="seconds").replace("+00:00", "Z"))
    try:
        journal = Journal(store, store_key(path, store), recorded_at=source.recorded_at, tool=source.tool)
    except BusyError as busy:
        raise CommandError(
            f"Cassette {path} is being recorded by process {busy.pid}; wait for it, or record under another name."
        ) from None
    return Recording(name, path, store, journal, journal.unfinished, replace)


def recover(folder: Path, name: str, *, force: bool = False, replace: Find | None = None) -> Made:
    """Makes the cassette of the newest unfinished recording of `name`; raises CommandError if there is none."""
    name = name.removesuffix(SUFFIX)
    path = cassette_path(folder, name)
    store = store_path(folder, os.environ.get("TOOLREEL_STORE"))
    if not store.exists():
        raise CommandError(f"There is no unfinished recording of {name}: there is no store {store}.")
    db = open_store(store)
    try:
        takes = unfinished(db, store_key(path, store))
        if any(map(is_recording, takes)):
            raise CommandError(f"Cassette {path} is being recorded by process {takes[0].pid}; end that first.")
        if not takes:
            raise CommandError(f"There is no unfinished recording of {name} in {store}{_others(db, folder, store)}.")
        _check_writable(folder, name, path, force=force)
        return _keep(db, takes[0], path, store, replace)
    finally:
        db.close()


def _others(db: Database, folder: Path, store: Path) -> str:
    """Of which other cassettes of the folder there are unfinished recordings, for people."""
    keys = {row.cassette for row in unfinished(db) if not is_recording(row)}
    names = sorted(os.path.relpath(store.parent.parent / key, folder) for key in keys)
    return f"; there are of {', '.join(names)}" if names else ""


def _check_writable(folder: Path, name: str, path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise CommandError(f"Cassette {path} exists; give --force to replace it, or choose another name.")
    if other := clashing_name(folder, name):
        raise CommandError(
            f"Cassette {cassette_path(folder, other)} exists, and {name} differs from it in case only; "
            f"choose another name."
        )


def _keep(
    db: Database,
    row: TakeRow,
    path: Path,
    store: Path,
    replace: Find | None,
    looked: Callable[[], None] = lambda: None,
) -> Made:
    assembly = Assembly(files.LargeBodies(path).keep, lambda key: pieces_of(db, row.id, key), first_ms(db, row.id))
    with closing(Spool(store.parent, looked)) as spool:
        for interaction, performance in assembly.received(entries_of(db, row.id)):
            received = Received(interaction, performance)
            spool.append(replaced(received, replace) if replace else received)
        form = normal_form(in_time(spool, spool.times), assembly.upstreams, rank)
        made = write(path, form, Take(recorded_at=row.recorded_at, tool=row.tool), store.parent)
    keep_originals(db, row.cassette, form.names)
    drop(db, _superseded(db, row))
    return made


def _superseded(db: Database, kept: TakeRow) -> list[int]:
    """The take that became the cassette and the older ones of it that nobody is recording."""
    return [row.id for row in unfinished(db, kept.cassette) if row.id <= kept.id and not is_recording(row)]
