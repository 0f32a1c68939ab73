from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolreel.errors import CassetteError, CommandError, ToolreelError
from toolreel.inspect.findings import Finding, Level
from toolreel.store.places import Place
from toolreel.view.library import Library


@pytest.fixture
def library(folder: Path) -> Library:
    return Library(folder, lambda place: [])


def test_a_cassette_is_read_once_until_its_file_changes(library: Library, folder: Path) -> None:
    first = library.open("weather")
    assert library.open("weather") is first
    os.utime(folder / "weather.json", (1, 1))
    assert library.open("weather") is not first


def test_a_cassette_is_checked_once_until_it_changes(folder: Path) -> None:
    checked: list[str] = []

    def find(place: Place) -> list[Finding]:
        checked.append(place.name)
        return [Finding("odd", Level.NOTE, None, "", "It is odd", "look")] if place.name == "weather" else []

    library = Library(folder, find)
    none = library.findings(-1)
    assert (dict(none.found), none.done, none.left) == ({}, 0, 6)
    found = library.findings(60)
    assert (list(found.found), found.done, found.left) == (["weather"], 6, 0)
    assert checked == sorted(checked)
    assert len(checked) == 6
    assert library.findings(-1) == found  # nothing is looked at again
    assert len(checked) == 6
    os.utime(folder / "weather.json", (1, 1))
    (folder / "failed.files").mkdir()
    (folder / "broken.json").unlink()
    assert library.findings(60).done == 5
    assert sorted(checked[6:]) == ["failed", "weather"]


def test_few_stay_in_memory(library: Library, folder: Path) -> None:
    first = library.open("weather")
    for n in range(4):
        (folder / f"copy{n}.json").write_bytes((folder / "weather.json").read_bytes())
        library.open(f"copy{n}")
    assert library.open("weather") is not first
    assert library.open("copy3") is library.open("copy3")


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "outside.json", "../outside.json", "sub/../weather", ""]
)
def test_nothing_outside_of_the_folder_is_found(
    library: Library, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.parent / "outside.json").write_bytes((folder / "weather.json").read_bytes())
    monkeypatch.chdir(folder.parent)
    with pytest.raises(ToolreelError):
        library.open(name)


def test_the_absolute_path_of_a_file_is_no_name(library: Library, folder: Path) -> None:
    (folder.parent / "outside.json").write_bytes((folder / "weather.json").read_bytes())
    with pytest.raises(CassetteError, match="There is no cassette"):
        library.open(str(folder.parent / "outside.json"))


def test_a_name_that_is_nearly_right_is_helped(library: Library) -> None:
    with pytest.raises(CassetteError, match="did you mean 'weather'"):
        library.open("wether")


def test_what_a_cassette_was_is_asked_of_who_knows(folder: Path) -> None:
    with pytest.raises(CommandError, match="in no checkout of git"):
        Library(folder, lambda place: []).at("HEAD", "weather")
    asked: list[tuple[str, Path]] = []

    def past(revision: str, path: Path) -> bytes:
        asked.append((revision, path))
        return (folder / "sub" / "food.json").read_bytes()

    library = Library(folder, lambda place: [], past)
    assert library.at("v1", "weather") == library.open("sub/food").cassette
    assert asked == [("v1", folder / "weather.json")]
    with pytest.raises(ToolreelError):
        library.at("v1", "../weather")
    assert len(asked) == 1
