"""The faults of one session as they strike: which, when, and what the API would say after them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toolreel.dialects.calls import calls_in, outputs_in
from toolreel.dialects.paths import split_base
from toolreel.dialects.routes import route
from toolreel.dialects.run_endings import refusal
from toolreel.messages.http import HttpRequest

from .answer import Answer
from .broken import fits, json_of, run_of, values_of, with_run
from .dice import falls
from .faults import Fault, Faults

_SUBMISSION = "/threads/{thread}/runs/{run}/submit_tool_outputs"


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that struck: its number in the file, what it did, and the request."""

    number: int
    what: str
    request: str


class Wanted:
    """A request as the faults see it; its body is read only if one of them asks."""

    def __init__(self, request: HttpRequest) -> None:
        self.method, self.path = request.method, request.path
        self._body = request.body

    @cached_property
    def calls(self) -> list[str]:
        """The ids of the calls whose outputs it brings."""
        return [output.call for output in outputs_in(json_of(self._body or b""))]

    @property
    def run(self) -> str | None:
        """The run to which it submits outputs."""
        below = split_base(self.path)[1]
        return below.split("/")[-2] if route(self.method, below).name == _SUBMISSION else None


class Trouble:
    """Decides which faults strike. Every fault counts how often it fits; of those that are due the first strikes.

    Faults that answer in the API's place come first: then there is nothing left for the others to break.
    """

    def __init__(self, faults: Faults) -> None:
        self.struck: list[Struck] = []
        self._faults = faults
        self._times = [0] * len(faults.fault)
        self._tools: dict[str, str] = {}
        self._wants_tools = any(fault.tool for fault in faults.fault)

    def instead(self, wanted: Wanted) -> Fault | None:
        """The fault that answers a request in the API's place."""
        return self._first([n for n, fault in enumerate(self._faults.fault) if fault.answers], wanted)

    def after(self, wanted: Wanted, answer: Answer) -> Fault | None:
        """The fault that breaks an answer; its pieces are the frames."""
        ours = [n for n, fault in enumerate(self._faults.fault) if not fault.answers and fits(fault, answer)]
        return self._first(ours, wanted)

    def learn(self, answer: Answer) -> None:
        """Takes note of the calls that an answer asks for."""
        if self._wants_tools:
            for value in values_of(answer, b"_call"):  # "tool_calls", "function_call"
                self._tools.update((call.id, call.tool) for call in calls_in(value))

    @property
    def watches(self) -> bool:
        """Whether there is any fault."""
        return bool(self._faults.fault)

    @property
    def idle(self) -> list[int]:
        """The numbers of the faults that never struck."""
        return sorted(set(range(1, len(self._times) + 1)) - {one.number for one in self.struck})

    def _first(self, numbers: list[int], wanted: Wanted) -> Fault | None:
        due = [n for n in numbers if self._hits(n, wanted)]
        if not due:
            return None
        fault = self._faults.fault[due[0]]
        self.struck.append(Struck(due[0] + 1, fault.shown, f"{wanted.method} {wanted.path}"))
        return fault

    def _hits(self, n: int, wanted: Wanted) -> bool:
        """Whether a fault is due; counts that it fits."""
        fault = self._faults.fault[n]
        if not fault.is_for(wanted.method, wanted.path):
            return False
        if fault.tool is not None and fault.tool not in map(self._tools.get, wanted.calls):
            return False
        self._times[n] += 1
        times = self._times[n]
        return fault.is_due(times) and (fault.chance is None or falls(fault.chance, self._faults.seed, n, times))


class Aftermath:
    """What a recorded API would say after a fault: it knows more of its runs than the client."""

    def __init__(self) -> None:
        self._ended: dict[str, dict[str, Any]] = {}
        """Runs that a fault made end."""
        self._taken: dict[str, tuple[list[str], dict[str, Any]]] = {}
        """By run: the calls of a submission that the API took while its answer was broken, and the run since."""

    def refusal(self, wanted: Wanted) -> str | None:
        """Why the API refuses a request: outputs that it has already, or for a run that has ended."""
        if not (self._ended or self._taken) or (name := wanted.run) is None:
            return None
        if name in self._ended:
            return refusal(self._ended[name], wanted.calls)
        calls, run = self._taken.get(name, ([], {}))
        return refusal(run, wanted.calls) if run and sorted(calls) == sorted(wanted.calls) else None

    def see(self, wanted: Wanted, whole: Answer, fault: Fault | None, ended: dict[str, Any] | None) -> None:
        """An answer, as it was before the fault that struck it, and the run that thereby ended."""
        if fault is None and not self._taken:
            return
        if ended is not None:
            self._ended[str(ended.get("id"))] = ended
        run = run_of(whole)
        if run is None:
            return
        name = str(run.get("id"))
        if fault is not None and wanted.run == name:
            self._taken[name] = wanted.calls, run
        elif name in self._taken:
            self._taken[name] = self._taken[name][0], run

    def corrected(self, answer: Answer) -> Answer:
        """An answer that says of runs what the client was told before."""
        for name, run in self._ended.items():
            if any(f'"{name}"'.encode() in piece for piece in answer.pieces) and answer.length is not None:
                answer = with_run(answer, run)
        return answer
