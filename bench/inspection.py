"""How long `ls` and `search` take over many cassettes: `python -m bench.inspection [COUNT]`.

Generates COUNT cassettes (10,000) like the sample, each with words of its own, indexes them, and runs the program as
a person would, several times. Figures are printed, never asserted; on a busy machine the seconds of the processor say
more than those of the clock.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .figures import Section
from .run import Run

ROOT = Path(__file__).parents[1]
ROUNDS = 5
COMMANDS = (
    ["ls"],
    ["ls", "--tool", "get_weather", "--sort", "size", "group-07"],
    ["search", "tokyo"],
    ["search", "rare-word-00147"],
    ["search", "are-wor"],
    ["stats"],
)


def main() -> None:
    """Prints a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="toolreel-bench-") as work:
        folder = Path(work) / "cassettes"
        _generate(folder, count)
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {count} cassettes")
        first, _ = _seconds(folder, ["ls"])
        print(f"first ls, which indexes: {first:.1f} s")
        for command in (*COMMANDS, ["--version"]):
            clock, processor = zip(*(_seconds(folder, command) for _ in range(ROUNDS)), strict=True)
            shown = f"{statistics.median(clock):.2f} s ({min(clock):.2f} to {max(clock):.2f})"
            print(f"{' '.join(command):<50} {shown}, processor {statistics.median(processor):.2f} s")


def measure(run: Run) -> None:
    """Measures `ls` and `search` for the report."""
    count = 1_000 if run.plan.is_quick else 10_000
    folder = run.stage.folder / "inspection"
    _generate(folder, count)
    first, _ = _seconds(folder, ["ls"])
    found = {"ls, the first time, which indexes": [first]}
    for command in COMMANDS:
        found[" ".join(command)] = [_seconds(folder, command)[0] for _ in range(run.plan.repeats)]
        seconds = statistics.median(found[" ".join(command)])
        if count == 10_000 and command in (["ls"], ["search", "tokyo"]):
            run.findings.measured[command[0]] = (seconds, " ".join(command))
    run.findings.raw["inspection"] = found
    rows = [(shown, statistics.median(seconds)) for shown, seconds in found.items()]
    text = f"Wall-clock seconds of the whole command over {count:,} cassettes."
    run.findings.sections.append(Section("Inspection", text, ("", "seconds"), rows))


def _generate(folder: Path, count: int) -> None:
    sample = (ROOT / "cassettes" / "weather.json").read_text(encoding="utf-8")
    seeded = random.Random(1)
    for number in range(count):
        words = " ".join(f"word{seeded.randrange(5000)}" for _ in range(6))
        text = sample.replace("light rain", f"{words} rare-word-{number:05}")
        text = text.replace("Paris", f"City{seeded.randrange(1000)}")
        path = folder / f"group-{number % 100:02}" / f"conversation-{number:05}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _seconds(folder: Path, command: list[str]) -> tuple[float, float]:
    """What a command takes, of the clock and of the processor."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "toolreel",
            *command,
            *([] if "--version" in command else ["--cassettes", str(folder)]),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"toolreel {' '.join(command)} ended with status {done.returncode}")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, used


if __name__ == "__main__":
    main()
