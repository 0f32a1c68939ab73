"""What the pages show: the cassettes of a folder, as they are on the disk now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
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
from toolreel.store.files import load
from toolreel.store.index import Index
from toolreel.store.misses import MissRow, noted_misses
from toolreel.store.names import SUFFIX, cassette_names
from toolreel.store.places import Place, find

_KEPT = 4
"""So many cassettes stay in memory: who looks at one goes from page to page of it."""

Findings = Callable[[Place], Sequence[Finding]]
"""Says what is wrong with a cassette."""


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


class Library:
    """The cassettes in `folder`."""

    def __init__(self, folder: Path, findings: Findings) -> None:
        self.folder = folder
        self._findings = findings
        self._opened: dict[tuple[Path, int, int], Opened] = {}
        self._lock = threading.Lock()

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

    def findings(self, name: str) -> Sequence[Finding]:
        """What is wrong with a cassette, broken ones too."""
        return self._findings(self.place(name))

    def misses(self, name: str | None = None) -> list[MissRow]:
        """The misses of a cassette, or all, the newest first; none of a file that could not be replayed."""
        try:
            return noted_misses(self.folder, name)[::-1]
        except CommandError:
            return []
