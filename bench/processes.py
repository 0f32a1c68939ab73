"""Programs under load: started on a core of their own, awaited until they answer, looked at, and ended."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import BenchError
from .exchanges import Exchange

_PATIENCE = 90.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the server, one for the load; more would let a server with threads look faster than it is."""

    server: int
    load: int

    @classmethod
    def of_machine(cls) -> Cores:
        """The first two that this process may use; raises BenchError."""
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            raise BenchError("The benchmark needs two cores, one for the server and one for the load; this has one.")
        return cls(*usable[:2])


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started in this block runs on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass(slots=True)
class Program:
    """A program that runs; `port` is where it listens, `began` when it was started (`time.perf_counter`)."""

    process: subprocess.Popen[bytes]
    port: int
    began: float
    log: Path

    def cpu_seconds(self) -> float:
        """The CPU time that it has used, its children included."""
        return sum(map(_cpu_seconds, self._pids()))

    def memory(self, peak: bool = False) -> int:
        """Its resident memory now, or at its peak, in bytes."""
        return sum(_memory(pid, "VmHWM" if peak else "VmRSS") for pid in self._pids())

    def _pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def await_answer(self, exchange: Exchange, *, exact: bool = True) -> float:
        """Asks until it answers, and gives the seconds since its start; raises BenchError if the answer is wrong."""
        while time.perf_counter() - self.began < _PATIENCE:
            if self.process.poll() is not None:
                raise BenchError(f"{self.log.stem} ended with status {self.process.returncode}: {self._said()}")
            try:
                status, body = ask(self.port, exchange)
            except (OSError, http.client.HTTPException):
                time.sleep(0.002)
                continue
            seconds = time.perf_counter() - self.began
            if status != 200 or (exact and body != exchange.answer):
                raise BenchError(f"{self.log.stem} answers with {status} and {body[:300]!r}: {self._said()}")
            return seconds
        raise BenchError(f"{self.log.stem} does not answer within {_PATIENCE:.0f} seconds: {self._said()}")

    def await_port(self) -> None:
        """Waits until it listens; raises BenchError."""
        while time.perf_counter() - self.began < _PATIENCE and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise BenchError(f"{self.log.stem} does not listen: {self._said()}")

    def _said(self) -> str:
        return self.log.read_text(errors="replace")[-600:].strip() or "it says nothing"


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    port: int,
    *,
    folder: Path,
    core: int,
    env: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """The program runs while the block does; it is ended with all that it started."""
    log = folder / f"{name.replace(' ', '-').replace('/', '-')}.log"
    with log.open("wb") as output, pinned(core):
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Program(process, port, time.perf_counter(), log)
    finally:
        _end(process)


def printed(command: Sequence[str | Path], *, core: int, env: Mapping[str, str]) -> str:
    """What a program prints until it ends; raises BenchError if it fails."""
    with pinned(core):
        done = subprocess.run(
            list(map(str, command)),
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    if done.returncode:
        raise BenchError(f"{' '.join(map(str, command[1:4]))} failed: {done.stderr[-600:].strip()}")
    return done.stdout


def ask(port: int, exchange: Exchange) -> tuple[int, bytes]:
    """Status and body of the answer to one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": "application/json"} if exchange.body else {}
        connection.request(exchange.method, exchange.path, exchange.body or None, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue
        break
    process.wait()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _memory(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024
