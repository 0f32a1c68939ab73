"""Tool calls that a run required: each must be answered exactly once, and all of a run together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .exchange import Exchange
from .findings import Finding, Level, Recording
from .words import short_ids

_OVER = frozenset({"cancelled", "cancelling", "expired", "failed", "incomplete"})
"""After these a run waits for no outputs any more."""


@dataclass(slots=True)
class _Run:
    """What a run required, and which of it was answered."""

    id: str
    n: int
    status: str = ""
    waiting: dict[str, str] = field(default_factory=dict)
    """The tools of the calls for which it waits, by the ids of the calls."""
    answered: set[str] = field(default_factory=set)


def calls(recording: Recording) -> Iterator[Finding]:
    """Outputs for calls that nobody required, calls answered twice or not at all."""
    runs: dict[str, _Run] = {}
    for exchange in recording.exchanges:
        if exchange.outputs and exchange.interaction.response.status < 400:
            yield from _submitted(exchange, runs)
        for value in exchange.values:
            _follow(value, exchange.interaction.n, runs)
    for run in runs.values():
        if run.waiting and run.status not in _OVER:
            yield _finding(
                run.n,
                Level.WARNING,
                "answer",
                f"{run.id} waits for the outputs of {_named(run.waiting)}, and nobody submits them",
                "record the rest of the conversation, or let the program cancel the run",
            )


def _follow(value: Any, n: int, runs: dict[str, _Run]) -> None:
    """Takes in what an answer says of a run."""
    for run in _runs_in(value):
        known = runs.setdefault(run["id"], _Run(short_ids(run["id"]), n))
        known.status = str(run.get("status"))
        action = run.get("required_action")
        action = action.get("submit_tool_outputs") if isinstance(action, Mapping) else None
        wanted = action.get("tool_calls") if isinstance(action, Mapping) else None
        for call in wanted if isinstance(wanted, list) else ():
            if isinstance(call, Mapping) and isinstance(call.get("id"), str) and call["id"] not in known.answered:
                function = call.get("function")
                tool = function.get("name") if isinstance(function, Mapping) else call.get("type")
                known.waiting.setdefault(call["id"], str(tool))
                known.n = n


def _runs_in(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if value.get("object") == "thread.run" and isinstance(value.get("id"), str):
            yield value
        elif value.get("object") == "list" and isinstance(value.get("data"), list):
            for item in value["data"]:
                yield from _runs_in(item)


def _submitted(exchange: Exchange, runs: Mapping[str, _Run]) -> Iterator[Finding]:
    n = exchange.interaction.n
    for call, count in Counter(output.call for output in exchange.outputs).items():
        if count > 1:
            yield _finding(
                n,
                Level.ERROR,
                "request",
                f"the output of call {short_ids(call)} is submitted {count} times at once",
                "let the program answer each call once",
            )
    body = exchange.request
    if not isinstance(body, Mapping) or "tool_outputs" not in body:
        return  # Chat and Responses repeat what was said before, and may begin in the middle
    given = {output.call: None for output in exchange.outputs}
    for call in given:
        yield from _answered(call, n, runs)
    for run in runs.values():
        missing = {call: tool for call, tool in run.waiting.items() if call not in given}
        if missing and len(missing) < len(run.waiting):
            yield _finding(
                n,
                Level.WARNING,
                "request.tool_outputs",
                f"{run.id} waits for {_named(missing)} too, and the API took the outputs without",
                "look whether the file was changed by hand; let the program answer all calls of a run together",
            )
    for run in runs.values():
        if any(call in given for call in run.waiting):
            run.answered |= run.waiting.keys() & given.keys()
            run.waiting = {}


def _answered(call: str, n: int, runs: Mapping[str, _Run]) -> Iterator[Finding]:
    if any(call in run.waiting for run in runs.values()):
        return
    if any(call in run.answered for run in runs.values()):
        yield _finding(
            n,
            Level.ERROR,
            "request.tool_outputs",
            f"call {short_ids(call)} was answered before",
            "look whether the program submits outputs twice, such as after a time-out",
        )
    else:
        yield _finding(
            n,
            Level.ERROR,
            "request.tool_outputs",
            f"no run required call {short_ids(call)}, whose output is submitted",
            "record the whole conversation, from the run that requires the call on",
        )


def _named(waiting: Mapping[str, str]) -> str:
    return ", ".join(f"{tool} ({short_ids(call)})" for call, tool in waiting.items())


def _finding(n: int, level: Level, place: str, message: str, remedy: str) -> Finding:
    return Finding("calls", level, n, place, message, remedy)
