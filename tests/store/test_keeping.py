from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from toolreel.errors import CommandError, MachineError
from toolreel.messages.model import Cassette, FileBody, Interaction, Request, Response
from toolreel.store import keeping
from toolreel.store.database import open_store
from toolreel.store.files import load, save
from toolreel.store.journal import Journal
from toolreel.store.keeping import remove, rename, rewrite
from toolreel.store.originals import keep_originals, originals
from toolreel.store.places import Place, find

LARGE = b"x" * 100
DIGEST = hashlib.sha256(LARGE).hexdigest()


def cassette(*bodies: str) -> Cassette:
    interactions = tuple(
        Interaction(
            n=n, request=Request(method="GET", path=f"/{n}"), response=Response(status=200, body=FileBody(file=one))
        )
        for n, one in enumerate(bodies, start=1)
    )
    return Cassette(upstreams=("https://h/v1",), interactions=interactions)


def put(folder: Path, name: str, *bodies: bytes) -> Path:
    """A cassette with large bodies."""
    path = folder / f"{name}.json"
    files = path.with_name(f"{path.stem}.files")
    files.mkdir(parents=True)
    digests = [hashlib.sha256(body).hexdigest() for body in bodies]
    for digest, body in zip(digests, bodies, strict=True):
        (files / digest).write_bytes(body)
    save(path, cassette(*digests))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cassettes"
    put(folder, "a", LARGE)
    return folder


@pytest.fixture
def store(folder: Path) -> Path:
    """A store that knows the original ids of `a`."""
    store = folder.parent / ".toolreel" / "store.db"
    db = open_store(store)
    keep_originals(db, "cassettes/a", {"thread_original": "thread_1", "run_original": "run_1"})
    db.close()
    return store


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_cassette_takes_its_bodies_and_ids_along(folder: Path, store: Path) -> None:
    path = rename(find(folder, "a"), "sub/b.json")
    assert path == folder / "sub" / "b.json"
    assert files(folder) == [f"sub/b.files/{DIGEST}", "sub/b.json"]
    assert load(path) == cassette(DIGEST)
    assert originals(folder, "sub/b") == {"thread_1": "thread_original", "run_1": "run_original"}
    with pytest.raises(CommandError):
        originals(folder, "a")


def test_a_folder_that_is_left_empty_goes(folder: Path) -> None:
    rename(find(folder, "a"), "x/y/b")
    rename(find(folder, "x/y/b"), "c")
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["c.files"]
    remove(find(folder, "c"))
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_an_existing_cassette_is_replaced_only_if_that_is_asked_for(folder: Path, store: Path) -> None:
    other = b"y" * 100
    put(folder, "b", other)
    with pytest.raises(CommandError, match="exists; give --force to replace it"):
        rename(find(folder, "a"), "b")
    assert load(folder / "b.json") == cassette(hashlib.sha256(other).hexdigest())
    rename(find(folder, "a"), "b", force=True)
    assert files(folder) == [f"b.files/{DIGEST}", "b.json"]
    assert load(folder / "b.json") == cassette(DIGEST)


def test_replacing_by_one_without_bodies_leaves_none(folder: Path) -> None:
    save(folder / "plain.json", cassette())
    rename(find(folder, "plain"), "a", force=True)
    assert files(folder) == ["a.json"]


@pytest.mark.parametrize("name", ["../b", "", ".b", "a.files/b"])
def test_a_name_that_cannot_be_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(CommandError, match="is no cassette name"):
        rename(find(folder, "a"), name)
    assert files(folder) == [f"a.files/{DIGEST}", "a.json"]


def test_the_same_name_is_refused_and_one_that_differs_in_case_from_another(folder: Path) -> None:
    with pytest.raises(CommandError, match="has this name already"):
        rename(find(folder, "a"), "a")
    put(folder, "b", LARGE)
    with pytest.raises(CommandError, match="differs from it in case only"):
        rename(find(folder, "b"), "A")
    rename(find(folder, "a"), "A")
    assert load(folder / "A.json") == cassette(DIGEST)


def test_a_cassette_that_is_being_recorded_stays(folder: Path, store: Path) -> None:
    journal = Journal(store, "cassettes/a", recorded_at="now", tool="toolreel")
    place = find(folder, "a")
    for act in (lambda: rename(place, "b"), lambda: remove(place), lambda: rewrite(place, cassette(), {})):
        with pytest.raises(CommandError, match=f"is being recorded by process {os.getpid()}"):
            act()
    journal.close()
    rename(place, "b")
    db = open_store(store)
    assert db.execute("SELECT cassette FROM takes").fetchall() == [("cassettes/b",)], (
        "its unfinished take goes with it"
    )
    db.close()


def test_without_a_store_none_is_made(folder: Path) -> None:
    remove(find(folder, "a"))
    assert not (folder.parent / ".toolreel").exists()


def test_a_removed_cassette_leaves_nothing(folder: Path, store: Path) -> None:
    remove(find(folder, "a"))
    assert files(folder) == []
    with pytest.raises(CommandError):
        originals(folder, "a")


def test_a_rewritten_cassette_keeps_the_ids_that_are_left(folder: Path, store: Path) -> None:
    rewrite(find(folder, "a"), cassette(), {"run_1": "run_7", "step_1": "step_2"})
    assert files(folder) == ["a.json"]
    assert originals(folder, "a") == {"run_7": "run_original"}


def test_a_disk_that_says_no_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keeping, "_move", fail)
    with pytest.raises(MachineError, match=r"cannot be renamed to .*b\.json: permission denied"):
        rename(find(folder, "a"), "b")
    gone = Place("z", folder, folder / "z.json")
    with pytest.raises(MachineError, match="cannot be removed: no such file"):
        remove(gone)


def test_at_no_moment_a_cassette_is_without_its_bodies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.replace

    def check(self: Path, target: Path) -> Path:
        assert load(folder / "a.json") == cassette(DIGEST)
        moved = real(self, target)
        assert load(folder / "b.json") == cassette(DIGEST)
        return moved

    monkeypatch.setattr(Path, "replace", check)
    rename(find(folder, "a"), "b")
