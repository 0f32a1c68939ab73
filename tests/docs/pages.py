"""Pages whose output blocks the program makes: `python -m tests.docs.pages` writes them anew.

In a block of `console`, a line that begins with `$ ` is run in a folder that holds the page's programs and cassettes;
what follows it is what it says, errors included.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import IO

from toolreel.commands.cli import main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "replay.md", DOCS / "inspect.md")

_CONSOLE = re.compile(r"(?<=```console\n)(.*?)(?=```)", re.DOTALL)
_PROGRAM = re.compile(r"`(\w+\.py)`[^`]*\n```python\n(.*?)```", re.DOTALL)
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")


def made_anew(page: str) -> str:
    """The page with the output of its commands as it is now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(DOCS / "cassettes", folder / "cassettes")
        shutil.copy(DOCS.parent / "cassettes" / "weather.json", folder / "cassettes")
        for program, text in _PROGRAM.findall(page):
            (folder / program).write_text(text)
        return _CONSOLE.sub(lambda block: _run_again(block[0], folder), page)


def _run_again(block: str, folder: Path) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{command}\n{_output(command.removeprefix('$ '), folder)}" for command in commands)


def _output(command: str, folder: Path) -> str:
    """What a command says, on a port that is always the same, without blanks at the ends of lines."""
    program, *arguments = shlex.split(command)
    assert program == "toolreel", "the programs of other people are run by toolreel"
    with tempfile.TemporaryFile() as said:
        with _standing_in(folder), _into(said), suppress(SystemExit):
            main(arguments)
        said.seek(0)
        text = said.read().decode()
    return "".join(f"{line.rstrip()}\n" for line in _PORT.sub("4010", text).splitlines())


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    """As in a shell of its own, in which `python` is this one; in this process, because to start costs more."""
    before = dict(os.environ)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for name in [name for name in os.environ if name.startswith("TOOLREEL_") or name == "COLUMNS"]:
        del os.environ[name]
    os.environ["PATH"] = path
    try:
        with chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _into(file: IO[bytes]) -> Iterator[None]:
    """All that this process and its children say goes to one file, in its order."""
    kept = [os.dup(1), os.dup(2)]
    sys.stdout.flush()
    sys.stderr.flush()
    writer = io.TextIOWrapper(os.fdopen(os.dup(file.fileno()), "wb", buffering=0), "utf-8", write_through=True)
    try:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        with writer, redirect_stdout(writer), redirect_stderr(writer):
            yield
    finally:
        for descriptor, real in enumerate(kept, start=1):
            os.dup2(real, descriptor)
            os.close(real)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(made_anew(path.read_text()))
