"""What is too much for memory: kept in temporary files that nobody else can see, and looked up when needed."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import overload

from toolreel.errors import MachineError
from toolreel.messages.model import Interaction, Performance
from toolreel.normalise.performed import Received, Times

MOST_IN_MEMORY = 4 << 20
"""So many bytes stay in memory, for a small recording needs no file."""


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise MachineError(f"A temporary file cannot be written or read ({error}); free the disk.") from None


def _temporary(folder: Path) -> tempfile.SpooledTemporaryFile[bytes]:
    return tempfile.SpooledTemporaryFile(MOST_IN_MEMORY, dir=str(folder))


class Spool(Sequence[Received]):
    """What was received, in a temporary file in `folder`; what was looked up last is at hand. Raises MachineError.

    `looked` is called whenever something was put there or looked up.
    """

    def __init__(self, folder: Path, looked: Callable[[], None] = lambda: None) -> None:
        self._file = _temporary(folder)
        self._looked = looked
        self._ends = array("Q", [0])
        self._last: tuple[int, Received] | None = None
        self.times: list[Times | None] = []
        """When each was performed."""

    def append(self, received: Received) -> None:
        """Puts it behind all others."""
        interaction, performance = received
        noted = None if performance is None else performance.model_dump(exclude_none=True)
        with _told():
            if self._last is not None:  # looking it up has left the end
                self._file.seek(self._ends[-1])
            size = self._file.write(json.dumps([interaction.model_dump(), noted]).encode())
        self._looked()
        self._ends.append(self._ends[-1] + size)
        self.times.append(received.times)

    def __len__(self) -> int:
        return len(self.times)

    @overload
    def __getitem__(self, place: int) -> Received: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Received]: ...
    def __getitem__(self, place: int | slice) -> Received | Sequence[Received]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        if self._last is None or self._last[0] != place:
            self._last = place, self._read(range(len(self))[place])
        return self._last[1]

    def _read(self, place: int) -> Received:
        self._looked()
        start, end = self._ends[place], self._ends[place + 1]
        with _told():
            self._file.seek(start)
            interaction, noted = json.loads(self._file.read(end - start))
        return Received(
            Interaction.model_validate(interaction), None if noted is None else Performance.model_validate(noted)
        )

    def close(self) -> None:
        """Forgets all."""
        self._file.close()


class Notes:
    """Texts that are written one by one, and then read in pieces, with `between` between them. Raises OSError."""

    def __init__(self, folder: Path, between: str) -> None:
        self._file = _temporary(folder)
        self._between = between

    def add(self, pieces: Iterable[str]) -> None:
        """Adds a text, given in pieces; none are no text."""
        before = self._between if self._file.tell() else ""
        for piece in pieces:
            self._file.write((before + piece).encode())
            before = ""

    def __iter__(self) -> Iterator[str]:
        self._file.seek(0)
        while line := self._file.readline():
            yield line.decode()

    def close(self) -> None:
        """Forgets it."""
        self._file.close()


def rank(texts: Iterable[str]) -> Sequence[int]:
    """Gives each text its rank in the order of their characters, equal ones the same. Raises MachineError."""
    ranks = array("Q")
    with _told(), closing(sqlite3.connect("", isolation_level=None)) as db:  # a database in a temporary file
        db.execute("CREATE TABLE texts (place INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        db.execute("BEGIN")
        db.executemany("INSERT INTO texts VALUES (?, ?)", enumerate(texts))
        [count] = db.execute("SELECT count(*) FROM texts").fetchone()
        ranks.frombytes(bytes(count * ranks.itemsize))
        before, number = None, -1
        for place, text in db.execute("SELECT place, text FROM texts ORDER BY text"):
            number += text != before
            before = text
            ranks[place] = number
    return ranks
