"""Cassettes of 10, 1,000 and 10,000 interactions, requests spread over all of them."""

from __future__ import annotations

from contextlib import ExitStack

from . import exchanges
from .contenders import MITMPROXY, MOUNTEBANK, TALKBACK, TOOLREEL, WIREMOCK, Contender
from .exchanges import Exchange
from .figures import Section, in_turn, median, ratio
from .load import Reading
from .processes import Program
from .run import Run

SIZES = (10, 1_000, 10_000)
_SLICE_S, _SLICES = 2.0, 10
_TOO_SLOW = 100
"""Who answers fewer requests a second among 1,000 is not asked to hold 10,000."""


def measure(run: Run) -> None:
    """The rate of each server with each size."""
    peers = [TALKBACK, MOUNTEBANK, MITMPROXY, *([WIREMOCK] if run.load.tools.java else [])]
    sizes = SIZES[:2] if run.plan.is_quick else SIZES
    found: dict[Contender, dict[int, list[Reading]]] = {one: {} for one in (TOOLREEL, *peers)}
    for size in sizes:
        fit = [one for one in found if size <= 1_000 or _rate(found[one][1_000]) >= _TOO_SLOW]
        for name, readings in _of_size(run, fit, size).items():
            found[next(one for one in fit if one.name == name)][size] = readings
    rows = [
        (one.name, *(_rate(of_size[size]) if size in of_size else None for size in sizes))
        for one, of_size in found.items()
    ]
    text = (
        "Requests a second; each request is drawn at random from all that were recorded. Before, everything was "
        f"asked for three times, or for {_SLICE_S * _SLICES:.0f} seconds."
    )
    columns = ("", *(f"{size:,} interactions" for size in sizes))
    run.findings.sections.append(Section("Replay: finding the match", text, columns, rows))
    ours = [[reading.rate for reading in found[TOOLREEL][size]] for size in (sizes[-1], sizes[0])]
    run.findings.measured["match"] = (ratio(*ours), f"{sizes[-1]:,} beside {sizes[0]} interactions")


def _of_size(run: Run, contenders: list[Contender], size: int) -> dict[str, list[Reading]]:
    """Every contender in turn, each with all exchanges."""
    asked = [exchanges.submit(number) for number in range(size)]
    with ExitStack() as stack:
        programs: dict[str, Program] = {}
        for one in contenders:
            programs[one.name] = stack.enter_context(run.stage.running(one, asked))
            programs[one.name].await_answer(asked[-1])
            _ask_all(run, programs[one.name], asked)
        found = in_turn(
            {
                name: lambda program=program: run.load.many(program, asked, run.plan.seconds)  # type: ignore[misc]
                for name, program in programs.items()
            },
            run.plan.rounds,
        )
    run.note(f"{size} interactions", found)
    return found


def _ask_all(run: Run, program: Program, asked: list[Exchange]) -> None:
    """Asks for everything three times, as far as there is time: what is remembered is remembered by then."""
    sent, slices = 0.0, 1 if run.plan.is_quick else _SLICES
    while sent < 3 * len(asked) and slices:
        sent += run.load.all(program, asked, _SLICE_S, int(sent) % len(asked)).rate * _SLICE_S
        slices -= 1


def _rate(readings: list[Reading]) -> float:
    return median([reading.rate for reading in readings])
