"""Projects whose tests use the plugin, each with its cassettes."""

from __future__ import annotations

import json
import textwrap
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import openai
import pytest

import toolreel.pytest_plugin.stage
from tests.wire.tapes import get, make, post

IMPORTS = "import os\nimport pytest\nfrom talk import ask, begin, converse, run, submit\n\n"
SETTINGS = """
[tool.pytest.ini_options]
addopts = "--strict-markers --strict-config"
filterwarnings = ["error", "ignore:The Assistants API is deprecated:DeprecationWarning"]
"""
MODEL = b'{"id":"gpt-4o","object":"model","created":1,"owned_by":"o"}'
NAME = "toolreel.pytest_plugin"
# Where the checkout is not installed, as in a second worktree, pytest does not find the plugin by itself.
# Plugins of others that cost more than the tests.
LIGHT = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
PLUGIN = [] if any(one.value == NAME for one in entry_points(group="pytest11")) else ["-p", NAME]

# What the tests of a project import in this process is forgotten after each: this is imported once, before.
LOADED = (toolreel.pytest_plugin.stage, openai.OpenAI(api_key="x").beta.threads.runs)


def ids(number: int) -> tuple[str, str, str]:
    """The thread, run and call of a conversation."""
    return f"thread_{number:024}", f"run_{number:024}", f"call_{number:024}"


def conversation(number: int = 1, output: str = "21") -> list[dict[str, Any]]:
    """A thread, a run that calls a tool, the tool's output, the answer."""
    thread, run, call = ids(number)
    at = f"/threads/{thread}/runs/{run}"
    function = {"name": "weather", "arguments": '{"city":"Paris"}'}
    calls = [{"id": call, "type": "function", "function": function}]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    waits: dict[str, Any] = {"id": run, "object": "thread.run", "thread_id": thread, "status": "requires_action"}
    waits["required_action"] = action
    outputs = {"tool_outputs": [{"tool_call_id": call, "output": output}]}
    done = {"id": run, "object": "thread.run", "thread_id": thread, "status": "completed"}
    return [
        post("/threads", b"{}", json.dumps({"id": thread, "object": "thread"}).encode()),
        post(
            f"/threads/{thread}/runs",
            b'{"assistant_id":"a"}',
            json.dumps(waits | {"required_action": action}).encode(),
        ),
        post(f"{at}/submit_tool_outputs", json.dumps(outputs).encode(), json.dumps(done).encode()),
    ]


TALK = '''
import json, os, urllib.error, urllib.request

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

def ask(method, path, body=None, base_url=None):
    """Status and value of an answer of the API that the environment leads to."""
    data = None if body is None else json.dumps(body).encode()
    url = (base_url or os.environ["OPENAI_BASE_URL"]) + path
    headers = {"content-type": "application/json", "authorization": "Bearer sk-any", "openai-beta": "assistants=v2"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with OPENER.open(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)

def begin():
    return ask("POST", "/threads", {})[1]["id"]

def run(thread):
    return ask("POST", f"/threads/{thread}/runs", {"assistant_id": "a"})[1]

def submit(run, output="21"):
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = {"tool_outputs": [{"tool_call_id": call["id"], "output": output}]}
    status, done = ask("POST", f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs", outputs)
    assert status == 200, done["error"]["message"]
    return done["status"]

def converse(output="21"):
    """Has the conversation, and gives the status in which its run ends."""
    return submit(run(begin()), output)
'''


class Project:
    """A project in a folder of its own; its tests run in this process unless they must not."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.cassettes = self.path / "cassettes"
        self.settings()
        (self.path / "talk.py").write_text(TALK)
        pytester.syspathinsert()

    def settings(self, more: str = "") -> None:
        """Writes its settings."""
        (self.path / "pyproject.toml").write_text(SETTINGS + textwrap.dedent(more))

    def models(self, *names: str) -> None:
        """Writes cassettes on which a model is asked for."""
        for name in names:
            make(self.cassettes, name, get("/models/gpt-4o", MODEL), post("/x", b"{}", b"{}"))

    def talks(self, *names: str) -> None:
        """Writes cassettes on which there is a conversation."""
        for name in names:
            make(self.cassettes, name, *conversation())

    def file(self, name: str, text: str) -> Path:
        """Writes a file of tests."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "import os\nimport pytest\nfrom talk import ask, begin, converse, run, submit\n\n" + textwrap.dedent(text)
        )
        return path

    def run(self, *arguments: str) -> pytest.RunResult:
        """Runs its tests."""
        return self.pytester.runpytest_inprocess(*PLUGIN, *LIGHT, *arguments)

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Runs its tests in a process of their own."""
        return self.pytester.runpytest_subprocess(*PLUGIN, *LIGHT, *arguments, timeout=100)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project, on a machine of somebody who develops."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "")
    monkeypatch.delenv("CI", raising=False)
    return Project(pytester)
