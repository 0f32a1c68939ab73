"""What one server of many cassettes costs: `python -m bench.sessions [CASSETTES [SESSIONS]]`; figures are printed.

A thousand cassettes of twenty interactions lie in a folder. Measured are the time from the start of
`toolreel replay --all` to its first answer; its memory then, with all cassettes asked for once, and for each further
session that is held open; and how long a session takes from its opening to its verdict.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.wire.tapes import get, make, post

CASSETTES, SESSIONS, INTERACTIONS = 1_000, 2_000, 20
THREAD = f"thread_{1:024}"


def say(what: str, figure: float, unit: str) -> None:
    """Prints a figure."""
    sys.stdout.write(f"{what:<58} {figure:>10.2f} {unit}\n")


def fill(folder: Path, cassettes: int) -> None:
    """Cassettes of a conversation each: messages of about a kilobyte and what the thread then holds."""
    for number in range(cassettes):
        text = f"The weather of place {number}. " + "It is as it was. " * 50
        interactions: list[dict[str, Any]] = [post("/threads", b"{}", json.dumps({"id": THREAD}).encode())]
        for turn in range(INTERACTIONS // 2 - 1):
            asked = json.dumps({"role": "user", "content": f"{turn}: {text}"}).encode()
            answer = json.dumps({"id": f"msg_{turn + 1:024}", "content": text}).encode()
            interactions += [
                post(f"/threads/{THREAD}/messages", asked, answer),
                get(f"/threads/{THREAD}/messages/msg_{turn + 1:024}", answer),
            ]
        interactions.append(get(f"/threads/{THREAD}", b'{"id":"x"}'))
        make(folder, name_of(number), *interactions)


def name_of(number: int) -> str:
    """Cassettes lie in folders, as tests do."""
    return f"tests/test_{number // 50}/test_{number}"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[HTTPConnection, int, float]]:
    """A server in a process of its own: a connection to it, its pid, and when it was started."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "toolreel", "replay", "--all", "--cassettes", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            address = server.stderr.readline().split("http://")[1].split("/")[0]
            connection = HTTPConnection(address, timeout=60)
            yield connection, server.pid, started
            connection.close()
        finally:
            server.terminate()
            server.communicate()


def ask(connection: HTTPConnection, method: str, path: str, body: object = None) -> Any:
    """The value of an answer, which must be a good one."""
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    value = json.loads(answer.read())
    assert answer.status < 300, value
    return value


def rss_mb(pid: int) -> float:
    """The resident memory of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def first(connection: HTTPConnection, number: int, session: str) -> None:
    """The first request of a conversation, in a session."""
    cassette = name_of(number).replace("/", ":")
    ask(connection, "POST", f"/@{cassette}/{session}/v1/threads", {})


def measure(folder: Path, cassettes: int, sessions: int) -> None:
    """Prints all figures."""
    with serving(folder) as (connection, pid, started):
        first(connection, 0, "first")
        say("start to first answer", time.perf_counter() - started, "s")
        begun = rss_mb(pid)
        say("memory then", begun, "MB")

        since = time.perf_counter()
        for number in range(cassettes):
            first(connection, number, f"all-{number}")
        took = time.perf_counter() - since
        say(f"first answer of each of {cassettes} cassettes", took * 1000 / cassettes, "ms each")
        asked = rss_mb(pid)
        say(
            f"memory for {cassettes} open sessions on as many cassettes",
            (asked - begun) * 1024 / cassettes,
            "KB each",
        )
        for number in range(cassettes):
            ask(connection, "DELETE", f"/@/sessions/all-{number}")

        first(connection, 0, "warm")
        before = rss_mb(pid)
        for number in range(sessions):
            first(connection, 0, f"one-{number}")
        held = rss_mb(pid)
        say(f"memory for {sessions} more sessions on one cassette", (held - before) * 1024 / sessions, "KB each")

        since = time.perf_counter()
        for number in range(sessions):
            ask(connection, "DELETE", f"/@/sessions/one-{number}")
        say("closing a session, with its verdict", (time.perf_counter() - since) * 1000 / sessions, "ms each")

        since = time.perf_counter()
        for number in range(sessions):
            first(connection, 0, f"again-{number}")
            ask(connection, "DELETE", f"/@/sessions/again-{number}")
        say(
            "a session from opening to verdict, one answer",
            (time.perf_counter() - since) * 1000 / sessions,
            "ms each",
        )
        say("memory after all that", rss_mb(pid), "MB")


def main(arguments: list[str]) -> None:
    """Makes the cassettes, and measures."""
    cassettes, sessions, *_ = (*map(int, arguments), *(CASSETTES, SESSIONS)[len(arguments) :])
    with tempfile.TemporaryDirectory(prefix="toolreel-bench-") as temporary:
        folder = Path(temporary, "cassettes")
        fill(folder, cassettes)
        size = sum(path.stat().st_size for path in folder.rglob("*.json"))
        say(f"{cassettes} cassettes of {INTERACTIONS} interactions", size / 1024 / cassettes, "KB each")
        measure(folder, cassettes, sessions)


if __name__ == "__main__":
    main(sys.argv[1:])
