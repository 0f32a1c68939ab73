from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from toolreel.errors import CommandError
from toolreel.store.database import open_store
from toolreel.store.originals import keep_originals, originals


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cassettes"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / ".toolreel" / "store.db"


@pytest.fixture
def db(store: Path) -> Iterator[Database]:
    opened = open_store(store)
    yield opened
    opened.close()


def test_the_ids_of_a_cassette_come_back_by_their_symbols(folder: Path, db: Database) -> None:
    keep_originals(db, "cassettes/a", {"run_abc": "run_001", "thread_xyz": "thread_001"})
    keep_originals(db, "cassettes/b", {"run_other": "run_001"})
    assert originals(folder, "a") == {"run_001": "run_abc", "thread_001": "thread_xyz"}
    assert originals(folder, "a.json") == originals(folder, "a")
    assert originals(folder, "b") == {"run_001": "run_other"}


def test_a_later_recording_replaces_all_of_an_earlier_one(folder: Path, db: Database) -> None:
    keep_originals(db, "cassettes/a", {"run_abc": "run_001", "run_def": "run_002"})
    keep_originals(db, "cassettes/a", {"run_new": "run_001"})
    assert originals(folder, "a") == {"run_001": "run_new"}


def test_a_recording_without_ids_leaves_none_of_an_earlier_one(folder: Path, db: Database) -> None:
    keep_originals(db, "cassettes/a", {"run_abc": "run_001"})
    keep_originals(db, "cassettes/a", {})
    assert originals(folder, "a") == {}


def test_ids_that_cannot_be_kept_leave_those_that_were(folder: Path, db: Database) -> None:
    keep_originals(db, "cassettes/a", {"run_abc": "run_001"})
    with pytest.raises(Exception, match="UNIQUE"):
        keep_originals(db, "cassettes/a", {"run_def": "run_001", "run_ghi": "run_001"})
    assert originals(folder, "a") == {"run_001": "run_abc"}


def test_without_a_recording_on_this_machine_the_ids_are_not_known(folder: Path, store: Path) -> None:
    says = f"The original ids of a are not known: there is no recording of it in {store}."
    with pytest.raises(CommandError) as caught:
        originals(folder, "a")
    assert str(caught.value) == says
    assert not store.exists(), "a replay writes nothing"
    open_store(store).close()
    with pytest.raises(CommandError) as caught:
        originals(folder, "a")
    assert str(caught.value) == says


def test_the_ids_are_looked_for_where_the_environment_says(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLREEL_STORE", str(tmp_path / "elsewhere" / "my.db"))
    opened = open_store(tmp_path / "elsewhere" / "my.db")
    keep_originals(opened, "cassettes/a", {"run_abc": "run_001"})
    opened.close()
    assert originals(folder, "a") == {"run_001": "run_abc"}


def test_a_name_that_cannot_be_is_refused(folder: Path, store: Path) -> None:
    open_store(store).close()
    with pytest.raises(CommandError, match="is no cassette name"):
        originals(folder, "../a")
