"""The ids that a replay hands out, and which live conversation each belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from toolreel.dialects.ids import ID
from toolreel.normalise.symbols import prefix_of

from .live import Live
from .tape import Tape
from .tracks import Track


class Handed:
    """Ids that were handed out; none is ever handed out again, not even when it was forgotten."""

    def __init__(self, tapes: Iterable[Tape]) -> None:
        self.classes: dict[str, str] = {}
        """The class of each root id that was handed out."""
        self.forgets = False
        """Whether any id was forgotten."""
        self._tapes = tuple(tapes)
        self.names: dict[str, Live] = {}
        """All ids that were handed out and not forgotten, and the live conversation that each belongs to."""
        self._newest_of: dict[str, str] = {}
        """The last id of each class of roots."""
        self._counts: dict[str, int] = {}
        self._spent: set[str] = set()
        """Ids that stand in tapes and were forgotten."""

    def holder(self, name: str) -> Live | None:
        """The live conversation that an id belongs to."""
        return self.names.get(name)

    def holders(self, held: Iterable[str]) -> list[Live]:
        """The live conversations that ids belong to."""
        return list(dict.fromkeys(self.names[name] for name in held))

    def hand_out(self, name: str, live: Live, root_class: str | None) -> None:
        """A client of a live conversation gets to know an id; it may be the root of another one."""
        if name not in self.names:
            self.names[name] = live
            live.names.append(name)
        if root_class is not None and name not in self.classes:
            self.classes[name] = root_class
            self._newest_of[root_class] = name

    def forget(self, live: Live) -> None:
        """Forgets the ids of a live conversation."""
        self.forgets = self.forgets or bool(live.names)
        for name in live.names:
            del self.names[name]
            if name in self._in_tapes:
                self._spent.add(name)
            root_class = self.classes.pop(name, None)
            if root_class is not None and self._newest_of.get(root_class) == name:
                del self._newest_of[root_class]
        live.names.clear()

    @cached_property
    def _in_tapes(self) -> set[str]:
        return {name for tape in self._tapes for name in (*tape.minted, *tape.originals.values())}

    def known_root(self, track: Track, symbol: str) -> str | None:
        """The client's newest id for a root that another interaction made, if the client knows one like it."""
        wanted = track.tape.root_classes.get(symbol)
        if wanted is None or track.tape.root_tracks[symbol] is track:
            return None
        return self._newest_of.get(wanted)

    def fresh(self, tape: Tape, symbols: Iterable[str]) -> str:
        """An id that nobody was given: one of the symbols, or what it stands for, if it is free; else a number."""
        example = ""
        for symbol in symbols:
            example = example or symbol
            name = tape.originals.get(symbol, symbol)
            if self._is_free(name):
                return name
        prefix = prefix_of(example)
        while True:
            count = self._counts[prefix] = self._counts.get(prefix, 10_000) + 1
            digits = str(count).zfill(len(example) - len(prefix))
            name = prefix + digits if prefix else f"00000000-0000-4000-8000-{count:012}"
            if ID.fullmatch(name) and self._is_free(name):
                return name

    def _is_free(self, name: str) -> bool:
        return name not in self.names and name not in self._spent
