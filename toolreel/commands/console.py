"""What the commands say: notes to people on stderr, results on stdout."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console

_PIPED_WIDTH = 200
_notes = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def note(text: str, *, style: str | None = None) -> None:
    """A line for the person at the terminal; without colours when it is not one."""
    _notes.print(text, style=style, markup=False)


def complaint(text: str) -> None:
    """A line that says what is wrong."""
    note(f"toolreel: {text}", style="red")


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
