"""`toolreel setup`: makes git and the shell know toolreel."""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from toolreel.errors import CassetteError, CommandError, MachineError
from toolreel.inspect.timeline import timeline
from toolreel.inspect.words import printable_lines
from toolreel.messages.model import Cassette
from toolreel.store.files import parse

from .console import note, result
from .difference import show_difference
from .git import git
from .show import show_timeline

_ATTRIBUTE = "diff=toolreel"


def git_diff(folder: Path) -> int:
    """Sets up the diff driver in the repository that holds the cassettes. Raises ToolreelError."""
    place = folder.absolute()
    if not place.is_dir():
        raise CommandError(f"There is no folder {folder}; name that of the cassettes with --cassettes.")
    top = Path(git(place, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    inside = place.resolve().relative_to(top.resolve()).as_posix()
    pattern = f"{'' if inside == '.' else inside + '/'}**/*.json"
    line = f'"{pattern}" {_ATTRIBUTE}' if " " in pattern else f"{pattern} {_ATTRIBUTE}"
    _append(top / ".gitattributes", line)
    toolreel = f"{shlex.quote(sys.executable)} -m toolreel setup"
    git(place, "config", "diff.toolreel.command", f"{toolreel} git-runs-diff")
    git(place, "config", "diff.toolreel.textconv", f"{toolreel} git-runs-textconv")
    note(f"In {top}, git shows changes of {pattern} by meaning; commit .gitattributes.")
    note("'git diff --no-ext-diff --no-textconv' shows them line by line.")
    return 0


def _append(path: Path, line: str) -> None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if line not in lines:
            path.write_text("\n".join([*lines, line, ""]), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MachineError(f"{path} cannot be written ({error}); add the line {line!r} to it.") from None


def git_runs_diff(arguments: Sequence[str]) -> int:
    """What git runs in place of its own diff: PATH OLD-FILE OLD-HEX OLD-MODE NEW-FILE NEW-HEX NEW-MODE and more.

    `/dev/null` is a file that is not there. Gives 0: git takes everything else for a failure.
    """
    if len(arguments) < 7:
        raise CommandError("git runs this command; run 'toolreel diff'.")
    path, old, new = arguments[0], Path(arguments[1]), Path(arguments[4])
    result(f"diff --git a/{path} b/{path}")
    if "/dev/null" in (arguments[1], arguments[4]):
        there, what = (old, "removed") if arguments[4] == "/dev/null" else (new, "new")
        result(f"{what} cassette")
        cassette = _read(there)
        if cassette:
            show_timeline(Path(path).stem, timeline(cassette), times=False)
        return 0
    before, after = _read(old), _read(new)
    if before and after:
        show_difference(before, after, f"a/{path}", f"b/{path}")
    else:
        a, b = (printable_lines(file.read_text(errors="replace")) for file in (old, new))
        for line in difflib.unified_diff(a, b, f"a/{path}", f"b/{path}", lineterm=""):
            result(line)
    return 0


def git_runs_textconv(file: Path) -> int:
    """What git runs to show a cassette as text, such as for `git log -p`: the timeline, without times."""
    cassette = _read(file)
    if cassette:
        show_timeline(file.stem, timeline(cassette), limit=None, times=False)
    else:
        result(file.read_text(errors="replace").rstrip("\n"))
    return 0


def _read(file: Path) -> Cassette | None:
    """The cassette in one of git's files, to which large bodies do not belong; None if it is none, or broken."""
    try:
        return parse(file.read_bytes(), file, bodies=False)
    except CassetteError:
        return None


def completion(shell: str) -> int:
    """Prints what makes a shell complete toolreel's command lines."""
    from click.shell_completion import get_completion_class

    from .cli import cli

    found = get_completion_class(shell)
    if found is None:
        raise CommandError(f"There is no completion for {shell}.")
    result(found(cli, {}, "toolreel", "_TOOLREEL_COMPLETE").source())
    return 0
