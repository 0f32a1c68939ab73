"""What the commands say: notes to people on stderr, results on stdout."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

if TYPE_CHECKING:
    from toolreel.replay.trouble import Struck

_PIPED_WIDTH = 200
_notes = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def note(text: str, *, style: str | None = None) -> None:
    """A line for the person at the terminal; without colours when it is not one."""
    _notes.print(text, style=style, markup=False)


def complaint(text: str) -> None:
    """A line that says what is wrong."""
    note(f"toolreel: {text}", style="red")


def tell_of(struck: Iterable[Struck], idle: Iterable[int]) -> None:
    """Says which faults struck, and the numbers of those that never did."""
    for one, times in Counter(struck).items():
        often = "." if times == 1 else f" {times} times."
        note(f"Fault {one.number} ({one.what}) struck {one.request}{often}")
    for number in idle:
        note(f"Fault {number} never struck.")


def result(text: str) -> None:
    """A line of the command's result."""
    click.echo(text)


def json_result(value: Any) -> None:
    """The command's result for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def results() -> Console:
    """Where tables of results are printed: as wide as the terminal, or as wide as they like when piped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
