"""A stand-in with a clock of its own, and one that runs in uvicorn."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn

from toolreel.replay.trouble import Trouble
from toolreel.standin.app import create_app
from toolreel.standin.script import Script, Timing, load_script

START = 1_700_000_000.0
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather"}}
TOOLS = [WEATHER] + [{"type": "function", "function": {"name": name}} for name in ("find_order", "track_parcel")]


class StandIn:
    """The application in this process; time passes only where a test or a stream's pause lets it."""

    def __init__(self, script: Script, trouble: Trouble | None = None) -> None:
        self.now = START
        self.script = script
        self.app = create_app(
            script, clock=lambda: self.now, random=random.Random(7), sleep=self.sleep, trouble=trouble
        )

    async def sleep(self, seconds: float) -> None:
        # A little more, so that rounding of large floats never leaves the next beat just out of reach.
        self.now += seconds + 1e-6

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"authorization": "Bearer sk-any", "accept-encoding": "identity"} | more.pop("headers", {})
        if body is not None:
            more["json"] = body

        async def exchange() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://standin") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(exchange())

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        response = self.send(method, path, body)
        assert response.status_code == 200, response.text
        return response.json()

    def stream(self, path: str, body: Any) -> list[tuple[str, Any]]:
        """The (event, data) pairs of a streamed answer."""
        response = self.send("POST", path, {**body, "stream": True})
        assert response.status_code == 200, response.text
        return frames(response.text)

    def assistant(self, **more: Any) -> str:
        return str(self.ok("POST", "/v1/assistants", {"model": "gpt-4o", "tools": TOOLS, **more})["id"])

    def ask(self, text: str, **more: Any) -> Any:
        """A new thread and run in JSON."""
        return self.ok("POST", "/v1/threads/runs", self.question(text, **more))

    def question(self, text: str, **more: Any) -> dict[str, Any]:
        thread = {"messages": [{"role": "user", "content": text}]}
        return {"assistant_id": self.assistant(), "thread": thread, **more}

    def poll(self, run: Any) -> Any:
        return self.ok("GET", path_of(run))

    def wait(self, run: Any, status: str) -> Any:
        """Let time pass until the run has this status."""
        for _ in range(1000):
            found = self.poll(run)
            if found["status"] == status:
                return found
            self.now += 0.05
        raise AssertionError(f"never {status}, but {found['status']}")


def path_of(run: Any) -> str:
    return f"/v1/threads/{run['thread_id']}/runs/{run['id']}"


def frames(text: str) -> list[tuple[str, Any]]:
    """Parse an SSE body, strictly in the recorded spelling."""
    found = []
    assert text.endswith("\n\n")
    for block in text[:-2].split("\n\n"):
        event, data = block.split("\n")
        assert event.startswith("event: ")
        assert data.startswith("data: ")
        payload = data.removeprefix("data: ")
        found.append((event.removeprefix("event: "), payload if payload == "[DONE]" else json.loads(payload)))
    return found


@pytest.fixture(scope="session")
def default_script() -> Script:
    return load_script(None)


@pytest.fixture
def standin(default_script: Script) -> StandIn:
    return StandIn(default_script)


@pytest.fixture
def make_standin() -> Callable[[Script], StandIn]:
    return StandIn


@pytest.fixture(scope="session")
def live_url(default_script: Script) -> Iterator[str]:
    """The base URL of a stand-in in uvicorn, with the default script and short times."""
    timing = Timing(queued_ms=20, tools_ms=20, answer_ms=20, frame_ms=1, cancel_ms=20)
    app = create_app(replace(default_script, timing=timing))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    server.should_exit = True
    thread.join()
