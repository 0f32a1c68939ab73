"""Which route a request takes, and what that means for the state of the API.

A *scope* is the resource whose state a request reads or writes. A *read* changes nothing, a *write* moves its scope
to the next epoch, a *call* is stateless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from . import assistants


class Kind(StrEnum):
    """What a request does to its scope."""

    READ = "read"
    WRITE = "write"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Routed:
    """The route of one request.

    `name` is the route's template, `scope` names the resource, or is None where the answer mints it: then `mints` are
    the prefixes, separated by spaces, of the id that becomes the scope. `collection` is the list that a create
    or delete changes as well.
    """

    name: str
    kind: Kind
    scope: str | None
    mints: str | None = None
    collection: str | None = None

    @property
    def lists(self) -> bool:
        """Whether it reads a collection."""
        return self.kind is Kind.READ and self.scope == self.name.removeprefix("/")


@dataclass(frozen=True, slots=True)
class _Row:
    method: str
    pattern: re.Pattern[str]
    name: str
    kind: Kind
    scope: str | None
    mints: str | None
    collection: str | None


_VARIABLE = re.compile(r"\{(\w+)\}")


def _row(row: assistants.Row) -> _Row:
    pattern = _VARIABLE.sub(r"(?P<\1>[^/]+)", row.path)
    return _Row(
        row.method,
        re.compile(pattern),
        row.path,
        Kind(row.kind),
        row.scope or None,
        row.mints or None,
        row.collection or None,
    )


_DIALECTS = (assistants.ROUTES,)
"""Each dialect's table; a new dialect is a module of its own and a name here."""

_ROWS: dict[tuple[str, int], list[_Row]] = {}
"""By method and number of segments."""
for _table in _DIALECTS:
    for _entry in _table:
        _ROWS.setdefault((_entry.method, _entry.path.count("/")), []).append(_row(_entry))


NAMES = frozenset(row.name for rows in _ROWS.values() for row in rows)
"""The templates of all routes that are known."""


@lru_cache(maxsize=4096)
def route(method: str, path: str) -> Routed:
    """The route of a request by its method and the path below the base.

    Unknown GET and HEAD are reads with the path as scope, everything else unknown is a call.
    """
    for row in _ROWS.get((method, path.count("/")), ()):
        if match := row.pattern.fullmatch(path):
            scope = row.scope.format(**match.groupdict()) if row.scope else None
            return Routed(row.name, row.kind, scope, row.mints, row.collection)
    if method in ("GET", "HEAD"):
        return Routed(path, Kind.READ, path)
    return Routed(path, Kind.CALL, None)
