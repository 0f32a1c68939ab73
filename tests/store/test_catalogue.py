from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolreel.errors import CommandError
from toolreel.inspect.facts import facts
from toolreel.store.catalogue import MARKS, Catalogue
from toolreel.store.index import Index

SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "cassettes"
    folder.mkdir()
    changes = {
        "paris": ("x", "x"),
        "rome": ("Tokyo", "Lisbon"),
        "osaka": ("Tokyo", "大阪市"),
        "news": ("get_weather", "get_news"),
        "broken": ("{", "["),
        "100%": ("light rain", "100% a_b c\\\\\\\\d naïve"),
    }
    for name, change in changes.items():
        path = folder / f"{name}.json"
        path.write_text(SAMPLE.replace(*change))
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> Iterator[Catalogue]:
    index = Index(folder, facts)
    index.refresh()
    yield Catalogue(index.db, index.folder)
    index.close()


def test_cassettes_stand_by_their_names(found: Catalogue) -> None:
    rows = found.rows()
    assert [row.name for row in rows] == ["100%", "broken", "news", "osaka", "paris", "rome"]
    row = rows[-2]
    assert (row.requests, row.runs, row.calls, row.streams, row.frames, row.failures) == (12, 2, 4, 2, 47, 0)
    assert (row.size, row.recorded_at, row.error) == (len(SAMPLE.encode()), "2026-11-22T11:45:29Z", None)
    assert rows[1].error
    assert rows[1].requests == 0


def test_cassettes_are_found_by_the_tools_they_call(found: Catalogue) -> None:
    assert [row.name for row in found.rows("get_news")] == ["news"]
    assert found.rows("none") == []
    assert found.tools() == ["get_news", "get_weather"]


def test_calls_and_requests_of_some_or_all(found: Catalogue) -> None:
    assert {name for name, _ in found.calls()} == {"100%", "news", "osaka", "paris", "rome"}
    assert [(name, call.n, call.tool) for name, call in found.calls(["news"])] == [
        ("news", n, "get_news") for n in (3, 3, 8, 8)
    ]
    assert [request.n for _, request in found.requests(["rome"])] == list(range(1, 13))


def names(found: Catalogue, words: str) -> set[str]:
    return {hit.name for hit in found.search(words, 1000).hits}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("lisbon", {"rome"}, id="word"),
        pytest.param("LISBON paris", {"rome"}, id="all-words-of-one-text"),
        pytest.param("isbo", {"rome"}, id="inside-a-word"),
        pytest.param("lisb*", {"rome"}, id="beginning"),
        pytest.param("get_news", {"news"}, id="name-of-a-tool"),
        pytest.param('"sky light rain"', {"news", "osaka", "paris", "rome"}, id="phrase"),
        pytest.param('"rain light"', set(), id="phrase-the-other-way-round"),
        pytest.param("大阪", {"osaka"}, id="script-without-spaces"),
        pytest.param("阪市 paris", {"osaka"}, id="script-without-spaces-and-a-word"),
        pytest.param("%", {"100%"}, id="wildcard-of-sql"),
        pytest.param("naive", {"100%"}, id="without-accents"),
        pytest.param("nowhere", set(), id="nowhere"),
    ],
)
def test_what_is_searched(found: Catalogue, words: str, expected: set[str]) -> None:
    assert names(found, words) == expected


def test_a_hit_says_where_and_marks_the_word(found: Catalogue) -> None:
    begin, end = MARKS
    assert f'"city":"{begin}Lisbon{end}"' in {hit.excerpt.strip("{}") for hit in found.search("lisbon", 10).hits}
    inside = found.search("isbo", 10)
    assert all(f"L{begin}isbo{end}n" in hit.excerpt for hit in inside.hits)
    assert ("rome", 3, "arguments of get_weather") in {(hit.name, hit.n, hit.place) for hit in inside.hits}


def test_the_first_hits_are_given_and_all_counted(found: Catalogue) -> None:
    everything = found.search("paris", 1000)
    assert found.search("paris", 1000, 2).hits == everything.hits[2:]
    assert found.search("ari", 1, 1).hits == found.search("ari", 2).hits[1:]
    some = found.search("paris", 2)
    assert some.hits == everything.hits[:2]
    assert some.total == everything.total == len(everything.hits)
    assert [hit.name for hit in everything.hits] == sorted(hit.name for hit in everything.hits)
    inside = found.search("ari", 2)
    assert (len(inside.hits), inside.total) == (2, found.search("ari", 1000).total)


@pytest.mark.parametrize("words", ["", "  ", '""', '"', "\0"])
def test_nothing_cannot_be_searched(found: Catalogue, words: str) -> None:
    with pytest.raises(CommandError, match="There is nothing to search for"):
        found.search(words, 10)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=12))
def test_whatever_is_searched_is_no_error(found: Catalogue, words: str) -> None:
    with contextlib.suppress(CommandError):  # if there is nothing in it to look for
        found.search(words, 5)


# ------------------------------------------------------------------------------------------------------------ SQL


def test_sql_reads(found: Catalogue) -> None:
    columns, rows = found.select("SELECT name, calls FROM cassettes WHERE calls > 0 ORDER BY name LIMIT 1")
    assert (columns, rows) == (["name", "calls"], [("100%", 4)])
    assert found.select("WITH x AS (SELECT 1 AS a) SELECT a, upper('b') FROM x")[1] == [(1, "B")]
    assert found.select("SELECT count(*) FROM words WHERE words MATCH 'lisbon'")[1][0][0] > 0


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM cassettes",
        "INSERT INTO cassettes (name) VALUES ('x')",
        "DROP TABLE texts",
        "CREATE TABLE x (a)",
        "PRAGMA journal_mode = DELETE",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "SELECT load_extension('x')",
        "BEGIN",
    ],
)
def test_sql_does_nothing_else(found: Catalogue, query: str) -> None:
    with pytest.raises(CommandError, match=r"only reading is allowed|not authorized"):
        found.select(query)
    assert len(found.rows()) == 6


@pytest.mark.parametrize("query", ["SELEC 1", "SELECT nothing FROM cassettes", "SELECT 1; SELECT 2", "SELECT ?"])
def test_sql_that_is_wrong_says_why(found: Catalogue, query: str) -> None:
    with pytest.raises(CommandError, match=r"The query cannot be run: .*; 'toolreel sql' shows the tables"):
        found.select(query)
    assert len(found.rows()) == 6


def test_no_query_at_all_gives_nothing(found: Catalogue) -> None:
    assert found.select("") == ([], [])


def test_the_tables_are_those_that_people_ask(found: Catalogue) -> None:
    shown = found.tables()
    assert {"cassettes", "requests", "calls", "texts", "words", "misses"} <= set(shown)
    assert shown["calls"].startswith("CREATE TABLE calls (\n    cassette INTEGER NOT NULL")
    assert not [name for name in shown if name == "words_data" or "_sqlite" in name]


def test_nothing_is_found_in_another_folder(found: Catalogue) -> None:
    other: Any = Catalogue(found._db, "elsewhere")
    assert other.rows() == []
    assert other.search("lisbon", 5).total == 0
    assert list(other.calls()) == []
