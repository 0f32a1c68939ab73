"""What every benchmark is given: where it runs, how long, and where its findings go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import NamedTuple

from .contenders import TOOLREEL, Contender, Kind, Stage
from .exchanges import Exchange
from .figures import Chart, Findings, Section, in_turn, median, ratio
from .load import Load, Reading
from .processes import Program


class Near(NamedTuple):
    """So many `starts` of each contender, and after each so many `rounds` of `seconds`."""

    starts: int
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How often and how long: `rounds` of `seconds` for each contender, `repeats` of what runs as a whole process."""

    rounds: int
    seconds: float
    repeats: int
    is_quick: bool = False

    @property
    def near(self) -> Near:
        """How near rivals are measured: they are set beside each other alone.

        A machine that others use too is at times half as fast, for seconds: short rounds in turn let both suffer from
        it, though not alike. And of two processes of one program, one is faster by some percent as long as it runs,
        since Python gives texts other hashes, and Linux memory other addresses, in each; so they are started anew.
        """
        return Near(1, 1, self.seconds) if self.is_quick else Near(self.rounds, 16, self.seconds / 4)


FULL = Plan(rounds=3, seconds=1.0, repeats=5)
QUICK = Plan(rounds=1, seconds=0.5, repeats=1, is_quick=True)


_SLICE_S, _MOST_SLICES, _STEADY_SLICES = 0.5, 12, 3

Measures = Mapping[str, Callable[[float], Reading]]
"""Makes load for so many seconds, by contender."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the benchmark."""

    stage: Stage
    load: Load
    plan: Plan
    findings: Findings = field(default_factory=Findings)

    def compete(
        self, key: str, contenders: Sequence[Contender], exchange: Exchange, *, proxy: bool = False
    ) -> dict[Contender, list[Reading]]:
        """Everybody answers the same request in turn; `proxy`: through CONNECT and intercepted TLS."""
        make = self.load.tunnelled if proxy else self.load.one

        def measure(program: Program, contender: Contender, seconds: float) -> Reading:
            return make(program, contender.exchange(exchange), seconds)

        with ExitStack() as stack:
            programs = {}
            for contender in contenders:
                program = stack.enter_context(self.stage.running(contender, [exchange], proxy=proxy))
                if proxy:
                    program.await_port()
                else:
                    program.await_answer(contender.exchange(exchange), exact=contender.is_exact)
                self.warm_up(lambda seconds: measure(program, contender, seconds))  # noqa: B023 - called here
                programs[contender] = program
            found = in_turn(
                {
                    one.name: lambda one=one: measure(programs[one], one, self.plan.seconds)  # type: ignore[misc]
                    for one in contenders
                },
                self.plan.rounds,
            )
            memory = {one.name: programs[one].memory() for one in contenders}
        self.note(key, found, memory)
        return {one: found[one.name] for one in contenders}

    def duel(self, key: str, ours: Contender, other: Contender, exchange: Exchange) -> None:
        """Measures a target: our rate as a part of another's, both in turn and often, for what is nearly as fast."""

        def begin(stack: ExitStack) -> Measures:
            measures = {}
            for one in (ours, other):
                program = stack.enter_context(self.stage.running(one, [exchange]))
                program.await_answer(exchange)
                measures[one.name] = partial(self.load.one, program, exchange)
                self.warm_up(measures[one.name])
            return measures

        found = self.near(begin)
        self.note(f"{key}, in turn", found)
        self.beside(key, {one: found[one.name] for one in (ours, other)}, other, ours)

    def near(self, begin: Callable[[ExitStack], Measures]) -> dict[str, list[Reading]]:
        """Measures near rivals, which `begin` starts, in turn and often."""
        starts, rounds, seconds = self.plan.near
        found: dict[str, list[Reading]] = {}
        for _ in range(starts):
            with ExitStack() as stack:
                measures = {name: partial(measure, seconds) for name, measure in begin(stack).items()}
                for name, readings in in_turn(measures, rounds).items():
                    found.setdefault(name, []).extend(readings)
        return found

    def warm_up(self, measure: Callable[[float], Reading]) -> None:
        """Puts load on a server until it gets no faster: those on Node and Java take thousands of requests."""
        if self.plan.is_quick:
            measure(_SLICE_S)
            return
        best, since_best = 0.0, 0
        for _ in range(_MOST_SLICES):
            rate = measure(_SLICE_S).rate
            since_best = 0 if rate > 1.1 * best else since_best + 1
            best = max(best, rate)
            if since_best == _STEADY_SLICES:
                return

    def note(self, key: str, found: dict[str, list[Reading]], memory: dict[str, int] | None = None) -> None:
        """Keeps every reading for the JSON."""
        self.findings.raw[key] = {name: [asdict(one) for one in readings] for name, readings in found.items()}
        if memory:
            self.findings.raw[key + ", resident bytes"] = memory

    def table(
        self, title: str, text: str, found: dict[Contender, list[Reading]], ours: Contender = TOOLREEL
    ) -> Section:
        """A table of rates, fastest first, with what toolreel reaches of each."""
        rates = {one: [reading.rate for reading in readings] for one, readings in found.items()}
        ordered = sorted(found, key=lambda one: -median(rates[one]))
        rows = [
            (
                one.name,
                one.kind.value,
                self.load.tools.version(one.package),
                *(
                    median([getattr(reading, name) for reading in found[one]])
                    for name in ("rate", "p50", "p99", "cpu")
                ),
                None if one is ours else ratio(rates[ours], rates[one]),
            )
            for one in ordered
        ]
        columns = ("", "", "version", "requests/s", "p50 ms", "p99 ms", "CPU µs a request", "toolreel ÷ this")
        bars = [(one.name, median(rates[one]), one.kind.value) for one in ordered]
        return Section(title, text, columns, rows, Chart(title, "requests/s", bars))

    def beside_best_peer(self, key: str, found: dict[Contender, list[Reading]], ours: Contender = TOOLREEL) -> None:
        """Measures a target: our rate as a part of that of the fastest peer."""
        peers = [one for one in found if one.kind is Kind.PEER]
        best = max(peers, key=lambda one: median([reading.rate for reading in found[one]]))
        self.beside(key, found, best, ours)

    def beside(
        self, key: str, found: dict[Contender, list[Reading]], other: Contender, ours: Contender = TOOLREEL
    ) -> None:
        """Measures a target: our rate as a part of that of another."""
        rates = [[reading.rate for reading in found[one]] for one in (ours, other)]
        self.findings.measured[key] = (ratio(*rates), other.name)
