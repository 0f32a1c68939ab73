"""The tiny template language of scripts: `{name}` and `{tool.0.field}`.

`{name}`            a named group of the rule's match, or `{message}`, the user's whole text
`{tool}`            the output of the first call of that tool, as text
`{tool.1}`          the output of its second call
`{tool.0.a.b}`      a field of that output, read as JSON (list items by number); `{tool.a.b}` is short for it
`{{name}}`          plain text `{name}`

Any other brace is plain text, so JSON can be written as it is. What is not there renders as `(no …)`: a script is for
demos, and a demo should show its gap instead of failing in the middle of a stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .objects import compact

PLACEHOLDER = re.compile(r"\{(\{[\w.-]+\})\}|\{([A-Za-z_][\w-]*)((?:\.[\w-]+)*)\}")


@dataclass(frozen=True)
class Values:
    """What placeholders stand for: the groups of the match, and the outputs of each tool in call order."""

    groups: Mapping[str, str]
    outputs: Mapping[str, Sequence[str]]


def names_in(node: Any) -> Iterator[str]:
    """The first names of all placeholders in a template, or in all strings of a JSON value."""
    if isinstance(node, str):
        yield from (found[2] for found in PLACEHOLDER.finditer(node) if found[2])
    elif isinstance(node, (dict, list)):
        for child in node.values() if isinstance(node, dict) else node:
            yield from names_in(child)


def render(template: str, values: Values) -> str:
    """The template as text."""
    return PLACEHOLDER.sub(lambda found: found[1] or _as_text(_look_up(found, values)), template)


def fill(node: Any, values: Values) -> Any:
    """A JSON value with its strings rendered; a string that is one placeholder keeps the JSON type of the value."""
    if isinstance(node, dict):
        return {key: fill(child, values) for key, child in node.items()}
    if isinstance(node, list):
        return [fill(child, values) for child in node]
    if not isinstance(node, str):
        return node
    alone = PLACEHOLDER.fullmatch(node)
    return _look_up(alone, values) if alone and alone[2] else render(node, values)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else compact(value)


def _look_up(found: re.Match[str], values: Values) -> Any:
    name, path = found[2], found[3].split(".")[1:]
    if name in values.groups:
        return values.groups[name]
    outputs = values.outputs.get(name, ())
    try:
        index = int(path.pop(0)) if path and path[0].isdecimal() else 0
        return _walk(outputs[index], path)
    except (LookupError, ValueError, TypeError, RecursionError):
        return f"(no {name}{found[3]})"


def _walk(output: str, path: Sequence[str]) -> Any:
    value: Any = json.loads(output) if path else output
    for key in path:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
