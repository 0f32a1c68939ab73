"""What a command imports: the heavy packages only where they are needed, so that it starts at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from toolreel.commands.cli import cli

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("asyncio", "cryptography", "httpx", "jsonpath", "jsonschema", "mitmproxy", "openai", "pydantic", "pytest"),
    *("rich", "sqlite3", "sqlite_utils", "starlette", "uvicorn"),
}

PROGRAM = """
import json, sys
from toolreel.commands.cli import main
try:
    main(sys.argv[2:])
finally:
    with open(sys.argv[1], "w") as file:
        json.dump(sorted({name.partition(".")[0] for name in sys.modules}), file)
"""


def imported(tmp_path: Path, *arguments: str) -> set[str]:
    """The heavy ones among the packages that a command has imported when it ends, well."""
    names = tmp_path / "names.json"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(names), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return HEAVY & set(json.loads(names.read_text()))


@pytest.mark.parametrize("command", [[], *([name] for name in ("record", "replay", "standin"))], ids=" ".join)
def test_help_imports_nothing_heavy(command: list[str], tmp_path: Path) -> None:
    assert not command or command[0] in cli.commands
    assert imported(tmp_path, *command, "--help") == set()


def test_replay_needs_no_mitmproxy_no_sqlite_and_no_rich(tmp_path: Path) -> None:
    """Nor cryptography, which is for TLS, nor uvicorn, which serves the stand-in and the pages."""
    folder = str(ROOT / "cassettes")
    found = imported(
        tmp_path, "replay", "weather", "--partial", "--cassettes", folder, "--", sys.executable, "-c", "pass"
    )
    assert found == {"asyncio", "pydantic"}
