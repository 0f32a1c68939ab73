from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolreel.commands.statistics import stats
from toolreel.errors import CassetteError

SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    (folder / "a.json").write_text(SAMPLE)
    (folder / "b.json").write_text(
        SAMPLE.replace("get_weather", "get_news").replace('\\"city\\":', '\\"x\\":1,\\"y\\":')
    )
    (folder / "broken.json").write_text("[]")
    return folder


def test_figures_of_all_cassettes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats(folder, (), as_json=False) == 0
    told = capsys.readouterr()
    assert told.err == "1 broken cassette not counted; toolreel ls says what is wrong.\n"
    assert told.out.splitlines() == [
        "2 cassettes, 24 requests: 24 × 200",
        "",
        "tool         calls  answered      output size  arguments",
        "get_news         4         4  37.5 (35 to 40)  {x: number, y: string}",
        "get_weather      4         4  37.5 (35 to 40)  {city: string}",
        "",
        "4 streams, 94 frames",
        "  first frame, ms: 42 (8 to 76)",
        "  frames a second: 37.45 (32.5 to 42.4)",
    ]


def test_figures_of_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats(folder, ["a"], as_json=True) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["cassettes"], figures["requests"], len(figures["tools"])) == (1, 12, 1)
    with pytest.raises(CassetteError):
        stats(folder, ["c"], as_json=True)


def test_many_shapes_are_cut(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(7):
        (folder / f"n{number}.json").write_text(SAMPLE.replace('{\\"city\\":', f'{{\\"city{number}\\":'))
    stats(folder, (), as_json=False)
    out = capsys.readouterr().out
    assert "other shapes" in out
    assert "4 × {city0: string}" in out


def test_nothing_has_no_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats(tmp_path, (), as_json=False) == 0
    assert capsys.readouterr().out == "0 cassettes, 0 requests: none\n"


def test_figures_of_folders_within_the_cassettes_and_elsewhere(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for home in (folder / "tree", tmp_path / "elsewhere"):
        home.mkdir()
        (home / "c.json").write_text(SAMPLE)
    for given in ("tree/", str(tmp_path / "elsewhere"), str(tmp_path / "elsewhere" / "c.json")):
        assert stats(folder, [given], as_json=False) == 0
        assert capsys.readouterr().out.startswith("1 cassette, 12 requests: 12 × 200\n")
    assert stats(folder, ["tree", str(tmp_path / "elsewhere"), "a"], as_json=True) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["cassettes"], figures["requests"]) == (3, 36)
    assert not (tmp_path / "elsewhere" / ".toolreel").exists()


def test_named_ones_that_are_broken_are_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.json").write_text("[]")
    given = ["a", "broken", str(tmp_path / "other.json")]
    assert stats(folder, given, as_json=False) == CassetteError.exit_status
    out, err = capsys.readouterr()
    assert out.startswith("1 cassette, 12 requests: ")
    assert [line.partition(" is no cassette")[0] for line in err.splitlines()] == [
        f"toolreel: {folder / 'broken.json'}",
        f"toolreel: {tmp_path / 'other.json'}",
    ]
