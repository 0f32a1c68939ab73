"""Calls of functions: which answer asks for them, and which request brings their outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def called(value: Any) -> Iterator[tuple[str, str]]:
    """The calls that an answer, or a frame of one, asks for: their ids and the names of their functions."""
    if isinstance(value, list):
        for item in value:
            yield from called(item)
    elif isinstance(value, dict):
        calls = value.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            name = function.get("name") if isinstance(function, dict) else None
            if isinstance(name, str) and isinstance(call.get("id"), str):
                yield call["id"], name
        for member in value.values():
            yield from called(member)


def answered_calls(value: Any) -> list[str]:
    """The ids of the calls whose outputs a request brings."""
    outputs = value.get("tool_outputs") if isinstance(value, dict) else None
    ids = [item.get("tool_call_id") for item in outputs or () if isinstance(item, dict)]
    return [found for found in ids if isinstance(found, str)]
