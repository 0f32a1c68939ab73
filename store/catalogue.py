"""What the index knows: cassettes in figures, texts that hold a word, tool calls, and whatever SQL asks."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from textwrap import dedent
from typing import Any, NamedTuple

from sqlite_utils import Database

from toolreel.errors import CommandError

from .facts import RequestFacts, ToolCall

MARKS = ("\x02", "\x03")
"""What stands before and after a found word in an excerpt."""

TABLES = ("cassettes", "requests", "calls", "texts", "words", "misses")
"""What `docs/inspect.md` tells people to ask."""

_AROUND = 60
"""So many characters of a text are shown before a word that was found inside other words, and after it."""


class Row(NamedTuple):
    """A cassette in figures; `size` is that of its file, `error` says why it cannot be read."""

    name: str
    size: int
    recorded_at: str | None
    upstream: str | None
    requests: int
    runs: int
    calls: int
    streams: int
    frames: int
    failures: int
    error: str | None


class Hit(NamedTuple):
    """A text that was found, in interaction `n`; the words in the `excerpt` stand between MARKS."""

    name: str
    n: int
    place: str
    excerpt: str


class Found(NamedTuple):
    """The first hits, by the names of the cassettes, and how many there are in all."""

    hits: list[Hit]
    total: int


class Catalogue:
    """Asks the index of the cassettes in `folder`, as the store names it."""

    def __init__(self, db: Database, folder: str) -> None:
        self._db = db
        self._folder = folder

    def rows(self, tool: str | None = None) -> list[Row]:
        """The cassettes by their names, all or those that call `tool`; broken ones too."""
        calls = "AND id IN (SELECT cassette FROM calls WHERE tool = :tool)" if tool is not None else ""
        rows = self._db.execute(
            f"SELECT {', '.join(Row._fields)} FROM cassettes WHERE folder = :folder {calls} ORDER BY name",
            {"folder": self._folder, "tool": tool},
        )
        return [Row(*row) for row in rows.fetchall()]

    @property
    def broken(self) -> list[str]:
        """The names of the cassettes that cannot be read."""
        query = "SELECT name FROM cassettes WHERE folder = ? AND error IS NOT NULL ORDER BY name"
        return [name for (name,) in self._db.execute(query, [self._folder])]

    def tools(self) -> list[str]:
        """The names of the tools that are called."""
        rows = self._db.execute(f"SELECT DISTINCT tool FROM calls {_IN_FOLDER} ORDER BY tool", [self._folder])
        return [tool for (tool,) in rows.fetchall()]

    def calls(self, names: Sequence[str] = ()) -> Iterator[tuple[str, ToolCall]]:
        """The tool calls of cassettes, of all or of some, each with the name of its cassette."""
        for name, *values in self._of("calls", ToolCall._fields, names):
            yield name, ToolCall(*values)

    def requests(self, names: Sequence[str] = ()) -> Iterator[tuple[str, RequestFacts]]:
        """The interactions of cassettes, of all or of some, each with the name of its cassette."""
        for name, *values in self._of("requests", RequestFacts._fields, names):
            yield name, RequestFacts(*values)

    def _of(self, table: str, fields: Sequence[str], names: Sequence[str]) -> Iterator[Any]:
        columns = ", ".join(f"t.{field}" for field in fields)
        some = f"AND c.name IN ({', '.join('?' * len(names))})" if names else ""
        yield from self._db.execute(
            f"SELECT c.name, {columns} FROM {table} t JOIN cassettes c ON c.id = t.cassette "
            f"WHERE c.folder = ? {some} ORDER BY c.name, t.n",
            [self._folder, *names],
        ).fetchall()

    # ------------------------------------------------------------------------------------------------------ search

    def search(self, words: str, limit: int, skip: int = 0) -> Found:
        """The texts that hold all `words`: whole words, `"some words"` as they stand, or beginnings, `word*`.

        If there are none, and in languages that are written without spaces, texts in which they stand inside others.
        The first `skip` of them are left out. Raises CommandError if there is nothing to look for.
        """
        terms = _terms(words)
        if not terms:
            raise CommandError("There is nothing to search for; give a word.")
        if all(map(_is_words, terms)):
            found = self._words(" ".join(map(_quoted, terms)), limit, skip)
            if found.total:
                return found
        return self._inside([term.removesuffix("*") or term for term in terms], limit, skip)

    def _words(self, query: str, limit: int, skip: int) -> Found:
        found = "FROM words JOIN texts t ON t.id = words.rowid JOIN cassettes c ON c.id = t.cassette"
        where = "WHERE words MATCH ? AND c.folder = ?"
        (total,) = self._db.execute(f"SELECT count(*) {found} {where}", [query, self._folder]).fetchone()
        rows = self._db.execute(
            f"SELECT c.name, t.n, t.place, snippet(words, 0, ?, ?, '…', 24) {found} {where} "
            f"ORDER BY c.name, t.n, t.id LIMIT ? OFFSET ?",
            [*MARKS, query, self._folder, limit, skip],
        )
        return Found([Hit(*row) for row in rows.fetchall()], total)

    def _inside(self, terms: Sequence[str], limit: int, skip: int) -> Found:
        like = " AND ".join(["t.text LIKE ? ESCAPE '\\'"] * len(terms))
        found = f"FROM texts t JOIN cassettes c ON c.id = t.cassette WHERE {like} AND c.folder = ?"
        values = [*(f"%{_ESCAPED.sub(_escape, term)}%" for term in terms), self._folder]
        (total,) = self._db.execute(f"SELECT count(*) {found}", values).fetchone()
        rows = self._db.execute(
            f"SELECT c.name, t.n, t.place, t.text {found} ORDER BY c.name, t.n, t.id LIMIT ? OFFSET ?",
            [*values, limit, skip],
        )
        hits = [Hit(name, n, place, _excerpt(text, terms)) for name, n, place, text in rows.fetchall()]
        return Found(hits, total)

    # --------------------------------------------------------------------------------------------------------- SQL

    def select(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns and rows of a query that only reads; raises CommandError for any other, or a wrong one."""
        connection = self._db.conn
        connection.execute("SELECT 1 FROM words LIMIT 0").fetchone()  # opening it takes more than reading
        connection.set_authorizer(_only_reads)
        try:
            cursor = connection.execute(query)
            rows = cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            denied = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH
            what = "only reading is allowed" if denied else str(error)
            raise CommandError(f"The query cannot be run: {what}; 'toolreel sql' shows the tables.") from None
        finally:
            connection.set_authorizer(None)
        return [column for column, *_ in cursor.description or ()], rows

    def tables(self) -> dict[str, str]:
        """The tables of the index by their names, as SQL makes them; what else the store has is its own business."""
        rows = self._db.execute(
            f"SELECT name, sql FROM sqlite_master WHERE name IN ({', '.join('?' * len(TABLES))}) ORDER BY rowid",
            TABLES,
        )
        shown = ((name, *sql.partition("\n")) for name, sql in rows.fetchall())
        return {name: f"{first}{end}{dedent(rest).rstrip()};" for name, first, end, rest in shown}


_IN_FOLDER = "WHERE cassette IN (SELECT id FROM cassettes WHERE folder = ?)"

_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})


def _only_reads(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and second == "load_extension":
        return sqlite3.SQLITE_DENY
    # The full-text index looks whether its tables have changed.
    if action in _READING or (action == sqlite3.SQLITE_PRAGMA and first == "data_version"):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_ESCAPED = re.compile(r"[\\%_]")


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[0]


def _terms(words: str) -> list[str]:
    words = words.replace("\0", " ")  # which ends a query
    return [term for match in _TERM.finditer(words) if (term := (match[1] or match[2] or "").strip())]


def _is_words(term: str) -> bool:
    """Whether the full-text index knows it: it cuts at spaces, and scripts without case often have none."""
    letters = [char for char in term if char.isalnum()]
    return bool(letters) and not any(unicodedata.category(char) == "Lo" for char in letters)


def _quoted(term: str) -> str:
    beginning = term.endswith("*") and len(term) > 1
    text = term.removesuffix("*") if beginning else term
    return '"' + text.replace('"', '""') + '"' + ("*" if beginning else "")


def _excerpt(text: str, terms: Sequence[str]) -> str:
    """The first place of the first term, with a little around it."""
    match = re.search(re.escape(terms[0]), text, re.IGNORECASE)
    if match is None:  # the database folds only ASCII
        return text[: 2 * _AROUND]
    start, end = max(0, match.start() - _AROUND), min(len(text), match.end() + _AROUND)
    before, after = text[start : match.start()], text[match.end() : end]
    return f"{'…' if start else ''}{before}{MARKS[0]}{match[0]}{MARKS[1]}{after}{'…' if end < len(text) else ''}"
