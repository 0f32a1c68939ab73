from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolreel.errors import CassetteError, ToolreelError
from toolreel.view.library import Library


@pytest.fixture
def library(folder: Path) -> Library:
    return Library(folder, lambda place: [])


def test_a_cassette_is_read_once_until_its_file_changes(library: Library, folder: Path) -> None:
    first = library.open("weather")
    assert library.open("weather") is first
    os.utime(folder / "weather.json", (1, 1))
    assert library.open("weather") is not first


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
