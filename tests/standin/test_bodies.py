from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.standin import bodies
from toolreel.standin.objects import JsonObject
from toolreel.standin.script import Script

from .conftest import StandIn

FIELDS = ["role", "content", "type", "text", "tools", "function", "name", "parameters", "model", "metadata", "stream"]
FIELDS += ["messages", "thread", "additional_messages", "attachments", "tool_resources", "tool_outputs", "output"]
FIELDS += [
    "truncation_strategy",
    "temperature",
    "tool_choice",
    "response_format",
    "instructions",
    "parallel_tool_calls",
]
WORDS = st.sampled_from(["user", "text", "function", "none", "hello", "weather in Rome", "\ud800", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("raw", "body"),
    [(b"", {}), (b" \n", {}), (b"{}", {}), ('{"a": "é"}'.encode(), {"a": "é"}), (b'{"a": 1, "a": 2}', {"a": 2})],
)
def test_parse(raw: bytes, body: JsonObject) -> None:
    assert bodies.parse(raw) == body


def test_tool_outputs_in_the_order_sent() -> None:
    sent = [{"tool_call_id": "call_2", "output": "b"}, {"tool_call_id": "call_1"}]
    assert bodies.tool_outputs({"tool_outputs": sent}) == [("call_2", "b"), ("call_1", "")]


def test_null_is_as_good_as_nothing() -> None:
    bodies.check_common(dict.fromkeys(("model", "tools", "metadata", "temperature", "parallel_tool_calls")))
    assert bodies.flag({"stream": None}, "stream") is False
    assert bodies.messages({"messages": None}, "messages") == []


@given(
    body=st.dictionaries(st.sampled_from(FIELDS), VALUES),
    path=st.sampled_from(["/assistants", "", "/runs", "/messages"]),
)
def test_no_body_breaks_the_server(default_script: Script, body: JsonObject, path: str) -> None:
    standin = StandIn(default_script)
    helper = standin.assistant(instructions="Help.")
    thread = standin.ok("POST", "/v1/threads", {})["id"]
    address = {"/assistants": "/v1/assistants", "": "/v1/threads"}.get(path, f"/v1/threads/{thread}{path}")
    sent = json.dumps({**body, "assistant_id": helper}).encode()
    response = standin.send("POST", address, content=sent)
    assert response.status_code in (200, 400, 404)
    response.content.decode("utf-8")
