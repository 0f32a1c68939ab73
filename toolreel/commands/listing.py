"""`toolreel ls`, `search`, `sql` and `reindex`: what the index of the cassettes says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from toolreel.errors import CassetteError, CommandError
from toolreel.inspect.selection import EVERYTHING, Filter, sort_key
from toolreel.inspect.words import counted, printable, short_ids, size
from toolreel.store.catalogue import MARKS, Catalogue, Hit, Row

from . import console

if TYPE_CHECKING:
    from toolreel.messages.model import Cassette
    from toolreel.store.facts import Facts


@contextmanager
def catalogue(folder: Path, *, anew: bool = False) -> Iterator[Catalogue]:
    """The index of a folder, brought up to date, with a progress bar if that takes long. Raises ToolreelError."""
    from toolreel.store.index import Index

    index = Index(folder, _facts)
    try:
        if index.unwritable:
            console.note(f"{index.unwritable} Until then the index is made in memory each time.")
        index.refresh(lambda changes: console.progress(changes, "Reading cassettes"), anew=anew)
        yield Catalogue(index.db, index.folder)
    finally:
        index.close()


def _facts(cassette: Cassette) -> Facts:
    from toolreel.inspect.facts import facts

    return facts(cassette)


# ---------------------------------------------------------------------------------------------------------------- ls


def ls(folder: Path, *, as_json: bool, which: Filter = EVERYTHING, sort: str = "name", reverse: bool = False) -> int:
    """Lists the cassettes of a folder; a broken one is named on stderr and makes the exit status 65."""
    now = datetime.now(UTC)
    with catalogue(folder) as found:
        listed = [row for row in found.rows(which.tool) if which.fits(row, now)]
    broken = [row for row in listed if row.error]
    rows = sorted((row for row in listed if not row.error), key=lambda row: sort_key(row, sort, now))
    if reverse:
        rows.reverse()
    for row in broken:
        console.complaint(row.error or "")
    if as_json:
        console.json_result([_as_json(row) for row in rows])
    elif rows:
        _show_rows(rows)
    elif not broken:
        console.result(f"No cassettes in {folder}{'' if which == EVERYTHING else ' that fit'}.")
    return CassetteError.exit_status if broken else 0


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "cassette": row.name,
        "interactions": row.requests,
        "runs": row.runs,
        "tool_calls": row.calls,
        "streams": row.streams,
        "frames": row.frames,
        "failures": row.failures,
        "bytes": row.size,
        "recorded": row.recorded_at,
        "upstream": row.upstream,
    }


def _show_rows(rows: Sequence[Row]) -> None:
    numbers = ("requests", "runs", "tool calls", "streams", "size")
    cells = [
        (
            row.name,
            *map(str, (row.requests, row.runs, row.calls, row.streams)),
            size(row.size),
            (row.recorded_at or "")[:10],
        )
        for row in rows
    ]
    console.show_columns(("cassette", *numbers, "recorded"), cells, right=numbers)


_AGE = re.compile(r"([0-9]{1,5})\s*(h|d|w|m|y)")
_HOURS = {"h": 1, "d": 24, "w": 168, "m": 730, "y": 8766}


def parse_age(text: str) -> timedelta:
    """`12h`, `30d`, `6w`, `3m`, `1y`; raises CommandError."""
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise CommandError(f"{text!r} is no age; write a number and h, d, w, m or y, such as 30d.")
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


_SIZE = re.compile(r"([0-9]{1,9})\s*(?:(k|m|g)?b?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def parse_size(text: str) -> int:
    """`500`, `20kB`, `3M`; raises CommandError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"{text!r} is no size; write a number of bytes, kB or MB, such as 200kB.")
    return int(match[1]) * _UNITS[(match[2] or "").lower()]


# ------------------------------------------------------------------------------------------------------------ search


def search(folder: Path, words: Sequence[str], *, limit: int, as_json: bool) -> int:
    """Prints the texts that hold all the words; the exit status is 1 if there are none, as grep's is."""
    with catalogue(folder) as found:
        hits, total = found.search(" ".join(words), limit)
        broken = found.broken
    if as_json:
        excerpts = [{**hit._asdict(), "excerpt": _UNMARKED.sub("", hit.excerpt)} for hit in hits]
        console.json_result({"total": total, "hits": excerpts, "broken": broken})
    else:
        for name, of_one in _by_cassette(hits):
            console.show_line(Text(printable(name), style="bold"))
            for hit in of_one:
                console.show_line(_hit(hit), hanging=7)
        if total > len(hits):
            console.note(f"{counted(total - len(hits), 'more place')} not shown; --limit shows more.")
        if not total:
            console.note("Nothing found.")
    if broken:
        console.note(f"{counted(len(broken), 'broken cassette')} not searched; toolreel ls says what is wrong.")
    return 0 if total else 1


_UNMARKED = re.compile("[\x02\x03]")


def _by_cassette(hits: Sequence[Hit]) -> Iterable[tuple[str, list[Hit]]]:
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.name, []).append(hit)
    return found.items()


def _hit(hit: Hit) -> Text:
    text = Text(f"{hit.n:>5}  ", style="dim")
    text.append(f"{printable(hit.place)}: ", style="cyan not dim")
    marked = False
    for piece in re.split("([\x02\x03])", hit.excerpt):
        if piece in MARKS:
            marked = piece == MARKS[0]
        else:
            # printable() trims, and a blank on the border to a found word must stay.
            blanks = " " if piece[:1].isspace() else "", " " if piece[-1:].isspace() and piece.strip() else ""
            shown = f"{blanks[0]}{short_ids(printable(piece))}{blanks[1]}"
            text.append(shown, style="bold yellow not dim" if marked else "default not dim")
    return text


# --------------------------------------------------------------------------------------------------- sql and reindex


def sql(folder: Path, query: str | None, *, as_json: bool) -> int:
    """Runs a query that only reads, over the index; without one it prints the tables. Raises ToolreelError."""
    with catalogue(folder) as found:
        if query is None:
            tables = found.tables()
            if as_json:
                console.json_result(tables)
            else:
                console.result("\n".join(tables.values()))
            return 0
        columns, rows = found.select(query)
    if as_json:
        console.json_result([dict(zip(columns, map(_plain, row), strict=True)) for row in rows])
        return 0
    if not columns:
        return 0
    numbers = [name for place, name in enumerate(columns) if all(isinstance(row[place], int | float) for row in rows)]
    cells = [["" if value is None else str(_plain(value)) for value in row] for row in rows]
    console.show_columns(list(map(printable, columns)), cells, right=numbers)
    return 0


def _plain(value: Any) -> Any:
    return f"{len(value)} bytes" if isinstance(value, bytes) else value


def reindex(folder: Path, *, as_json: bool = False) -> int:
    """Makes the index of a folder anew."""
    with catalogue(folder, anew=True) as found:
        rows = found.rows()
    broken = [row for row in rows if row.error]
    for row in broken:
        console.complaint(row.error or "")
    if as_json:
        console.json_result({"cassettes": len(rows) - len(broken), "broken": [row.name for row in broken]})
    else:
        console.note(f"Indexed {counted(len(rows) - len(broken), 'cassette')} in {folder}.")
    return CassetteError.exit_status if broken else 0
