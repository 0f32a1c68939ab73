"""In which manner a replay answers, in the words of options."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from . import options
from .delivering import delivering
from .matching import matching

if TYPE_CHECKING:
    from toolreel.replay.delivery import Delivery
    from toolreel.replay.rules import MatchRules

_OPTIONS = (
    click.option(
        "--poll",
        type=click.Choice(["collapse", "faithful"]),
        default="collapse",
        show_default=True,
        help="What a poll gets: at once the last answer before the next write, or each recorded one in turn.",
    ),
    click.option(
        "--clock",
        type=click.Choice(["recorded", "now", "fixed"]),
        default="recorded",
        show_default=True,
        help="Timestamps: as received, moved to the present, or as they stand in the cassette.",
    ),
    click.option(
        "--ids",
        type=click.Choice(["symbols", "original"]),
        default="symbols",
        show_default=True,
        help="Ids: as they stand in the cassette, or as received (on the machine that recorded).",
    ),
    click.option(
        "--strict/--no-strict",
        default=None,
        show_default="strict with a COMMAND",
        help="Strictly all that was recorded must be played, and once; else what was begun must be played to its "
        "end.",
    ),
    click.option("--partial", is_flag=True, help="Conversations that nobody begins need not be played."),
    click.option(
        "--repeat/--no-repeat",
        default=None,
        show_default="repeat unless strict",
        help="Whether clients may go through the cassette again.",
    ),
)


def answering(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command the options that say how a replay answers, as the one argument `manner`."""

    @matching
    @delivering
    @functools.wraps(command)
    def with_manner(
        *args: Any,
        poll: str,
        clock: str,
        ids: str,
        strict: bool | None,
        partial: bool,
        repeat: bool | None,
        rules: MatchRules,
        delivery: Delivery,
        **kwargs: Any,
    ) -> int:
        from toolreel.replay.manner import Manner

        manner = Manner(poll, clock, ids, rules, options.redacting(), strict, partial, repeat, delivery)
        return command(*args, manner=manner, **kwargs)

    for option in reversed(_OPTIONS):
        with_manner = option(with_manner)
    return with_manner
