"""Tool calls: which the model wants, with what arguments, and what the program answered.

The Assistants API lists them as `{"id", "type": "function", "function": {"name", "arguments", "output"}}` in runs and
run steps, Chat in messages, Responses as items `{"type": "function_call", "call_id", "name", "arguments"}`. What is
odd in a value is passed over: nothing here raises.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple


class Call(NamedTuple):
    """A tool call; `output` is None where the value does not say what came of it."""

    id: str
    tool: str
    arguments: str
    output: str | None = None


class Output(NamedTuple):
    """What a program submits for a tool call."""

    call: str
    output: str


def calls_in(value: Any) -> Iterator[Call]:
    """The tool calls in a JSON value, wherever they stand; each as often as it stands there."""
    if isinstance(value, dict):
        if value.get("type") in ("function_call", "mcp_call") and (call := _item(value)):
            yield call
        for key, member in value.items():
            if key == "tool_calls" and isinstance(member, list):
                yield from (call for item in member if (call := _call(item)))
            elif isinstance(member, dict | list):
                yield from calls_in(member)
    elif isinstance(value, list):
        for item in value:
            yield from calls_in(item)


def required_in(value: Any) -> list[Call]:
    """The tool calls that an answer waits for: of a run that requires action, of a Chat message, of a response."""
    if not isinstance(value, dict):
        return []
    if value.get("object") == "thread.run":
        if value.get("status") != "requires_action":
            return []
        return list(calls_in(value.get("required_action")))
    if value.get("object") == "chat.completion":
        return list(calls_in(value.get("choices")))
    if value.get("object") == "response":
        items = value.get("output")
        wanted = [item for item in items if _is(item, "function_call")] if isinstance(items, list) else []
        return list(calls_in(wanted))
    return []


def outputs_in(value: Any) -> list[Output]:
    """The tool outputs that the JSON value of a request submits, in their order."""
    if not isinstance(value, dict):
        return []
    found = [_output(item, "tool_call_id", "output") for item in _list(value, "tool_outputs")]
    found += [
        _output(item, "tool_call_id", "content")
        for item in _list(value, "messages")
        if isinstance(item, dict) and item.get("role") == "tool"
    ]
    found += [
        _output(item, "call_id", "output") for item in _list(value, "input") if _is(item, "function_call_output")
    ]
    return [output for output in found if output]


def streamed_calls(values: Iterable[Any]) -> list[Call]:
    """The tool calls that the deltas of a stream spell out, in the order in which they began."""
    begun: dict[tuple[Any, ...], dict[str, str]] = {}
    for value in values:
        for key, item in _deltas(value):
            call = begun.setdefault(key, {"id": "", "tool": "", "arguments": ""})
            part = _part(item)
            call["id"] = call["id"] or _text(item.get("id"))
            call["tool"] = call["tool"] or _text(part.get("name")) or _kind(item)
            call["arguments"] += _text(part.get("arguments")) + _text(part.get("input"))
    return [Call(**call) for call in begun.values()]


def _deltas(value: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The pieces of tool calls in one frame, each with what is the same for all pieces of a call."""
    if not isinstance(value, dict):
        return
    choices = [choice for choice in _list(value, "choices") if isinstance(choice, dict)]
    for number, delta in [(0, value.get("delta")), *((one.get("index"), one.get("delta")) for one in choices)]:
        for place in (delta, _member(delta, "step_details")):
            for position, item in enumerate(_list(place, "tool_calls")):
                if isinstance(item, dict):
                    yield (value.get("id"), number, item.get("index", position)), item


def _call(item: Any) -> Call | None:
    """A member of a list called `tool_calls`."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        return None
    part = _part(item)
    tool = _text(part.get("name")) or _kind(item)
    if not tool:
        return None
    arguments = part.get("arguments", part.get("input"))
    if arguments is None:
        arguments = {key: member for key, member in part.items() if key not in ("name", "output", "outputs")}
    output = part.get("output", part.get("outputs"))
    return Call(item["id"], tool, said(arguments), None if output is None else said(output))


def _item(item: dict[str, Any]) -> Call | None:
    """An item of a response."""
    id_, tool = item.get("call_id", item.get("id")), item.get("name")
    if not isinstance(id_, str) or not isinstance(tool, str):
        return None
    output = item.get("output")
    return Call(id_, tool, said(item.get("arguments", "")), None if output is None else said(output))


def _output(item: Any, id_key: str, key: str) -> Output | None:
    if not isinstance(item, dict) or not isinstance(item.get(id_key), str):
        return None
    return Output(item[id_key], said(item.get(key, "")))


def _part(item: dict[str, Any]) -> dict[str, Any]:
    """The member that stands under the name of the call's type: `{"type": "function", "function": {…}}`."""
    part = item.get(_kind(item))
    return part if isinstance(part, dict) else {}


def _kind(item: dict[str, Any]) -> str:
    kind = item.get("type")
    return kind if isinstance(kind, str) else "function" if "function" in item else ""


def _is(item: Any, kind: str) -> bool:
    return isinstance(item, dict) and item.get("type") == kind


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any, key: str) -> list[Any]:
    member = _member(value, key)
    return member if isinstance(member, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def said(value: Any) -> str:
    """A value as a text: a string as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
