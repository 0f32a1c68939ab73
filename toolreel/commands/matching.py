"""How requests are compared, in the words of options and settings; both have the same names."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolreel.errors import CommandError

if TYPE_CHECKING:
    from toolreel.replay.rules import MatchRules
    from toolreel.store.settings import Settings

_OPTIONS = (
    click.option(
        "--ignore",
        metavar="JSONPATH",
        multiple=True,
        help="A part of JSON bodies that does not count when requests are compared, such as '$.metadata.build'.",
    ),
    click.option(
        "--ignore-query", metavar="NAME", multiple=True, help="A parameter of the query that does not count."
    ),
    click.option(
        "--match-query",
        metavar="NAME",
        multiple=True,
        help="A parameter that counts though by itself it does not: api-version.",
    ),
    click.option(
        "--match-header",
        metavar="NAME",
        multiple=True,
        help="A header that counts: accept, content-type or openai-beta.",
    ),
    click.option(
        "--tool-output",
        metavar="[NAME=]MODE",
        multiple=True,
        help="How the outputs of the tool NAME, or of all others, are compared: exact, shape (keys and JSON types), "
        "ignore.",
    ),
)


def matching(command: Callable[..., int]) -> Callable[..., int]:
    """Gives a command the options that say how requests are compared, as the one argument `rules`."""

    @functools.wraps(command)
    def with_rules(
        *args: Any,
        ignore: tuple[str, ...],
        ignore_query: tuple[str, ...],
        match_query: tuple[str, ...],
        match_header: tuple[str, ...],
        tool_output: tuple[str, ...],
        **kwargs: Any,
    ) -> int:
        from toolreel.store.settings import Replay, load_settings

        given = Replay(
            ignore=ignore,
            ignore_query=ignore_query,
            match_query=match_query,
            match_header=match_header,
            tool_output=tool_output,
        )
        return command(*args, rules=rules_of(load_settings(Path.cwd()), given), **kwargs)

    for option in reversed(_OPTIONS):
        with_rules = option(with_rules)
    return with_rules


def rules_of(settings: Settings, given: Any) -> MatchRules:
    """The rules of the settings and those that were given as options; raises CommandError."""
    from toolreel.replay.rules import MatchRules, ignored, tool_modes

    said = settings.replay
    try:
        ignore = ignored(said.ignore, "Settings, replay.ignore") + ignored(given.ignore, "--ignore")
        modes, default = tool_modes((*said.tool_output, *given.tool_output))
    except ValueError as error:
        raise CommandError(f"{error}.") from None
    return MatchRules(
        ignore=ignore,
        ignore_query=frozenset(said.ignore_query + given.ignore_query),
        match_query=frozenset(said.match_query + given.match_query),
        match_headers=_headers(said.match_header + given.match_header),
        tools=modes,
        tool_default=default,
        free=settings.ids.free,
        replace=settings.replacing(),
    )


def _headers(names: Iterable[str]) -> frozenset[str]:
    """Names of headers that are recorded; raises CommandError for others, which no request would ever match."""
    from toolreel.recording.headers import RECORDED, request_headers

    for name in names:
        if not request_headers(((name.lower(), ""),)):
            raise CommandError(
                f"--match-header {name}: no recording holds this header; there are {', '.join(RECORDED)}."
            )
    return frozenset(name.lower() for name in names)
