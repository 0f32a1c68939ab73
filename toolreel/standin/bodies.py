"""What request bodies must hold: the checks that end in a 400, worded as the API words them. Pure."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from . import errors
from .objects import JsonObject


def parse(raw: bytes) -> JsonObject:
    """The JSON object in a request body; no body at all is an empty one."""
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise errors.unreadable_body() from error
    if not isinstance(body, dict):
        raise errors.unreadable_body()
    return body


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def string(body: JsonObject, name: str, param: str | None = None) -> str:
    """A required string field; `param` is how errors call it, if not by its name."""
    value = body.get(name)
    if value is None:
        raise errors.missing_parameter(param or name)
    if not isinstance(value, str):
        raise errors.invalid_type(param or name, "a string", value)
    return value


def array_of_objects(body: JsonObject, name: str, param: str | None = None) -> list[JsonObject]:
    """An optional list of objects, empty where there is none."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise errors.invalid_type(param or name, "an array of objects", value)
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise errors.invalid_type(f"{param or name}[{index}]", "an object", item)
    return value


def flag(body: JsonObject, name: str) -> bool:
    """An optional boolean, false where there is none."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise errors.invalid_type(name, "a boolean", value)
    return bool(value)


def check_common(body: JsonObject) -> None:
    """Types of the fields that several creates and modifications share."""
    for name in ("model", "name", "description", "instructions", "additional_instructions", "reasoning_effort"):
        _optional(body, name, str, "a string")
    for name in ("temperature", "top_p"):
        _optional(body, name, (int, float), "a decimal number")
    for name in ("tool_resources", "truncation_strategy"):
        _optional(body, name, dict, "an object")
    flag(body, "parallel_tool_calls")
    check_metadata(body)
    _check_tools(body)


def _optional(body: JsonObject, name: str, types: type | tuple[type, ...], expected: str) -> None:
    value = body.get(name)
    if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
        raise errors.invalid_type(name, expected, value)


def check_metadata(body: JsonObject) -> None:
    """Metadata is an object of strings (recorded: `Invalid type for 'metadata.modified': …`)."""
    _optional(body, "metadata", dict, "an object")
    for key, value in (body.get("metadata") or {}).items():
        if not isinstance(value, str):
            raise errors.invalid_type(f"metadata.{key}", "a string", value)


def _check_tools(body: JsonObject) -> None:
    for index, tool in enumerate(array_of_objects(body, "tools")):
        if string(tool, "type", f"tools[{index}].type") != "function":
            continue
        function = tool.get("function")
        if function is None:
            raise errors.missing_parameter(f"tools[{index}].function")
        if not isinstance(function, dict):
            raise errors.invalid_type(f"tools[{index}].function", "an object", function)
        string(function, "name", f"tools[{index}].function.name")


def check_message(body: JsonObject, param: str = "") -> None:
    """A message to create: role, and content as text or as parts; `param` is the path that errors begin with."""
    role = string(body, "role", f"{param}role")
    if role not in ("user", "assistant"):
        raise errors.invalid_value(f"{param}role", role, ("user", "assistant"))
    content = body.get("content")
    if not isinstance(content, list):
        string(body, "content", f"{param}content")
    else:
        for index, part in enumerate(array_of_objects(body, "content", f"{param}content")):
            if string(part, "type", f"{param}content[{index}].type") == "text":
                string(part, "text", f"{param}content[{index}].text")
    array_of_objects(body, "attachments", f"{param}attachments")
    check_metadata(body)


def messages(body: JsonObject, name: str, param: str | None = None) -> list[JsonObject]:
    """An optional list of messages to create, checked; `param` is how errors call the list."""
    found = array_of_objects(body, name, param)
    for index, item in enumerate(found):
        check_message(item, f"{param or name}[{index}].")
    return found


def tool_outputs(body: JsonObject) -> list[tuple[str, str]]:
    """The submitted outputs as (call id, text), in the order sent."""
    if body.get("tool_outputs") is None:
        raise errors.missing_parameter("tool_outputs")
    return [
        (string(item, "tool_call_id", f"tool_outputs[{index}].tool_call_id"), _output(item, index))
        for index, item in enumerate(array_of_objects(body, "tool_outputs"))
    ]


def _output(item: JsonObject, index: int) -> str:
    value: Any = item.get("output")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise errors.invalid_type(f"tool_outputs[{index}].output", "a string", value)
    return value
