"""`toolreel audit`: sends a cassette its own requests, changed and unchanged, and says what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from toolreel.audit.audit import audit as audited
from toolreel.audit.findings import Audited
from toolreel.audit.relaxations import bare, lacking
from toolreel.audit.walk import Setup
from toolreel.errors import FINDINGS, CassetteError
from toolreel.inspect.words import counted, printable, short_ids
from toolreel.replay.engine import Options
from toolreel.replay.rules import DEFAULT_MATCH_RULES, MatchRules
from toolreel.replay.tape import Tape
from toolreel.store.files import LargeBodies, load
from toolreel.store.places import Place, find_all
from toolreel.store.settings import Settings, load_settings

from .console import complaint, json_result, progress, result, results, show_columns


def audit(
    names: Sequence[str], *, folder: Path, most: int, as_json: bool, rules: MatchRules = DEFAULT_MATCH_RULES
) -> int:
    """Audits cassettes as they are replayed with these rules; gives the worst exit status. Raises ToolreelError.

    Of several one that is broken is named, and the others are audited.
    """
    settings = load_settings(Path.cwd())
    places = find_all(folder, names)
    done = [_done(place, rules, settings, most, alone=len(places) == 1) for place in progress(places, "Auditing")]
    if as_json:
        json_result([one.as_json() for one in done])
    else:
        _show(done)
    return max(one.exit_status for one in done)


@dataclass(frozen=True, slots=True)
class Done:
    """What the audit of one cassette found, or why there was none."""

    name: str
    requests: list[Audited]
    problem: CassetteError | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None and all(one.sound for one in self.requests)

    @property
    def exit_status(self) -> int:
        """That of an audit of this cassette alone."""
        return self.problem.exit_status if self.problem else 0 if self.sound else FINDINGS

    def as_json(self) -> dict[str, object]:
        """For programs."""
        found = {"cassette": self.name, "sound": self.sound, "requests": [one.as_json() for one in self.requests]}
        return found | ({"problem": str(self.problem)} if self.problem else {})


def _done(place: Place, rules: MatchRules, settings: Settings, most: int, *, alone: bool) -> Done:
    try:
        return Done(place.name, _audited(place, rules, settings, most))
    except RecursionError:
        problem = CassetteError(f"Cassette {place.path} holds JSON that is nested too deep; mend or record it again.")
    except CassetteError as error:
        problem = error
    if alone:
        raise problem
    return Done(place.name, [], problem)


def _audited(place: Place, rules: MatchRules, settings: Settings, most: int) -> list[Audited]:
    cassette, read_file = load(place.path), LargeBodies(place.path).read

    def setup(rules: MatchRules) -> Setup:
        return Setup(Tape(place.name, cassette, read_file, None, rules), Options(), settings.redacting())

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


def _show(done: Sequence[Done]) -> None:
    """Each request of a single cassette; of several a line for each, after the requests of those with a finding."""
    for one in done:
        if one.problem:
            complaint(str(one.problem))
        elif len(done) == 1 or not one.sound:
            results().print(audit_table(one.requests))
            result(f"{printable(one.name)}: {verdict(one.requests)}")
    if len(done) > 1:
        numbers = ("requests", "mutants", "wrongly answered", "let through", "variants", "not answered")
        show_columns(("cassette", *numbers, "result"), list(map(_line, done)), right=numbers)


def _line(one: Done) -> tuple[str, ...]:
    if one.problem:
        return (one.name, "", "", "", "", "", "", "broken, see above")
    sums = sums_of(one.requests)
    counts = (len(one.requests), sums.mutants, sums.holes, sums.let_through, sums.variants, sums.unanswered)
    return (one.name, *map(str, counts), "sound" if one.sound else "not sound, see above")


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


class Sums(NamedTuple):
    """An audit in figures."""

    mutants: int
    holes: int
    let_through: int
    variants: int
    unanswered: int


def sums_of(requests: Sequence[Audited]) -> Sums:
    """The figures of all requests together."""
    return Sums(
        mutants=sum(one.mutants for one in requests),
        holes=sum(len(one.holes) for one in requests),
        let_through=sum(passage.count for one in requests for passage in one.passages),
        variants=sum(one.variants for one in requests),
        unanswered=sum(len(one.unanswered) for one in requests),
    )


def verdict(requests: list[Audited]) -> str:
    """The audit in one line."""
    sums = sums_of(requests)
    refused = sum(one.refused is not None for one in requests)
    asked = counted(len(requests), "request")
    parts = [
        f"{asked}, {refused} not answered as recorded" if refused else asked,
        f"{sums.mutants} mutants, {sums.holes} answered that should not be",
        *([f"{sums.let_through} let through by rules"] if sums.let_through else []),
        f"{sums.variants} variants, {sums.unanswered} not answered",
    ]
    return "; ".join(parts) + "."
