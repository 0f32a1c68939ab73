"""Which tool a call asked for, as the answers of a recording say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from toolreel.messages.model import Response
from toolreel.normalise.values import values_of


def tool_names(responses: Iterable[Response]) -> dict[str, str]:
    """The name of the tool by the id of the call."""
    return {call: name for response in responses for value in values_of(response) for call, name in _calls(value)}


def _calls(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _calls(item)
    elif isinstance(value, dict):
        function, call = value.get("function"), value.get("id")
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(call, str) and isinstance(name, str):
            yield call, name
        for member in value.values():
            if isinstance(member, dict | list):
                yield from _calls(member)
