"""The recorder of a test: `toolreel record` as a process of its own, so that no test needs mitmproxy beside it.

The command that it runs is a waiter: it tells the environment that leads to the door, waits for the test to end, and
exits as the test went. So a take becomes a cassette exactly as it does with `toolreel record NAME -- COMMAND`; and if
the test run dies, the waiter's input ends, and the take stays in the journal.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from toolreel.errors import CommandError, ToolreelError

PATIENCE_S = 60
_KEEP = "keep"
_WAITER = f"""
import json, os, sys
print(json.dumps({{name: os.environ[name] for name in sys.argv[1:] if name in os.environ}}), flush=True)
sys.exit(0 if sys.stdin.readline().strip() == {_KEEP!r} else 1)
"""


class RecordingError(ToolreelError):
    """The recorder could not begin, or not make a cassette of what it recorded."""


def recorder_command(configured: str | None) -> list[str]:
    """The program that records: the configured one, this environment's, or an installed tool. Raises CommandError."""
    if configured:
        return shlex.split(configured)
    if find_spec("mitmproxy") is not None:
        return [sys.executable, "-m", "toolreel"]
    for folder in _tool_folders():
        if (found := shutil.which("toolreel", path=str(folder))) is not None:
            return [found]
    raise CommandError(
        "To record, toolreel needs mitmproxy, which is not installed here: pip install 'toolreel[proxy]'; or, where "
        "that does not go together with what you test, install it as a tool: pipx install 'toolreel[proxy]'."
    )


def _tool_folders() -> Iterator[Path]:
    """Where installed tools lie, this environment apart: its own toolreel has no mitmproxy either."""
    own = Path(sys.executable).parent.resolve()
    for folder in (*map(Path, os.get_exec_path()), Path.home() / ".local" / "bin"):
        if folder.resolve() != own:
            yield folder


class Recorder:
    """Records one cassette; `start` gives the environment that leads clients to it."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self._command = command
        self._cwd = cwd
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - open until the recorder has ended
        self._process: subprocess.Popen[str] | None = None

    def start(self, variables: Iterable[str]) -> dict[str, str]:
        """Begins, and gives those of the variables that lead to the door; raises RecordingError."""
        waiter = ["--", sys.executable, "-I", "-c", _WAITER, *variables]
        try:
            self._process = subprocess.Popen(
                [*self._command, *waiter],
                cwd=self._cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
                start_new_session=True,  # Ctrl-C ends the tests, and they end the recorder
            )
        except OSError as error:
            self._said.close()
            reason = (error.strerror or str(error)).lower()
            raise RecordingError(f"Cannot run the recorder {self._command[0]!r}: {reason}.") from None
        assert self._process.stdout is not None
        impatience = threading.Timer(PATIENCE_S, self._process.kill)
        impatience.start()
        line = self._process.stdout.readline()
        impatience.cancel()
        if not line:
            raise RecordingError(f"The recorder did not begin: {self._end(keep=False)[1]}")
        environment: dict[str, str] = json.loads(line)
        return environment

    def finish(self, *, keep: bool) -> None:
        """Ends the recording; raises RecordingError if it is to be kept, and yet no cassette is made of it."""
        status, said = self._end(keep=keep)
        if keep and status:
            raise RecordingError(said)

    def _end(self, *, keep: bool) -> tuple[int, str]:
        """Exit status, and what the recorder had to say."""
        assert self._process is not None
        try:
            self._process.communicate(_KEEP if keep else "", timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        with self._said:
            self._said.seek(0)
            lines = self._said.read().decode(errors="replace").splitlines()
        complaints = [line.removeprefix("toolreel: ") for line in lines if line.startswith("toolreel: ")]
        return self._process.returncode, " ".join(complaints or lines[-1:]) or "it said nothing."
