"""`toolreel audit`: sends a cassette its own requests, changed and unchanged, and says what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.table import Table
from rich.text import Text

from toolreel.audit.audit import audit as audited
from toolreel.audit.findings import Audited
from toolreel.audit.relaxations import bare, lacking
from toolreel.audit.walk import Setup
from toolreel.errors import FINDINGS
from toolreel.inspect.words import counted, printable, short_ids
from toolreel.replay.engine import Options
from toolreel.replay.rules import DEFAULT_MATCH_RULES, MatchRules
from toolreel.replay.tape import Tape
from toolreel.store.files import LargeBodies, load
from toolreel.store.places import find
from toolreel.store.settings import Settings, load_settings

from .console import json_result, result, results


def audit(
    names: Sequence[str], *, folder: Path, most: int, as_json: bool, rules: MatchRules = DEFAULT_MATCH_RULES
) -> int:
    """Audits cassettes as they are replayed with these rules; gives the exit status. Raises ToolreelError."""
    settings = load_settings(Path.cwd())
    found = {name: _audited(folder, name, rules, settings, most) for name in names}
    if as_json:
        json_result([_as_json(name, requests) for name, requests in found.items()])
    else:
        for name, requests in found.items():
            results().print(audit_table(requests))
            result(f"{printable(name)}: {verdict(requests)}")
    return 0 if all(one.sound for requests in found.values() for one in requests) else FINDINGS


def _audited(folder: Path, name: str, rules: MatchRules, settings: Settings, most: int) -> list[Audited]:
    path = find(folder, name).path
    cassette, read_file = load(path), LargeBodies(path).read

    def setup(rules: MatchRules) -> Setup:
        return Setup(Tape(name, cassette, read_file, None, rules), Options(), settings.redacting())

    without = {rule: setup(other) for rule, other in without_one(rules, settings).items()}
    return list(audited(setup(rules), without=without, bare=setup(bare(rules)) if without else None, most=most))


def without_one(rules: MatchRules, settings: Settings) -> dict[str, MatchRules]:
    """The rules without each of those that let more match than what is equal, by its name as the settings have it."""
    normalise = settings.normalise
    found = lacking(rules)
    found.pop("normalise", None)
    lesser = {
        f"normalise.presets {name!r}": {"presets": tuple(other for other in normalise.presets if other != name)}
        for name in normalise.presets
    } | {
        f"normalise.replace {rule.pattern!r}": {
            "replace": tuple(other for other in normalise.replace if other is not rule)
        }
        for rule in normalise.replace
    }
    for name, update in lesser.items():
        other = settings.model_copy(update={"normalise": normalise.model_copy(update=update)})
        found[name] = replace(rules, replace=other.replacing())
    return found


def _as_json(name: str, requests: list[Audited]) -> dict[str, object]:
    sound = all(one.sound for one in requests)
    return {"cassette": name, "sound": sound, "requests": [one.as_json() for one in requests]}


def audit_table(requests: list[Audited]) -> Table:
    """What became of each request, for people."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("n", justify="right", style="dim")
    table.add_column("request", overflow="fold")
    table.add_column("mutants", justify="right")
    table.add_column("apart", justify="right")
    table.add_column("variants", justify="right")
    table.add_column("found", overflow="fold")
    for one in requests:
        table.add_row(
            str(one.n),
            Text(f"{one.method} {short_ids(printable(one.path))}"),
            str(one.mutants) + (f" of {one.mutants + one.left_out}" if one.left_out else ""),
            str(one.apart or ""),
            str(one.variants),
            _found(one),
        )
    return table


def _found(one: Audited) -> Text:
    text = Text()
    if one.refused:
        text.append(f"the request itself: {printable(one.refused)}\n", style="red")
    for hole in one.holes:
        text.append(f"answered, {hole.what}: {short_ids(printable(hole.where))}\n", style="red")
    for name in one.unanswered:
        text.append(f"not answered with another {name}\n", style="red")
    for passage in one.passages:
        where = short_ids(printable(passage.where))
        text.append(f"{passage.count} let through at {where}: {passage.rule}\n", style="yellow")
    text.rstrip()
    return text


def verdict(requests: list[Audited]) -> str:
    """The audit in one line."""
    sent = sum(one.mutants for one in requests)
    let_through = sum(passage.count for one in requests for passage in one.passages)
    holes = sum(len(one.holes) for one in requests)
    spelled = sum(one.variants for one in requests)
    unanswered = sum(len(one.unanswered) for one in requests)
    refused = sum(one.refused is not None for one in requests)
    asked = counted(len(requests), "request")
    parts = [
        f"{asked}, {refused} not answered as recorded" if refused else asked,
        f"{sent} mutants, {holes} answered that should not be",
        *([f"{let_through} let through by rules"] if let_through else []),
        f"{spelled} variants, {unanswered} not answered",
    ]
    return "; ".join(parts) + "."
