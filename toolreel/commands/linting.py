"""`toolreel lint`: what is wrong with cassettes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.text import Text

from toolreel.errors import FINDINGS, CassetteError
from toolreel.inspect.findings import Finding, Level
from toolreel.inspect.lint import Surroundings
from toolreel.inspect.lint import lint as look
from toolreel.inspect.timeline import timeline
from toolreel.inspect.words import counted, printable
from toolreel.redaction import Rules
from toolreel.store.files import LargeBodies, load
from toolreel.store.places import Place, find_all

from . import options
from .console import json_result, note, progress, show_line
from .listing import parse_age


def lint(folder: Path, names: Sequence[str], *, max_age: str | None, as_json: bool) -> int:
    """Prints what is wrong with the cassettes named, or with all; gives FINDINGS if there is more than a note."""
    places = find_all(folder, names)
    age = parse_age(max_age) if max_age else None
    rules = options.redacting()
    found = [
        (place, finding)
        for place in progress(places, "Reading cassettes")
        for finding in findings(place, rules=rules, now=datetime.now(UTC), max_age=age)
    ]
    if as_json:
        json_result([{"cassette": place.name, **finding.as_json()} for place, finding in found])
    else:
        for place, finding in found:
            _show(place, finding)
        _sum_up([finding for _, finding in found], len(places))
    return FINDINGS if any(finding.level is not Level.NOTE for _, finding in found) else 0


def findings(
    place: Place, *, rules: Rules, now: datetime | None = None, max_age: timedelta | None = None
) -> list[Finding]:
    """What is wrong with a cassette; one that cannot be read is a finding too."""
    files = LargeBodies(place.path)
    try:
        there = {path.name for path in files.folder.iterdir()} if files.folder.is_dir() else set()
        cassette = load(place.path)
        timeline(cassette)  # what is nested too deep for it is too deep for replay as well
        return look(cassette, Surroundings(files.read, there, rules, now, max_age))
    except RecursionError:
        message = f"cassette {place.path} holds JSON that is nested too deep"
        return [Finding("broken", Level.ERROR, None, "", message, "mend or record it again")]
    except CassetteError as error:
        message, _, remedy = str(error).rstrip(".").rpartition("; ")
        return [Finding("broken", Level.ERROR, None, "", message or remedy, remedy if message else "record it again")]


def _show(place: Place, finding: Finding) -> None:
    text = Text(printable(place.name), style="bold")
    text.append("" if finding.n is None else f" {finding.n}", style="bold")
    text.append(f" {printable(finding.place)}" if finding.place else "", style="not bold cyan")
    style = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "dim"}[finding.level]
    text.append(f": {finding.level} ({finding.rule}): ", style=f"not bold {style}")
    text.append(f"{printable(finding.message)}; {printable(finding.remedy)}.", style="not bold default")
    show_line(text, hanging=4)


def _sum_up(found: Sequence[Finding], count: int) -> None:
    levels = [(level, sum(finding.level is level for finding in found)) for level in Level]
    parts = [counted(number, level.value) for level, number in levels if number]
    note(f"{counted(count, 'cassette')}: {', '.join(parts) or 'nothing found'}.")
