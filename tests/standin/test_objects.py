"""The bytes of answers, against the real recordings: the recorded requests are sent to the stand-in, in order.

What differs by nature is masked on both sides: ids, times, token counts. Deltas of text are compared by their first
one only, since where a model cuts its words is its own business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from toolreel.standin import objects
from toolreel.standin.script import Script, parse_script

from .conftest import StandIn

IDS = re.compile(r"\b(?:asst|thread|run|step|msg|call)_[0-9A-Za-z]{24}\b")
DELTA = re.compile(r"(event: thread\.message\.delta\n.*\n\n)(?:event: thread\.message\.delta\n.*\n\n)+")

# The 2025-10 recordings, and a script under which the stand-in says the same.
SCRIPTS = {
    "dotnet_StreamingToolCall.json": """
        [[rule]]
        rounds = [[{ tool = "get_current_weather" }]]
        answer = "ANSWER"
    """,
    "dotnet_FunctionToolsWork.json": """
        [[rule]]
        rounds = [[{ tool = "get_favorite_food_for_day_of_week", arguments = { day_of_week = "Thursday" } }]]
        answer = "ANSWER"
    """,
    "dotnet_StreamingRunWorks.json": "[[rule]]\nanswer = 'ANSWER'",
}


def masked(text: str) -> str:
    text = IDS.sub(lambda found: found[0].split("_")[0] + "_ID", text)
    text = re.sub(r"\b1[67]\d{8}\b", "TIME", text)
    return DELTA.sub(r"\1", re.sub(r'(tokens": ?)\d+', r"\1N", text))


def interactions(recordings: Path, source: str) -> list[dict[str, Any]]:
    with (recordings / "assistants_wire.jsonl").open(encoding="utf-8") as lines:
        return [entry for entry in map(json.loads, lines) if entry["source"] == source]


def said(recorded: list[dict[str, Any]]) -> str:
    """The text of the recorded answer, which the script is to give."""
    texts = re.findall(r'"role": ?"assistant",\s*"content": ?\[\s*{\s*"type".*?"value": ?("(?:[^"\\]|\\.)*")',
                       recorded[-1]["response_body"], re.DOTALL)  # fmt: skip
    return str(json.loads(texts[0]))


def send(standin: StandIn, recorded: dict[str, Any], ids: dict[str, str]) -> str:
    """Our answer to a recorded request, polled until its status is the recorded one."""
    address = urlsplit(IDS.sub(lambda found: ids[found[0]], recorded["url"]))
    body = IDS.sub(lambda found: ids[found[0]], recorded["request_body"] or "")
    path = f"{address.path}?{address.query}"
    for _ in range(100):
        response = standin.send(recorded["method"], path, content=body.encode())
        assert response.status_code == recorded["status"], response.text
        if recorded["method"] != "GET" or masked(response.text) == masked(recorded["response_body"]):
            break
        standin.now += 0.1
    return response.text


@pytest.mark.parametrize("source", SCRIPTS)
def test_bytes_are_the_recorded_ones(
    recordings: Path, make_standin: Callable[[Script], StandIn], source: str
) -> None:
    recorded = interactions(recordings, source)
    script = parse_script(SCRIPTS[source].replace('"ANSWER"', json.dumps(said(recorded), ensure_ascii=False))
                          .replace("'ANSWER'", json.dumps(said(recorded), ensure_ascii=False)), source)  # fmt: skip
    standin, ids = make_standin(script), dict[str, str]()
    for entry in recorded:
        ours = send(standin, entry, ids)
        assert masked(ours) == masked(entry["response_body"]), (source, entry["index"])
        found = IDS.findall(DELTA.sub(r"\1", entry["response_body"]))
        ids |= dict(zip(found, IDS.findall(DELTA.sub(r"\1", ours)), strict=True))


def test_recorded_errors_have_the_same_bytes(recordings: Path, standin: StandIn) -> None:
    run = standin.wait(standin.ask("hello"), "in_progress")
    for entry in interactions(recordings, "ruby_runs_submit_tool_outputs.yml"):
        path = f"/v1/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs"
        response = standin.send("POST", path, content=entry["request_body"].encode())
        assert (response.status_code, response.text) == (entry["status"], entry["response_body"])


def test_ids_have_the_recorded_shape() -> None:
    random = Random(1)
    for prefix in ("asst_", "thread_", "run_", "step_", "msg_", "call_"):
        assert IDS.fullmatch(objects.mint(random, prefix))


def test_spellings() -> None:
    value = {"a": "é👋", "b": [], "c": {}, "d": 1.0}
    assert objects.pretty(value) == '{\n  "a": "é👋",\n  "b": [],\n  "c": {},\n  "d": 1.0\n}'.encode()
    assert objects.compact(value) == '{"a":"é👋","b":[],"c":{},"d":1.0}'
    assert objects.pretty({"a": "\ud800"}) == b'{\n  "a": "?"\n}'


def test_tools_are_completed_as_the_api_does() -> None:
    tools = [
        {"type": "function", "function": {"strict": True, "description": "d", "name": "n"}},
        {"type": "file_search"},
    ]
    made = objects.assistant("asst_1", 1.9, {"model": "m", "tools": tools})
    assert objects.compact(made["tools"]) == (
        '[{"type":"function","function":{"name":"n","description":"d","parameters":{"type":"object","properties":{}},'
        '"strict":true}},{"type":"file_search"}]'
    )
    assert made["created_at"] == 1


def test_usage_adds_up() -> None:
    total = objects.total_usage([objects.usage(3, 4), None, objects.usage(1, 1)])
    assert (total["prompt_tokens"], total["completion_tokens"], total["total_tokens"]) == (4, 5, 9)
