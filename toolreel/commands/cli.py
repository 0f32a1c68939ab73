"""The command line: options to values, errors to one sentence and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from toolreel.errors import ToolreelError

from . import console

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_cassettes = click.option(
    "--cassettes",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TOOLREEL_CASSETTES",
    default="cassettes",
    show_default=True,
    help="Folder of the cassettes.  [env: TOOLREEL_CASSETTES]",
)
_listen = click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:0",
    show_default="a free port of 127.0.0.1",
    help="Where to listen; loopback only.",
)
_via = click.option(
    "--via",
    type=click.Choice(["base-url", "proxy"]),
    default="base-url",
    show_default=True,
    help="The door: the client's base URL points here, or this is the client's HTTPS proxy.",
)
_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


class _RunsCommand(click.Command):
    """A command that runs the COMMAND after `--`; `main` has cut it off and hands it over as the context's object."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="toolreel", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Record the HTTP traffic of an LLM tool-calling loop once, replay it offline for ever."""
    invoked = cli.commands.get(context.invoked_subcommand or "")
    if context.obj and not isinstance(invoked, _RunsCommand):
        raise click.UsageError(f"'{context.invoked_subcommand}' runs no command: leave out '--' and what follows.")


@cli.command(cls=_RunsCommand)
@click.argument("name")
@click.option(
    "--upstream",
    metavar="URL",
    default="https://api.openai.com",
    show_default=True,
    help="The server to record.",
)
@_listen
@_via
@click.option("--force", is_flag=True, help="Record afresh; the old cassette stays until the new one is complete.")
@_cassettes
@click.pass_obj
def record(command: Sequence[str], name: str, upstream: str, listen: str, via: str, force: bool, folder: Path) -> int:
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
        upstream=parse_upstream(upstream),
        listen=parse_listen(listen),
        via=via,
        force=force,
        command=command,
    )


@cli.command(cls=_RunsCommand)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_listen
@_via
@click.option(
    "--poll",
    type=click.Choice(["collapse", "faithful"]),
    default="collapse",
    show_default=True,
    help="What a poll gets: at once the last answer before the next write, or each recorded one in turn.",
)
@click.option(
    "--clock",
    type=click.Choice(["recorded", "now", "fixed"]),
    default="recorded",
    show_default=True,
    help="Timestamps: as received, moved to the present, or as they stand in the cassette.",
)
@click.option(
    "--ids",
    type=click.Choice(["symbols", "original"]),
    default="symbols",
    show_default=True,
    help="Ids: as they stand in the cassette, or as received (on the machine that recorded).",
)
@_cassettes
@click.pass_obj
def replay(
    command: Sequence[str],
    names: tuple[str, ...],
    listen: str,
    via: str,
    poll: str,
    clock: str,
    ids: str,
    folder: Path,
) -> int:
    """Serve the cassettes NAME..., offline.

    With a COMMAND (after --), serves while it runs, with its environment set so that the client finds toolreel, and
    exits with its status; with 3 if a request had no answer in the cassettes. Without one, serves until Ctrl-C.
    """
    from toolreel.server.hosts import parse_listen

    from .replay import Manner
    from .replay import replay as run

    manner = Manner(poll, clock, ids)
    return run(names, folder=folder, listen=parse_listen(listen), via=via, command=command, manner=manner)


@cli.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace an existing cassette.")
@_cassettes
def recover(name: str, force: bool, folder: Path) -> int:
    """Make the cassette NAME of its last recording that was not finished."""
    from toolreel.store.names import cassette_path
    from toolreel.store.recordings import recover as run

    from .record import written

    console.note(written(run(folder, name, force=force), cassette_path(folder, name)))
    return 0


@cli.command()
@_json
@_cassettes
def ls(as_json: bool, folder: Path) -> int:
    """List the cassettes."""
    from .show import ls as run

    return run(folder, as_json=as_json)


@cli.command()
@click.argument("name")
@_json
@_cassettes
def show(name: str, as_json: bool, folder: Path) -> int:
    """Show what happened in the cassette NAME, request by request."""
    from .show import show as run

    return run(folder, name, as_json=as_json)


@cli.command()
@_listen
@click.option(
    "--script",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What the model does: a TOML file; the default one says in its comments how it is written.",
)
def standin(listen: str, script: Path | None) -> int:
    """Serve a stand-in of the Assistants API on this machine, until Ctrl-C."""
    from toolreel.server.hosts import parse_listen

    from .standin import standin as run

    return run(parse_listen(listen), script)


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
    except click.ClickException as error:
        console.complaint(error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    return status if isinstance(status, int) else 0
