"""The findings as Markdown, JSON and charts."""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .chart import svg
from .figures import Findings, Section
from .run import Plan
from .targets import TARGETS

_OPENING = """# Benchmarks

Made by `make bench`; do not edit. {rounds} rounds of {seconds} s, all contenders in turn; medians, and medians of the
ratios round by round. Near rivals are set beside each other alone, in {near.rounds} rounds of {near.seconds} s after
each of {near.starts} starts, so that both suffer alike from what else the machine does. The server has one core, the
load (wrk; hey through the proxy doors) the other; 32 connections kept open unless a table says otherwise. Everything
on loopback, on {machine}.

Absolute figures say little about another machine; the ratios are what counts. A ratio is the median of those of each
round, not the quotient of the medians beside it. Every single reading is in [benchmarks.json](benchmarks.json); how
far they lie apart says how much a figure is worth, and far from 1 the third digit is worth nothing.

A *peer* records and replays HTTP, as toolreel does. A *floor* answers with the same bytes whatever is asked: it shows
what a server of its kind costs before it does any work, and one of another kind may well be above it. A *walk* is one
way of a client through a recorded conversation, a *frame* an event of a stream. A *door* is where toolreel takes
requests; it has two, a base URL and a proxy. *CPU µs a request* is what the server's process uses.

## Targets
"""

_BESIDE = """\
These are the promises of the design. It makes none about whole conversations, and there others are faster, as a table
below says: toolreel hands out fresh ids and keeps order, peers give everybody the recorded ids.
"""


def write(folder: Path, findings: Findings, plan: Plan) -> None:
    """Writes `benchmarks.md`, `benchmarks.json` and `benchmarks.svg`."""
    folder.mkdir(exist_ok=True)
    (folder / "benchmarks.json").write_text(json.dumps(_value(findings, plan), ensure_ascii=False, indent=1) + "\n")
    charts = [section.chart for section in findings.sections if section.chart]
    (folder / "benchmarks.svg").write_text(svg(charts))
    (folder / "benchmarks.md").write_text(_markdown(findings, plan, has_chart=bool(charts)))


def targets_table(findings: Findings) -> str:
    """Every target beside what was measured."""
    rows: list[list[str]] = []
    for key, target in TARGETS.items():
        bound = f"≥ {target.least:g}" if target.least is not None else f"≤ {target.most:g}"
        value, beside = findings.measured.get(key, (None, ""))
        shown = (
            "not measured"
            if value is None
            else f"{_number(value)} {target.unit}" + (f" ({beside})" if beside else "")
        )
        met = "" if value is None else "yes" if target.is_met(value) else "**no**"
        rows.append([target.what, f"{bound} {target.unit}", shown, met])
    return _table(["what", "at least / at most", "measured", "met"], rows)


def _markdown(findings: Findings, plan: Plan, *, has_chart: bool) -> str:
    opening = _OPENING.format(rounds=plan.rounds, seconds=plan.seconds, near=plan.near, machine=_machine())
    parts = [opening + "\n" + targets_table(findings), _BESIDE]
    if has_chart:
        parts.append("![Requests a second of every contender](benchmarks.svg)\n")
    parts += [_section(section) for section in findings.sections]
    if findings.notes:
        parts.append("## Left out\n\n" + "".join(f"- {note}\n" for note in findings.notes))
    return "\n".join(parts)


def _section(section: Section) -> str:
    rows = [[_cell(cell) for cell in row] for row in section.rows]
    return f"## {section.title}\n\n{section.text}\n\n{_table(list(section.columns), rows)}"


def _cell(cell: str | float | None) -> str:
    if cell is None:
        return ""
    return cell.replace("|", "\\|") if isinstance(cell, str) else _number(cell)


def _table(columns: list[str], rows: list[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(value: float) -> str:
    """Three figures that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _value(findings: Findings, plan: Plan) -> dict[str, Any]:
    targets = [
        {"key": key, "what": target.what, "least": target.least, "most": target.most, "unit": target.unit}
        | _measured(findings, key)
        for key, target in TARGETS.items()
    ]
    sections = [
        {"title": section.title, "columns": list(section.columns), "rows": [list(row) for row in section.rows]}
        for section in findings.sections
    ]
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "plan": {"rounds": plan.rounds, "seconds": plan.seconds, "repeats": plan.repeats},
        "targets": targets,
        "sections": sections,
        "left_out": findings.notes,
        "readings": findings.raw,
    }


def _measured(findings: Findings, key: str) -> dict[str, Any]:
    if key not in findings.measured:
        return {"measured": None, "met": None}
    value, beside = findings.measured[key]
    return {"measured": value, "beside": beside, "met": TARGETS[key].is_met(value)}


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
