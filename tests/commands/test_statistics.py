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
    assert capsys.readouterr().out.splitlines() == [
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
