"""The "model": given the part it plays and the outputs so far, what does the run do next? Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .objects import JsonObject, compact
from .script import Call, Failure, Part
from .template import Values, fill, render


@dataclass(frozen=True)
class Calls:
    """The run asks for these function calls: (name, arguments as compact JSON), in order."""

    calls: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answer:
    """The run writes this text and ends: completed, or incomplete for this reason."""

    text: str
    incomplete: str | None = None


Turn = Calls | Answer | Failure


def next_turn(part: Part, run: JsonObject, done: Sequence[tuple[str, str]], rounds_done: int) -> Turn:
    """What comes after `rounds_done` rounds, whose calls were `done`: (name, output) in call order."""
    rounds = _rounds(part, run)
    values = Values(part.groups, _by_name(done))
    if rounds_done >= len(rounds):
        return part.rule.fail or Answer(render(part.rule.answer, values), part.rule.incomplete)
    calls = rounds[rounds_done]
    if missing := _missing(calls, run):
        return Answer(missing)
    return Calls(tuple((call.tool, compact(fill(call.arguments, values))) for call in calls))


def _rounds(part: Part, run: JsonObject) -> Sequence[Sequence[Call]]:
    if run["parallel_tool_calls"]:
        return part.rule.rounds
    return [[call] for calls in part.rule.rounds for call in calls]


def _by_name(done: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    outputs: dict[str, list[str]] = {}
    for name, output in done:
        outputs.setdefault(name, []).append(output)
    return outputs


def _missing(calls: Sequence[Call], run: JsonObject) -> str | None:
    """The text to answer with when a scripted call is not possible in this run, else None."""
    wanted = list(dict.fromkeys(call.tool for call in calls))
    if run["tool_choice"] == "none":
        return f"My script wants to call {' and '.join(wanted)} now, but this run forbids calls (tool_choice none)."
    declared = {tool["function"]["name"] for tool in run["tools"] if tool["type"] == "function"}
    missing = [name for name in wanted if name not in declared]
    if not missing:
        return None
    return (
        f"My script wants to call {' and '.join(missing)} now, but neither the run nor its assistant declares that."
    )


def text_pieces(text: str) -> list[str]:
    """The text cut into deltas like a model's tokens: words with the space before them, single signs."""
    return re.findall(r"\s*[\w'’]+|\s*[^\w\s]|\s+", text)


def argument_pieces(arguments: str) -> list[str]:
    """Compact JSON cut into deltas: runs of word characters, and what stands between them."""
    return re.findall(r"\w+|\W+", arguments)
