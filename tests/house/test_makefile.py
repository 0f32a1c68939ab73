"""The Makefile says what it can do, and fails in one sentence."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE)

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make ARGUMENT…` in the checkout, knowing nothing of a make that runs these tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=ours | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_make_alone_lists_every_target() -> None:
    listed = re.findall(r"^  make (\S+) +\S", make().stdout, re.MULTILINE)
    assert sorted(listed) == sorted(TARGETS)


def test_no_target_is_taken_for_a_file() -> None:
    phony = MAKEFILE.partition(".PHONY: ")[2].partition("\n")[0].split()
    assert {*TARGETS, "FORCE"} == set(phony)


def test_a_python_that_does_not_run_is_refused() -> None:
    done = make("test", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "PYTHON=no-such-python is no Python 3.11 or later that runs" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    """Commands that fail stand on PATH, as those of a version manager do."""
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 127\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", ".ci/python"], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("No Python 3.11 or later was found on PATH")
    assert done.stderr.count("\n") == 1
