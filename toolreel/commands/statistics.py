"""`toolreel stats`: figures over cassettes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from toolreel.errors import CassetteError
from toolreel.inspect.facts import facts
from toolreel.inspect.stats import Spread, Stats
from toolreel.inspect.stats import stats as of
from toolreel.inspect.words import counted, shortened
from toolreel.store.facts import RequestFacts, ToolCall
from toolreel.store.files import load
from toolreel.store.places import find_all

from .console import complaint, json_result, note, progress, result, show_columns, show_line
from .listing import catalogue

_SHAPES = 5
_SHAPE_WIDTH = 60


def stats(folder: Path, given: Sequence[str], *, as_json: bool) -> int:
    """Prints the figures of the cassettes named, or of all; gives the exit status. Raises ToolreelError.

    Those named that are broken are named on stderr, and make the exit status 65.
    """
    places = find_all(folder, given)
    names = [place.name for place in places if place.folder == folder]
    wanted = set(names)
    broken: list[str] = []
    requests: list[RequestFacts] = []
    calls: list[ToolCall] = []
    if names:
        with catalogue(folder) as found:
            requests += (one for _, one in found.requests(names if given else ()))
            calls += (call for _, call in found.calls(names if given else ()))
            broken += (row.error for row in found.rows() if row.error and row.name in wanted)
    for place in progress([place for place in places if place.folder != folder], "Reading cassettes"):
        try:
            read = facts(load(place.path))
        except CassetteError as error:
            broken.append(str(error))
            continue
        requests += read.requests
        calls += read.calls
    figures, cassettes = of(requests, calls), len(places) - len(broken)
    for problem in broken if given else ():
        complaint(problem)
    if broken and not given:
        note(f"{counted(len(broken), 'broken cassette')} not counted; toolreel ls says what is wrong.")
    if as_json:
        json_result({"cassettes": cassettes, **figures.as_json()})
    else:
        _show(figures, cassettes)
    return CassetteError.exit_status if broken and given else 0


def _show(figures: Stats, cassettes: int) -> None:
    statuses = ", ".join(f"{count} × {status}" for status, count in figures.statuses)
    show_line(Text(f"{counted(cassettes, 'cassette')}, {counted(figures.requests, 'request')}: {statuses or 'none'}"))
    if figures.tools:
        result("")
        numbers = ("calls", "answered", "output size")
        rows = []
        for tool in figures.tools:
            shapes = [(shortened(shape, _SHAPE_WIDTH), count) for shape, count in tool.shapes]
            first, *more = [shape if len(shapes) == 1 else f"{count} × {shape}" for shape, count in shapes]
            rows.append((tool.tool, str(tool.calls), str(tool.answered), _said(tool.output_size), first))
            rows += [("", "", "", "", shape) for shape in more[: _SHAPES - 1]]
            if len(more) >= _SHAPES:
                rows.append(("", "", "", "", f"{len(more) - _SHAPES + 1} other shapes"))
        show_columns(("tool", *numbers, "arguments"), rows, right=numbers)
    streams = figures.streams
    if streams.count:
        result("")
        show_line(Text(f"{counted(streams.count, 'stream')}, {counted(streams.frames, 'frame')}"))
        for what, spread in (
            ("first frame, ms", streams.first_frame_ms),
            ("frames a second", streams.frames_per_second),
        ):
            show_line(Text(f"  {what}: {_said(spread) or 'not known'}"))


def _said(spread: Spread | None) -> str:
    """The middle, and the ends if they are others."""
    if spread is None:
        return ""
    if spread.least == spread.most:
        return f"{spread.median:g}"
    return f"{spread.median:g} ({spread.least:g} to {spread.most:g})"
