"""The exact bodies of error answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from toolreel.standin.errors import masked

from .conftest import StandIn, path_of

HINT = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library"
    " correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble"
    " figuring out how to fix this, please contact us through our help center at help.openai.com.)"
)
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth"
    " (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing"
    " the API from your browser and are prompted for a username and password. You can obtain an API key from"
    " https://platform.openai.com/account/api-keys."
)


def spelled(message: str, param: str | None = None, code: str | None = None) -> bytes:
    """The recorded spelling of an error body."""
    lines = [
        "{",
        '  "error": {',
        f'    "message": {json.dumps(message, ensure_ascii=False)},',
        '    "type": "invalid_request_error",',
        f'    "param": {json.dumps(param)},',
        f'    "code": {json.dumps(code)}',
        "  }",
        "}",
    ]
    return "\n".join(lines).encode()


def test_recorded_length() -> None:
    # content-length 170 in the recorded 400s of submit_tool_outputs
    assert len(spelled('Runs in status "in_progress" do not accept tool outputs.')) == 170


def missing(param: str) -> tuple[str, str, str]:
    return f"Missing required parameter: '{param}'.", param, "missing_required_parameter"


def wrong(param: str, expected: str, got: str) -> tuple[str, str, str]:
    return f"Invalid type for '{param}': expected {expected}, but got {got} instead.", param, "invalid_type"


def say(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": text}


WAITING, MOVING = "{waiting}", "{moving}"  # paths of runs that wait for outputs, or are in progress
T = "{thread}"  # the path of a thread without messages

CASES: list[tuple[str, str, Any, int, tuple[Any, ...]]] = [
    ("POST", "/v1/foo", {}, 404, ("Invalid URL (POST /v1/foo)",)),
    ("GET", "/", None, 404, ("Invalid URL (GET /)",)),
    ("GET", "/openai/nothing/here", None, 404, ("Invalid URL (GET /openai/nothing/here)",)),
    ("PUT", "/v1/threads", {}, 405, ("Invalid method for URL (PUT /v1/threads)",)),
    ("GET", "/v1/assistants/asst_123", None, 404, ("No assistant found with id 'asst_123'.",)),
    ("DELETE", "/v1/assistants/asst_123", None, 404, ("No assistant found with id 'asst_123'.",)),
    ("GET", "/v1/threads/thread_123", None, 404, ("No thread found with id 'thread_123'.",)),
    ("GET", "/v1/threads/thread_123/messages", None, 404, ("No thread found with id 'thread_123'.",)),
    ("GET", T + "/messages/msg_123", None, 404, ("No message found with id 'msg_123'.",)),
    ("GET", T + "/runs/run_123", None, 404, ("No run found with id 'run_123'.",)),
    ("POST", T + "/runs/run_123/cancel", None, 404, ("No run found with id 'run_123'.",)),
    ("GET", WAITING + "/steps/step_123", None, 404, ("No run step found with id 'step_123'.",)),
    ("POST", T + "/runs", {"assistant_id": "asst_1"}, 404, ("No assistant found with id 'asst_1'.",)),
    ("GET", "/v1/files/file-1", None, 404, ("No such File object: file-1", "id")),
    ("POST", "/v1/assistants", {}, 400, missing("model")),
    ("POST", "/v1/assistants", {"model": 4}, 400, wrong("model", "a string", "an integer")),
    ("POST", "/v1/assistants", {"model": "m", "tools": {}}, 400, wrong("tools", "an array of objects", "an object")),
    ("POST", "/v1/assistants", {"model": "m", "tools": [1]}, 400, wrong("tools[0]", "an object", "an integer")),
    ("POST", "/v1/assistants", {"model": "m", "tools": [{}]}, 400, missing("tools[0].type")),
    ("POST", "/v1/assistants", {"model": "m", "tools": [{"type": "function"}]}, 400, missing("tools[0].function")),
    (
        "POST",
        "/v1/assistants",
        {"model": "m", "tools": [{"type": "function", "function": {}}]},
        400,
        missing("tools[0].function.name"),
    ),
    ("POST", "/v1/assistants", {"model": "m", "top_p": "1"}, 400, wrong("top_p", "a decimal number", "a string")),
    ("POST", "/v1/threads", {"metadata": {"a": None}}, 400, wrong("metadata.a", "a string", "null")),
    ("POST", "/v1/threads", {"metadata": [1]}, 400, wrong("metadata", "an object", "an array")),
    ("POST", "/v1/threads", {"messages": [{"role": "user"}]}, 400, missing("messages[0].content")),
    ("POST", T + "/messages", {"content": "x"}, 400, missing("role")),
    (
        "POST",
        T + "/messages",
        say("x", "system"),
        400,
        ("Invalid value: 'system'. Supported values are: 'user' and 'assistant'.", "role", "invalid_value"),
    ),
    (
        "POST",
        T + "/messages",
        {"role": "user", "content": 1.5},
        400,
        wrong("content", "a string", "a decimal number"),
    ),
    ("POST", T + "/messages", {"role": "user", "content": [{"type": "text"}]}, 400, missing("content[0].text")),
    ("POST", T + "/runs", {}, 400, missing("assistant_id")),
    ("POST", T + "/runs", {"stream": "yes"}, 400, wrong("stream", "a boolean", "a string")),
    ("POST", "/v1/threads/runs", {"thread": 1}, 400, wrong("thread", "an object", "an integer")),
    (
        "POST",
        "/v1/threads/runs",
        {"thread": {"messages": [{}]}},
        400,
        missing("thread.messages[0].role"),
    ),
    (
        "POST",
        T + "/runs",
        {"assistant_id": "{assistant}"},
        400,
        (
            "Run creation requires a Thread with a user message or an assistant with instructions.",
            None,
            "invalid_thread",
        ),
    ),
    (
        "POST",
        T + "/runs",
        {"assistant_id": "{assistant}", "stream": True},
        400,
        (
            "Run creation requires a Thread with a user message or an assistant with instructions.",
            None,
            "invalid_thread",
        ),
    ),
    ("POST", MOVING, {"metadata": {"modified": True}}, 400, wrong("metadata.modified", "a string", "a boolean")),
    ("POST", MOVING, {"metadata": {"a": "b"}}, 400, ("Cannot update run with status 'in_progress'.",)),
    (
        "POST",
        MOVING + "/submit_tool_outputs",
        {"tool_outputs": []},
        400,
        ('Runs in status "in_progress" do not accept tool outputs.',),
    ),
    (
        "POST",
        MOVING + "/submit_tool_outputs",
        {"tool_outputs": [], "stream": True},
        400,
        ('Runs in status "in_progress" do not accept tool outputs.',),
    ),
    ("POST", WAITING + "/submit_tool_outputs", {}, 400, missing("tool_outputs")),
    (
        "POST",
        WAITING + "/submit_tool_outputs",
        {"tool_outputs": "x"},
        400,
        wrong("tool_outputs", "an array of objects", "a string"),
    ),
    ("POST", WAITING + "/submit_tool_outputs", {"tool_outputs": [{}]}, 400, missing("tool_outputs[0].tool_call_id")),
    (
        "POST",
        WAITING + "/submit_tool_outputs",
        {"tool_outputs": [{"tool_call_id": "call_1", "output": {}}]},
        400,
        wrong("tool_outputs[0].output", "a string", "an object"),
    ),
    (
        "POST",
        WAITING + "/submit_tool_outputs",
        {"tool_outputs": [{"tool_call_id": "{call}", "output": "x"}]},
        400,
        ("Expected tool outputs for call_ids ['{call}', '{call2}'], got ['{call}']",),
    ),
    (
        "POST",
        WAITING + "/submit_tool_outputs",
        {"tool_outputs": [{"tool_call_id": "{call}"}, {"tool_call_id": "call_x"}], "stream": True},
        400,
        ("Expected tool outputs for call_ids ['{call}', '{call2}'], got ['{call}', 'call_x']",),
    ),
    (
        "POST",
        "{waiting_thread}/messages",
        say("x"),
        400,
        ("Can't add messages to {waiting_thread_id} while a run {waiting_id} is active.",),
    ),
    (
        "POST",
        "{waiting_thread}/runs",
        {"assistant_id": "{assistant}"},
        400,
        ("Thread {waiting_thread_id} already has an active run {waiting_id}.",),
    ),
]


def filled(value: Any, names: dict[str, str]) -> Any:
    """The value with the ids of this test's objects; through JSON, so that nested strings are reached."""
    text = json.dumps(value)
    for name, real in names.items():
        text = text.replace("{" + name + "}", real)
    return json.loads(text)


@pytest.mark.parametrize(("method", "path", "body", "status", "error"), CASES)
def test_error_body(standin: StandIn, method: str, path: str, body: Any, status: int, error: tuple[Any, ...]) -> None:
    waiting = standin.wait(standin.ask("weather in Rome and Oslo"), "requires_action")
    moving = standin.wait(standin.ask("hello"), "in_progress")
    calls = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
    names = {
        "assistant": waiting["assistant_id"],
        "thread": f"/v1/threads/{standin.ok('POST', '/v1/threads')['id']}",
        "waiting": path_of(waiting),
        "waiting_id": waiting["id"],
        "waiting_thread": f"/v1/threads/{waiting['thread_id']}",
        "waiting_thread_id": waiting["thread_id"],
        "moving": path_of(moving),
        "call": calls[0]["id"],
        "call2": calls[1]["id"],
    }
    response = standin.send(method, filled(path, names), filled(body, names))
    assert response.content == spelled(*filled(error, names))
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", ["expired", "completed", "queued", "cancelled"])
def test_submit_in_another_status(standin: StandIn, status: str) -> None:
    run = standin.ask("hello" if status == "completed" else "weather in Rome")
    if status == "cancelled":
        standin.ok("POST", path_of(run) + "/cancel")
    if status == "expired":
        standin.now += 601
    standin.wait(run, status)
    response = standin.send("POST", path_of(run) + "/submit_tool_outputs", {"tool_outputs": []})
    assert response.content == spelled(f'Runs in status "{status}" do not accept tool outputs.')


@pytest.mark.parametrize("status", ["cancelling", "cancelled"])
def test_cancel_twice(standin: StandIn, status: str) -> None:
    run = standin.ask("hello")
    standin.ok("POST", path_of(run) + "/cancel")
    standin.wait(run, status)
    response = standin.send("POST", path_of(run) + "/cancel")
    assert (response.status_code, response.content) == (400, spelled(f"Cannot cancel run with status '{status}'."))


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff", b'{"a": NaN}', b"[" * 100_000, b"1" * 5000])
def test_unreadable_body(standin: StandIn, raw: bytes) -> None:
    response = standin.send("POST", "/v1/threads", content=raw)
    assert (response.status_code, response.content) == (400, spelled(HINT))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": ""}, spelled(NO_KEY)),
        ({"authorization": "Bearer "}, spelled(NO_KEY)),
        ({"authorization": "Basic Zm9vOmJhcg=="}, spelled(NO_KEY)),
        (
            {"authorization": "Bearer sk-bad-0123456789abcdef"},
            spelled(
                "Incorrect API key provided: sk-bad-0***********cdef. You can find your API key at"
                " https://platform.openai.com/account/api-keys.",
                code="invalid_api_key",
            ),
        ),
        (
            {"authorization": "", "api-key": "sk-bad"},
            spelled(
                "Incorrect API key provided: sk-bad. You can find your API key at"
                " https://platform.openai.com/account/api-keys.",
                code="invalid_api_key",
            ),
        ),
    ],
)
def test_keys(standin: StandIn, headers: dict[str, str], expected: bytes) -> None:
    response = standin.send("POST", "/v1/threads/runs", {"stream": True}, headers=headers)
    assert (response.status_code, response.content) == (401, expected)


def test_masked_like_the_real_one() -> None:
    # As users quote it: "Incorrect API key provided: your_api*****here."
    assert masked("your_api_key_here") == "your_api*****here"


def test_unknown_url_needs_no_key(standin: StandIn) -> None:
    assert standin.send("GET", "/v1/foo", headers={"authorization": ""}).status_code == 404
