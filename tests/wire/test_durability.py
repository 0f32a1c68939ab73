"""`kill -9` of the recorder, at any moment: what had come is in the journal, and `recover` makes a cassette of it."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

import httpx
import pytest

from toolreel.messages.model import Cassette, JsonBody, JsonFrame
from toolreel.store.files import load
from toolreel.store.recordings import recover

FRAME_EVERY_S = 0.004
PATIENCE_S = 60


@dataclass(slots=True)
class Log:
    """What the upstream has sent, and when (monotonic seconds): frames by stream, and whole answers."""

    frames: dict[int, list[float]] = field(default_factory=dict)
    answers: dict[int, float] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)


class Endless(BaseHTTPRequestHandler):
    """GET answers at once with the number in the path; POST streams numbered frames until somebody leaves."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    log: Log

    def handle(self) -> None:
        with suppress(ConnectionError):  # the recorder was killed
            super().handle()

    def do_GET(self) -> None:
        number = int(self.path.rpartition("/")[2])
        body = json.dumps({"n": number}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.log.answers[number] = time.monotonic()

    def do_POST(self) -> None:
        stream = int(self.path.rpartition("/")[2])
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        sent = self.log.frames.setdefault(stream, [])
        with suppress(OSError):
            while not self.log.stopping.wait(FRAME_EVERY_S):
                frame = f'data: {{"k":{len(sent)}}}\n\n'.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                sent.append(time.monotonic())
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""


@contextmanager
def upstream() -> Iterator[tuple[str, Log]]:
    log = Log()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Endless,), {"log": log}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", log
    finally:
        log.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def recorder(folder: Path, url: str, limit: str = ":") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`toolreel record` without a command, as a process that can be killed; `limit` is run by the shell first."""
    arguments = [sys.executable, "-m", "toolreel", "record", "tape", "--upstream", url, "--cassettes", str(folder)]
    process = subprocess.Popen(
        ["sh", "-c", f"{limit}; exec {shlex.join(arguments)} --force"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        yield _base_url(process.stderr), process
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        assert process.stderr is not None
        process.stderr.close()


def _base_url(lines: IO[str]) -> str:
    for line in lines:
        if match := re.search(r"OPENAI_BASE_URL=(http\S+)", line):
            return match[1]
    raise AssertionError("the recorder did not start")


def traffic(base: str, log: Log, *, streams: bool) -> list[threading.Thread]:
    """Clients that ask until the recorder is gone."""

    def ask() -> None:
        with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client, suppress(httpx.HTTPError):
            for number in range(10**6):
                client.get(f"{base}/things/{number}")

    def listen() -> None:
        with (
            suppress(httpx.HTTPError),
            httpx.stream("POST", f"{base}/streams/0", trust_env=False, timeout=PATIENCE_S) as answer,
        ):
            for _ in answer.iter_raw():
                pass

    threads = [threading.Thread(target=ask), *([threading.Thread(target=listen)] if streams else [])]
    for thread in threads:
        thread.start()
    wanted = time.monotonic() + PATIENCE_S
    while not log.answers or (streams and not log.frames.get(0)):
        assert time.monotonic() < wanted, "no traffic came"
        os.sched_yield()
    return threads


def check(cassette: Cassette, log: Log, before: float) -> tuple[int, int]:
    """Everything that the upstream had sent `before` is there, in order, and nothing that it never sent."""
    numbers = set()
    frames: list[int] = []
    for interaction in cassette.interactions:
        if interaction.response.frames is not None:
            frames = [frame.value["k"] for frame in interaction.response.frames if isinstance(frame, JsonFrame)]
        elif isinstance(interaction.response.body, JsonBody):
            numbers.add(interaction.response.body.value["n"])
    assert {number for number, when in log.answers.items() if when <= before} <= numbers
    assert frames == list(range(len(frames)))
    due = sum(when <= before for when in log.frames.get(0, []))
    assert due <= len(frames) <= len(log.frames.get(0, [])) + 1
    return len(numbers), len(frames)


def kill_and_recover(folder: Path, seed: int, *, streams: bool, grace_s: float) -> None:
    wait = random.Random(seed).uniform(0.02, 1.2)
    with upstream() as (url, log):
        with recorder(folder, url) as (base, process):
            threads = traffic(base, log, streams=streams)
            threading.Event().wait(wait)
            killed = time.monotonic()
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE_S)
        for thread in threads:
            thread.join(PATIENCE_S)
        assert not (folder / "tape.json").exists(), "a cassette of a recording that never ended"
        recover(folder, "tape")
        made = load(folder / "tape.json")
        answers, frames = check(made, log, killed - grace_s)
    (folder / "tape.json").unlink()
    sys.stdout.write(f"seed {seed}: killed after {wait:.3f} s, {answers} answers and {frames} frames recovered\n")


@pytest.mark.parametrize(("seed", "streams"), [(1, True), (2, True), (3, False)])
def test_what_had_come_before_a_kill_is_recovered(folder: Path, seed: int, streams: bool) -> None:
    """A machine that runs other tests may be late; `make soak` is held to the quarter of a second."""
    kill_and_recover(folder, seed, streams=streams, grace_s=1.5)


@pytest.mark.soak
def test_fifty_kills_lose_nothing_older_than_a_quarter_of_a_second(folder: Path) -> None:
    first = random.randrange(10**6)
    for seed in range(first, first + 50):
        kill_and_recover(folder, seed, streams=seed % 50 >= 10, grace_s=0.25)
