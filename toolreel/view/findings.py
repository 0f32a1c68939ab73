"""The page with what is wrong in all cassettes."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from toolreel.inspect.findings import Finding, Level
from toolreel.inspect.selection import is_named

from .listing import patterns
from .pages import Desk
from .paging import paged

_SECONDS = 10
_BRIEFLY = 1
"""So long they wait at most who come or go on, and who only filter; then the page says how many are left."""
_ROWS = 100

_LEVELS = list(Level)


class _One(NamedTuple):
    """A finding; `worst` is the place in _LEVELS of the worst that its cassette has."""

    worst: int
    name: str
    finding: Finding


def findings(desk: Desk, request: Request) -> Response:
    """What is wrong, the worst cassettes first."""
    query = request.query_params
    asked: dict[str, str | int] = {
        name: value for name in ("name", "level", "rule") if (value := query.get(name, "").strip())
    }
    filters = asked or "page" in query
    checked = desk.library.findings(_BRIEFLY if filters and "on" not in query else _SECONDS)
    everything = sorted(
        (
            _One(min(_LEVELS.index(one.level) for one in found), name, finding)
            for name, found in checked.found.items()
            for finding in found
        ),
        key=lambda one: one[:2],
    )
    names = patterns(query.get("name", "").strip())
    fitting = [
        one
        for one in everything
        if is_named(one.name, names)
        if asked.get("level", one.finding.level) == one.finding.level
        if asked.get("rule", one.finding.rule) == one.finding.rule
    ]
    page = paged(fitting, query.get("page"), _ROWS)
    return desk.render(
        "findings.html",
        asked=asked,
        checked=checked,
        levels=[level for level in Level if any(one.finding.level is level for one in everything)],
        rules=sorted({one.finding.rule for one in everything}),
        counts=[(level, sum(one.finding.level is level for one in fitting)) for level in Level],
        cassettes=len({one.name for one in fitting}),
        page=page,
        groups=[(name, [one.finding for one in group]) for name, group in groupby(page.items, lambda one: one.name)],
    )
