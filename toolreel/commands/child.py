"""The COMMAND after `--`: run with the environment set for a door, its exit status handed on."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

from toolreel.errors import CommandNotFoundError


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs COMMAND to its end and gives its exit status, 128 + N if signal N ended it.

    Ctrl-C reaches COMMAND from the terminal and is its business; SIGTERM is passed on. Raises CommandNotFoundError.
    """
    try:
        child = subprocess.Popen(list(command), env={**os.environ, **environment})
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandNotFoundError(f"Cannot run {command[0]!r}: {reason}; check the command after '--'.") from None

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    before[signal.SIGTERM] = signal.signal(signal.SIGTERM, pass_on)
    try:
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def wait_for_end() -> None:
    """Waits until somebody ends the command: Ctrl-C or SIGTERM."""
    ended: queue.SimpleQueue[None] = queue.SimpleQueue()  # unlike an Event it may be told from a signal handler

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.put(None)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ended.get()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
