"""What the commands say: notes to people on stderr, results on stdout."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toolreel.errors import MachineError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from toolreel.replay.trouble import Struck

_MANY = 50
_T = TypeVar("_T")


def note(text: str, *, style: str | None = None) -> None:
    """A line for the person at the terminal; without colours when it is not one.

    It may name what anyone has made: that cannot steer the terminal.
    """
    if not text.isprintable():
        from toolreel.inspect.words import printable_lines

        text = "\n".join(printable_lines(text))
    if sys.stderr.isatty():
        notes().print(text, style=style, markup=False)
    else:
        click.echo(text, err=True)


def notes() -> Console:
    """Where notes are printed in colours.

    Imports rich, which takes a third as long as all the rest of `toolreel --help`: only where it is seen.
    """
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def progress(items: Sequence[_T], what: str) -> Iterable[_T]:
    """The items; while they are worked on, a person at the terminal sees how far that has come."""
    if len(items) < _MANY or not sys.stderr.isatty():
        return items
    from rich.progress import track

    return track(items, what, console=notes(), transient=True)


def complaint(text: str) -> None:
    """A line that says what is wrong."""
    note(f"toolreel: {text}", style="red")


def machine_failed(error: OSError) -> int:
    """Says what the machine refused, and gives the exit status for it. Nothing more is written to stdout."""
    what = f" {error.filename}" if error.filename else ""
    why = (error.strerror or str(error)).lower()
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    to_do = "free the disk, or write elsewhere" if is_full else "see that it is there, and that you may use it"
    complaint(f"The machine refused{what}: {why}; {to_do}.")
    with suppress(OSError, ValueError):  # what is left in its buffer would fail once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return MachineError.exit_status


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
    """The command's result for programs; what could steer a terminal, or is no character, is escaped."""
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    click.echo("\n".join(line if line.isprintable() else "".join(map(_escaped, line)) for line in lines))


def _escaped(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1]


def results() -> Console:
    """Where results are printed: as wide as the terminal; piped as wide as COLUMNS says, else without limit."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(highlight=False, emoji=False, width=_width())


def show_columns(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = ()) -> None:
    """Prints rows under their heads; the columns named in `right` are numbers. Nothing is cut, nothing broken.

    What is too long in the first column, for the lines to fit the terminal, stands on a line of its own. Not a table
    of rich's: for ten thousand rows that takes seconds.
    """
    from toolreel.inspect.words import printable

    cells = [list(head), *(list(map(printable, row)) for row in rows)]
    widths = [max(map(_cells, column)) for column in zip(*cells, strict=True)]
    room = _width() - sum(2 + width for width in widths[1:])
    widths[0] = min(widths[0], room if room >= _NARROWEST else 0)
    lines = []
    for row in cells:
        line = ""
        if _cells(row[0]) > widths[0]:
            line, row[0] = f"{row[0]}\n", ""
        padded = []
        for name, cell, width in zip(head, row, widths, strict=True):
            blanks = " " * (width - _cells(cell))
            padded.append(blanks + cell if name in right else cell + blanks)
        lines.append((line + "  ".join(padded)).rstrip())
    result(click.style(lines[0], bold=True))  # click takes styles away again where nobody sees them
    if lines[1:]:
        result("\n".join(lines[1:]))


def _cells(text: str) -> int:
    """How wide a terminal shows a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _width() -> int:
    """Of the terminal; piped what COLUMNS says, else without limit."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNLIMITED


def show_line(text: Text, *, hanging: int = 0) -> None:
    """Prints a text, broken between words where it is wider than the terminal; later lines are indented by `hanging`.

    Nothing is broken inside a word: ids, paths and JSON can be copied whole.
    """
    from rich.text import Text

    console = results()
    begin, rest = text.divide([hanging]) if hanging else (Text(), text)
    first, *more = rest.divide(_breaks(rest.plain, max(console.width - hanging, _NARROWEST)))
    for line in (begin + first, *(Text(" " * hanging) + line for line in more)):
        line.rstrip()
        if console.is_terminal:
            console.print(line, soft_wrap=True)
        else:
            result(line.plain)


def _breaks(text: str, width: int) -> list[int]:
    """Where lines begin; rich's own wrapping would break long words."""
    from rich.cells import cell_len

    breaks, used = list[int](), 0
    for word in _WORD.finditer(text):
        if used and used + cell_len(word[0].rstrip()) > width:
            breaks.append(word.start())
            used = 0
        used += cell_len(word[0])
    return breaks


_WORD = re.compile(r"\S+\s*")
_UNLIMITED = 100_000
_NARROWEST = 20
