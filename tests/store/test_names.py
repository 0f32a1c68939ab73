from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.errors import CommandError
from toolreel.store.names import cassette_names, cassette_path, clashing_name

FOLDER = Path("/project/cassettes")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("weather", "weather.json", id="plain"),
        pytest.param("weather/two-cities", "weather/two-cities.json", id="parts"),
        pytest.param("weather.json", "weather.json", id="with-suffix"),
        pytest.param("weather.json.json", "weather.json.json", id="only-one-suffix-goes"),
        pytest.param("v1.2_A-z", "v1.2_A-z.json", id="all-kinds-of-characters"),
        pytest.param("..a", "..a.json", id="dots-in-front"),
        pytest.param("a.files", "a.files.json", id="like-a-folder-of-bodies"),
    ],
)
def test_a_name_means_a_file(name: str, path: str) -> None:
    assert cassette_path(FOLDER, name) == FOLDER / path


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param(".json", id="suffix-only"),
        pytest.param(".", id="dot"),
        pytest.param("..", id="up"),
        pytest.param("../x", id="up-and-out"),
        pytest.param("a/../../x", id="up-within"),
        pytest.param("a/..", id="up-at-the-end"),
        pytest.param("a/...", id="only-dots"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("a//b", id="empty-part"),
        pytest.param("a/", id="slash-at-the-end"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("C:x", id="drive"),
        pytest.param("a b", id="space"),
        pytest.param("a\n", id="newline"),
        pytest.param("a\0", id="nul"),
        pytest.param("é", id="not-ascii"),
        pytest.param("a*", id="star"),
        pytest.param("test_x[1]", id="brackets"),
        pytest.param("weather.files/x", id="in-a-folder-of-bodies"),
        pytest.param("a/weather.files/x", id="deep-in-a-folder-of-bodies"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="is no cassette name: use letters, digits") as caught:
        cassette_path(FOLDER, name)
    assert repr(name.removesuffix(".json")) in str(caught.value)


@given(st.text(st.sampled_from("ab./\\~:\0 ")) | st.text())
@settings(max_examples=300, deadline=None)
def test_no_name_leaves_the_folder(name: str) -> None:
    try:
        path = cassette_path(FOLDER, name)
    except CommandError:
        return
    assert FOLDER in path.parents
    assert ".." not in path.parts
    assert path.suffix == ".json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.json", "a.json", "sub/c.json", "sub/deep/d.json", "notes.txt", ".git/e.json", ".a.json.tmp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a.files").mkdir()
    (tmp_path / "a.files" / "f.json").touch()
    return tmp_path


def test_all_cassettes_are_named_and_nothing_else(folder: Path) -> None:
    assert cassette_names(folder) == ["a", "b", "sub/c", "sub/deep/d"]


def test_a_missing_folder_has_no_cassettes(tmp_path: Path) -> None:
    assert cassette_names(tmp_path / "none") == []


def test_every_listed_name_leads_to_its_file(folder: Path) -> None:
    assert all(cassette_path(folder, name).is_file() for name in cassette_names(folder))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        pytest.param("A", "a", id="other-case"),
        pytest.param("SUB/c", "sub/c", id="other-case-of-a-folder"),
        pytest.param("A.json", "a", id="with-suffix"),
        pytest.param("a", None, id="the-same"),
        pytest.param("a.json", None, id="the-same-with-suffix"),
        pytest.param("c", None, id="none-such"),
    ],
)
def test_names_equal_but_for_case_clash(folder: Path, name: str, other: str | None) -> None:
    assert clashing_name(folder, name) == other
