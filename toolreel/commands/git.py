"""What is asked of git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from toolreel.errors import CommandError


def file_at(revision: str, path: Path, *, offline: bool = False) -> bytes:
    """A file as it was in a revision of the repository that it lies in. Raises CommandError.

    A partial clone fetches what it lacks, unless `offline`.
    """
    folder = path.absolute().parent
    inside = os.fsdecode(git(folder, "rev-parse", "--show-prefix")).removesuffix("\n")
    if revision.startswith("-") or not revision.isprintable():  # or it would be taken for an option
        raise CommandError(f"{revision!r} is no revision.")
    # Nothing but the bytes of a file: 'git show' shows commits too, and may run programs for it.
    return git(folder, "cat-file", "blob", f"{revision}:{inside}{path.name}", offline=offline)


def in_checkout(folder: Path) -> bool:
    """Whether a folder lies in a checkout of git; not where there is no git."""
    try:
        return git(folder, "rev-parse", "--is-inside-work-tree").strip() == b"true"
    except CommandError:
        return False


def git(folder: Path, *arguments: str, offline: bool = False) -> bytes:
    """What git says in a folder; raises CommandError with git's own reason."""
    environment = {**os.environ, "GIT_ALLOW_PROTOCOL": "none"} if offline else None  # there is no protocol `none`
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, check=False)
    except OSError as error:
        raise CommandError(f"git cannot be run: {(error.strerror or str(error)).lower()}.") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        raise CommandError(f"git {_shown(arguments)}: {reason.rstrip('.')}.")
    return done.stdout


def _shown(arguments: Sequence[str]) -> str:
    return " ".join(arguments)
