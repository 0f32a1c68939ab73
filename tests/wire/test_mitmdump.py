"""The recorder in somebody else's mitmproxy: `mitmdump -s addons/record.py`."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from toolreel.commands.trust import home
from toolreel.store.files import load

from .doors import frames_of
from .tapes import get, make
from .upstream import PATIENCE_S, Reply, free_port, serving, stream

SCRIPT = Path(__file__).parents[2] / "addons" / "record.py"
MITMDUMP = Path(sys.executable).with_name("mitmdump")
FRAMES = [b'event: thread.run.queued\ndata: {"id":"run_1"}\n\n', b"event: done\ndata: [DONE]\n\n"]


def command(folder: Path, name: str, upstream: str, port: int) -> list[str]:
    options = {
        "toolreel_cassette": name,
        "toolreel_cassettes": str(folder),
        "confdir": str(home()),
        "connection_strategy": "lazy",
    }
    sets = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    return [str(MITMDUMP), "-s", str(SCRIPT), *sets, "--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1",
            "--listen-port", str(port)]  # fmt: skip


@contextmanager
def mitmdump(folder: Path, name: str, upstream: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running program and its URL, once it says that it listens."""
    process = subprocess.Popen(
        command(folder, name, upstream, 0), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watchdog = threading.Timer(PATIENCE_S, process.kill)
    watchdog.start()
    assert process.stdout is not None
    try:
        said = ""
        while not (listening := re.search(r"listening at (?:http://)?(127\.0\.0\.1:\d+)", said)):
            line = process.stdout.readline()
            assert line, said
            said += line
        yield process, f"http://{listening[1]}"
    finally:
        process.kill()
        process.wait()
        watchdog.cancel()
        process.stdout.close()


def test_mitmdump_records_a_cassette_until_ctrl_c(folder: Path) -> None:
    with (
        serving(Reply([b"{}"]), stream(*FRAMES)) as upstream,
        mitmdump(folder, "a/tape", upstream.url) as (process, url),
        httpx.Client(trust_env=False, timeout=PATIENCE_S) as client,
    ):
        assert client.get(f"{url}/v1/models").content == b"{}"
        assert client.post(f"{url}/v1/threads/runs", json={}).content == b"".join(FRAMES)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said
    cassette = load(folder / "a" / "tape.json")
    assert cassette.upstreams == (f"{upstream.url}/v1",)
    assert [one.request.path for one in cassette.interactions] == ["/models", "/threads/runs"]
    assert frames_of(cassette.interactions[1]) == FRAMES


def test_mitmdump_ends_at_once_where_it_could_not_record(folder: Path) -> None:
    path = make(folder, "tape", get("/models", b"{}"))
    before = path.read_bytes()
    ran = subprocess.run(
        command(folder, "tape", f"http://127.0.0.1:{free_port()}", 0),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ran.returncode != 0
    assert f"Cassette {path} exists; give --force" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert path.read_bytes() == before
