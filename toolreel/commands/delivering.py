"""How answers are sent, in the words of options and settings: when, in which pieces, and with which faults."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toolreel.errors import CommandError

if TYPE_CHECKING:
    from toolreel.replay.delivery import Delivery
    from toolreel.replay.faults import Faults
    from toolreel.store.settings import Settings

T = TypeVar("T")

faults = click.option(
    "--faults",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Break answers as this TOML file says (docs/faults.md).",
)
_OPTIONS = (
    click.option(
        "--pace",
        metavar="PACE",
        show_default="what the settings say, else 'instant'",
        help="When answers are sent: instant, recorded, xN (N times faster than recorded), or MSms (so many "
        "milliseconds before each frame).",
    ),
    click.option(
        "--chunks",
        metavar="CHUNKS",
        show_default="what the settings say, else 'frame'",
        help="The pieces in which answers are sent: frame, recorded, bytes:N, or random:SEED, which cuts inside "
        "frames and characters too.",
    ),
    faults,
)


def delivering(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command the options that say how answers are sent, as the one argument `delivery`."""

    @functools.wraps(command)
    def with_delivery(*args: Any, pace: str | None, chunks: str | None, faults: Path | None, **kwargs: Any) -> int:
        return command(*args, delivery=delivery_of(pace, chunks, faults), **kwargs)

    for option in reversed(_OPTIONS):
        with_delivery = option(with_delivery)
    return with_delivery


def delivery_of(
    pace: str | None, chunks: str | None, faults: Path | None, settings: Settings | None = None
) -> Delivery:
    """How answers are sent: what was given, else what the settings say. Raises CommandError."""
    from toolreel.replay.chunking import parse_chunking
    from toolreel.replay.delivery import Delivery
    from toolreel.replay.pace import parse_pace
    from toolreel.store.settings import load_settings

    said = (settings or load_settings(Path.cwd())).replay
    return Delivery(
        pace=_parsed(parse_pace, pace, "--pace", said.pace),
        chunking=_parsed(parse_chunking, chunks, "--chunks", said.chunks),
        faults=faults_in(faults) if faults else faults_in(_path(said.faults), "Settings, replay.faults:"),
    )


def faults_in(file: Path | None, where: str = "--faults") -> Faults:
    """The faults in a file; none without one. `where` names what named it. Raises CommandError."""
    from toolreel.replay.faults import NO_FAULTS, parse_faults

    if file is None:
        return NO_FAULTS
    try:
        return parse_faults(file.read_text("utf-8"), str(file))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(f"{where} {file} cannot be read ({reason}); name a TOML file.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{where} {file} is no UTF-8 text; save it as UTF-8.") from None
    except ValueError as error:
        raise CommandError(f"Faults {error}.") from None


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name)


def _parsed(parse: Callable[[str], T], given: str | None, option: str, setting: str) -> T:
    where, text = (f"Settings, replay.{option.removeprefix('--')}", setting) if given is None else (option, given)
    try:
        return parse(text)
    except ValueError as error:
        raise CommandError(f"{where}: {error}.") from None
