"""`toolreel export`: a cassette for other tools."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import click

from toolreel.errors import CommandError, MachineError
from toolreel.formats.har_export import har_of
from toolreel.store.files import LargeBodies, load
from toolreel.store.names import cassette_path

from .console import note

HAR = "har"


def export(folder: Path, name: str, output: Path | None, *, force: bool = False) -> int:
    """Writes a cassette as HAR to a file, or to stdout without one; gives the exit status. Raises ToolreelError."""
    path = cassette_path(folder, name)
    pieces = har_of(load(path), LargeBodies(path).read, version("toolreel"))
    if output is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return 0
    if output.exists() and not force:
        raise CommandError(f"File {output} exists; give --force to replace it, or choose another name.")
    try:
        _write(output, pieces)
    except OSError as error:
        raise MachineError(f"File {output} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    note(f"Wrote {output}.")
    return 0


def _write(path: Path, pieces: Iterable[str]) -> None:
    """Writes the file whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
