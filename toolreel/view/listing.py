"""The pages over all cassettes: the list, the search, the misses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from toolreel.errors import CommandError
from toolreel.inspect.selection import SORTS, Filter, sort_key
from toolreel.inspect.words import short_ids
from toolreel.store.catalogue import MARKS, Hit
from toolreel.store.misses import MissRow, names_of

from .pages import Desk
from .paging import Paged, page_asked, paged
from .texts import shown

_ROWS = 100
_HITS = 100


class Asked(NamedTuple):
    """What the list is filtered and sorted by, as the form has it."""

    name: str
    tool: str
    streams: bool
    failed: bool
    sort: str
    reverse: bool

    @classmethod
    def of(cls, request: Request) -> Asked:
        """Out of the address; what makes no sense there is as good as nothing."""
        query = request.query_params
        sort = query.get("sort", "")
        return cls(
            query.get("name", "").strip(),
            query.get("tool", ""),
            bool(query.get("streams")),
            bool(query.get("failed")),
            sort if sort in SORTS else "name",
            bool(query.get("reverse")),
        )

    @property
    def filters(self) -> bool:
        """Whether it leaves something out."""
        return bool(self.name or self.tool or self.streams or self.failed)

    @property
    def query(self) -> dict[str, str | int]:
        """For the address of another page of the same list."""
        flags = {name: 1 for name in ("streams", "failed", "reverse") if getattr(self, name)}
        texts = {name: value for name, value in (("name", self.name), ("tool", self.tool)) if value}
        return {**texts, **flags, **({} if self.sort == "name" else {"sort": self.sort})}


def patterns(name: str) -> list[str]:
    """What a name must fit: a part of it, or with wildcards all of it; nothing for nothing."""
    return [name if re.search(r"[*?\[]", name) else f"*{name}*"] if name else []


def listing(desk: Desk, request: Request) -> Response:
    """The cassettes, filtered and sorted."""
    asked = Asked.of(request)
    now = datetime.now(UTC)
    which = Filter(patterns(asked.name), streams=asked.streams, failed=asked.failed)
    with desk.library.catalogue() as catalogue:
        tools = catalogue.tools()
        everything = catalogue.rows()
        rows = catalogue.rows(asked.tool) if asked.tool else everything
    rows = sorted((row for row in rows if which.fits(row, now)), key=lambda row: sort_key(row, asked.sort, now))
    if asked.reverse:
        rows.reverse()
    return desk.render(
        "list.html",
        asked=asked,
        all=len(everything),
        total=len(rows),
        page=paged(rows, request.query_params.get("page"), _ROWS),
        tools=tools,
        sorts=SORTS,
    )


def searching(desk: Desk, request: Request) -> Response:
    """The texts that hold what is searched for."""
    words, asked = request.query_params.get("q", "").strip(), request.query_params.get("page")
    hits, total, number, count = list[Hit](), 0, 1, 1
    if words:
        with desk.library.catalogue() as catalogue, suppress(CommandError):  # quotes alone are nothing to search for
            _, total = catalogue.search(words, 0)
            number, count = page_asked(asked, total, _HITS)
            hits, _ = catalogue.search(words, _HITS, (number - 1) * _HITS)
    found: dict[str, list[tuple[int, str, Markup]]] = {}
    for hit in hits:
        found.setdefault(hit.name, []).append((hit.n, hit.place, excerpt(hit.excerpt)))
    page = Paged(hits, (number - 1) * _HITS, number, count)
    return desk.render("search.html", words=words, found=found, total=total, page=page)


def excerpt(text: str) -> Markup:
    """An excerpt with what was found in `mark`."""
    return Markup("").join(_marked(text))


def _marked(text: str) -> Iterator[Markup]:
    marked = False
    for piece in re.split(f"([{''.join(MARKS)}])", text):
        if piece in MARKS:
            marked = piece == MARKS[0]
        elif piece:
            yield Markup("<mark>{}</mark>" if marked else "{}").format(shown(short_ids(piece)))


def misses(desk: Desk, request: Request) -> Response:
    """What replays on this machine could not answer."""
    there = set(desk.library.names())
    page = paged(desk.library.misses(), request.query_params.get("page"), _ROWS)

    def names(miss: MissRow) -> list[tuple[str, bool]]:
        return [(name, name in there) for name in names_of(desk.library.folder, miss)]

    return desk.render("misses.html", misses=page, names=names)
