"""The objects of the API, each built in the field order that was recorded from the real one (2025-10).

Pure: ids and times are arguments. Times are Unix seconds, cut to whole ones as the API does. The API has two
spellings for one object, `json_view` and `stream_view`; what is kept has the fields of both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

JsonObject = dict[str, Any]

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RUN_LIFETIME = 600  # seconds from a run's creation until it expires

# The API leaves these out of a message when it answers in JSON, and sends them in streams.
STREAM_ONLY_MESSAGE_FIELDS = ("status", "incomplete_details", "incomplete_at", "completed_at")


def mint(random: Random, prefix: str) -> str:
    """A fresh id: the prefix (`thread_`, `call_` …) and 24 base62 characters."""
    return prefix + "".join(random.choices(BASE62, k=24))


def pretty(value: JsonObject) -> bytes:
    """A JSON answer as the API spells it: two spaces, raw UTF-8, no newline at the end."""
    return utf8(json.dumps(value, indent=2, ensure_ascii=False))


def utf8(text: str) -> bytes:
    """The text as it goes over the wire; a lone surrogate can come in as an escape, and has no UTF-8 form."""
    return text.encode("utf-8", "replace")


def compact(value: Any) -> str:
    """JSON as it stands in stream frames and in the arguments of calls."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def json_view(item: JsonObject) -> JsonObject:
    """The object as a JSON answer shows it."""
    if item["object"] != "thread.message":
        return item
    return {key: value for key, value in item.items() if key not in STREAM_ONLY_MESSAGE_FIELDS}


def stream_view(item: JsonObject) -> JsonObject:
    """The object as a stream shows it: there, empty tool resources are spelled out."""
    if item["object"] not in ("thread", "thread.run") or item["tool_resources"]:
        return item
    return {**item, "tool_resources": {"code_interpreter": {"file_ids": []}}}


def deleted(item: JsonObject) -> JsonObject:
    """The answer to a DELETE of this object."""
    return {"id": item["id"], "object": item["object"] + ".deleted", "deleted": True}


def assistant(assistant_id: str, created_at: float, body: JsonObject) -> JsonObject:
    """An assistant from a create body, or from itself merged with a modify body."""
    return {
        "id": assistant_id,
        "object": "assistant",
        "created_at": int(created_at),
        "name": body.get("name"),
        "description": body.get("description"),
        "model": body["model"],
        "instructions": body.get("instructions"),
        "tools": [_tool(tool) for tool in body.get("tools") or []],
        "top_p": _number(body.get("top_p")),
        "temperature": _number(body.get("temperature")),
        "reasoning_effort": body.get("reasoning_effort"),
        "tool_resources": body.get("tool_resources") or {},
        "metadata": body.get("metadata") or {},
        "response_format": body.get("response_format") or "auto",
    }


def _number(value: Any) -> float:
    return 1.0 if value is None else float(value)


def _tool(tool: JsonObject) -> JsonObject:
    if tool.get("type") != "function":
        return tool
    given = tool["function"]
    function: JsonObject = {"name": given["name"]}
    if given.get("description") is not None:
        function["description"] = given["description"]
    function["parameters"] = given.get("parameters") or {"type": "object", "properties": {}}
    function["strict"] = bool(given.get("strict"))
    return {"type": "function", "function": function}


def thread(thread_id: str, created_at: float, body: JsonObject) -> JsonObject:
    """A thread from a create body, or from itself merged with a modify body."""
    return {
        "id": thread_id,
        "object": "thread",
        "created_at": int(created_at),
        "metadata": body.get("metadata") or {},
        "tool_resources": body.get("tool_resources") or {},
    }


def message(message_id: str, created_at: float, thread_id: str, body: JsonObject) -> JsonObject:
    """A finished message from a create body (role, content as text or parts, attachments, metadata)."""
    content = body["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return {
        "id": message_id,
        "object": "thread.message",
        "created_at": int(created_at),
        "assistant_id": None,
        "thread_id": thread_id,
        "run_id": None,
        "status": "completed",
        "incomplete_details": None,
        "incomplete_at": None,
        "completed_at": int(created_at),
        "role": body["role"],
        "content": [_text_part(part["text"]) if part["type"] == "text" else part for part in parts],
        "attachments": body.get("attachments") or [],
        "metadata": body.get("metadata") or {},
    }


def _text_part(value: str) -> JsonObject:
    return {"type": "text", "text": {"value": value, "annotations": []}}


def answer_message(message_id: str, created_at: float, run: JsonObject) -> JsonObject:
    """The message an assistant begins to write: in progress, without content."""
    started = message(message_id, created_at, run["thread_id"], {"role": "assistant", "content": []})
    started |= {"assistant_id": run["assistant_id"], "run_id": run["id"]}
    return started | {"status": "in_progress", "completed_at": None}


def text_content(text: str) -> list[JsonObject]:
    """The content of a message that is one text."""
    return [_text_part(text)]


def message_text(item: JsonObject) -> str:
    """All text of a message, joined."""
    return "\n".join(part["text"]["value"] for part in item["content"] if part["type"] == "text")


def run(run_id: str, created_at: float, thread_id: str, helper: JsonObject, body: JsonObject) -> JsonObject:
    """A queued run from a create body; what the body leaves open comes from the assistant `helper`."""

    def wish(field: str) -> Any:
        return helper.get(field) if body.get(field) is None else body[field]

    instructions = [text for text in (wish("instructions"), body.get("additional_instructions")) if text]
    return {
        "id": run_id,
        "object": "thread.run",
        "created_at": int(created_at),
        "assistant_id": helper["id"],
        "thread_id": thread_id,
        "status": "queued",
        "started_at": None,
        "expires_at": int(created_at) + RUN_LIFETIME,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "required_action": None,
        "last_error": None,
        "model": wish("model"),
        "instructions": " ".join(instructions) or None,
        "tools": [_tool(tool) for tool in wish("tools") or []],
        "tool_resources": wish("tool_resources") or {},
        "metadata": body.get("metadata") or {},
        "temperature": _number(wish("temperature")),
        "top_p": _number(wish("top_p")),
        "reasoning_effort": wish("reasoning_effort"),
        "max_completion_tokens": body.get("max_completion_tokens"),
        "max_prompt_tokens": body.get("max_prompt_tokens"),
        "truncation_strategy": {"type": "auto", "last_messages": None} | (body.get("truncation_strategy") or {}),
        "incomplete_details": None,
        "usage": None,
        "response_format": wish("response_format") or "auto",
        "tool_choice": body.get("tool_choice") or "auto",
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
    }


def run_step(step_id: str, created_at: float, run: JsonObject, details: JsonObject) -> JsonObject:
    """A step of a run, in progress; `details` is its step_details."""
    return {
        "id": step_id,
        "object": "thread.run.step",
        "created_at": int(created_at),
        "run_id": run["id"],
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "type": details["type"],
        "status": "in_progress",
        "cancelled_at": None,
        "completed_at": None,
        "expires_at": run["expires_at"],
        "failed_at": None,
        "last_error": None,
        "step_details": details,
        "usage": None,
    }


def tool_call(call_id: str, name: str, arguments: str, **more: Any) -> JsonObject:
    """A function call as a run asks for it; in a step it also has its `output`."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments, **more}}


def usage(prompt_tokens: int, completion_tokens: int) -> JsonObject:
    """Token counts in the spelling of the API (`prompt_token_details` is singular there)."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_token_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def total_usage(parts: Iterable[JsonObject | None]) -> JsonObject:
    """The sum of the usage of several steps; steps without one count nothing."""
    known = [part for part in parts if part]
    return usage(sum(part["prompt_tokens"] for part in known), sum(part["completion_tokens"] for part in known))


def count_tokens(*texts: str) -> int:
    """A believable number of tokens for these texts: about one for four characters."""
    return sum(len(text) // 4 + 1 for text in texts)


def page(data: Sequence[JsonObject], *, has_more: bool) -> JsonObject:
    """A page of a list."""
    return {
        "object": "list",
        "data": [json_view(item) for item in data],
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }


def file(file_id: str, created_at: float, filename: str, size: int, purpose: str) -> JsonObject:
    """An uploaded file; `size` in bytes."""
    return {
        "object": "file",
        "id": file_id,
        "purpose": purpose,
        "filename": filename,
        "bytes": size,
        "created_at": int(created_at),
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }
