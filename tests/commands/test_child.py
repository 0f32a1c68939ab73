"""COMMAND: its environment, its status, the signals."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from toolreel.commands import child
from toolreel.errors import CommandNotFoundError

PATIENCE_S = 20


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_the_status_of_the_command_is_handed_on(status: int) -> None:
    assert child.run(["sh", "-c", f"exit {status}"], {}) == status


def test_a_command_ended_by_a_signal_has_128_and_its_number() -> None:
    assert child.run(["sh", "-c", "kill -TERM $$"], {}) == 128 + signal.SIGTERM


def test_the_environment_is_added_to_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "1")
    monkeypatch.setenv("BOTH", "old")
    assert child.run(["sh", "-c", 'test "$OURS $BOTH $THEIRS" = "1 new 2"'], {"BOTH": "new", "THEIRS": "2"}) == 0
    assert os.environ["BOTH"] == "old"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path / "missing", "no such file or directory"),
        (lambda path: path, "permission denied"),
    ],
)
def test_a_command_that_cannot_be_started_is_named(make: Callable[[Path], Path], reason: str, tmp_path: Path) -> None:
    program = make(tmp_path)
    with pytest.raises(CommandNotFoundError) as raised:
        child.run([str(program)], {})
    assert str(raised.value) == f"Cannot run {str(program)!r}: {reason}; check the command after '--'."
    assert raised.value.exit_status == 127


def handlers() -> tuple[object, object]:
    return signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)


def test_signals_mean_after_the_command_what_they_meant_before() -> None:
    before = handlers()
    child.run(["true"], {})
    assert handlers() == before


def once(condition: Callable[[], bool], act: Callable[[], None]) -> threading.Thread:
    """Does something in a thread once a condition holds."""

    def wait() -> None:
        deadline, pulse = time.monotonic() + PATIENCE_S, threading.Event()
        while not condition():
            assert time.monotonic() < deadline
            pulse.wait(0.005)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_sigterm_is_passed_on_and_ctrl_c_is_the_commands_business(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import pathlib, signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
        f"pathlib.Path({str(ready)!r}).touch()\n"
        "signal.pause()\n"
    )
    ours = os.getpid()

    def act() -> None:
        os.kill(ours, signal.SIGINT)  # to us alone: a terminal would send it to COMMAND too
        os.kill(ours, signal.SIGTERM)

    thread = once(ready.exists, act)
    assert child.run(python(code), {}) == 9
    thread.join()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_command_a_signal_ends_the_waiting(number: signal.Signals) -> None:
    before = handlers()
    thread = once(
        lambda: all(now != was for now, was in zip(handlers(), before, strict=True)),
        lambda: os.kill(os.getpid(), number),
    )
    child.wait_for_end()
    thread.join()
    assert handlers() == before
