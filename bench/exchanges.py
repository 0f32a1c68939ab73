"""The workloads: what is asked, and the bytes that every contender must answer with.

The ids of thread and run are the client's own, so that they stand in the cassette as they are and every contender
answers with the same bytes. `WALK` is the exception: its ids are handed out by the server, as in real conversations.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolreel.store.files import parse, save

HOST = "api.bench.invalid"
"""The host that the cassettes were recorded with; no resolver knows it."""

RUN = "run_bench0000000000000000000"
JSON_TYPE, STREAM_TYPE = "application/json", "text/event-stream; charset=utf-8"

_JSON_SIZE, _POLL_SIZE, _REQUEST_SIZE = 3_000, 2_000, 500
_FRAMES, _FRAME_SIZE = 200, 250


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer; `path` begins with `/v1`."""

    method: str
    path: str
    body: bytes
    answer: bytes
    content_type: str = JSON_TYPE


def thread(number: int) -> str:
    """The thread of the `number`th exchange."""
    return f"thread_bench{number:019}"


def submit(number: int = 0) -> Exchange:
    """`submit_tool_outputs` with 500 bytes, answered with a run of 3 KB."""
    return Exchange("POST", _path(number, "/submit_tool_outputs"), _outputs({}), _run(thread(number), _JSON_SIZE))


def poll() -> Exchange:
    """A poll, answered with a run of 2 KB."""
    return Exchange("GET", _path(0, ""), b"", _run(thread(0), _POLL_SIZE))


def stream() -> Exchange:
    """`submit_tool_outputs` with `stream: true`, answered with 200 frames of 250 bytes."""
    answer = b"".join(map(_frame, range(_FRAMES - 1))) + b"event: done\ndata: [DONE]\n\n"
    return Exchange("POST", _path(0, "/submit_tool_outputs"), _outputs({"stream": True}), answer, STREAM_TYPE)


def walk() -> list[Exchange]:
    """A whole small conversation: create thread and run, submit, poll; the server hands out the ids."""
    symbols = {name: f"{name}_{'1':0>24}" for name in ("thread", "run", "call")}
    call = {"id": symbols["call"], "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    path = f"/v1/threads/{symbols['thread']}/runs/{symbols['run']}"
    asked = _compact(
        {"assistant_id": "asst_bench", "thread": {"messages": [{"role": "user", "content": "Weather?"}]}}
    )
    told = _compact({"tool_outputs": [{"tool_call_id": symbols["call"], "output": "x" * 400}]})
    states = ("requires_action", "queued", "completed")
    runs = [
        _run(symbols["thread"], size, id=symbols["run"], status=status, required_action=act)
        for status, size, act in zip(states, (_POLL_SIZE, _JSON_SIZE, _POLL_SIZE), (action, None, None), strict=True)
    ]
    return [
        Exchange("POST", "/v1/threads/runs", asked, runs[0]),
        Exchange("POST", f"{path}/submit_tool_outputs", told, runs[1]),
        Exchange("GET", path, b"", runs[2]),
    ]


def cassette(path: Path, exchanges: Sequence[Exchange]) -> None:
    """Writes a cassette with toolreel's own writer."""
    value = {
        "toolreel": 1,
        "upstreams": [f"https://{HOST}/v1"],
        "interactions": [_interaction(n, exchange) for n, exchange in enumerate(exchanges, 1)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, parse(_compact(value), path))


def _interaction(n: int, exchange: Exchange) -> dict[str, Any]:
    request: dict[str, Any] = {"method": exchange.method, "upstream": 0, "path": exchange.path.removeprefix("/v1")}
    if exchange.body:
        request["headers"] = [["content-type", JSON_TYPE]]
        request["body"] = {"style": "compact", "json": json.loads(exchange.body)}
    response: dict[str, Any] = {"status": 200, "headers": [["content-type", exchange.content_type]]}
    if exchange.content_type == STREAM_TYPE:
        response["frames"] = [_frame_value(text) for text in exchange.answer.decode().split("\n\n")[:-1]]
    else:
        response["body"] = {"style": "pretty2", "json": json.loads(exchange.answer)}
    return {"n": n, "request": request, "response": response, "ending": "complete"}


def _frame_value(text: str) -> dict[str, Any]:
    event, data = (line.partition(": ")[2] for line in text.split("\n"))
    return {"event": event, "text": data} if data == "[DONE]" else {"event": event, "json": json.loads(data)}


def _path(number: int, rest: str) -> str:
    return f"/v1/threads/{thread(number)}/runs/{RUN}{rest}"


def _outputs(more: dict[str, Any]) -> bytes:
    def told(output: str) -> bytes:
        return _compact({"tool_outputs": [{"tool_call_id": "call_bench", "output": output}], **more})

    return told("x" * (_REQUEST_SIZE - len(told(""))))


def _run(of: str, size: int, **members: Any) -> bytes:
    """A run of `size` bytes, spelled as the API spells it."""
    value = {
        "id": RUN,
        "object": "thread.run",
        "created_at": 1761861679,
        "assistant_id": "asst_bench",
        "thread_id": of,
        "status": "queued",
        "started_at": 1761861680,
        "expires_at": 1761862279,
        "required_action": None,
        "last_error": None,
        "model": "gpt-4o",
        "instructions": "",
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
        "metadata": {},
        "temperature": 1.0,
        "usage": None,
        "parallel_tool_calls": True,
    } | members
    room = size - len(_pretty(value))
    return _pretty(value | {"instructions": ("Answer in one sentence. " * (room // 24 + 1))[:room]})


def _frame(number: int) -> bytes:
    def spelled(text: str) -> bytes:
        part = {"index": 0, "type": "text", "text": {"value": text}}
        delta = {"id": "msg_bench", "object": "thread.message.delta", "delta": {"content": [part]}}
        return b"event: thread.message.delta\ndata: " + _compact(delta) + b"\n\n"

    text = f"{number:04} "
    return spelled(text + "w" * (_FRAME_SIZE - len(spelled(text))))


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _pretty(value: Any) -> bytes:
    return json.dumps(value, indent=2).encode()
