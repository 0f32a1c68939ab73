"""Requests that say the same are found without looking at all the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from toolreel.dialects.routes import Kind
from toolreel.normalise.strings import in_text
from toolreel.normalise.symbols import replaced_by

from .canonical import Asked

if TYPE_CHECKING:
    from .tracks import Track


class Meant:
    """What a request means, with the ids of the recording in place of the client's: `names` gives these for those.

    `named` gives what stands in the place of a secret wherever it is seen to be one.
    """

    def __init__(self, asked: Asked, names: Mapping[str, str], named: Callable[[str], str] = str) -> None:
        self.asked = asked
        self.named = named
        self._renames = any(name != other for name, other in names.items())
        self._rename = partial(in_text, find=replaced_by(names))

    @cached_property
    def said(self) -> str:
        """All of it."""
        return self.asked.canonical(self._rename) if self._renames else self.asked.literal

    @cached_property
    def bare(self) -> str:
        """All but the model."""
        return self.asked.canonical(self._rename, bare=True) if self._renames else self.asked.bare_literal


class Equals:
    """Tracks of one conversation that a request may mean: reads by their epoch, all others in file order."""

    __slots__ = ("others", "reads", "scope")

    def __init__(self) -> None:
        self.others: list[Track] = []
        self.reads: dict[int, list[Track]] = {}
        self.scope: str | None = None
        """That of the reads, which are of one path."""

    def add(self, track: Track) -> None:
        """Takes a track in, in file order."""
        if track.kind is Kind.READ:
            self.reads.setdefault(track.epoch, []).append(track)
            self.scope = track.scope
        else:
            self.others.append(track)


class Sayings:
    """The tracks of one conversation and one key, by what they say."""

    def __init__(self, tracks: Iterable[Track]) -> None:
        self._tracks = list(tracks)
        self._said: dict[tuple[str | None, str], Equals] = {}
        self._open: dict[str | None, Equals] = {}  # what leaves something open is compared one by one
        for track in self._tracks:
            if track.leaves_open:
                self._open.setdefault(track.scope, Equals()).add(track)
            else:
                self._said.setdefault((track.asked.deployment, track.said), Equals()).add(track)
        self._shapes = {track.asked.deployment is None for track in self._tracks}

    def of(self, meant: Meant) -> Iterator[Equals]:
        """Where the tracks are that a request may mean."""
        what = meant.asked
        if found := self._said.get((what.deployment, meant.said)):
            yield found
        yield from self._open.values()
        if (what.deployment is not None) in self._shapes:
            found = self._by_bare.get((what.deployment is None, meant.bare))
            yield from (found,) if found else ()

    @cached_property
    def _by_bare(self) -> dict[tuple[bool, str], Equals]:
        """For requests whose path has another shape: by what is said without the model."""
        found: dict[tuple[bool, str], Equals] = {}
        for track in self._tracks:
            if not track.leaves_open:
                found.setdefault((track.asked.deployment is not None, track.bare), Equals()).add(track)
        return found
