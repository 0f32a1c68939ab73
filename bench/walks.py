"""Whole conversations with ids that the server hands out, and what thousands of them leave behind in the server."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from . import exchanges
from .contenders import MITMPROXY, MOUNTEBANK, TALKBACK, TOOLREEL, WIREMOCK
from .figures import Section, in_turn, median, ratio
from .run import Measures, Run

_CLIENTS = 8
_SLICES = 5


def measure(run: Run) -> None:
    """Conversations beside peers, then one server under load for a while."""
    _beside_peers(run)
    _for_a_while(run)


def _beside_peers(run: Run) -> None:
    asked = exchanges.walk()
    contenders = [TOOLREEL, TALKBACK, MOUNTEBANK, MITMPROXY, *([WIREMOCK] if run.load.tools.java else [])]
    with ExitStack() as stack:
        programs = {}
        for one in contenders:
            programs[one] = stack.enter_context(run.stage.running(one, asked))
            programs[one].await_answer(asked[0])
            run.warm_up(partial(run.load.walks, programs[one], asked, connections=_CLIENTS))
        found = in_turn(
            {
                one.name: lambda one=one: run.load.walks(programs[one], asked, run.plan.seconds, _CLIENTS)  # type: ignore[misc]
                for one in contenders
            },
            run.plan.rounds,
        )
    run.note("walks", found)
    text = (
        f"{_CLIENTS} clients, each again and again: create thread and run, submit, poll. toolreel hands out fresh "
        "ids and keeps order for each client; the peers give everybody the recorded ids, in any order."
    )
    run.findings.sections.append(
        run.table("Replay: whole conversations", text, {one: found[one.name] for one in contenders})
    )


def _for_a_while(run: Run) -> None:
    """The same write again and again: what is kept of walks that are over, and is it slower than one that is new?"""
    seconds = 1.0 if run.plan.is_quick else 4.0
    rows: list[tuple[str | float | None, ...]] = []
    with run.stage.running(TOOLREEL, [exchanges.submit()]) as program:
        program.await_answer(exchanges.submit())
        total, before = 0.0, program.memory()
        for number in range(1, _SLICES + 1):
            reading = run.load.one(program, exchanges.submit(), seconds)
            total += reading.rate * seconds
            rows.append((str(number), reading.rate, reading.cpu, total, program.memory() / 1e6))
        grown = (program.memory() - before) / max(total, 1)

        def begin(stack: ExitStack) -> Measures:
            new = stack.enter_context(run.stage.running(TOOLREEL, [exchanges.submit()]))
            new.await_answer(exchanges.submit())
            servers = {"after all these": program, "new": new}
            measures = {name: partial(run.load.one, one, exchanges.submit()) for name, one in servers.items()}
            run.warm_up(measures["new"])
            return measures

        found = run.near(begin)
    run.note("walks that are over", found)
    run.findings.raw["what walks leave behind, slices"] = [list(row) for row in rows]
    text = (
        f"One server, `submit_tool_outputs` repeated for {_SLICES * seconds:.0f} seconds: each is a walk of its own, "
        "in which no ids are handed out. (Of conversations with ids the last 10,000 that are over are kept, and no "
        "more.) The slices show how the machine's speed changes, too: so the target is about the same server in turn "
        "with one that is new."
    )
    columns = ("slice", "requests/s", "CPU µs a request", "requests so far", "memory MB")
    run.findings.sections.append(Section("Replay: what walks leave behind", text, columns, rows))
    rates = [[reading.rate for reading in found[name]] for name in ("after all these", "new")]
    run.findings.measured["growth-rate"] = (ratio(*rates), "beside a new server, in turn")
    run.findings.measured["growth-memory"] = (median([grown]), "bytes a request")
