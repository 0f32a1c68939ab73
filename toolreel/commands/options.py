"""What several commands have in common: options, and the COMMAND after `--`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from toolreel.errors import CommandError

if TYPE_CHECKING:
    from toolreel.normalise.strings import Find
    from toolreel.redaction import Rules

_F = TypeVar("_F", bound=Callable[..., Any])


def _folder(_context: click.Context, _option: click.Parameter, given: Path | None) -> Path:
    """What was given, else what the settings say, else the default."""
    if given:
        return given
    from toolreel.store.settings import DEFAULT_FOLDER, load_settings

    return Path(load_settings(Path.cwd()).cassettes or DEFAULT_FOLDER)


def _existing_folder(context: click.Context, option: click.Parameter, given: Path | None) -> Path:
    """The same, for those who only look: one that was named and is not there is a mistake."""
    if given and not given.is_dir():
        raise CommandError(f"There is no folder {given}; name another with --cassettes or TOOLREEL_CASSETTES.")
    return _folder(context, option, given)


def replacing() -> Find | None:
    """Finds what the settings say that the program varies. Raises CommandError."""
    from toolreel.store.settings import load_settings

    return load_settings(Path.cwd()).replacing()


def redacting() -> Rules:
    """What the settings and toolreel itself take for a secret. Raises CommandError."""
    from toolreel.store.settings import load_settings

    return load_settings(Path.cwd()).redacting()


def _cassettes(folder: Callable[[click.Context, click.Parameter, Path | None], Path]) -> Callable[[_F], _F]:
    return click.option(
        "--cassettes",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="TOOLREEL_CASSETTES",
        callback=folder,
        show_default="what the settings say, else 'cassettes'",
        help="Folder of the cassettes.  [env: TOOLREEL_CASSETTES]",
    )


cassettes = _cassettes(_folder)
existing_cassettes = _cassettes(_existing_folder)
"""For commands that only look at what is there."""
listen = click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:0",
    show_default="a free port of 127.0.0.1",
    help="Where to listen; loopback only.",
)
upstream = click.option(
    "--upstream",
    "upstreams",
    metavar="URL",
    multiple=True,
    default=("https://api.openai.com",),
    show_default=True,
    help="The server to record; with --via proxy several, each with its own --upstream.",
)
via = click.option(
    "--via",
    type=click.Choice(["base-url", "proxy"]),
    default="base-url",
    show_default=True,
    help="The door: the client's base URL points here, or this is the client's HTTPS proxy.",
)
tls = click.option(
    "--tls",
    is_flag=True,
    help="Serve the base URL over https, with a certificate of this user's own authority, for clients that insist "
    "on it, such as Azure's.",
)
tunnel = click.option(
    "--tunnel",
    "tunnels",
    metavar="HOST",
    multiple=True,
    help="With --via proxy: a host to which clients are let through, untouched; every other one is refused.",
)
everything = click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Serve every cassette of the folder to those who name it in their base URL, /@CASSETTE/SESSION/v1.",
)
token = click.option(
    "--token",
    envvar="TOOLREEL_TOKEN",
    help="Answer only who brings it as the API's key; with it --listen may name any address.  [env: TOOLREEL_TOKEN]",
)
as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


def complete_name(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The cassettes whose names begin like this."""
    from toolreel.store.names import cassette_names

    return [CompletionItem(name) for name in cassette_names(_folder_of(context)) if name.startswith(begun)]


def complete_names(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The cassettes, and the folders of cassettes, whose names begin like this."""
    from toolreel.store.names import cassette_names

    names = cassette_names(_folder_of(context))
    folders = {name[: at + 1] for name in names for at, char in enumerate(name) if char == "/"}
    found = [CompletionItem(name) for name in sorted(folders) if name.startswith(begun)]
    return [*found, *complete_name(context, parameter, begun)]


def complete_tool(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The tools whose names begin like this."""
    from .listing import catalogue

    with catalogue(_folder_of(context)) as found:
        return [CompletionItem(tool) for tool in found.tools() if tool.startswith(begun)]


def _folder_of(context: click.Context) -> Path:
    given = context.params.get("folder")
    return given if isinstance(given, Path) else _folder(context, click.Option(["--cassettes"]), None)


class RunsCommand(click.Command):
    """A command that runs the COMMAND after `--`; `main` has cut it off and hands it over as the context's object."""

    pieces = "[-- COMMAND...]"

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The usage line, COMMAND included."""
        return [*super().collect_usage_pieces(ctx), self.pieces]


class NeedsCommand(RunsCommand):
    """A command that does nothing without a COMMAND."""

    pieces = "-- COMMAND..."
