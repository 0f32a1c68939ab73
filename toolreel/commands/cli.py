"""The command line: options to values, errors to one sentence and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolreel.errors import CassetteError, ToolreelError

from . import console, inspecting, keeping, options
from .answering import answering
from .delivering import faults as faults_option
from .delivering import faults_in
from .formats import export, import_
from .options import NeedsCommand, RunsCommand

if TYPE_CHECKING:
    from toolreel.replay.manner import Manner

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="toolreel", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Record the HTTP traffic of an LLM tool-calling loop once, replay it offline for ever."""
    invoked = cli.commands.get(context.invoked_subcommand or "")
    if context.obj and not isinstance(invoked, RunsCommand):
        raise click.UsageError(f"'{context.invoked_subcommand}' runs no command: leave out '--' and what follows.")


@cli.command(cls=RunsCommand)
@click.argument("name")
@options.upstream
@options.listen
@options.via
@options.tls
@click.option("--force", is_flag=True, help="Record afresh; the old cassette stays until the new one is complete.")
@options.cassettes
@click.pass_obj
def record(
    command: Sequence[str],
    name: str,
    upstreams: tuple[str, ...],
    listen: str,
    via: str,
    tls: bool,
    force: bool,
    folder: Path,
) -> int:
    """Record what passes between a client and UPSTREAM as the cassette NAME.

    With a COMMAND (after --), records while it runs, with its environment set so that the client finds toolreel; the
    cassette is written if it exits with 0. Without one, records until Ctrl-C.
    """
    from toolreel.server.hosts import parse_listen

    from .doors import parse_upstream
    from .record import record as run

    return run(
        name,
        folder=folder,
        upstreams=[parse_upstream(upstream) for upstream in upstreams],
        listen=parse_listen(listen),
        via=via,
        tls=tls,
        force=force,
        command=command,
        replace=options.replacing(),
        redact=options.redacting(),
    )


@cli.command(cls=RunsCommand)
@click.argument("names", nargs=-1, metavar="[NAME...]", shell_complete=options.complete_name)
@options.everything
@options.listen
@options.token
@options.via
@options.tls
@options.tunnel
@answering
@options.as_json
@options.existing_cassettes
@click.pass_obj
def replay(
    command: Sequence[str],
    names: tuple[str, ...],
    everything: bool,
    listen: str,
    token: str | None,
    via: str,
    tls: bool,
    tunnels: tuple[str, ...],
    manner: Manner,
    as_json: bool,
    folder: Path,
) -> int:
    """Serve the cassettes NAME..., offline.

    With a COMMAND (after --), serves while it runs, with its environment set so that the client finds toolreel, and
    exits with its status; with 3 if a request had no answer in the cassettes, with 4 if something was not played that
    must be. Without one, serves until Ctrl-C.
    """
    from toolreel.server.hosts import parse_listen

    from .replay import replay as run

    if bool(names) == everything:
        raise click.UsageError("Name the cassettes to replay, or give --all and no names.")
    return run(
        names,
        folder=folder,
        listen=parse_listen(listen, guarded=bool(token)),
        via=via,
        tls=tls,
        command=command,
        manner=manner,
        tunnels=tunnels,
        as_json=as_json,
        token=token or None,
    )


@cli.command(cls=NeedsCommand)
@click.argument("name", shell_complete=options.complete_name)
@click.option(
    "--mode",
    type=click.Choice(["once", "all", "none"]),
    show_default="once; none where the variable CI is set",
    help="once: replay the cassette if there is one, else record it; all: record it afresh; none: replay it only.",
)
@options.upstream
@options.listen
@options.via
@options.tls
@options.tunnel
@answering
@options.as_json
@options.cassettes
@click.pass_obj
def run(
    command: Sequence[str],
    name: str,
    mode: str | None,
    upstreams: tuple[str, ...],
    listen: str,
    via: str,
    tls: bool,
    tunnels: tuple[str, ...],
    manner: Manner,
    as_json: bool,
    folder: Path,
) -> int:
    """Run COMMAND with the cassette NAME: record it the first time, replay it from then on.

    A cassette that is there is never recorded over, even if it is broken, unless --mode all asks for it.
    """
    from toolreel.server.hosts import parse_listen

    from .doors import parse_upstream
    from .run import run as run_in_mode

    return run_in_mode(
        name,
        mode,
        folder=folder,
        upstreams=[parse_upstream(upstream) for upstream in upstreams],
        listen=parse_listen(listen),
        via=via,
        tls=tls,
        command=command,
        manner=manner,
        tunnels=tunnels,
        as_json=as_json,
    )


@cli.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace an existing cassette.")
@options.cassettes
def recover(name: str, force: bool, folder: Path) -> int:
    """Make the cassette NAME of its last recording that was not finished."""
    from toolreel.store.names import cassette_path
    from toolreel.store.recordings import recover as run

    from .record import written

    cassette = run(folder, name, force=force, replace=options.replacing())
    console.note(written(cassette, cassette_path(folder, name)))
    return 0


cli.add_command(import_)
cli.add_command(export)


@cli.command()
@options.listen
@click.option(
    "--script",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What the model does: a TOML file; the default one says in its comments how it is written.",
)
@faults_option
def standin(listen: str, script: Path | None, faults: Path | None) -> int:
    """Serve a stand-in of the Assistants API on this machine, until Ctrl-C."""
    from toolreel.server.hosts import parse_listen

    from .standin import standin as run

    return run(parse_listen(listen), script, faults_in(faults))


@cli.command()
@click.option(
    "--upstream", metavar="URL", help="Record this server, with the key in OPENAI_API_KEY, not the stand-in."
)
@click.option("--model", default="gpt-4o", show_default=True, help="The model to ask for.")
@click.option(
    "--cassettes",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the demo's cassette; a temporary one otherwise.",
)
def demo(upstream: str | None, model: str, folder: Path | None) -> int:
    """Record a conversation with tool calls, replay it offline, and compare what the client saw."""
    from .demo import demo as run

    return run(upstream=upstream, model=model, folder=folder)


@cli.command()
@options.as_json
@options.cassettes
def doctor(as_json: bool, folder: Path) -> int:
    """Try what toolreel needs on this machine: doors, trust, proxy variables, versions.

    Opens both doors on loopback, and sends Python, curl and Node through them if they are installed; nothing leaves
    this machine. Exits with 1 if something does not work.
    """
    from .doctor import doctor as run

    return run(folder, as_json=as_json)


for command in (*inspecting.COMMANDS, *keeping.COMMANDS):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """The program `toolreel`: exits with the status of the command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    end = given.index("--") if "--" in given else len(given)
    sys.exit(_run(given[:end], given[end + 1 :]))


def _run(arguments: list[str], command: list[str]) -> int:
    try:
        status = cli.main(arguments, prog_name="toolreel", standalone_mode=False, obj=command)
    except ToolreelError as error:
        console.complaint(str(error))
        return error.exit_status
    except click.exceptions.NoArgsIsHelpError as error:
        console.result(error.format_message())
        return error.exit_code
    except click.ClickException as error:
        console.complaint(error.format_message() + _forgotten_dashes(error))
        return error.exit_code
    except RecursionError:  # no recorder writes what is nested so deep, but a hand can
        console.complaint("A cassette holds JSON that is nested too deep to be looked at; 'toolreel lint' names it.")
        return CassetteError.exit_status
    except (click.Abort, KeyboardInterrupt):
        return 130
    except OSError as error:  # such as a full disk, also behind stdout
        return console.machine_failed(error)
    return status if isinstance(status, int) else 0


def _forgotten_dashes(error: click.ClickException) -> str:
    """What to do where a COMMAND stands without the `--` in front of it."""
    extra = "unexpected extra argument" in error.format_message()
    runs = (
        isinstance(error, click.UsageError) and error.ctx is not None and isinstance(error.ctx.command, RunsCommand)
    )
    return "; put '--' in front of the command to run." if extra and runs else ""
