from __future__ import annotations

import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Container, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from toolreel.errors import CommandError, MachineError
from toolreel.messages.bodies import body_bytes
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.model import Ending, FileBody, JsonBody, PartsBody
from toolreel.normalise.replace import finder, rule
from toolreel.recording.entries import Began, BodyPiece, Ended, Entry, FrameCame, Headed
from toolreel.store import files, spool
from toolreel.store.database import open_store
from toolreel.store.files import LargeBodies, load
from toolreel.store.journal import unfinished
from toolreel.store.originals import originals
from toolreel.store.recordings import begin, recover, tool_name
from toolreel.store.writing import Made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cassettes"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / ".toolreel" / "store.db"


def interaction(path: str, key: int = 1) -> list[Entry]:
    return [
        Began(key, 0, HttpRequest("GET", path, origin="https://a.example")),
        Headed(key, 1, ResponseHead(200)),
        Ended(key, 2, Ending.COMPLETE, b"{}"),
    ]


def paths(cassette_file: Path) -> list[str]:
    return [interaction.request.path for interaction in load(cassette_file).interactions]


def left(folder: Path, name: str, path: str) -> None:
    """A recording that was never finished."""
    recording = begin(folder, name)
    recording.journal.append(interaction(path))
    recording.leave()


def takes(store: Path) -> list[str]:
    db = open_store(store)
    try:
        return [take.cassette for take in unfinished(db)]
    finally:
        db.close()


def test_a_finished_recording_is_a_cassette_and_no_longer_in_the_journal(folder: Path, store: Path) -> None:
    recording = begin(folder, "weather/one", now=lambda: datetime(2026, 1, 2, 3, 4, 5, 678, UTC))
    assert recording.path == folder / "weather" / "one.json"
    assert not recording.path.exists()
    recording.journal.append(interaction("/v1/x"))
    assert recording.finish() == Made(interactions=1)
    assert paths(recording.path) == ["/x"]
    made = load(recording.path)
    assert made.take is not None
    assert made.take.recorded_at == "2026-01-02T03:04:05Z"
    assert made.take.tool == tool_name() == f"toolreel {version('toolreel')}"
    assert takes(store) == []
    assert (store.parent / ".gitignore").read_text() == "*\n"


def test_a_recording_that_is_left_is_no_cassette_until_it_is_recovered(folder: Path, store: Path) -> None:
    left(folder, "a", "/v1/x")
    assert not (folder / "a.json").exists()
    assert takes(store) == ["cassettes/a"]
    recover(folder, "a")
    assert paths(folder / "a.json") == ["/x"]
    assert takes(store) == []


def test_a_discarded_recording_is_forgotten(folder: Path, store: Path) -> None:
    recording = begin(folder, "a")
    recording.journal.append(interaction("/v1/x"))
    recording.discard()
    assert takes(store) == []
    assert not (folder / "a.json").exists()


def test_a_recorder_that_was_killed_is_recovered_with_what_it_had(folder: Path) -> None:
    """The process dies without a word as soon as its entries are on the disk."""
    folder.mkdir()
    program = f"""
import os, time
from pathlib import Path
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.recording.entries import Began, FrameCame, Headed
from toolreel.store.database import open_store
from toolreel.store.recordings import begin
recording = begin(Path({str(folder)!r}), "a")
head = ResponseHead(200, (("content-type", "text/event-stream"),))
recording.journal.append([Began(1, 0, HttpRequest("GET", "/v1/x")), Headed(1, 1, head, (), True)])
recording.journal.append([FrameCame(1, 5, b"data: 1\\n\\n")])
db = open_store(recording.store)
while db.execute("SELECT count(*) FROM entries").fetchone() != (3,):
    pass
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == -9
    assert recover(folder, "a") == Made(interactions=1, streams=1)
    [made] = load(folder / "a.json").interactions
    assert made.ending is Ending.CUT
    assert made.response.frames is not None
    assert [frame.model_dump() for frame in made.response.frames] == [{"event": None, "json": 1}]


def test_the_next_recording_says_how_many_were_left(folder: Path) -> None:
    left(folder, "a", "/v1/x")
    left(folder, "a", "/v1/y")
    left(folder, "b", "/v1/z")
    recording = begin(folder, "a")
    assert recording.unfinished == 2
    recording.discard()


def test_the_newest_recording_is_recovered_and_the_older_ones_are_forgotten(folder: Path, store: Path) -> None:
    left(folder, "a", "/v1/old")
    left(folder, "b", "/v1/other")
    left(folder, "a", "/v1/new")
    recover(folder, "a")
    assert paths(folder / "a.json") == ["/new"]
    assert takes(store) == ["cassettes/b"]


def test_a_finished_recording_supersedes_those_that_were_left(folder: Path, store: Path) -> None:
    left(folder, "a", "/v1/old")
    recording = begin(folder, "a")
    recording.finish()
    assert takes(store) == []


def test_a_newer_recording_than_the_one_that_is_finished_stays(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = files.write

    def write_while_another_begins(path: Path, pieces: Iterable[str], used: Container[str]) -> None:
        begin(folder, "a").leave()
        write(path, pieces, used)

    monkeypatch.setattr(files, "write", write_while_another_begins)
    begin(folder, "a").finish()
    assert takes(store) == ["cassettes/a"]


@pytest.mark.parametrize("way", [begin, recover], ids=["record", "recover"])
def test_a_cassette_that_exists_is_not_touched_without_force(folder: Path, way: object) -> None:
    left(folder, "a", "/v1/x")
    (folder).mkdir()
    (folder / "a.json").write_text("mine")
    with pytest.raises(CommandError) as caught:
        way(folder, "a")  # type: ignore[operator] # either of two functions
    assert str(caught.value) == (
        f"Cassette {folder / 'a.json'} exists; give --force to replace it, or choose another name."
    )
    assert (folder / "a.json").read_text() == "mine"


def test_with_force_the_old_cassette_stays_until_the_new_one_is_complete(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.json").write_text("old")
    recording = begin(folder, "a", force=True)
    recording.journal.append(interaction("/v1/x"))
    assert (folder / "a.json").read_text() == "old"
    recording.finish()
    assert paths(folder / "a.json") == ["/x"]


def test_a_recording_that_is_left_leaves_the_old_cassette(folder: Path) -> None:
    folder.mkdir()
    (folder / "a.json").write_text("old")
    begin(folder, "a", force=True).leave()
    assert (folder / "a.json").read_text() == "old"


@pytest.mark.parametrize("way", [begin, recover], ids=["record", "recover"])
def test_a_name_that_differs_in_case_only_is_refused(folder: Path, way: object) -> None:
    begin(folder, "weather").leave()
    folder.mkdir(exist_ok=True)
    (folder / "Weather.json").write_text("mine")
    with pytest.raises(CommandError) as caught:
        way(folder, "weather")  # type: ignore[operator] # either of two functions
    assert str(caught.value) == (
        f"Cassette {folder / 'Weather.json'} exists, and weather differs from it in case only; choose another name."
    )


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", ""])
def test_a_name_that_cannot_be_leaves_no_trace(folder: Path, store: Path, name: str) -> None:
    with pytest.raises(CommandError, match="is no cassette name"):
        begin(folder, name)
    assert not store.exists()


@pytest.mark.parametrize(("first", "second"), [("a", "a"), ("a", "a.json"), ("a.json", "a")])
def test_two_recorders_on_one_cassette_are_one_too_many(folder: Path, first: str, second: str) -> None:
    recording = begin(folder, first)
    with pytest.raises(CommandError) as caught:
        begin(folder, second)
    assert str(caught.value) == (
        f"Cassette {folder / 'a.json'} is being recorded by process {os.getpid()}; "
        f"wait for it, or record under another name."
    )
    with pytest.raises(CommandError) as caught:
        recover(folder, second)
    assert str(caught.value) == (
        f"Cassette {folder / 'a.json'} is being recorded by process {os.getpid()}; end that first."
    )
    recording.discard()


def test_a_recording_is_recovered_under_either_spelling_of_its_name(folder: Path) -> None:
    left(folder, "a.json", "/v1/x")
    recover(folder, "a")
    assert paths(folder / "a.json") == ["/x"]


def test_nothing_to_recover_is_said(folder: Path, store: Path) -> None:
    with pytest.raises(CommandError) as caught:
        recover(folder, "a")
    assert str(caught.value) == f"There is no unfinished recording of a: there is no store {store}."
    assert not store.exists()
    left(folder, "b", "/v1/x")
    with pytest.raises(CommandError) as caught:
        recover(folder, "a")
    assert str(caught.value) == f"There is no unfinished recording of a in {store}; there are of b."


def test_the_store_lies_where_the_environment_says(
    folder: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere" / "my.db"
    monkeypatch.setenv("TOOLREEL_STORE", str(elsewhere))
    left(folder, "a", "/v1/x")
    assert takes(elsewhere) == ["cassettes/a"]
    assert not store.parent.exists()
    recover(folder, "a")
    assert paths(folder / "a.json") == ["/x"]


def test_a_cassette_that_cannot_be_written_stays_in_the_journal(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    recording = begin(folder, "a")
    recording.journal.append(interaction("/v1/x"))
    with monkeypatch.context() as patch:
        patch.setattr(files, "_write", no_space)
        with pytest.raises(MachineError, match=re.escape(f"Cassette {recording.path} cannot be written: no space")):
            recording.finish()
    assert takes(store) == ["cassettes/a"]
    recover(folder, "a")
    assert paths(folder / "a.json") == ["/x"]


def test_a_recording_that_could_not_be_written_to_the_journal_is_no_cassette(folder: Path) -> None:
    recording = begin(folder, "a")
    recording.journal.append([*interaction("/v1/x"), FrameCame(2, 2**70, b"")])
    with pytest.raises(MachineError, match="The journal cannot be written"):
        recording.finish()
    assert not (folder / "a.json").exists()


def test_large_bodies_stand_beside_the_cassette(folder: Path) -> None:
    data = b"\xff" * ((1 << 20) + 1)
    recording = begin(folder, "a")
    began, headed, _ = interaction("/v1/files/f/content")
    recording.journal.append([began, headed, Ended(1, 2, Ending.COMPLETE, data)])
    recording.finish()
    [file] = (folder / "a.files").iterdir()
    assert file.read_bytes() == data


def test_a_large_body_that_came_in_pieces_is_one_file_beside_the_cassette(folder: Path) -> None:
    recording = begin(folder, "a")
    began, headed, _ = interaction("/v1/files/f/content")
    recording.journal.append([began, headed, BodyPiece(1, 1, b"\xff" * (1 << 20)), BodyPiece(1, 2, b"\xfe" * 3)])
    recording.journal.append([Ended(1, 2, Ending.COMPLETE, b"\xfd")])
    recording.finish()
    [made] = load(recording.path).interactions
    [file] = (folder / "a.files").iterdir()
    assert made.response.body == FileBody(file=file.name)
    assert file.read_bytes() == b"\xff" * (1 << 20) + b"\xfe" * 3 + b"\xfd"


def test_a_large_upload_survives_the_recording(folder: Path) -> None:
    document = b"\xff" * ((1 << 20) + 1)
    kind = (("content-type", "multipart/form-data; boundary=b"),)
    upload = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + document + b"\r\n--b--\r\n"
    recording = begin(folder, "a")
    _, headed, ended = interaction("/v1/files")
    recording.journal.append([Began(1, 0, HttpRequest("POST", "/v1/files", kind, upload)), headed, ended])
    recording.finish()
    body = load(recording.path).interactions[0].request.body
    assert isinstance(body, PartsBody)
    assert body_bytes(body, LargeBodies(recording.path).read) == upload.replace(b"--b", b"--toolreel-boundary")


# ------------------------------------------------------------------------------------------------- normalising

CREATED = b'{"id":"thread_abc123XYZ0","object":"thread","created_at":1761861679}'


def talk(key: int, thread: bytes = b"thread_abc123XYZ0") -> list[Entry]:
    """Makes a thread, and says in it what day it is."""
    kind = ResponseHead(200, (("content-type", "application/json"),))
    said = HttpRequest("POST", f"/v1/threads/{thread.decode()}/messages", (), b'{"content":"it is 2026-01-02"}')
    return [
        Began(key, 0, HttpRequest("POST", "/v1/threads", (), b"{}")),
        Headed(key, 1, kind),
        Ended(key, 2, Ending.COMPLETE, CREATED.replace(b"thread_abc123XYZ0", thread)),
        Began(key + 1, 3, said),
        Headed(key + 1, 4, kind),
        Ended(key + 1, 5, Ending.COMPLETE, b"{}"),
    ]


@pytest.mark.parametrize("killed", [False, True], ids=["finish", "recover"])
def test_what_was_recorded_is_normalised(folder: Path, killed: bool) -> None:
    recording = begin(folder, "a")
    recording.journal.append(talk(1))
    if killed:
        recording.leave()
        recover(folder, "a")
    else:
        recording.finish()
    symbol = "thread_0000000001"
    made = load(folder / "a.json")
    assert [one.request.path for one in made.interactions] == ["/threads", f"/threads/{symbol}/messages"]
    first = made.interactions[0].response.body
    assert isinstance(first, JsonBody)
    assert first.value == {"id": symbol, "object": "thread", "created_at": 1700000001}
    assert made.take is not None
    assert made.take.interactions["1"].at == (1761861679,)
    assert originals(folder, "a") == {symbol: "thread_abc123XYZ0"}


@pytest.mark.parametrize("killed", [False, True], ids=["finish", "recover"])
def test_what_the_program_varies_is_replaced(folder: Path, killed: bool) -> None:
    replace = finder([rule("[0-9]{4}-[0-9]{2}-[0-9]{2}", "DAY")])
    recording = begin(folder, "a", replace=replace)
    recording.journal.append(talk(1))
    if killed:
        recording.leave()
        recover(folder, "a", replace=replace)
    else:
        recording.finish()
    body = load(folder / "a.json").interactions[1].request.body
    assert isinstance(body, JsonBody)
    assert body.value == {"content": "it is DAY"}


def test_the_same_conversation_recorded_again_is_the_same_above_the_take(folder: Path) -> None:
    texts = []
    for thread in (b"thread_abc123XYZ0", b"thread_99887766Aa"):
        recording = begin(folder, "a", force=True)
        recording.journal.append(talk(1, thread))
        recording.finish()
        texts.append(recording.path.read_text().partition(' "take":')[0])
    assert texts[0] == texts[1]
    assert originals(folder, "a") == {"thread_0000000001": "thread_99887766Aa"}


# ------------------------------------------------------------------------------------- two folders, one store


@pytest.fixture(params=["beside", "elsewhere"])
def two_folders(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two folders of cassettes that share a store, because they lie side by side or because it was said so."""
    if request.param == "elsewhere":
        monkeypatch.setenv("TOOLREEL_STORE", str(tmp_path / "elsewhere" / "my.db"))
        return tmp_path / "one" / "cassettes", tmp_path / "two" / "cassettes"
    return tmp_path / "cassettes", tmp_path / "fixtures"


def test_two_folders_share_a_store_and_leave_each_others_takes_alone(two_folders: tuple[Path, Path]) -> None:
    one, two = two_folders
    left(one, "a", "/v1/one")
    left(two, "a", "/v1/two")
    mine, other = begin(one, "a"), begin(two, "a")
    assert (mine.store, mine.unfinished, other.unfinished) == (other.store, 1, 1)
    mine.journal.append(interaction("/v1/one/again"))
    mine.finish()
    other.discard()
    assert paths(one / "a.json") == ["/one/again"]
    assert not (two / "a.json").exists()
    recover(two, "a")
    assert paths(two / "a.json") == ["/two"]
    assert takes(mine.store) == []


def test_the_original_ids_of_two_folders_do_not_mix(two_folders: tuple[Path, Path]) -> None:
    for folder, thread in zip(two_folders, (b"thread_abc123XYZ0", b"thread_99887766Aa"), strict=True):
        recording = begin(folder, "a")
        recording.journal.append(talk(1, thread))
        recording.finish()
    found = [originals(folder, "a")["thread_0000000001"] for folder in two_folders]
    assert found == ["thread_abc123XYZ0", "thread_99887766Aa"]


def test_a_store_that_is_named_from_here_is_the_same_from_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    monkeypatch.setenv("TOOLREEL_STORE", "my.db")
    monkeypatch.chdir(tmp_path)
    left(Path("cassettes"), "a", "/v1/x")
    monkeypatch.setenv("TOOLREEL_STORE", "../my.db")
    monkeypatch.chdir(folder)
    recover(Path(), "a")
    assert paths(folder / "a.json") == ["/x"]


def test_a_recording_larger_than_the_memory_for_it_is_finished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is JSON too, no more than a little of each interaction is held."""
    monkeypatch.setattr(spool, "MOST_IN_MEMORY", 1 << 16)
    recording, count, size = begin(folder, "a"), 300, 30_000
    for key in range(count):
        path = f"/v1/files/{key}" if key % 2 else "/v1/files"  # half of them are polls
        body = b'{"id":"thread_%014d","object":"thread","text":"%s"}' % (key, b"%d" % key * (size // len(str(key))))
        recording.journal.append([*interaction(path, key)[:2], Ended(key, 2, Ending.COMPLETE, body)])
    tracemalloc.start()
    try:
        assert recording.finish() == Made(interactions=1 + count // 2, polls=count // 2 - 1)
        assert tracemalloc.get_traced_memory()[1] < count * size / 4
    finally:
        tracemalloc.stop()
