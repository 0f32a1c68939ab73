"""Cassettes of 10, 1,000 and 10,000 interactions, requests spread over all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from . import exchanges, matching
from .contenders import (
    LOOKUP,
    MITMPROXY,
    MOUNTEBANK,
    ROOT,
    SERVERS,
    TALKBACK,
    TOOLREEL,
    WIREMOCK,
    Contender,
)
from .exchanges import Exchange
from .figures import Section, in_turn, median
from .load import Reading
from .processes import Program, printed
from .run import Measures, Run

SIZES = (10, 1_000, 10_000)
_SLICE_S, _SLICES = 2.0, 10
_TOO_SLOW = 100
"""Who answers fewer requests a second among 1,000 is not asked to hold 10,000."""

_Sized = tuple[Contender, int]
_Found = dict[_Sized, list[Reading]]


def measure(run: Run) -> None:
    """The rate of each server with each size, and what the search alone takes."""
    sizes = SIZES[:2] if run.plan.is_quick else SIZES
    # Those that are set beside each other follow each other.
    both = [(one, size) for one in (TOOLREEL, LOOKUP) for size in (sizes[0], sizes[-1], *sizes[1:-1])]
    found = _noted(run, both, run.near(partial(_begin, run, both)))
    peers = [TALKBACK, MOUNTEBANK, MITMPROXY, *([WIREMOCK] if run.load.tools.java else [])]
    for size in sizes:
        fit = [one for one in peers if size <= 1_000 or _rate(found[one, 1_000]) >= _TOO_SLOW]
        found |= _in_turn(run, [(one, size) for one in fit])
    rows: list[tuple[str | float | None, ...]] = [
        (
            one.name,
            one.kind.value,
            *(_rate(found[one, size]) if (one, size) in found else None for size in sizes),
            median(_kept(found, one, sizes)) if (one, sizes[-1]) in found else None,
        )
        for one in (TOOLREEL, LOOKUP, *peers)
    ]
    text = (
        "Requests a second; each request is drawn at random from all that were recorded. Before, everything was "
        f"asked for three times, or for {_SLICE_S * _SLICES:.0f} seconds. {sizes[-1]:,} answers of 3 KB do not fit "
        "into the processor's cache, so whoever looks them up in a dict and does nothing else gets slower too."
    )
    columns = ("", "", *(f"{size:,} interactions" for size in sizes), f"{sizes[-1]:,} ÷ {sizes[0]}")
    run.findings.sections.append(Section("Replay: finding the match", text, columns, rows))
    ours, floor = (_kept(found, one, sizes) for one in (TOOLREEL, LOOKUP))
    kept = [one / other for one, other in zip(ours, floor, strict=True)]
    beside = f"{median(ours):.2f} × of toolreel's rate, {median(floor):.2f} × of the dict's"
    run.findings.measured["match"] = (median(ours), f"{sizes[-1]:,} beside {sizes[0]} interactions")
    run.findings.measured["match-dict"] = (median(kept), beside)
    _steps(run, sizes, [median([reading.cpu for reading in found[TOOLREEL, size]]) for size in sizes])
    _in_process(run, sizes)


def _steps(run: Run, sizes: Sequence[int], whole: Sequence[float]) -> None:
    """The profile: of what toolreel takes for a request (`whole`, in µs, one for each size), what each step takes."""
    folder = run.stage.folder / "steps"
    commands: dict[str, list[str | Path]] = {}
    for size in sizes:
        cassette = folder / f"{size}.json"
        exchanges.cassette(cassette, [exchanges.submit(number) for number in range(size)])
        commands[str(size)] = [sys.executable, SERVERS / "steps.py", cassette, str(size)]
    core, env = run.stage.cores.server, {"PYTHONPATH": str(ROOT)}
    measures = {name: partial(printed, command, core=core, env=env) for name, command in commands.items()}
    found = in_turn(measures, run.plan.repeats)
    taken: list[list[dict[str, float]]] = [list(map(json.loads, found[str(size)])) for size in sizes]
    run.findings.raw["finding the match, steps"] = dict(zip(commands, taken, strict=True))
    rows = [(step, [median([one[step] for one in each]) for each in taken]) for step in taken[0][0]]
    in_process = [sum(times) for times in zip(*(times for _, times in rows), strict=True)]
    sockets = [over_http - inside for over_http, inside in zip(whole, in_process, strict=True)]
    rows += [("sockets: the kernel and uvloop", sockets), ("all of it", list(whole))]
    text = (
        "Microseconds of processor time. The steps were measured in a process of their own, without sockets; to "
        "these is put down what the server takes over HTTP and no step explains. Every step does the same among "
        "more interactions; but all that is remembered of 10,000, and their answers, fit into no cache."
    )
    columns = ("", *(f"{size:,} interactions" for size in sizes), "grown by")
    shown: list[tuple[str | float | None, ...]] = [(step, *times, times[-1] - times[0]) for step, times in rows]
    run.findings.sections.append(
        Section("Replay: finding the match: where toolreel's time goes", text, columns, shown)
    )


def _in_process(run: Run, sizes: Sequence[int]) -> None:
    """The session alone, and every request looked for as if it came for the first time."""
    found = {
        name: [matching.measure(make(size)).request_us for size in sizes] for name, make in matching.KINDS.items()
    }
    run.findings.raw["finding the match for the first time"] = found
    rows: list[tuple[str | float | None, ...]] = [(name, *taken) for name, taken in found.items()]
    text = (
        "Microseconds of processor time that the session takes, without any HTTP, for a request that it has not seen "
        "before, in the middle of the cassette; the best of several rounds."
    )
    columns = ("the cassette holds", *(f"{size:,} interactions" for size in sizes))
    run.findings.sections.append(Section("Replay: finding the match for the first time", text, columns, rows))


def _in_turn(run: Run, wanted: Sequence[_Sized]) -> _Found:
    """Contenders, each with a recording of a size, in turn."""
    with ExitStack() as stack:
        measures = {name: partial(measure, run.plan.seconds) for name, measure in _begin(run, wanted, stack).items()}
        return _noted(run, wanted, in_turn(measures, run.plan.rounds))


def _begin(run: Run, wanted: Sequence[_Sized], stack: ExitStack) -> Measures:
    """Starts contenders, each with a recording of a size, and lets them remember it all."""
    measures = {}
    for one, size in wanted:
        asked = [exchanges.submit(number) for number in range(size)]
        program = stack.enter_context(run.stage.running(one, asked))
        program.await_answer(asked[-1])
        _ask_all(run, program, asked)
        measures[_name(one, size)] = partial(run.load.many, program, asked)
    return measures


def _noted(run: Run, wanted: Sequence[_Sized], found: Mapping[str, list[Reading]]) -> _Found:
    for name, readings in found.items():
        run.note(name, {name: readings})
    return {(one, size): found[_name(one, size)] for one, size in wanted}


def _name(one: Contender, size: int) -> str:
    return f"{one.name}, {size} interactions"


def _ask_all(run: Run, program: Program, asked: list[Exchange]) -> None:
    """Asks for everything three times, as far as there is time: what is remembered is remembered by then."""
    sent, slices = 0.0, 1 if run.plan.is_quick else _SLICES
    while sent < 3 * len(asked) and slices:
        sent += run.load.all(program, asked, _SLICE_S, int(sent) % len(asked)).rate * _SLICE_S
        slices -= 1


def _kept(found: Mapping[tuple[Contender, int], list[Reading]], one: Contender, sizes: Sequence[int]) -> list[float]:
    """What is left of a rate among the most interactions, round by round."""
    most, least = found[one, sizes[-1]], found[one, sizes[0]]
    return [slow.rate / fast.rate for slow, fast in zip(most, least, strict=True)]


def _rate(readings: list[Reading]) -> float:
    return median([reading.rate for reading in readings])
