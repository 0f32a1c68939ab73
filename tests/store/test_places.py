from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.errors import CassetteError, CommandError
from toolreel.store.places import find


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("cassettes/weather", "cassettes/loops/two-cities", "elsewhere/other"):
        path = tmp_path / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return Path("cassettes")


@pytest.mark.parametrize(
    ("given", "name", "path"),
    [
        ("weather", "weather", "cassettes/weather.json"),
        ("weather.json", "weather", "cassettes/weather.json"),
        ("loops/two-cities", "loops/two-cities", "cassettes/loops/two-cities.json"),
        ("cassettes/weather.json", "weather", "cassettes/weather.json"),
        ("./cassettes/loops/two-cities.json", "loops/two-cities", "cassettes/loops/two-cities.json"),
        ("cassettes/../cassettes/weather.json", "weather", "cassettes/weather.json"),
        ("elsewhere/other.json", "other", "elsewhere/other.json"),
    ],
)
def test_a_cassette_is_found_by_name_or_path(folder: Path, given: str, name: str, path: str) -> None:
    found = find(folder, given)
    assert (found.name, found.path.resolve()) == (name, Path(path).resolve())


def test_an_absolute_path_is_understood(folder: Path) -> None:
    found = find(folder, str(Path("cassettes/weather.json").absolute()))
    assert (found.name, found.folder) == ("weather", folder)
    assert find(folder, str(Path("elsewhere/other.json").absolute())).folder == Path("elsewhere").absolute()


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ("wether", "did you mean 'weather'"),
        ("loops/two-citys", "did you mean 'loops/two-cities'"),
        ("cities", "did you mean 'loops/two-cities'"),
        ("cassettes/weathr.json", "did you mean 'weather'"),
        ("Weather", "did you mean 'weather'"),
        ("quite-different", "'toolreel ls' lists those there are"),
    ],
)
def test_a_cassette_that_is_not_there_is_asked_for_by_its_neighbours(folder: Path, given: str, advice: str) -> None:
    with pytest.raises(CassetteError, match="There is no cassette cassettes/") as caught:
        find(folder, given)
    assert str(caught.value).endswith(f"; {advice}.")


def test_where_there_are_none_recording_is_advised(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="record it with 'toolreel record'"):
        find(tmp_path / "none", "x")


@pytest.mark.parametrize("given", ["../secret", "", ".hidden", "a//b", "/etc/passwd", "no such/file.json"])
def test_what_can_be_no_name_is_refused(folder: Path, given: str) -> None:
    with pytest.raises(CommandError, match="is no cassette name"):
        find(folder, given)
