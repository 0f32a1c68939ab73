"""Cassette names: which are allowed, and which file they mean."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from toolreel.errors import CommandError

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
SUFFIX = ".json"


def cassette_path(folder: Path, name: str) -> Path:
    """The file of the cassette `name` in `folder`.

    Names are parts of `A-Z a-z 0-9 . _ -` joined by `/`, none beginning with a dot; a name cannot leave the folder,
    nor lie in the folder of another cassette's large bodies (`NAME.files`). Raises CommandError.
    """
    name = name.removesuffix(SUFFIX)
    parts = name.split("/")
    if not is_name(name):
        raise CommandError(
            f"{name!r} is no cassette name: use letters, digits, '_', '-' and, not in front, '.', "
            f"with '/' between parts, such as 'weather/two-cities'."
        )
    return folder.joinpath(*parts[:-1], parts[-1] + SUFFIX)


def is_name(text: str) -> bool:
    """Whether a cassette may be called so."""
    *folders, last = text.split("/")
    among_bodies = any(part.casefold().endswith(".files") for part in folders)
    return not among_bodies and all(map(_PART.fullmatch, (*folders, last)))


def name_of_test(test_id: str) -> str:
    """The name of a test's cassette: `tests/test_a/TestB/test_c` if the test is `tests/test_a.py::TestB::test_c`.

    Whatever a name cannot have becomes `-`, and 8 hex digits of the id's SHA-256 keep such names apart.
    """
    file, *steps = test_id.split("::")
    parts = [*file.removesuffix(".py").split("/"), *steps]
    named = [_UNNAMEABLE.sub("-", part)[:_LONGEST_PART] or "-" for part in parts]
    if named != parts or named[-1].endswith(SUFFIX):
        named[-1] += "-" + hashlib.sha256(test_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "/".join(named)


_UNNAMEABLE = re.compile(r"\A\.|\.(?=files\Z)|[^A-Za-z0-9._-]", re.IGNORECASE)
_LONGEST_PART = 120
"""File systems take 255 bytes, and more is added for temporary files."""


def name_from(text: str) -> str:
    """A cassette name for any text with `/` between its parts, such as a path.

    What a name cannot hold becomes `-`, parts that are too long are cut, and of both the first 8 hex digits of the
    SHA-256 follow.
    """
    return "/".join(map(_part_from, filter(None, text.split("/")))) or _part_from("")


def _part_from(text: str) -> str:
    part = re.sub(r"[^A-Za-z0-9._-]+", "-", text)
    allowed = _PART.fullmatch(part) and not part.casefold().endswith((".files", SUFFIX))
    if part == text and allowed and len(part) <= _LONGEST_PART:
        return part
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{part.lstrip('.')[: _LONGEST_PART // 2]}-{digest}".lstrip("-")


def cassette_names(folder: Path) -> list[str]:
    """The names of all cassettes in `folder`, sorted."""
    return sorted(name for name, _ in cassette_files(folder))


def cassette_files(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """The name and the directory entry of each cassette in `folder`, in no order; a missing folder has none."""
    folders = [(str(folder), "")]
    while folders:
        place, prefix = folders.pop()
        try:
            entries = list(os.scandir(place))
        except OSError:  # it is gone, or nobody may look into it
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.endswith(".files"):
                    folders.append((entry.path, f"{prefix}{entry.name}/"))
            elif entry.name.endswith(SUFFIX):
                yield prefix + entry.name.removesuffix(SUFFIX), entry


def clashing_name(folder: Path, name: str) -> str | None:
    """The existing cassette whose name equals `name` but for case, which some file systems cannot keep apart."""
    wanted = name.removesuffix(SUFFIX)
    folded = wanted.casefold()
    return next((other for other in cassette_names(folder) if other.casefold() == folded and other != wanted), None)


def store_key(path: Path, store: Path) -> str:
    """How the store names the cassette at `path`: by its place, seen from the folder in which `.toolreel` lies."""
    return Path(os.path.relpath(path, store.parent.parent)).as_posix().removesuffix(SUFFIX)
