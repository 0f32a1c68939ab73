"""Which cassettes a person means: by their names, by the paths of their files, or by a folder."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toolreel.errors import CassetteError, CommandError, ToolreelError

from .names import SUFFIX, cassette_names, cassette_path, is_name


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


def find_all(folder: Path, given: Sequence[str]) -> list[Place]:
    """The cassettes called so, each once: by name or file as in `find`, or all that lie in a folder, by name or path.

    All in `folder` if nothing is given. Raises CassetteError, also for a folder that holds none, and CommandError.
    """
    if not given:
        return _in_folder(folder, folder)
    found: dict[Path, Place] = {}
    for name in given:
        for place in _meant(folder, name):
            found.setdefault(place.path.resolve(), place)
    return list(found.values())


def _meant(folder: Path, given: str) -> list[Place]:
    try:
        return [find(folder, given)]
    except ToolreelError:
        inner = folder / given if is_name(given.rstrip("/")) else Path(given)
        below = next((path for path in (inner, Path(given)) if given and path.is_dir()), None)
        if below is None:
            raise
    found = _in_folder(folder, below)
    if not found:
        raise CassetteError(f"There is no cassette in folder {below}; name another one, or a cassette.")
    return found


def _in_folder(folder: Path, below: Path) -> list[Place]:
    """The cassettes in `below`, which may lie in `folder`, as their names in it then say."""
    inside = _inside(folder, below)
    if inside is None:
        return [Place(name, below, below / f"{name}{SUFFIX}") for name in cassette_names(below)]
    prefix = "" if inside in ("", ".") else f"{inside}/"
    return [
        Place(prefix + name, folder, folder / f"{prefix}{name}{SUFFIX}") for name in cassette_names(folder / prefix)
    ]


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
