"""A store that somebody locks, a tree that is read-only: the real program says so, and leaves all as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from toolreel.store.database import store_path
from toolreel.store.files import load
from toolreel.store.recordings import recover

from .tapes import get, make
from .test_durability import PATIENCE_S, recorder
from .test_full_disk import cut_and_refused, said_at_the_end
from .test_recording_command import MODELS, client
from .upstream import End, Framing, serving, stream

FRAME = b'event: thread.run.created\ndata: {"id":"run_1"}\n\n'


def run(
    folder: Path, url: str, *command: str, wrapper: Sequence[str] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """`toolreel record` over an old cassette, as a process of its own."""
    arguments = ["record", "tape", "--force", "--upstream", url, "--cassettes", str(folder), *command]
    return subprocess.run(
        [*wrapper, sys.executable, "-m", "toolreel", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=os.environ | environment,
    )


def complaints(said: str) -> list[str]:
    assert "Traceback" not in said
    return [line.removeprefix("toolreel: ") for line in said.splitlines() if line.startswith("toolreel: ")]


# --------------------------------------------------------------------------------------------------- a locked store


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Another program is writing, and does not end."""
    with closing(sqlite3.connect(store, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def test_a_store_that_is_locked_from_the_beginning_is_said_and_nothing_is_run(folder: Path) -> None:
    path = make(folder, "tape", get("/models", b"old"))
    before = path.read_bytes()
    with serving(MODELS) as upstream:
        assert run(folder, upstream.url, *client(5, "/models")).returncode == 5, "which makes the store"
        with locked(store_path(folder)):
            ran = run(folder, upstream.url, *client(0, "/models"))
        assert len(upstream.requests) == 1, "COMMAND was not run"
    assert (ran.returncode, ran.stdout) == (74, "")
    assert complaints(ran.stderr) == [
        "The journal cannot be written (database is locked); end what holds it, then record again."
    ]
    assert path.read_bytes() == before


def test_a_store_that_is_locked_while_recording_cuts_open_answers_and_refuses_new_ones(folder: Path) -> None:
    """Traffic never passes unrecorded in silence."""
    hanging = stream(*[FRAME] * 3, framing=Framing.CHUNKED, end=End.HANG)
    path = make(folder, "tape", get("/models", b"old"))
    before = path.read_bytes()
    with serving(stream(FRAME, b"data: [DONE]\n\n"), hanging) as upstream:
        with recorder(folder, upstream.url) as (base, process):
            with httpx.Client(trust_env=False, timeout=PATIENCE_S) as asking:
                assert asking.get(f"{base}/small").status_code == 200
                wait_for_entries(store_path(folder))
                with locked(store_path(folder)):
                    refused = cut_and_refused(asking, base)
            said = said_at_the_end(process)
        upstream.failures.clear()  # its client was cut off on purpose
    assert "The journal cannot be written (database is locked)" in refused.json()["error"]["message"]
    assert f"Cassette {path} was not written" in complaints(said)[-1]
    assert path.read_bytes() == before
    recover(folder, "tape", force=True)
    assert "/small" in [one.request.path for one in load(path).interactions]


def wait_for_entries(store: Path) -> None:
    """Until the first answer is in the journal."""
    until = time.monotonic() + PATIENCE_S
    with closing(sqlite3.connect(store, isolation_level=None)) as db:
        while not db.execute("SELECT count(*) FROM entries WHERE kind = 'Ended'").fetchone()[0]:
            assert time.monotonic() < until, "nothing came"
            os.sched_yield()


# ------------------------------------------------------------------------------------------------- a read-only tree

MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


@contextmanager
def read_only(folder: Path) -> Iterator[list[str]]:
    """What a command must begin with, so that it cannot write in a folder.

    Root may write wherever the file system lets him, so for him it is mounted anew, read-only, for the command only.
    """
    if os.geteuid() != 0:
        folder.chmod(0o555)
        try:
            yield []
        finally:
            folder.chmod(0o755)
        return
    wrapper = ["unshare", "--mount", "sh", "-c", MOUNT, str(folder)]
    if not shutil.which("unshare") or subprocess.run([*wrapper, "true"], check=False, capture_output=True).returncode:
        pytest.skip("root may not mount anything here, and nothing else keeps root from writing")
    yield wrapper


def test_in_a_tree_that_is_read_only_nothing_is_recorded_and_nothing_is_run(folder: Path) -> None:
    path = make(folder, "tape", get("/models", b"old"))
    before = path.read_bytes()
    with serving(MODELS) as upstream, read_only(folder.parent) as wrapper:
        ran = run(folder, upstream.url, *client(0, "/models"), wrapper=wrapper)
        assert upstream.requests == []
    assert (ran.returncode, ran.stdout) == (74, "")
    [complaint] = complaints(ran.stderr)
    assert complaint.startswith(f"The store {store_path(folder)} cannot be opened (")
    assert complaint.endswith("; free the disk or set TOOLREEL_STORE.")
    assert path.read_bytes() == before
    assert list(folder.parent.iterdir()) == [folder]


def test_a_cassette_that_cannot_be_written_stays_as_it_was_and_the_recording_is_kept(
    folder: Path, tmp_path: Path
) -> None:
    """The store is somewhere else, where one may write."""
    path = make(folder, "tape", get("/models", b"old"))
    before = path.read_bytes()
    store = tmp_path / "elsewhere" / "store.db"
    with serving(MODELS) as upstream, read_only(folder) as wrapper:
        ran = run(folder, upstream.url, *client(0, "/models"), wrapper=wrapper, TOOLREEL_STORE=str(store))
    assert ran.returncode == 74
    [complaint] = complaints(ran.stderr)
    assert complaint.startswith(f"Cassette {path} cannot be written: ")
    assert complaint.endswith("The recording is kept, 'toolreel recover tape --force' makes the cassette of it.")
    assert path.read_bytes() == before
    assert list(folder.iterdir()) == [path], "no temporary file"
    again = subprocess.run(
        [sys.executable, "-m", "toolreel", "recover", "tape", "--force", "--cassettes", str(folder)],
        check=True,
        capture_output=True,
        env=os.environ | {"TOOLREEL_STORE": str(store)},
        timeout=PATIENCE_S,
    )
    assert again.returncode == 0
    assert [one.request.path for one in load(path).interactions] == ["/models"]


def test_in_a_tree_that_is_read_only_a_cassette_is_replayed(folder: Path) -> None:
    make(folder, "tape", get("/models", b"old"))
    with read_only(folder.parent) as wrapper:
        ran = subprocess.run(
            [
                *wrapper,
                *(sys.executable, "-m", "toolreel", "replay", "tape", "--cassettes", str(folder)),
                *client(0, "/models"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    assert (ran.returncode, ran.stdout.split()[0], complaints(ran.stderr)) == (0, "200", [])
