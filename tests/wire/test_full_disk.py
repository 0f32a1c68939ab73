"""A disk that is full while recording: traffic never passes unrecorded in silence."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from toolreel.store.files import load
from toolreel.store.recordings import recover

from .tapes import get, make
from .test_durability import PATIENCE_S, recorder
from .test_memory import FRAME
from .upstream import End, Framing, serving, stream

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files with ulimit")


def cut_and_refused(client: httpx.Client, base: str) -> httpx.Response:
    """A recorder that can write no more: the open answer is cut, and the next one, which is given, is a refusal."""
    with pytest.raises(httpx.TransportError), client.stream("GET", f"{base}/large") as answer:
        for _ in answer.iter_raw():
            pass
    refused = client.get(f"{base}/more")
    assert refused.status_code == 503
    return refused


def said_at_the_end(process: subprocess.Popen[str]) -> str:
    """What such a recorder has said until Ctrl-C ended it."""
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.wait(PATIENCE_S) == 74
    return said


def test_a_full_disk_cuts_open_answers_refuses_new_ones_and_is_said(folder: Path) -> None:
    """The limit on the size of files stands for the disk: SQLite gets an error when it writes beyond it."""
    small = stream(FRAME, b"data: [DONE]\n\n")
    large = stream(*[FRAME * 50] * 40, framing=Framing.CHUNKED, end=End.HANG)
    path = make(folder, "tape", get("/models", b"old"))
    before = path.read_bytes()
    with serving(small, large) as upstream:
        with recorder(folder, upstream.url, "ulimit -f 600") as (base, process):
            with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
                assert client.get(f"{base}/small").status_code == 200
                refused = cut_and_refused(client, base)
            said = said_at_the_end(process)
        upstream.failures.clear()  # its client was cut off on purpose
    assert refused.json()["error"]["type"] == "toolreel_recorder"
    assert "The journal cannot be written" in refused.json()["error"]["message"]
    complaints = [line for line in said.splitlines() if line.startswith("toolreel: ")]
    assert [line.partition("(")[0] for line in complaints] == ["toolreel: The journal cannot be written "]
    assert said.startswith("Press Ctrl-C"), "and it was said at once"
    assert said.count("The journal cannot be written") == 2
    assert f"Cassette {path} was not written" in complaints[-1]
    assert "Traceback" not in said
    assert path.read_bytes() == before, "the old cassette is untouched"
    recover(folder, "tape", force=True)
    assert load(path).interactions[0].response.status == 200
