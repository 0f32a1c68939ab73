"""How long it takes: `toolreel --help`, and from the start of a replay to its first answer."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from . import exchanges
from .contenders import ROOT, TALKBACK, TOOLREEL, Contender, servers
from .figures import Section, in_turn, median
from .processes import pinned
from .run import Run

_SIZE = 1_000


def measure(run: Run) -> None:
    """Both, several times in turn."""
    asked = [exchanges.submit(number) for number in range(_SIZE)]

    def first_answer(one: Contender) -> Callable[[], float]:
        def seconds() -> float:
            with run.stage.running(one, asked) as program:
                return program.await_answer(asked[-1])

        return seconds

    contenders = [one for one in servers(run.load.tools) if one.kind.value != "floor" and one.is_exact]
    measures = {one.name: first_answer(one) for one in contenders}
    ours = {"toolreel --help": ["-m", "toolreel", "--help"], "python -c pass": ["-c", "pass"]}
    commands = {name: lambda rest=rest: _whole(run, rest) for name, rest in ours.items()}
    found = in_turn(commands, run.plan.repeats * 3) | in_turn(measures, run.plan.repeats)
    run.findings.raw["start"] = found
    rows = [
        (name, f"first answer, {_SIZE:,} interactions" if name in measures else "whole command", median(seconds))
        for name, seconds in found.items()
    ]
    text = "Wall-clock seconds from starting the program; files are in the page cache."
    run.findings.sections.append(Section("Start", text, ("", "", "seconds"), rows))
    run.findings.measured["help"] = (median(found["toolreel --help"]), "")
    others = f"talkback takes {median(found[TALKBACK.name]):.2f} s"
    run.findings.measured["start"] = (median(found[TOOLREEL.name]), others)


def _whole(run: Run, arguments: list[str]) -> float:
    with pinned(run.stage.cores.server):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began
