"""The command line of `import` and `export`."""

from __future__ import annotations

from pathlib import Path

import click

from . import options


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o",
    "--output",
    "name",
    metavar="NAME",
    help="Name of the cassette; of folders, what stands in front of the names.  [default: the name of the file]",
)
@click.option(
    "--upstream",
    "upstreams",
    metavar="URL",
    multiple=True,
    help="Take only what went to this server; several with an option each.  [default: everything]",
)
@click.option("--force", is_flag=True, help="Replace existing cassettes.")
@options.as_json
@options.cassettes
def import_(
    files: tuple[Path, ...], name: str | None, upstreams: tuple[str, ...], force: bool, as_json: bool, folder: Path
) -> int:
    """Make cassettes of recordings of other tools, and say what was taken and what was not.

    VCR.py, Ruby VCR, go-vcr, .NET/Azure test proxy, httprr, HAR and mitmproxy flows; which one it is is seen by
    looking. Several FILEs become a cassette each, or with -o one; a folder becomes a folder of cassettes.
    """
    from .doors import parse_upstream
    from .import_ import Manner
    from .import_ import import_ as run

    manner = Manner(
        folder, force, [parse_upstream(upstream) for upstream in upstreams], options.replacing(), options.redacting()
    )
    return run(files, name, manner=manner, as_json=as_json)


@click.command()
@click.argument("name", shell_complete=options.complete_name)
@click.option("--to", "target", type=click.Choice(["har"]), required=True, help="The format: HAR 1.2.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it.  [default: stdout]",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@options.cassettes
def export(name: str, target: str, output: Path | None, force: bool, folder: Path) -> int:
    """Write the cassette NAME in the format of other tools.

    HAR for browsers, mitmproxy and others; 'toolreel import' makes the same cassette of it again.
    """
    from .export import export as run

    return run(folder, name, output, force=force)
