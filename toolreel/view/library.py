"""What the pages show: the cassettes of a folder, as they are on the disk now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from toolreel.errors import CassetteError, CommandError
from toolreel.inspect.facts import facts
from toolreel.inspect.findings import Finding
from toolreel.inspect.timeline import Timeline, timeline
from toolreel.messages.model import Cassette
from toolreel.store.catalogue import Catalogue
from toolreel.store.files import files_folder, load, parse
from toolreel.store.index import Index
from toolreel.store.misses import MissRow, noted_misses
from toolreel.store.names import SUFFIX, cassette_files, cassette_names
from toolreel.store.places import Place, find

_KEPT = 4
"""So many cassettes stay in memory: who looks at one goes from page to page of it."""

Findings = Callable[[Place], Sequence[Finding]]
"""Says what is wrong with a cassette."""

Past = Callable[[str, Path], bytes]
"""Gives a file as it was in a revision; raises CommandError."""


@dataclass(frozen=True)
class Opened:
    """A cassette that is looked at, and the size of its file."""

    place: Place
    size: int
    cassette: Cassette
    find_faults: Findings

    @cached_property
    def told(self) -> Timeline:
        """Its timeline."""
        return timeline(self.cassette)

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """What is wrong with it."""
        return self.find_faults(self.place)


@dataclass(frozen=True)
class Checked:
    """The findings of those cassettes that have some; how many were looked at, and how many not yet."""

    found: Mapping[str, Sequence[Finding]]
    done: int
    left: int


class Library:
    """The cassettes in `folder`; `past` knows earlier revisions of them, None: nobody does."""

    def __init__(self, folder: Path, findings: Findings, past: Past | None = None) -> None:
        self.folder = folder
        self.has_past = past is not None
        self._past = past
        self._findings = findings
        self._opened: dict[tuple[Path, int, int], Opened] = {}
        self._lock = threading.Lock()
        self._checked: dict[str, tuple[object, Sequence[Finding]]] = {}
        self._checking = threading.Lock()

    @contextmanager
    def catalogue(self) -> Iterator[Catalogue]:
        """The index of the folder, brought up to date. Raises ToolreelError."""
        index = Index(self.folder, facts)
        try:
            index.refresh()
            yield Catalogue(index.db, index.folder)
        finally:
            index.close()

    def names(self) -> list[str]:
        """The names of all cassettes, as their files have them."""
        return cassette_names(self.folder)

    def place(self, name: str) -> Place:
        """The cassette with this name; raises CassetteError or CommandError if there is none.

        A file whose name no cassette may have can still be looked at; nothing outside of the folder can.
        """
        if name in self.names():
            return Place(name, self.folder, self.folder / f"{name}{SUFFIX}")
        if name.endswith(SUFFIX):  # `find` would take it for the path of any file
            raise CassetteError(f"There is no cassette {name!r} in {self.folder}; the list shows those there are.")
        return find(self.folder, name)

    def open(self, name: str) -> Opened:
        """A cassette, read; raises CassetteError if it is broken."""
        place = self.place(name)
        try:
            status = place.path.stat()
        except OSError as error:
            raise CassetteError(f"Cannot read cassette {place.path} ({error.strerror}).") from None
        key = place.path, status.st_mtime_ns, status.st_size
        with self._lock:
            kept = self._opened.pop(key, None)
        opened = kept or Opened(place, status.st_size, load(place.path), self._findings)
        with self._lock:
            self._opened[key] = opened
            while len(self._opened) > _KEPT:
                del self._opened[next(iter(self._opened))]
        return opened

    def at(self, revision: str, name: str) -> Cassette:
        """A cassette as it was in a revision; raises CassetteError, or CommandError if it was not there."""
        path = self.place(name).path
        if self._past is None:
            raise CommandError(f"The folder {self.folder} is in no checkout of git.")
        return parse(self._past(revision, path), path, bodies=False)

    def findings(self, seconds: float) -> Checked:
        """What is wrong with all cassettes, as far as it is found out in this time; what is unchanged is known."""
        with self._checking:
            until = time.monotonic() + seconds
            known, self._checked = self._checked, {}
            left = 0
            for name, entry in sorted(cassette_files(self.folder), key=lambda one: one[0]):
                place = Place(name, self.folder, Path(entry.path))
                stamp = _stamp(place.path), _stamp(files_folder(place.path))
                if name in known and known[name][0] == stamp:
                    self._checked[name] = known[name]
                elif time.monotonic() <= until:
                    self._checked[name] = stamp, self._findings(place)
                else:
                    left += 1
            found = {name: findings for name, (_, findings) in self._checked.items() if findings}
            return Checked(found, len(self._checked), left)

    def misses(self, name: str | None = None) -> list[MissRow]:
        """The misses of a cassette, or all, the newest first; none of a file that could not be replayed."""
        try:
            return noted_misses(self.folder, name)[::-1]
        except CommandError:
            return []


def _stamp(path: Path) -> tuple[int, int]:
    """What changes with a file, or with what is in a folder."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
