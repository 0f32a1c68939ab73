"""Azure's clients, which speak https only: AI Foundry's agents and Azure OpenAI, recorded and replayed over --tls."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest
from azure.ai import agents
from azure.ai.agents import models
from azure.core.credentials import AccessToken

from toolreel.messages.model import Cassette
from toolreel.server.asgi import hosting
from toolreel.standin.app import create_app
from toolreel.standin.script import Timing, load_script
from toolreel.store.files import load

from .conftest import Toolreel
from .doors import FREE
from .secure import SecureDoor, recording, replaying

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PROJECT = "/api/projects/p"
QUESTION = "What is the weather in Paris and Tokyo?"
ANSWER = "In Paris it is 21° and klar, in Tokyo 8° and 雨."
WEATHER = {"Paris": {"temperature": 21, "sky": "klar"}, "Tokyo": {"temperature": 8, "sky": "雨"}}
TOOL: Any = {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": {}}}
QUICK = Timing(queued_ms=20, tools_ms=20, answer_ms=20, frame_ms=1, cancel_ms=20)


class Credential:
    """Stands for azure-identity: a token that nobody asked for."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("a-token-of-nobody", int(time.time()) + 3600)

    def close(self) -> None:
        pass


class Listener(models.AgentEventHandler):  # type: ignore[type-arg]
    """Answers tool calls in the middle of a stream, and notes what it hears."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self.client = client
        self.heard: list[str] = []

    def on_thread_run(self, run: Any) -> None:
        self.heard.append(run.status.value)
        if run.status == models.RunStatus.REQUIRES_ACTION:
            self.client.runs.submit_tool_outputs_stream(
                thread_id=run.thread_id, run_id=run.id, tool_outputs=outputs(run), event_handler=self
            )

    def on_message_delta(self, delta: Any) -> None:
        self.heard.append(delta.text)

    def on_error(self, data: str) -> None:
        raise AssertionError(data)


def outputs(run: Any) -> list[Any]:
    """What the functions give that a run waits for."""
    calls = run.required_action.submit_tool_outputs.tool_calls
    found = [WEATHER[json.loads(call.function.arguments)["city"]] for call in calls]
    return [
        models.ToolOutput(tool_call_id=call.id, output=json.dumps(one))
        for call, one in zip(calls, found, strict=True)
    ]


def converse(door: SecureDoor) -> tuple[list[Any], list[str]]:
    """What an agent's program hears, once polling and once streaming, each with two tool calls."""
    heard: list[Any] = []
    endpoint = door.environment["PROJECT_ENDPOINT"]
    with agents.AgentsClient(endpoint, Credential(), connection_verify=door.bundle, retry_total=0) as client:
        agent = client.create_agent(model="gpt-4o", instructions="Use the tools.", tools=[TOOL])
        thread = client.threads.create()
        client.messages.create(thread.id, role="user", content=QUESTION)
        run = client.runs.create(thread.id, agent_id=agent.id)
        while run.status in ("queued", "in_progress", "requires_action"):
            if run.status == "requires_action":
                run = client.runs.submit_tool_outputs(thread.id, run.id, tool_outputs=outputs(run))
            else:
                run = client.runs.get(thread.id, run.id)
        heard.append(run.as_dict())
        heard += [message.as_dict() for message in client.messages.list(thread.id)]
        heard += [step.as_dict() for step in client.run_steps.list(thread.id, run.id)]

        client.messages.create(thread.id, role="user", content=QUESTION)
        listener = Listener(client)
        with client.runs.stream(thread.id, agent_id=agent.id, event_handler=listener) as stream:
            stream.until_done()
        client.delete_agent(agent.id)
    return heard, listener.heard


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The origin of a quick stand-in."""
    with hosting(create_app(replace(load_script(None), timing=QUICK)), FREE) as address:
        yield f"http://{address.shown}"


def above_take(cassette: Cassette) -> Cassette:
    return cassette.model_copy(update={"take": None})


def test_a_foundry_agent_is_recorded_and_replayed_over_https(
    standin: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROJECT_ENDPOINT", raising=False)
    with recording(folder, standin + PROJECT, via="base-url", tls=True) as door:
        assert door.environment["PROJECT_ENDPOINT"] == door.base + PROJECT
        heard, streamed = converse(door)
    assert heard[0]["status"] == "completed"
    assert heard[1]["content"][0]["text"]["value"] == ANSWER
    assert "requires_action" in streamed
    assert streamed[-1] == "completed"
    assert door.cassette.upstreams == (standin + PROJECT,)
    assert {one.request.query[0] for one in door.cassette.interactions} == {("api-version", "v1")}
    assert "a-token-of-nobody" not in (folder / "tape.json").read_text()
    with replaying(folder, "base-url", tls=True) as replay:
        assert replay.environment["PROJECT_ENDPOINT"] == replay.base + PROJECT
        assert converse(replay)[1] == streamed
        assert (replay.session.misses, replay.session.unplayed) == ([], 0)

    # The same without a path at the upstream: the program's own endpoint says which project it is.
    monkeypatch.setenv("PROJECT_ENDPOINT", f"https://x.services.ai.azure.com{PROJECT}")
    other = tmp_path / "other"
    other.mkdir()
    with recording(other, standin, via="base-url", tls=True) as again:
        assert again.environment["PROJECT_ENDPOINT"] == again.base + PROJECT
        assert converse(again)[1] == streamed
    assert above_take(again.cassette) == above_take(door.cassette)
    with replaying(other, "base-url", tls=True) as replay:
        assert converse(replay)[1] == streamed
        assert (replay.session.misses, replay.session.unplayed) == ([], 0)


def test_the_azure_openai_client_is_recorded_and_replayed_over_https(standin: str, folder: Path) -> None:
    def ask(door: SecureDoor) -> list[Any]:
        client = openai.AzureOpenAI(
            azure_endpoint=door.environment["AZURE_OPENAI_ENDPOINT"],
            api_key="a-key-of-nobody",
            api_version="2024-05-01-preview",
            max_retries=0,
            http_client=openai.DefaultHttpxClient(**door._options()),
        )
        with client:
            beta = client.beta
            assistant = beta.assistants.create(model="gpt-4o", tools=[TOOL])
            thread = beta.threads.create(messages=[{"role": "user", "content": QUESTION}])
            with beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as events:
                return [event.event for event in events]

    with recording(folder, standin, via="base-url", tls=True) as door:
        heard = ask(door)
    assert heard[-1] == "thread.run.requires_action"
    assert door.cassette.upstreams == (f"{standin}/openai",)
    assert "a-key-of-nobody" not in (folder / "tape.json").read_text()
    with replaying(folder, "base-url", tls=True) as replay:
        assert ask(replay) == heard
        assert (replay.session.misses, replay.session.unplayed) == ([], 0)


PROGRAM = """
import os, time
from azure.ai.agents import AgentsClient
from azure.core.credentials import AccessToken

class Credential:
    def get_token(self, *scopes, **options):
        return AccessToken("a-token-of-nobody", int(time.time()) + 3600)
    def close(self):
        pass

with AgentsClient(os.environ["AZURE_AI_PROJECT_ENDPOINT"], Credential()) as client:
    print([agent.model for agent in client.list_agents()], client.create_agent(model="gpt-4o").model)
"""


def test_an_unchanged_program_for_foundry_finds_and_trusts_toolreel(
    standin: str, folder: Path, toolreel: Toolreel
) -> None:
    command = ["--", sys.executable, "-c", PROGRAM]
    upstream = ["--upstream", standin + PROJECT]
    ran = toolreel("record", "tape", "--tls", *upstream, "--cassettes", folder, *command)
    assert ran.status == 0, ran.err
    assert load(folder / "tape.json").upstreams == (standin + PROJECT,)
    again = toolreel("replay", "tape", "--tls", "--cassettes", folder, *command)
    assert (again.status, again.out) == (0, ran.out), again.err
