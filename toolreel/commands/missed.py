"""`toolreel misses`: what replays on this machine could not answer."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from toolreel.inspect.words import counted, printable
from toolreel.store.misses import MissRow, noted_misses

from .console import json_result, note, result, show_line


def misses(folder: Path, name: str | None, *, clear: bool, as_json: bool) -> int:
    """Prints the misses that the store knows, or forgets them. Raises ToolreelError."""
    found = noted_misses(folder, name, clear=clear)
    if as_json:
        json_result([one._asdict() for one in found])
    elif clear:
        note(f"Forgot {counted(len(found), 'miss', 'misses')}.")
    elif found:
        for one in found:
            show_line(_line(one), hanging=2)
    else:
        result(f"No misses{'' if name is None else f' of {name}'}.")
    return 0


def _line(one: MissRow) -> Text:
    text = Text(f"{one.at}  ", style="dim")
    text.append(f"{printable(one.cassette)}  ", style="bold not dim")
    text.append(f"{one.code}: ", style="red not dim")
    return text.append(printable(one.message), style="default not dim")
