"""The door: headers and compression, and the real OpenAI client through a real server."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from .conftest import TOOLS, StandIn, frames

# The clients of today warn that the Assistants API is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PARIS_AND_TOKYO = "What is the weather like in Paris and Tokyo?"
ANSWER = "In Paris it is 21° and klar, in Tokyo 8° and 雨."
WEATHER = {"Paris": {"temperature": 21, "sky": "klar"}, "Tokyo": {"temperature": 8, "sky": "雨"}}


def outputs_for(run: Any) -> list[Any]:
    calls = run.required_action.submit_tool_outputs.tool_calls
    found = [WEATHER[json.loads(call.function.arguments)["city"]] for call in calls]
    return [{"tool_call_id": c.id, "output": json.dumps(w)} for c, w in zip(calls, found, strict=True)]


@pytest.fixture
def client(live_url: str) -> Iterator[Any]:
    with openai.OpenAI(base_url=live_url, api_key="sk-any", max_retries=0) as client:
        yield client.beta


def test_polling_client(client: Any) -> None:
    assistant = client.assistants.create(model="gpt-4o", tools=TOOLS)
    thread = client.threads.create(messages=[{"role": "user", "content": PARIS_AND_TOKYO}])
    run = client.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=5)
    assert run.status == "requires_action"
    assert len(run.required_action.submit_tool_outputs.tool_calls) == 2
    run = client.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=thread.id, tool_outputs=outputs_for(run), poll_interval_ms=5
    )
    assert run.status == "completed"
    assert client.threads.messages.list(thread.id).data[0].content[0].text.value == ANSWER
    steps = client.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc").data
    assert [step.type for step in steps] == ["tool_calls", "message_creation"]
    assert [call.function.output for call in steps[0].step_details.tool_calls] == [
        json.dumps(weather) for weather in WEATHER.values()
    ]


class Handler(openai.AssistantEventHandler):
    """Collects what a stream helper hands to a program."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.text = ""

    def on_tool_call_done(self, tool_call: Any) -> None:
        self.calls.append(tool_call.function.arguments)

    def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        self.text += delta.value


def test_streaming_client(client: Any) -> None:
    assistant = client.assistants.create(model="gpt-4o", tools=TOOLS)
    first, second = Handler(), Handler()
    with client.threads.create_and_run_stream(
        assistant_id=assistant.id,
        thread={"messages": [{"role": "user", "content": PARIS_AND_TOKYO}]},
        event_handler=first,
    ) as stream:
        stream.until_done()
    assert first.calls == ['{"city":"Paris"}', '{"city":"Tokyo"}']
    run = first.current_run
    assert run is not None
    assert run.status == "requires_action"
    with client.threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs_for(run), event_handler=second
    ) as stream:
        stream.until_done()
    assert second.text == ANSWER
    assert [message.content[0].text.value for message in stream.get_final_messages()] == [ANSWER]
    assert second.current_run is not None
    assert second.current_run.status == "completed"


def test_raw_stream_of_a_client(client: Any) -> None:
    assistant = client.assistants.create(model="gpt-4o")
    thread = client.threads.create(messages=[{"role": "user", "content": "hello"}])
    with client.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id, stream=True) as stream:
        events = [event.event for event in stream]
    assert (events[0], events[-1]) == ("thread.run.created", "thread.run.completed")


def test_async_client(live_url: str) -> None:
    async def converse(client: Any) -> str:
        assistant = await client.assistants.create(model="gpt-4o", tools=TOOLS)
        thread = await client.threads.create(messages=[{"role": "user", "content": PARIS_AND_TOKYO}])
        run = await client.threads.runs.create_and_poll(
            thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=5
        )
        async with client.threads.runs.submit_tool_outputs_stream(
            run_id=run.id, thread_id=thread.id, tool_outputs=outputs_for(run)
        ) as stream:
            return "".join([text async for text in stream.text_deltas])

    async def main() -> list[str]:
        async with openai.AsyncOpenAI(base_url=live_url, api_key="sk-any", max_retries=0) as client:
            # Several at once: they must not disturb each other.
            return await asyncio.gather(*(converse(client.beta) for _ in range(5)))

    assert asyncio.run(main()) == [ANSWER] * 5


def test_client_pages_through_a_list(client: Any) -> None:
    thread = client.threads.create(messages=[{"role": "user", "content": str(n)} for n in range(25)])
    found = [
        message.content[0].text.value for message in client.threads.messages.list(thread.id, limit=10, order="asc")
    ]
    assert found == [str(n) for n in range(25)]


def test_client_errors(live_url: str, client: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="No thread found with id 'thread_x'"):
        client.threads.retrieve("thread_x")
    with openai.OpenAI(base_url=live_url, api_key="sk-bad-0123456789", max_retries=0) as refused:
        with pytest.raises(openai.AuthenticationError) as caught:
            refused.beta.threads.create()
        assert caught.value.code == "invalid_api_key"


def test_azure_client(live_url: str) -> None:
    address = live_url.removesuffix("/v1")
    with openai.AzureOpenAI(azure_endpoint=address, api_key="k", api_version="2024-05-01-preview") as client:
        thread = client.beta.threads.create()
        assert client.beta.threads.delete(thread.id).deleted
        with pytest.raises(openai.NotFoundError):
            client.beta.threads.retrieve(thread.id)


def test_client_files(live_url: str) -> None:
    with openai.OpenAI(base_url=live_url, api_key="sk-any", max_retries=0) as client:
        made = client.files.create(file=("a.bin", b"\x00\xff\r\n"), purpose="assistants")
        assert client.files.content(made.id).content == b"\x00\xff\r\n"
        assert [item.id for item in client.files.list() if item.id == made.id] == [made.id]
        assert client.files.delete(made.id).deleted


def test_a_client_that_leaves_does_not_stop_the_run(live_url: str) -> None:
    with httpx.Client(base_url=live_url, headers={"authorization": "Bearer sk-any"}) as http:
        helper = http.post("/assistants", json={"model": "gpt-4o"}).json()["id"]
        thread = http.post("/threads", json={"messages": [{"role": "user", "content": "hello"}]}).json()["id"]
        with http.stream("POST", f"/threads/{thread}/runs", json={"assistant_id": helper, "stream": True}) as stream:
            next(stream.iter_text())
        for _ in range(1000):
            (run,) = http.get(f"/threads/{thread}/runs").json()["data"]
            if run["status"] == "completed":
                break
        assert run["status"] == "completed"


def test_stream_over_http(live_url: str) -> None:
    with httpx.Client(base_url=live_url, headers={"api-key": "k", "accept-encoding": "gzip"}) as http:
        helper = http.post("/assistants", json={"model": "gpt-4o"}).json()["id"]
        body = {
            "assistant_id": helper,
            "stream": True,
            "thread": {"messages": [{"role": "user", "content": "hello"}]},
        }
        response = http.post("/threads/runs", json=body)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in response.headers
    assert "content-encoding" not in response.headers
    assert response.content.endswith(b"\n\nevent: done\ndata: [DONE]\n\n")
    assert b"\r" not in response.content
    assert "👋".encode() in response.content
    assert frames(response.text)[0][0] == "thread.created"


def test_headers(standin: StandIn) -> None:
    response = standin.send("POST", "/v1/threads", {})
    headers = response.headers
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(response.content))
    assert headers["openai-version"] == "2020-10-01"
    assert headers["openai-organization"] == "org-standin"
    assert headers["openai-processing-ms"].isdecimal()
    assert re.fullmatch("req_[0-9a-f]{32}", headers["x-request-id"])
    assert [cookie.split("=")[0] for cookie in headers.get_list("set-cookie")] == ["__cf_bm", "_cfuvid"]
    assert not response.content.endswith(b"\n")
    assert standin.send("POST", "/v1/threads", {}).headers["x-request-id"] != headers["x-request-id"]


@pytest.mark.parametrize("accept", ["gzip", "gzip, deflate, br"])
def test_json_is_compressed_for_whoever_takes_it(standin: StandIn, accept: str) -> None:
    plain = standin.send("GET", "/v1/assistants")
    packed = standin.send("GET", "/v1/assistants", headers={"accept-encoding": accept})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["content-length"] == str(len(gzip.compress(plain.content, mtime=0)))
    wrong = standin.send("GET", "/v1/nothing", headers={"accept-encoding": accept})
    assert wrong.headers["content-encoding"] == "gzip"
    assert wrong.json()["error"]["message"] == "Invalid URL (GET /v1/nothing)"
