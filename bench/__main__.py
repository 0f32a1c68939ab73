"""`python -m bench`: measures everything, or the benchmarks that are named, and writes docs/benchmarks.*."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from .contenders import ROOT, Stage
from .environments import prepare
from .errors import BenchError
from .load import Load
from .processes import Cores
from .report import targets_table, write
from .run import FULL, QUICK, Plan, Run

BENCHMARKS = ("replay", "proxy", "sizes", "walks", "start", "python", "recording", "inspection")
"""Modules of this package with a function `measure(run: Run) -> None`, in the order of the report."""


def main() -> int:
    """Runs, prints the targets, and gives the exit status: 0 whatever the figures are."""
    options = _options()
    began = time.monotonic()
    try:
        plan = QUICK if options.quick else FULL
        run = _measure(options.only or BENCHMARKS, replace(plan, rounds=options.rounds or plan.rounds))
    except BenchError as error:
        _say(f"bench: {error}")
        return 1
    if options.write:
        write(options.write, run.findings, run.plan)
    sys.stdout.write(targets_table(run.findings))
    _say(f"Took {time.monotonic() - began:.0f} s.")
    return 0


def _measure(names: tuple[str, ...], plan: Plan) -> Run:
    tools, cores = prepare(), Cores.of_machine()
    with tempfile.TemporaryDirectory(prefix="toolreel-bench-") as folder:
        run = Run(Stage(tools, cores, Path(folder)), Load(tools, cores, Path(folder)), plan)
        if tools.java is None:
            run.findings.notes.append("WireMock: there is no java here")
        for name in names:
            began = time.monotonic()
            importlib.import_module(f"bench.{name}").measure(run)
            _say(f"{name}: {time.monotonic() - began:.0f} s")
    return run


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=_about(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("only", nargs="*", metavar="BENCHMARK", help=f"one or more of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that everything works")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help=f"how often each is measured (default: {FULL.rounds})"
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FOLDER",
        help="where the report goes; by default docs/, if everything is measured and not --quick",
    )
    options = parser.parse_args()
    if unknown := set(options.only) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; choose of {', '.join(BENCHMARKS)}")
    if options.write is None and not options.only and not options.quick:
        options.write = ROOT / "docs"
    return options


def _about() -> str:
    """What each benchmark is about."""
    modules = [importlib.import_module(f"bench.{name}") for name in BENCHMARKS]
    lines = [
        f"  {name:12}{(module.__doc__ or '').splitlines()[0]}"
        for name, module in zip(BENCHMARKS, modules, strict=True)
    ]
    return (
        "benchmarks:\n" + "\n".join(lines) + "\n\n"
        "All of them take about 20 minutes, --quick much less. What is missing is installed: peers and floors\n"
        "into .bench (or TOOLREEL_BENCH_CACHE), wrk and hey with apt-get if this is root. Nothing else should run."
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
