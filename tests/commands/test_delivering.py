from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.commands.delivering import delivery_of, faults_in
from toolreel.errors import CommandError
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.delivery import PLAIN
from toolreel.replay.pace import parse_pace


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_answers_are_sent_at_once_and_frame_by_frame_unless_somebody_says_otherwise(here: Path) -> None:
    assert delivery_of(None, None, None) == PLAIN
    (here / "faults.toml").write_text("[[fault]]\nstatus = 500\n")
    (here / "toolreel.toml").write_text('[replay]\npace = "x4"\nchunks = "bytes:3"\nfaults = "faults.toml"\n')
    said = delivery_of(None, None, None)
    assert (said.pace, said.chunking) == (parse_pace("x4"), parse_chunking("bytes:3"))
    assert [fault.status for fault in said.faults.fault] == [500]


def test_what_is_given_goes_before_what_the_settings_say(here: Path) -> None:
    (here / "other.toml").write_text("[[fault]]\nstatus = 503\n")
    (here / "toolreel.toml").write_text('[replay]\npace = "x4"\nchunks = "bytes:3"\nfaults = "faults.toml"\n')
    given = delivery_of("recorded", "random:1", here / "other.toml")
    assert (given.pace, given.chunking) == (parse_pace("recorded"), parse_chunking("random:1"))
    assert [fault.status for fault in given.faults.fault] == [503]


def test_the_fault_file_of_a_settings_file_above_stands_beside_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "toolreel.toml").write_text('[replay]\nfaults = "faults.toml"\n')
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    with pytest.raises(CommandError, match=r"^Settings, replay\.faults: .*/faults\.toml cannot be read \("):
        delivery_of(None, None, None)
    (here / "faults.toml").write_text("[[fault]]\nstatus = 500\n")
    assert [fault.status for fault in delivery_of(None, None, None).faults.fault] == [500]


@pytest.mark.parametrize(
    ("pace", "chunks", "settings", "says"),
    [
        pytest.param("fast", None, "", "--pace: 'fast' is no pace; write instant", id="pace"),
        pytest.param(None, "bytes:0", "", "--chunks: 'bytes:0' is no chunking; write frame", id="chunks"),
        pytest.param(None, None, 'pace = "5s"', "Settings, replay.pace: '5s' is no pace", id="settings-pace"),
        pytest.param(None, None, 'chunks = "x"', "Settings, replay.chunks: 'x' is no chunking", id="settings-chunks"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    pace: str | None, chunks: str | None, settings: str, says: str, here: Path
) -> None:
    (here / "toolreel.toml").write_text(f"[replay]\n{settings}\n")
    with pytest.raises(CommandError) as raised:
        delivery_of(pace, chunks, None)
    assert str(raised.value).startswith(says)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(
            None, "--faults f.toml cannot be read (no such file or directory); name a TOML file.", id="none"
        ),
        pytest.param(b"\xff", "--faults f.toml is no UTF-8 text; save it as UTF-8.", id="no-text"),
        pytest.param(
            b"[[fault]]\nstats = 3", "Faults f.toml, line 2, fault 1: stats: there is no such entry.", id="entry"
        ),
    ],
)
def test_a_fault_file_that_cannot_be_used_is_refused(content: bytes | None, says: str, here: Path) -> None:
    if content is not None:
        (here / "f.toml").write_bytes(content)
    with pytest.raises(CommandError) as raised:
        faults_in(Path("f.toml"))
    assert str(raised.value) == says
