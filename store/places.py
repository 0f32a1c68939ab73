"""Which cassette a person means: by its name, or by the path of its file."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import NamedTuple

from toolreel.errors import CassetteError, CommandError

from .names import SUFFIX, cassette_names, cassette_path


class Place(NamedTuple):
    """An existing cassette: its name, the folder that it belongs to, and its file."""

    name: str
    folder: Path
    path: Path


def find(folder: Path, given: str) -> Place:
    """The cassette called `given` in `folder`, or the one in the file `given`.

    Raises CassetteError that names the nearest one if there is none, CommandError for what can be no name.
    """
    try:
        path = cassette_path(folder, given)
    except CommandError:
        path = None
    if path and path.is_file():
        return Place(given.removesuffix(SUFFIX), folder, path)
    if given.endswith(SUFFIX) and (file := Path(given)).is_file():
        return _of_file(folder, file)
    if path is None:
        path = cassette_path(folder, _inside(folder, Path(given)) or given)  # says what is wrong with the name
    raise CassetteError(f"There is no cassette {path}; {_advice(folder, given)}.")


def _of_file(folder: Path, file: Path) -> Place:
    name = _inside(folder, file)
    return Place(name, folder, file) if name else Place(file.stem, file.parent, file)


def _inside(folder: Path, file: Path) -> str | None:
    """The name that a file in `folder` has as a cassette."""
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix().removesuffix(SUFFIX)
    except ValueError:
        return None


def _advice(folder: Path, given: str) -> str:
    wanted = (_inside(folder, Path(given)) if "/" in given else None) or given.removesuffix(SUFFIX)
    names = cassette_names(folder)
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.6)
    near = near or [name for name in names if wanted.casefold() in name.casefold()][:3]
    if near:
        return f"did you mean {' or '.join(map(repr, near))}"
    return "record it with 'toolreel record'" if not names else "'toolreel ls' lists those there are"
