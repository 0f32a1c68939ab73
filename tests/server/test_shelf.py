"""Cassettes are loaded when wanted, once, again when they changed, and let go when they are too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.errors import CassetteError, CommandError
from toolreel.messages.bodies import body_of
from toolreel.messages.model import Cassette, Interaction, Request, Response
from toolreel.replay.manner import DEFAULT_MANNER, Manner
from toolreel.server import shelf as shelf_module
from toolreel.server.shelf import Shelf
from toolreel.store.files import load, save
from toolreel.store.names import cassette_path


def put(folder: Path, name: str, answer: str = "x") -> int:
    """Writes a cassette, and gives the size of its file."""
    interaction = Interaction(
        n=1,
        request=Request(method="GET", path="/models"),
        response=Response(status=200, body=body_of(answer.encode())),
    )
    path = cassette_path(folder, name)
    save(path, Cassette(upstreams=("http://h/v1",), interactions=(interaction,)))
    return path.stat().st_size


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were loaded, in turn."""
    found: list[str] = []

    def noting(path: Path) -> Cassette:
        found.append(path.stem)
        return load(path)

    monkeypatch.setattr(shelf_module, "load", noting)
    return found


def test_a_cassette_is_loaded_when_first_wanted_and_shared_from_then_on(tmp_path: Path, loads: list[str]) -> None:
    put(tmp_path, "a")
    put(tmp_path, "b/c")
    shelf = Shelf(tmp_path, DEFAULT_MANNER)
    assert loads == []
    assert shelf.tape("b/c") is shelf.tape("b/c")
    assert shelf.tape("a") is not shelf.tape("b/c")
    assert shelf.tape("b/c").name == "b/c"
    assert loads == ["c", "a"]


def test_a_cassette_that_was_recorded_anew_is_loaded_anew(tmp_path: Path, loads: list[str]) -> None:
    put(tmp_path, "a", "old")
    shelf = Shelf(tmp_path, DEFAULT_MANNER)
    before = shelf.tape("a")
    put(tmp_path, "a", "longer")
    after = shelf.tape("a")
    assert (before is after, len(loads)) == (False, 2)
    (interaction,) = after.cassette.interactions
    assert interaction.response.body == body_of(b"longer")


def test_the_longest_unused_are_let_go(tmp_path: Path, loads: list[str]) -> None:
    size = put(tmp_path, "a")
    for name in "bcd":
        put(tmp_path, name)
    shelf = Shelf(tmp_path, DEFAULT_MANNER, most_bytes=2 * size + 1)
    for name in "abacadab":
        shelf.tape(name)
    assert loads == [*"abcdb"]


def test_one_cassette_larger_than_all_may_be_is_kept_while_it_is_wanted(tmp_path: Path, loads: list[str]) -> None:
    put(tmp_path, "a")
    put(tmp_path, "b")
    shelf = Shelf(tmp_path, DEFAULT_MANNER, most_bytes=1)
    for name in "aabba":
        shelf.tape(name)
    assert loads == [*"aba"]


def test_what_is_wrong_with_a_cassette_is_said_each_time(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, DEFAULT_MANNER)
    for _ in range(2):
        with pytest.raises(CassetteError, match="There is no cassette"):
            shelf.tape("gone")
    with pytest.raises(CommandError, match="is no cassette name"):
        shelf.tape("../a")
    put(tmp_path, "a")
    shelf.tape("a")
    cassette_path(tmp_path, "a").write_text("broken")
    with pytest.raises(CassetteError, match="not JSON"):
        shelf.tape("a")
    cassette_path(tmp_path, "a").unlink()
    with pytest.raises(CassetteError, match="There is no cassette"):
        shelf.tape("a")
    put(tmp_path, "gone")
    assert shelf.tape("gone").name == "gone"


def test_original_ids_are_asked_for_where_they_are_wanted(tmp_path: Path) -> None:
    put(tmp_path, "a")
    with pytest.raises(CommandError, match="The original ids of a are not known"):
        Shelf(tmp_path, Manner(ids="original")).tape("a")
