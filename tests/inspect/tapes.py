"""Cassettes for the tests of inspection: the sample, and a tool loop made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.normalise.takes import Exchange, get, post, stream, take
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.store.files import parse

SAMPLE = Path(__file__).parents[2] / "cassettes" / "weather.json"


def sample(*changes: tuple[str, str]) -> Cassette:
    """The sample cassette; each change is a text that is replaced by another wherever it stands."""
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse(text.encode(), SAMPLE)


def ids(*prefixes: str) -> list[str]:
    """Ids as a server makes them, one for each prefix."""
    return [f"{prefix}abcdefghijklmnopqrstuv{place:02}" for place, prefix in enumerate(prefixes)]


THREAD, RUN, CALL, OTHER, STEP, MSG = ids("thread_", "run_", "call_", "call_", "step_", "msg_")
ON_THREAD, ON_RUN = f"/threads/{THREAD}", f"/threads/{THREAD}/runs/{RUN}"
SUBMIT = f"{ON_RUN}/submit_tool_outputs"


def function(id_: str, arguments: str = '{"city":"Paris"}', **more: Any) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": "get_weather", "arguments": arguments, **more}}


def run(status: str, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": list(calls)}} if calls else None
    ids = {"id": RUN, "object": "thread.run", "thread_id": THREAD}
    return {**ids, "status": status, "required_action": action, "last_error": None, **more}


def message(text: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": {"value": text, "annotations": []}}]
    ids = {"id": MSG, "object": "thread.message", "thread_id": THREAD, "run_id": RUN}
    return {**ids, "role": "assistant", "status": "completed", "content": content, **more}


def delta(text: str) -> dict[str, Any]:
    content = [{"index": 0, "type": "text", "text": {"value": text}}]
    return {"id": MSG, "object": "thread.message.delta", "delta": {"content": content}}


def outputs(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"tool_outputs": [{"tool_call_id": call, "output": output} for call, output in pairs]}


def begun(*calls: dict[str, Any]) -> list[Exchange]:
    """A thread and a run that waits for the outputs of calls."""
    return [
        post("/threads", {"id": THREAD, "object": "thread"}, {"messages": [{"role": "user", "content": "Weather?"}]}),
        post(f"{ON_THREAD}/runs", run("queued"), {"assistant_id": "asst_mine"}),
        get(ON_RUN, run("requires_action", *calls)),
    ]


def answered(*pieces: str, said: str | None = None, call: str = CALL, output: str = "21") -> Exchange:
    """Outputs, and the stream of the answer."""
    events = [
        ("thread.run.queued", run("queued")),
        *(("thread.message.delta", delta(piece)) for piece in pieces),
        ("thread.message.completed", message("".join(pieces) if said is None else said)),
        ("thread.run.completed", run("completed")),
    ]
    return stream(SUBMIT, events, {**outputs((call, output)), "stream": True})


def read(text: str) -> Exchange:
    """The messages, read afterwards."""
    return get(f"{ON_THREAD}/messages", {"object": "list", "data": [message(text)]})


def conversation(*more: Exchange) -> Cassette:
    """A whole conversation in its normal form."""
    return normal(*begun(function(CALL)), answered("It is ", "21°."), read("It is 21°."), *more)


def normal(*exchanges: Exchange) -> Cassette:
    return normalise(take(*exchanges))[0]
