"""What counts when requests are compared: the rules that a user adds to those of P6.4."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from toolreel.normalise.strings import Find
from toolreel.redaction.rules import JsonPath, json_path, json_path_error

from .canonical import Asked, output_of

ToolOf = Callable[[str], str | None]
"""Gives the name of the tool that a call asked for, by the call's id."""


class Mode(StrEnum):
    """How the output of a tool is compared."""

    EXACT = "exact"
    """As JSON if it is an object or array, else as text."""
    SHAPE = "shape"
    """Keys and JSON types, recursively."""
    IGNORE = "ignore"
    """Not at all."""


@dataclass(frozen=True, slots=True)
class MatchRules:
    """What counts in a request, and what does not.

    `ignore` selects what is left out of JSON bodies, `ignore_query` names parameters that do not count, `match_query`
    those that count though they do not by default, `match_headers` headers. `tools` says how the outputs of each tool
    are compared, `tool_default` those of all others. `free` are prefixes of the program's own ids that differ from
    run to run. `replace` finds what the program varies.
    """

    ignore: tuple[JsonPath, ...] = ()
    ignore_query: frozenset[str] = frozenset()
    match_query: frozenset[str] = frozenset()
    match_headers: frozenset[str] = frozenset()
    tools: Mapping[str, Mode] = field(default_factory=dict)
    tool_default: Mode = Mode.EXACT
    free: tuple[str, ...] = ()
    replace: Find | None = None

    def applied(self, asked: Asked, tool_of: ToolOf) -> Asked:
        """A request with nothing left in it that does not count."""
        asked = asked.replaced(self.replace)
        value, query, headers = asked.value, self._query(asked.query), self._headers(asked.headers)
        if asked.is_json:
            value = self._compared(self._without_ignored(value), tool_of)
        if value is asked.value and query == asked.query and headers == asked.headers:
            return asked
        return replace(asked, query=query, headers=headers, value=value)

    def mode_of(self, tool: str | None) -> Mode:
        """How the output of a tool is compared."""
        return self.tools.get(tool or "", self.tool_default)

    def _query(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        if not pairs:
            return ()
        left_out = (OPTIONAL_QUERY - self.match_query) | self.ignore_query
        return tuple(pair for pair in pairs if pair[0] not in left_out)

    def _headers(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        if not self.match_headers:
            return ()
        return tuple((name, _plain_header(name, text)) for name, text in pairs if name in self.match_headers)

    def _without_ignored(self, value: Any) -> Any:
        """A body, `[value]`, without what is ignored; what the paths cannot be followed in stays."""
        for path in self.ignore:
            try:
                places = [tuple(node.parts) for node in path.finditer(value[0])] if _is_held(value) else []
            except (RecursionError, ValueError, json_path_error()):
                continue
            if places:
                value = _without(value, [(0, *place) for place in places])
        return value

    def _compared(self, value: Any, tool_of: ToolOf) -> Any:
        """A body with tool outputs as they are compared."""
        if self.tool_default is Mode.EXACT and not self.tools:
            return value
        body = value[0] if value else None
        if not isinstance(body, dict) or not isinstance(outputs := body.get("tool_outputs"), list):
            return value
        return [{**body, "tool_outputs": [self._output(item, tool_of) for item in outputs]}]

    def _output(self, item: Any, tool_of: ToolOf) -> Any:
        if not isinstance(item, dict) or "output" not in item:
            return item
        call = item.get("tool_call_id")
        mode = self.mode_of(tool_of(call) if isinstance(call, str) else None)
        if mode is Mode.EXACT:
            return item
        return {**item, "output": {"shape": shape(item["output"])} if mode is Mode.SHAPE else {}}


DEFAULT_MATCH_RULES = MatchRules()

OPTIONAL_QUERY = frozenset({"api-version"})
"""Parameters that differ between services of one API."""


def _plain_header(name: str, text: str) -> str:
    """A header's value without what a client makes anew in every request."""
    return re.sub(r";\s*boundary=[^;]*", "", text) if name == "content-type" else text


def _is_held(value: Any) -> bool:
    """Whether a body is one, and was kept."""
    return isinstance(value, list) and bool(value)


def _without(value: Any, places: Iterable[tuple[str | int, ...]]) -> Any:
    """A copy of a JSON value without what stands at `places`; of `[value]` itself nothing is left but `null`."""
    held = [value]
    for place in sorted(set(places), key=_in_order, reverse=True):  # so that no index moves before its turn
        *way, last = (0, *place)
        holder: Any = held
        for step in way:
            holder[step] = holder[step].copy() if isinstance(holder[step], dict | list) else holder[step]
            holder = holder[step]
        if len(place) == 1:
            holder[last] = None
        else:
            del holder[last]
    return held[0]


def _in_order(place: tuple[str | int, ...]) -> list[tuple[bool, str]]:
    return [(isinstance(step, int), str(step).zfill(9)) for step in place]


def shape(output: Any) -> Any:
    """The keys and JSON types of a tool output, recursively; of an array the different shapes of its items."""
    said = output_of(output)
    return _shape(said.get("json", said.get("value", said.get("text"))))


def _shape(value: Any) -> Any:
    match value:
        case dict():
            return {key: _shape(member) for key, member in value.items()}
        case list():
            shapes: list[Any] = []
            for item in map(_shape, value):
                if item not in shapes:
                    shapes.append(item)
            return sorted(shapes, key=repr)
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case _:
            return "null"


# ------------------------------------------------------------------------------------------------ in words of options


def tool_modes(words: Iterable[str]) -> tuple[dict[str, Mode], Mode]:
    """The modes that `NAME=MODE`, or `MODE` for all others, say; raises ValueError, one sentence."""
    modes: dict[str, Mode] = {}
    default = Mode.EXACT
    for word in words:
        name, mark, mode = word.rpartition("=")
        if mode not in list(Mode) or (mark and not name):
            raise ValueError(
                f"{word!r} is no way to compare tool outputs; write exact, shape or ignore, or NAME=shape"
            )
        if mark:
            modes[name] = Mode(mode)
        else:
            default = Mode(mode)
    return modes, default


def ignored(paths: Iterable[str], place: str) -> tuple[JsonPath, ...]:
    """The JSONPaths that these texts say; raises ValueError, one sentence, that names `place`."""
    return tuple(json_path(path, place) for path in paths)
