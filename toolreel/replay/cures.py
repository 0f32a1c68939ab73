"""What would have let a request match: the options and settings, in the words in which users write them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable

from toolreel.dialects.ids import ID
from toolreel.normalise.replace import PRESETS, finder
from toolreel.normalise.strings import in_text
from toolreel.normalise.symbols import prefix_of

from .differences import Difference, Part
from .rules import OPTIONAL_QUERY, shape

ToolOf = Callable[[str], str | None]
_MOST = 3
"""Requests that differ in more places are other requests, and no rules should make them equal."""


def cure(differences: Iterable[Difference], tool_of: ToolOf, minted: set[str]) -> str | None:
    """What would have let these differences pass, None if nothing would.

    `tool_of` knows the tool of a recorded call, `minted` are the ids that answers gave out.
    """
    found = [_cure(one, tool_of, minted) for one in differences]
    if not found or len(found) > _MOST or None in found:
        return None
    words = list(dict.fromkeys(filter(None, found)))
    return (" " if all(word.startswith("--") for word in words) else " and ").join(words)


def _cure(difference: Difference, tool_of: ToolOf, minted: set[str]) -> str | None:
    if preset := _preset(difference):
        return f'presets = ["{preset}"] under [normalise] in toolreel.toml'
    if prefix := _free_prefix(difference, minted):
        return f'free = ["{prefix}"] under [ids] in toolreel.toml'
    match difference.part:
        case Part.QUERY if difference.name in OPTIONAL_QUERY:
            return f"no --match-query {difference.name}"
        case Part.QUERY:
            return f"--ignore-query {shlex.quote(difference.name)}"
        case Part.HEADER:
            return f"no --match-header {difference.name}"
        case Part.BODY if difference.call and difference.name.endswith(".output"):
            return _tool_cure(difference, tool_of(difference.call))
        case Part.BODY if difference.name != "$" and not difference.call:
            return f"--ignore {shlex.quote(difference.name)}"
        case _:
            return None


def _tool_cure(difference: Difference, tool: str | None) -> str:
    option = f"--tool-output {shlex.quote(f'{tool}=')}" if tool else "--tool-output "
    if shape(difference.asked) == shape(difference.recorded):
        return f"{option}shape (compares keys and types only) or {option}ignore"
    return f"{option}ignore"


def _preset(difference: Difference) -> str | None:
    """The preset that would have made both the same."""
    one, other = difference.asked, difference.recorded
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    return next((name for name, find in _FINDS.items() if in_text(one, find) == in_text(other, find)), None)


_FINDS = {name: finder(rules) for name, rules in PRESETS.items()}


def _free_prefix(difference: Difference, minted: set[str]) -> str | None:
    """The prefix of an id of the program's own, if nothing else differs."""
    one, other = difference.asked, difference.recorded
    if not isinstance(one, str) or not isinstance(other, str):
        return None
    ids = [match.group() for match in ID.finditer(other)]
    if not ids or minted.intersection(ids) or ID.sub(_reduced, one) != ID.sub(_reduced, other):
        return None
    return prefix_of(ids[0]) or None


def _reduced(match: re.Match[str]) -> str:
    return prefix_of(match.group())
