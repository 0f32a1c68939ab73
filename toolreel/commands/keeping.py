"""The commands that keep cassettes in order, as the command line knows them."""

from __future__ import annotations

from pathlib import Path

import click

from . import options


@click.command()
@click.argument("name", shell_complete=options.complete_name)
@click.argument("new_name")
@click.option("--force", is_flag=True, help="Replace an existing cassette.")
@options.as_json
@options.cassettes
def mv(name: str, new_name: str, force: bool, as_json: bool, folder: Path) -> int:
    """Rename the cassette NAME, with its large bodies and what the store knows of it."""
    from .moving import mv as run

    return run(folder, name, new_name, force=force, as_json=as_json)


@click.command()
@click.argument(
    "names", nargs=-1, required=True, metavar="NAME[#CONVERSATION]...", shell_complete=options.complete_name
)
@options.as_json
@options.cassettes
def rm(names: tuple[str, ...], as_json: bool, folder: Path) -> int:
    """Remove cassettes, or conversations out of one: NAME#2 or NAME#thread_1.

    What is left is numbered as if the conversation had never been recorded. What others share is kept as long as they
    need it.
    """
    from .moving import rm as run

    return run(folder, names, as_json=as_json)


@click.command()
@options.as_json
@options.existing_cassettes
def reindex(as_json: bool, folder: Path) -> int:
    """Make the index behind ls and search anew. It keeps itself up to date: this is for when it is in doubt."""
    from .listing import reindex as run

    return run(folder, as_json=as_json)


@click.group()
def setup() -> None:
    """Make git, or the shell, know toolreel."""


@setup.command("git-diff")
@options.cassettes
def git_diff(folder: Path) -> int:
    """Let 'git diff' and 'git log -p' show cassettes as 'toolreel diff' and 'toolreel show' do, in this repository.

    Writes .gitattributes, to be committed, and .git/config.
    """
    from .setup import git_diff as run

    return run(folder)


@setup.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes the SHELL complete commands, options and cassettes: put it where the shell reads it."""
    from .setup import completion as run

    return run(shell)


@setup.command("git-runs-diff", hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def git_runs_diff(arguments: tuple[str, ...]) -> int:
    """Git's external diff."""
    from .setup import git_runs_diff as run

    return run(arguments)


@setup.command("git-runs-textconv", hidden=True)
@click.argument("file", type=click.Path(path_type=Path))
def git_runs_textconv(file: Path) -> int:
    """Git's textconv."""
    from .setup import git_runs_textconv as run

    return run(file)


COMMANDS = (mv, rm, reindex, setup)
