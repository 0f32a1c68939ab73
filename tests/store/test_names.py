from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.errors import CommandError
from toolreel.store.names import (
    cassette_names,
    cassette_path,
    clashing_name,
    name_from,
    name_of_test,
    store_key,
)

FOLDER = Path("/project/cassettes")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("weather", "weather.json", id="plain"),
        pytest.param("weather/two-cities", "weather/two-cities.json", id="parts"),
        pytest.param("weather.json", "weather.json", id="with-suffix"),
        pytest.param("weather.json.json", "weather.json.json", id="only-one-suffix-goes"),
        pytest.param("v1.2_A-z", "v1.2_A-z.json", id="all-kinds-of-characters"),
        pytest.param("a..b...", "a..b....json", id="dots-but-not-in-front"),
        pytest.param("-", "-.json", id="only-a-dash"),
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
        pytest.param(".a", id="hidden"),
        pytest.param("..a", id="dots-in-front"),
        pytest.param("a/.b", id="hidden-in-a-folder"),
        pytest.param(".a/b", id="in-a-hidden-folder"),
        pytest.param(".a.json", id="hidden-with-suffix"),
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
    with pytest.raises(CommandError) as caught:
        cassette_path(FOLDER, name)
    assert str(caught.value) == (
        f"{name.removesuffix('.json')!r} is no cassette name: use letters, digits, '_', '-' and, not in front, '.', "
        f"with '/' between parts, such as 'weather/two-cities'."
    )


@given(st.text(st.sampled_from("ab./\\~:\0 ")) | st.text())
@settings(max_examples=300, deadline=None)
def test_no_name_leaves_the_folder(name: str) -> None:
    try:
        path = cassette_path(FOLDER, name)
    except CommandError:
        return
    assert FOLDER in path.parents
    assert not any(part.startswith(".") for part in path.parts)
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


@pytest.mark.parametrize(
    ("path", "store", "key"),
    [
        pytest.param("/p/cassettes/a.json", "/p/.toolreel/store.db", "cassettes/a", id="beside-the-folder"),
        pytest.param("/p/cassettes/w/a.json", "/p/.toolreel/store.db", "cassettes/w/a", id="in-a-folder"),
        pytest.param("/p/tests/tapes/a.json", "/p/.toolreel/store.db", "tests/tapes/a", id="deeper"),
        pytest.param(
            "/p/cassettes/a.json.json", "/p/.toolreel/store.db", "cassettes/a.json", id="suffix-in-the-name"
        ),
        pytest.param("/p/cassettes/a.json", "/elsewhere/s/my.db", "../p/cassettes/a", id="store-elsewhere"),
    ],
)
def test_the_store_names_a_cassette_by_its_place(path: str, store: str, key: str) -> None:
    assert store_key(Path(path), Path(store)) == key


def test_the_place_is_the_same_from_wherever_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / ".toolreel" / "store.db"
    (tmp_path / "cassettes").mkdir()
    monkeypatch.chdir(tmp_path)
    assert store_key(Path("cassettes/a.json"), store) == "cassettes/a"
    monkeypatch.chdir("cassettes")
    assert store_key(Path("a.json"), store) == "cassettes/a"


# --------------------------------------------------------------------------------------------------- names of tests


@pytest.mark.parametrize(
    ("test_id", "name"),
    [
        ("test_a.py::test_b", "test_a/test_b"),
        ("tests/api/test_a.py::TestB::test_c", "tests/api/test_a/TestB/test_c"),
        ("tests/test_a.py", "tests/test_a"),
        ("test_a.py::test_b[1-2]", "test_a/test_b-1-2--87c891eb"),
        ("test_a.py::test_b[../../x]", "test_a/test_b-..-..-x--"),
        ("test_a.py::test_b[a::b]", "test_a/test_b-a/b--"),
        ("my tests/test_a.py::test_b", "my-tests/test_a/test_b-"),
        (".hidden/test_a.py::test_b", "-hidden/test_a/test_b-"),
        ("a.files/test_a.py::test_b", "a-files/test_a/test_b-"),
        ("test_a.py::test_\u00fc", "test_a/test_--"),
        ("test_a.py::" + "x" * 300, "test_a/" + "x" * 120 + "-"),
        ("case.json", "case.json-"),
    ],
)
def test_a_test_has_a_cassette_of_its_name(test_id: str, name: str) -> None:
    found = name_of_test(test_id)
    assert found.startswith(name)
    assert len(found) in (len(name), len(name) + 8)
    assert name.endswith("-") or found == name


TEST_IDS = st.builds(
    "{}.py::{}".format,
    st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=3).map("/".join),
    st.lists(st.text("abC.-_[]:/ \u00e9\0", min_size=1, max_size=6), min_size=1, max_size=3).map("::".join),
)


@given(TEST_IDS)
def test_the_name_of_a_test_is_a_name(test_id: str) -> None:
    cassette_path(FOLDER, name_of_test(test_id))


@given(st.sets(TEST_IDS, min_size=2, max_size=5))
def test_no_two_tests_share_a_cassette(test_ids: set[str]) -> None:
    names = {name_of_test(test_id) for test_id in test_ids}
    assert len(names) == len(test_ids)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("spec/runs/weather", "spec/runs/weather"),
        ("/a//b/", "a/b"),
        ("with space", "with-space-[0-9a-f]{8}"),
        ("test[x-1]", "test-x-1--[0-9a-f]{8}"),
        ("a/../b", "a/[0-9a-f]{8}/b"),
        (".hidden", "hidden-[0-9a-f]{8}"),
        ("a.files/b", "a.files-[0-9a-f]{8}/b"),
        ("a.json", "a.json-[0-9a-f]{8}"),
        ("", "[0-9a-f]{8}"),
    ],
)
def test_any_text_gives_a_name(tmp_path: Path, text: str, like: str) -> None:
    made = name_from(text)
    assert re.fullmatch(like, made)
    assert cassette_path(tmp_path, made).is_relative_to(tmp_path)
    assert name_from(made) == made


def test_texts_that_differ_give_names_that_differ() -> None:
    texts = ["a b", "a-b", "a_b", "a/b", "ä", "ö", "a\ud800", "A b", "x" * 300 + "y", "x" * 300 + "ÿ"]
    assert len({name_from(text).casefold() for text in texts}) == len(texts)
