"""Bars that show a person at the terminal how far an import has come, if it takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from .console import notes

TAKES_A_WHILE = 4 << 20
"""Files of fewer bytes are there at once."""

LOOKS = 5
"""About so many times an interaction is looked at while a cassette is made."""


@contextmanager
def reading(files: Sequence[Path]) -> Iterator[Callable[[int, int], None]]:
    """A bar of the bytes that are read; it is told in which of the files, counted from 0, and how far."""
    with _bar("reading", files, _size(files), DownloadColumn()) as advance:
        done, starts = 0, [_size(files[:number]) for number in range(len(files))]

        def told(number: int, position: int) -> None:
            nonlocal done
            before, done = done, starts[number] + position
            advance(done - before)

        yield told


@contextmanager
def making(files: Sequence[Path], count: int) -> Iterator[Callable[[], None]]:
    """A bar of the interactions, `count` of them, that become a cassette; it is told of each look at one."""
    with _bar("making the cassette", files, LOOKS * count) as advance:
        yield lambda: advance(1)


@contextmanager
def _bar(what: str, files: Sequence[Path], total: int, *more: ProgressColumn) -> Iterator[Callable[[int], None]]:
    if not notes().is_terminal or _size(files) < TAKES_A_WHILE:
        yield lambda count: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), *more, TimeRemainingColumn())
    with Progress(*columns, console=notes(), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.update(task, advance=count)


def _size(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size if file.is_file() else 0 for file in files)
