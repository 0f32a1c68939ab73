"""`ls`, `search`, `sql` and `reindex`."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from toolreel.commands.listing import ls, parse_age, parse_size, reindex, search, sql
from toolreel.errors import CommandError
from toolreel.inspect.selection import SORTS, Filter

SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three cassettes that differ in age, size, tool and failures."""
    folder = tmp_path / "cassettes"
    (folder / "sub").mkdir(parents=True)
    (folder / "old.json").write_text(SAMPLE.replace('"recorded_at": "2026', '"recorded_at": "2006'))
    (folder / "sub" / "news.json").write_text(SAMPLE.replace("get_weather", "get_the_latest_news"))
    (folder / "sub" / "bad.json").write_text(SAMPLE.replace('"status": 200', '"status": 500', 3))
    return folder


def names(folder: Path, capsys: pytest.CaptureFixture[str], *patterns: str, **more: Any) -> list[str]:
    how = {name: more.pop(name) for name in ("sort", "reverse") if name in more}
    assert ls(folder, as_json=True, which=Filter(patterns, **more), **how) == 0
    return [row["cassette"] for row in json.loads(capsys.readouterr().out)]


def test_ls_lists_every_cassette(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ls(folder, as_json=False) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "cassette  requests  runs  tool calls  streams   size  recorded",
        "old             12     2           4        2  46 kB  2006-11-22",
        "sub/bad         12     2           4        2  46 kB  2026-11-22",
        "sub/news        12     2           4        2  46 kB  2026-11-22",
    ]
    assert err == ""


def test_ls_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ls(folder, as_json=True, which=Filter(["sub/bad"])) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "cassette": "sub/bad",
        "interactions": 12,
        "runs": 2,
        "tool_calls": 4,
        "streams": 2,
        "frames": 47,
        "failures": 3,
        "bytes": len(SAMPLE.encode()),
        "recorded": "2026-11-22T11:45:29Z",
        "upstream": "http://127.0.0.1:4010/v1",
    }


@pytest.mark.parametrize(
    ("patterns", "more", "expected"),
    [
        ((), {}, ["old", "sub/bad", "sub/news"]),
        (("sub",), {}, ["sub/bad", "sub/news"]),
        (("sub/",), {}, ["sub/bad", "sub/news"]),
        (("*a*", "old"), {}, ["old", "sub/bad"]),
        (("su",), {}, []),
        ((), {"tool": "get_the_latest_news"}, ["sub/news"]),
        ((), {"failed": True}, ["sub/bad"]),
        ((), {"streams": True}, ["old", "sub/bad", "sub/news"]),
        ((), {"older_than": timedelta(days=3650)}, ["old"]),
        ((), {"larger_than": len(SAMPLE.encode()) + 1}, ["sub/news"]),
        ((), {"sort": "size"}, ["sub/news", "old", "sub/bad"]),
        ((), {"sort": "age"}, ["old", "sub/bad", "sub/news"]),
        ((), {"sort": "failures"}, ["sub/bad", "old", "sub/news"]),
        ((), {"sort": "name", "reverse": True}, ["sub/news", "sub/bad", "old"]),
    ],
)
def test_ls_filters_and_sorts(
    folder: Path, capsys: pytest.CaptureFixture[str], patterns: Any, more: Any, expected: list[str]
) -> None:
    assert names(folder, capsys, *patterns, **more) == expected


@pytest.mark.parametrize("sort", SORTS)
def test_everything_can_be_sorted_by(folder: Path, capsys: pytest.CaptureFixture[str], sort: str) -> None:
    assert sorted(names(folder, capsys, sort=sort)) == ["old", "sub/bad", "sub/news"]


def test_a_broken_cassette_is_named_and_the_others_are_listed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.json").write_text("[]")
    assert ls(folder, as_json=False) == 65
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 4
    assert err.startswith(f"toolreel: {folder / 'broken.json'} is no cassette")


def test_ls_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ls(tmp_path / "none", as_json=False) == 0
    assert capsys.readouterr().out == f"No cassettes in {tmp_path / 'none'}.\n"
    assert ls(tmp_path, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert list(tmp_path.iterdir()) == []


def test_ls_of_nothing_that_fits_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ls(folder, as_json=False, which=Filter(["x"])) == 0
    assert capsys.readouterr().out == f"No cassettes in {folder} that fit.\n"


def test_where_no_store_can_be_made_it_is_said_once(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLREEL_STORE", "/dev/null/x.db")
    assert ls(folder, as_json=False) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 4
    assert err.count("made in memory each time") == 1


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("6 W", timedelta(days=42)),
        ("1y", timedelta(hours=8766)),
    ],
)
def test_ages(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("500", 500), ("20kB", 20_000), ("3M", 3_000_000), ("1 gb", 10**9)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "d", "1", "-1d", "1x", "999999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is no age"):
        parse_age(text)


@pytest.mark.parametrize("text", ["", "k", "-1", "1x", "1.5MB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is no size"):
        parse_size(text)


# ----------------------------------------------------------------------------------------------- search, sql, reindex


def test_search_shows_where_words_stand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search(folder, ["tokyo", "sky"], limit=50, as_json=False) == 1
    assert capsys.readouterr() == ("", "Nothing found.\n")
    assert search(folder, ["latest", "news"], limit=2, as_json=False) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "sub/news"
    assert out.splitlines()[1].startswith("    1  request: …")
    assert "get_the_latest_news description: The weather" in out.splitlines()[1]
    assert err == ""


def test_search_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search(folder, ["tokyo"], limit=1, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"] > 3
    (hit,) = found["hits"]
    assert (hit["name"], hit["n"]) == ("old", 2)
    assert "Tokyo" in hit["excerpt"]
    assert "\x02" not in hit["excerpt"]


@pytest.mark.parametrize("as_json", [False, True])
def test_search_tells_of_what_it_cannot_read(folder: Path, as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.json").write_text("[]")
    assert search(folder, ["tokyo"], limit=50, as_json=as_json) == 0
    out, err = capsys.readouterr()
    assert err == "1 broken cassette not searched; toolreel ls says what is wrong.\n"
    assert not as_json or json.loads(out)["broken"] == ["broken"]


def test_what_is_not_shown_is_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    search(folder, ["tokyo"], limit=1, as_json=False)
    assert "more places not shown; --limit shows more." in capsys.readouterr().err


def test_sql_asks_the_index(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql(folder, "SELECT name, failures FROM cassettes ORDER BY failures DESC, name", as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "name      failures",
        "sub/bad          3",
        "old              0",
        "sub/news         0",
    ]
    assert sql(folder, "SELECT 1 AS a, NULL AS b, x'00ff' AS c", as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == [{"a": 1, "b": None, "c": "2 bytes"}]
    assert sql(folder, "SELECT name FROM cassettes WHERE 0", as_json=False) == 0
    assert capsys.readouterr().out == "name\n"


def test_sql_shows_nothing_that_steers_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql(folder, "SELECT char(27) || '[31m' AS 'x\x1b'", as_json=False)
    assert "\x1b" not in capsys.readouterr().out


def test_sql_without_a_query_shows_the_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql(folder, None, as_json=False) == 0
    made = re.findall("^CREATE (?:VIRTUAL )?TABLE ([a-z]+)", capsys.readouterr().out, re.MULTILINE)
    assert made == ["cassettes", "requests", "calls", "texts", "words", "misses"], (
        "those of docs/inspect.md and no other"
    )
    assert sql(folder, None, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["calls"].startswith("CREATE TABLE calls (")


def test_sql_with_a_query_without_columns_prints_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql(folder, "", as_json=False) == 0
    assert capsys.readouterr().out == ""
    assert sql(folder, "", as_json=True) == 0
    assert capsys.readouterr().out == "[]\n"


def test_reindex_says_how_many_there_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.json").write_text("[]")
    assert reindex(folder) == 65
    err = capsys.readouterr().err
    assert "is no cassette" in err
    assert f"Indexed 3 cassettes in {folder}." in err
    reindex(folder, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"cassettes": 3, "broken": ["broken"]}
