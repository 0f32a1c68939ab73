"""Clients that are not Python: they need nothing but a base URL or a proxy."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from toolreel.messages.model import Ending

from .certificates import server_context
from .doors import Door, recording, replaying
from .tapes import make, streamed
from .upstream import End, Reply, serving, stream

PATH = "/threads/thread_1/runs/run_1/submit_tool_outputs"
OUTPUTS = [{"tool_call_id": "call_1", "output": "21°"}, {"tool_call_id": "call_2", "output": "雨"}]
BODY = json.dumps({"tool_outputs": OUTPUTS, "stream": True}, ensure_ascii=False).encode()
QUEUED = 'event: thread.run.queued\ndata: {"id":"run_1","city":"Zürich 東京"}\n\n'.encode()
DONE = b"event: done\ndata: [DONE]\n\n"
HALF = b'event: thread.run.in_progress\ndata: {"id"'
STREAM = [200, "text/event-stream; charset=utf-8"]
EVENTS = [["thread.run.queued", '{"id":"run_1","city":"Zürich 東京"}'], ["done", "[DONE]"]]


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in arguments], capture_output=True, encoding="utf-8", check=False, timeout=60
    )


def node(door: Door, outputs: list[dict[str, str]] = OUTPUTS) -> list[Any]:
    script = Path(__file__).with_name("submit.mjs")
    ran = run(program("node"), script, f"{door.base}/v1", json.dumps(outputs))
    assert (ran.returncode, ran.stderr) == (0, "")
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_node_streams_a_submission_through_the_recorder_and_again_from_the_replay(folder: Path) -> None:
    with serving(stream(QUEUED, DONE)) as upstream, recording(folder, "tape", upstream.url, "base-url") as door:
        heard = node(door)
    assert heard == [STREAM, *EVENTS, ["end", ""]]
    with replaying(folder, "tape", "base-url") as replay:
        assert node(replay) == heard
        assert (replay.session.misses, replay.session.unplayed) == ([], 0)


def test_node_sees_a_cut_stream_break_and_a_miss_in_json(folder: Path) -> None:
    make(folder, "tape", streamed(PATH, BODY, QUEUED, HALF, ending=Ending.CUT))
    with replaying(folder, "tape", "base-url") as replay:
        assert node(replay) == [STREAM, EVENTS[0], ["broken", HALF.decode()]]
    with replaying(folder, "tape", "base-url") as replay:
        assert node(replay, [])[0] == [424, "application/json"]


def test_curl_streams_a_submission_through_both_doors(folder: Path) -> None:
    kind = "content-type: application/json"
    arguments = [program("curl"), "-sS", "--max-time", "20", "-H", kind, "--data-binary", BODY.decode()]
    with serving(stream(QUEUED, DONE)) as upstream, recording(folder, "tape", upstream.url, "base-url") as door:
        ran = run(*arguments, f"{door.base}/v1{PATH}")
        assert (ran.returncode, ran.stdout.encode()) == (0, QUEUED + DONE)
    for via in ("base-url", "proxy"):
        with replaying(folder, "tape", via) as replay:
            through = ["--proxy", replay.proxy, "--noproxy", ""] if replay.proxy else []
            ran = run(*arguments, *through, f"{replay.base}/v1{PATH}")
            assert (ran.returncode, ran.stdout.encode()) == (0, QUEUED + DONE)


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_goes_through_the_proxy_with_tls_and_http_2(
    version: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curl = program("curl")
    if "HTTP2" not in run(curl, "--version").stdout:
        pytest.skip("this curl has no HTTP/2")
    context, root = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    arguments = [curl, "-sS", version, "--max-time", "20", "--noproxy", "", "-w", "%{http_version} %{http_code}"]
    replies = [stream(QUEUED, DONE), Reply([b"{}"]), stream(QUEUED, HALF, end=End.CUT)]

    def ask(door: Door) -> list[tuple[bool, str]]:
        assert door.proxy is not None
        assert door.bundle is not None
        trusting = [*arguments, "--proxy", door.proxy, "--cacert", door.bundle, "--data-binary", BODY.decode()]
        ends = [run(*trusting, f"{door.base}/v1{path}") for path in ("/a", "/b", "/c")]
        return [(end.returncode == 0, end.stdout) for end in ends]

    with serving(*replies, tls=context) as upstream, recording(folder, "tape", upstream.url, "proxy") as door:
        seen = ask(door)
        door.settle(3)
    number = version.removeprefix("--http").removesuffix(".0")
    assert seen == [
        (True, f"{(QUEUED + DONE).decode()}{number} 200"),
        (True, f"{{}}{number} 200"),
        (False, f"{(QUEUED + HALF).decode()}{number} 200"),
    ]
    assert [one.ending for one in door.cassette.interactions] == [Ending.COMPLETE, Ending.COMPLETE, Ending.CUT]
    with replaying(folder, "tape", "proxy") as replay:
        assert ask(replay) == seen
        assert replay.session.misses == []
