from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.errors import CassetteError, CommandError, ToolreelError
from toolreel.store.places import find, find_all


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


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ([], ["loops/two-cities", "weather"]),
        (["loops"], ["loops/two-cities"]),
        (["loops/", "weather", "loops/two-cities"], ["loops/two-cities", "weather"]),
        (["weather", "weather.json", "cassettes/weather.json"], ["weather"]),
        (["cassettes"], ["loops/two-cities", "weather"]),
        (["cassettes/loops"], ["loops/two-cities"]),
        (["./cassettes/loops/"], ["loops/two-cities"]),
        (["elsewhere"], ["other"]),
        (["."], ["cassettes/loops/two-cities", "cassettes/weather", "elsewhere/other"]),
    ],
)
def test_cassettes_are_found_by_name_file_or_folder_each_once(
    folder: Path, given: list[str], names: list[str]
) -> None:
    found = find_all(folder, given)
    assert [place.name for place in found] == names
    assert all(place.path.is_file() and place.path == place.folder / f"{place.name}.json" for place in found)
    assert {place.folder for place in find_all(folder, [str(Path("cassettes/loops").absolute())])} == {folder}


def test_a_cassette_stands_before_a_folder_of_its_name_and_a_slash_means_the_folder(folder: Path) -> None:
    (folder / "loops.json").touch()
    assert [place.name for place in find_all(folder, ["loops"])] == ["loops"]
    assert [place.name for place in find_all(folder, ["loops/"])] == ["loops/two-cities"]


def test_a_folder_without_cassettes_is_named(folder: Path) -> None:
    Path("empty").mkdir()
    with pytest.raises(CassetteError) as caught:
        find_all(folder, ["weather", "empty"])
    assert str(caught.value) == "There is no cassette in folder empty; name another one, or a cassette."
    assert find_all(Path("nowhere"), []) == []


@pytest.mark.parametrize("given", ["", "wether", "weather/", "no such/"])
def test_what_is_neither_cassette_nor_folder_is_refused(folder: Path, given: str) -> None:
    with pytest.raises(ToolreelError, match=r"There is no cassette|is no cassette name"):
        find_all(folder, [given])
