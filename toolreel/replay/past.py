"""Conversations that are over: a server that is asked for years must not keep them all.

Nothing but reads can follow in them. Clients that hold ids go on reading by these; to who holds none, any of the
newest gives the same answers, and two of them are enough to tell that a retry may be of more than one client.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from .tracks import Group

if TYPE_CHECKING:
    from .live import Live

KEPT = 10_000
"""So many conversations that are over are kept, those that were used last; ids of others are forgotten."""
NEAR = 16
"""Of one recorded conversation so many go on with requests that hold no ids."""
SAFE = 2
"""Of one recorded conversation so many are kept in any case."""


class Past:
    """The live conversations that are over. `forget` is told which are kept no longer."""

    def __init__(self, forget: Callable[[Live], None]) -> None:
        self._forget = forget
        self._used: dict[Live, Group] = {}
        """The least recently used first."""
        self._newest: dict[Group, dict[Live, None]] = {}
        """Those that ended last, of each recorded conversation."""

    def newest(self, group: Group) -> list[Live]:
        """The last ones that were this recorded conversation."""
        return list(self._newest.get(group, ()))

    def add(self, live: Live, group: Group) -> None:
        """Takes in one that is over now."""
        newest = self._newest.setdefault(group, {})
        self._used[live] = group
        newest[live] = None
        for old in list(islice(reversed(newest), SAFE, SAFE + 1)):
            self._drop_unused(old, group)
        if len(newest) > NEAR:
            old = next(iter(newest))
            del newest[old]
            if not old.names:  # then nobody can ask for it any more
                self._used.pop(old, None)
        while len(self._used) > KEPT:
            old, group_of_old = next(iter(self._used.items()))
            del self._used[old]
            if old not in islice(reversed(self._newest[group_of_old]), SAFE):
                self._drop_unused(old, group_of_old)

    def use(self, live: Live) -> None:
        """Somebody has asked for it."""
        if live.is_over:
            group = self._used.pop(live, None) or next(iter(live.states))
            self._used[live] = group

    def _drop_unused(self, live: Live, group: Group) -> None:
        if live not in self._used:
            self._newest[group].pop(live, None)
            self._forget(live)
