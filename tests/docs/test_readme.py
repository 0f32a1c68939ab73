"""The README is run: its program, its commands, its output."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.removeprefix("$ ").partition("  #")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The README's program, in a folder of its own."""
    match = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert match
    (tmp_path / "weather.py").write_text(match[1])
    return tmp_path


def test_every_command_of_the_readme_runs(program: Path, free_ports: tuple[int, int]) -> None:
    """All of them in one shell, in their order, on ports that are free here; what installs is looked at below."""
    installs = [command for command in COMMANDS if command.startswith("pip install")]
    runnable = [command for command in COMMANDS if command not in installs]
    # The first two stand at the top, without the stand-in: the same commands are run further down.
    assert runnable[0] == "toolreel record weather -- python weather.py"
    assert runnable[1] in runnable[2:]
    script = "\n".join(map(_waiting, runnable[2:]))
    for port, free in zip(("4010", "4011"), free_ports, strict=True):
        script = script.replace(port, str(free))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONWARNINGS": "ignore",
    }
    shell = subprocess.Popen(
        ["bash", "-c", f"set -eum\n{script}"],
        cwd=program,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = shell.communicate(timeout=200)
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, output
    assert output.count("In Paris it is 21° and clear, in Tokyo 21° and clear.") >= 2, output
    assert '"object": "assistant"' in output, "curl got no assistant"
    assert "record.py" in output


def _waiting(command: str) -> str:
    """A command as the reader would type it: after a start in the background, wait until it serves."""
    if not command.endswith("&"):
        return command
    log = f"log{abs(hash(command))}"
    return f"{command.removesuffix('&')} >{log} 2>&1 &\nuntil grep -q Ctrl-C {log}; do :; done"


def test_what_the_readme_installs_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for command in COMMANDS:
        if command.startswith("pip install"):
            ours = next(word for word in shlex.split(command) if word.startswith(project["name"]))
            extras = re.findall(r"\[(.*)\]", ours)
            assert set(extras) <= set(project["optional-dependencies"])


def test_the_timeline_in_the_readme_is_what_show_prints() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "toolreel", "show", "weather", "--cassettes", str(ROOT / "cassettes")],
        env=dict(os.environ),  # without COLUMNS, which readline sets behind Python's back
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    match = re.search(r"<!-- show -->\n```\n(.*?)```", README, re.DOTALL)
    assert match
    assert match[1] == "".join(line.rstrip() + "\n" for line in shown.splitlines())


def test_every_command_of_the_program_stands_in_the_readme() -> None:
    from toolreel.commands.cli import cli

    missing = [name for name in cli.commands if f"toolreel {name}" not in README]
    assert not missing
