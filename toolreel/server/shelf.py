"""The shelf: a folder of cassettes, each loaded when it is first wanted and shared by all who want it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from toolreel.replay.manner import Manner
from toolreel.replay.tape import Tape
from toolreel.store.files import LargeBodies, load
from toolreel.store.names import cassette_path

MOST_BYTES = 32 << 20
"""How large the files of the tapes that stand ready may be together; a tape takes several times as much memory."""

_Stamp = tuple[int, int]


@dataclass(slots=True)
class _Ready:
    stamp: _Stamp
    tape: Tape


class Shelf:
    """The tapes of the cassettes in `folder`, made for sessions that answer in `manner`.

    A cassette that was recorded anew is loaded anew. Of the tapes those longest unused are let go when they grow too
    many; a session keeps its own.
    """

    def __init__(self, folder: Path, manner: Manner, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._manner = manner
        self._most_bytes = most_bytes
        self._ready: OrderedDict[str, _Ready] = OrderedDict()
        self._bytes = 0

    def tape(self, name: str) -> Tape:
        """The tape of a cassette; raises ToolreelError."""
        path = cassette_path(self._folder, name)
        stamp = _stamp(path)
        found = self._ready.get(name)
        if found is not None and found.stamp == stamp:
            self._ready.move_to_end(name)
            return found.tape
        tape = self._load(name, path)
        self._let_go(name)
        self._ready[name] = _Ready(stamp, tape)
        self._bytes += stamp[1]
        while self._bytes > self._most_bytes and len(self._ready) > 1:
            self._let_go(next(iter(self._ready)))
        return tape

    def _load(self, name: str, path: Path) -> Tape:
        known = None
        if self._manner.ids == "original":
            from toolreel.store.originals import originals  # and with it SQLite, which nothing else here needs

            known = originals(self._folder, name)
        return Tape(name, load(path), LargeBodies(path).read, known, self._manner.rules)

    def _let_go(self, name: str) -> None:
        if (gone := self._ready.pop(name, None)) is not None:
            self._bytes -= gone.stamp[1]


def _stamp(path: Path) -> _Stamp:
    """Changes when the file does; (0, 0) if there is none, which `load` then says."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
