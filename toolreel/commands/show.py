"""`toolreel ls` and `toolreel show`: which cassettes there are, and what happened in one."""

from __future__ import annotations

import re
from pathlib import Path

from rich.table import Table
from rich.text import Text

from toolreel.errors import CassetteError
from toolreel.inspect.timeline import Step, timeline
from toolreel.messages.model import Cassette
from toolreel.store.files import load
from toolreel.store.names import cassette_names, cassette_path

from .console import complaint, json_result, result, results


def ls(folder: Path, *, as_json: bool) -> int:
    """Lists the cassettes of a folder; a broken one is named on stderr and makes the exit status 65."""
    rows, status = [], 0
    for name in cassette_names(folder):
        path = cassette_path(folder, name)
        try:
            rows.append(_row(name, path, load(path)))
        except CassetteError as error:
            complaint(str(error))
            status = error.exit_status
    if as_json:
        json_result(rows)
    elif rows:
        table = Table(box=None, pad_edge=False)
        for column in ("cassette", "interactions", "streams", "bytes", "recorded"):
            table.add_column(column, justify="right" if column in ("interactions", "streams", "bytes") else "left")
        for row in rows:
            table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
        results().print(table)
    elif not status:
        result(f"No cassettes in {folder}.")
    return status


def _row(name: str, path: Path, cassette: Cassette) -> dict[str, str | int | None]:
    return {
        "cassette": name,
        "interactions": len(cassette.interactions),
        "streams": sum(interaction.response.frames is not None for interaction in cassette.interactions),
        "bytes": path.stat().st_size,
        "recorded": cassette.take.recorded_at if cassette.take else None,
    }


def show(folder: Path, name: str, *, as_json: bool) -> int:
    """Prints the timeline of a cassette."""
    steps = timeline(load(cassette_path(folder, name)))
    if as_json:
        json_result([step.as_json() for step in steps])
    else:
        results().print(timeline_table(steps))
    return 0


def timeline_table(steps: list[Step]) -> Table:
    """A timeline for people: the time at which each request came, what it asked and what it got."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("ms", justify="right", style="dim")
    table.add_column("request", overflow="fold", max_width=60)
    table.add_column("status", justify="right")
    table.add_column("frames", justify="right")
    table.add_column("what happened", overflow="fold")
    for step in steps:
        table.add_row(
            str(step.ms[0]) if step.ms else "",
            Text(f"{step.method} {short_ids(step.path)}"),
            Text(str(step.status), style="" if step.status < 400 else "red"),
            "" if step.frames is None else str(step.frames),
            _what(step),
        )
    return table


_LONG_ID = 16
_ID = re.compile(r"\b([a-z]+[_-])(?:0*([1-9][0-9]*)\b|([A-Za-z0-9]{4}))[A-Za-z0-9]*")


def short_ids(text: str) -> str:
    """A text with the ids in it as people tell them apart."""
    return _ID.sub(_short_id, text)


def _short_id(match: re.Match[str]) -> str:
    """`thread_000000000000000000000001` as `thread_1`, other ids by their first characters."""
    if len(match[0]) < _LONG_ID:
        return match[0]
    return f"{match[1]}{match[2] or match[3] + '…'}"


def _what(step: Step) -> Text:
    text = Text()
    if step.asked:
        text.append(f"{step.asked} → ", style="cyan")
    if step.polls:
        text.append(f"{step.polls}, then ", style="dim")
    text.append(step.answered)
    if step.ending != "complete":
        text.append(f" [{step.ending}]", style="red")
    return text
