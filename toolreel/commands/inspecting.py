"""The commands that look at cassettes, as the command line knows them; each is a function in a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolreel.inspect.selection import SORTS

from . import options
from .matching import matching

if TYPE_CHECKING:
    from toolreel.replay.rules import MatchRules


@click.command()
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...", shell_complete=options.complete_name)
@click.option("--tool", metavar="NAME", help="Only those that call this tool.", shell_complete=options.complete_tool)
@click.option("--streams", is_flag=True, help="Only those with streams.")
@click.option("--failed", is_flag=True, help="Only those with an answer that is an error.")
@click.option("--older-than", metavar="AGE", help="Only those recorded longer ago: 12h, 30d, 6w, 3m, 1y.")
@click.option("--larger-than", metavar="SIZE", default="0", help="Only those of so many bytes and more: 200kB, 3MB.")
@click.option(
    "--sort", type=click.Choice(SORTS), default="name", show_default=True, help="What goes first has the most of it."
)
@click.option("--reverse", is_flag=True, help="The other way round.")
@options.as_json
@options.existing_cassettes
def ls(
    patterns: tuple[str, ...],
    tool: str | None,
    streams: bool,
    failed: bool,
    older_than: str | None,
    larger_than: str,
    sort: str,
    reverse: bool,
    as_json: bool,
    folder: Path,
) -> int:
    """List the cassettes, or those whose name fits a PATTERN: a name, a folder, or with wildcards."""
    from toolreel.inspect.selection import Filter

    from .listing import ls as run
    from .listing import parse_age, parse_size

    which = Filter(
        patterns,
        tool,
        older_than=parse_age(older_than) if older_than else None,
        larger_than=parse_size(larger_than),
        streams=streams,
        failed=failed,
    )
    return run(folder, as_json=as_json, which=which, sort=sort, reverse=reverse)


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many places are shown.")
@options.as_json
@options.existing_cassettes
def search(words: tuple[str, ...], limit: int, as_json: bool, folder: Path) -> int:
    """Search bodies, joined streams, tool arguments and outputs for texts that hold all the words.

    A word is a whole one, with * at its end the beginning of one; '"several words"' stand as they are. If no text has
    them as words, they are looked for inside other words. The exit status is 1 if nothing is found.
    """
    from .listing import search as run

    return run(folder, words, limit=limit, as_json=as_json)


@click.command()
@click.argument("name", metavar="NAME[#CONVERSATION]", shell_complete=options.complete_name)
@click.argument("numbers", nargs=-1, type=int, metavar="[N]...")
@click.option("--frames", is_flag=True, help="The frames of streams, with their times.")
@click.option(
    "--raw",
    is_flag=False,
    flag_value="answer",
    type=click.Choice(["answer", "request"]),
    help="Nothing but the bytes of the bodies of the answers (--raw=request: of the requests).",
)
@click.option("--full", is_flag=True, help="Texts whole, however long they are.")
@options.as_json
@options.existing_cassettes
def show(
    name: str, numbers: tuple[int, ...], frames: bool, raw: str | None, full: bool, as_json: bool, folder: Path
) -> int:
    """Show what happened in the cassette NAME, conversation by conversation, request by request.

    NAME may be the path of a file; NAME#2 or NAME#thread_1 is one conversation. With numbers N of requests, all of
    these: headers, bodies, joined texts.
    """
    from .show import show as run

    return run(folder, name, numbers, frames=frames, raw=raw, full=full, as_json=as_json)


@click.command()
@click.argument("name_a", metavar="A", shell_complete=options.complete_name)
@click.argument("name_b", metavar="[B]", required=False, shell_complete=options.complete_name)
@click.option("--against", metavar="git:REV", help="Compare with A as it was in this revision, such as git:HEAD.")
@options.as_json
@options.existing_cassettes
def diff(name_a: str, name_b: str | None, against: str | None, as_json: bool, folder: Path) -> int:
    """Say what is different in the cassettes A and B: by step, tool call and joined text, never by token.

    Two takes of the same conversation are the same. The exit status is 1 if there is a difference.
    """
    from .difference import diff as run

    return run(folder, name_a, name_b, against=against, as_json=as_json)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=options.complete_names)
@click.option("--max-age", metavar="AGE", help="Find cassettes that were recorded longer ago too, such as 180d.")
@options.as_json
@options.existing_cassettes
def lint(names: tuple[str, ...], max_age: str | None, as_json: bool, folder: Path) -> int:
    """Find what is wrong with cassettes: is it safe to commit them, and will they replay?

    Secrets, required tool calls not answered exactly once, streams without their last frame, ids that nobody made,
    streams that disagree with what was read later, objects that do not belong into a list. All cassettes, or those
    named; NAME may be the path of a file, or a folder of cassettes. The exit status is 1 if something was found.
    """
    from .linting import lint as run

    return run(folder, names, max_age=max_age, as_json=as_json)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=options.complete_names)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    metavar="N",
    help="At most so many changed requests for each recorded one, spread over its fields.",
)
@options.as_json
@options.existing_cassettes
@matching
def audit(names: tuple[str, ...], most: int, as_json: bool, folder: Path, rules: MatchRules) -> int:
    """Prove that replay takes nothing for a recorded request that is none.

    Each recorded request is sent again: as it was, spelled in other ways, and with every field dropped, changed, or
    of another type. Exits with 1 if a changed request is answered that no placeholder and no setting lets through, or
    a spelling is not. NAME may be the path of a file, or a folder of cassettes; of several the requests are shown
    only where something is wrong.
    """
    from .audit import audit as run

    return run(names, folder=folder, rules=rules, most=most, as_json=as_json)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=options.complete_names)
@options.as_json
@options.existing_cassettes
def stats(names: tuple[str, ...], as_json: bool, folder: Path) -> int:
    """Count: per tool the calls, the shapes of arguments and the sizes of outputs; the speed of streams.

    In all cassettes, or in those named; NAME may be the path of a file, or a folder of cassettes.
    """
    from .statistics import stats as run

    return run(folder, names, as_json=as_json)


@click.command()
@click.argument("query", required=False)
@options.as_json
@options.existing_cassettes
def sql(query: str | None, as_json: bool, folder: Path) -> int:
    """Ask the index of the cassettes in SQL, reading only. Without a QUERY, show its tables."""
    from .listing import sql as run

    return run(folder, query, as_json=as_json)


@click.command()
@click.argument("name", required=False, shell_complete=options.complete_name)
@click.option("--clear", is_flag=True, help="Forget them.")
@options.as_json
@options.existing_cassettes
def misses(name: str | None, clear: bool, as_json: bool, folder: Path) -> int:
    """List the requests that replays on this machine could not answer, the newest last."""
    from .missed import misses as run

    return run(folder, name, clear=clear, as_json=as_json)


@click.command()
@click.argument("name", required=False, shell_complete=options.complete_name)
@options.listen
@click.option("--no-open", is_flag=True, help="Only print the address; else the browser is opened at it.")
@options.existing_cassettes
def view(name: str | None, listen: str, no_open: bool, folder: Path) -> int:
    """Look at the cassettes in the browser, or at the cassette NAME, until Ctrl-C.

    The pages are served on this machine only, to whoever has the address: it holds a random token.
    """
    from toolreel.server.hosts import parse_listen

    from .view import view as run

    return run(folder, name, listen=parse_listen(listen), browser=not no_open)


COMMANDS = (ls, search, show, diff, lint, audit, stats, sql, misses, view)
