"""The cookbook is run: in each recipe the wrong client fails the test, and the right one passes it."""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from tests.replay.transport import Clock, SessionTransport, client_of, httpx
from toolreel.messages.bodies import body_bytes
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.delivery import Delivery
from toolreel.replay.faults import parse_faults
from toolreel.replay.pace import INSTANT
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape
from toolreel.store.files import load

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROOT = Path(__file__).parents[2]
COOKBOOK = (ROOT / "docs" / "cookbook.md").read_text()
TAPE = Tape("weather", load(ROOT / "cassettes" / "weather.json"), lambda digest: b"")
Names = dict[str, Any]


def recipes() -> dict[str, dict[str, str]]:
    """The blocks of each recipe, by what they are for."""
    found = {}
    for section in COOKBOOK.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        if blocks := dict(re.findall(r"```(?:toml|python) (\w+)\n(.*?)```", text, re.DOTALL)):
            found[title] = blocks
    return found


RECIPES = recipes()


# ------------------------------------------------------------------------- how far the conversation is when it begins


def asked(transport: SessionTransport, *numbers: int) -> Any:
    """Sends requests as they were recorded, and gives the last answer."""
    for interaction in TAPE.cassette.interactions:
        if interaction.n in numbers:
            request = interaction.request
            with httpx.Client(transport=transport, base_url="http://h/v1") as client:
                body = body_bytes(request.body, TAPE.read_file)
                answer = client.request(request.method, request.path, content=body)
            assert answer.status_code == 200, answer.text
    return answer


def at_a_thread(transport: SessionTransport) -> Names:
    thread = asked(transport, 1, 2).json()
    return {"thread_id": thread["id"], "assistant_id": "asst_000000000000000000000001"}


def at_streamed_calls(transport: SessionTransport) -> Names:
    events = asked(transport, 1, 2, 3).text.split("\n\n")
    (run,) = [event.partition("data: ")[2] for event in events if "thread.run.requires_action" in event]
    return waiting(json.loads(run))


def at_a_queued_run(transport: SessionTransport) -> Names:
    return {"run": SimpleNamespace(**asked(transport, 1, 5, 6, 7).json())}


def at_polled_calls(transport: SessionTransport) -> Names:
    return waiting(asked(transport, 1, 5, 6, 7, 8).json())


def waiting(run: Any) -> Names:
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    weather = ('{"temperature": 18, "sky": "light rain"}', '{"temperature": 26, "sky": "clear"}')
    outputs = [{"tool_call_id": call["id"], "output": output} for call, output in zip(calls, weather, strict=True)]
    return {"run": SimpleNamespace(**run), "outputs": outputs}


BEGINNINGS: dict[str, Callable[[SessionTransport], Names]] = {
    "1": at_a_thread,
    "2": at_polled_calls,
    "3": at_streamed_calls,
    "4": at_streamed_calls,
    "5": at_a_queued_run,
    "6": at_streamed_calls,
}


def run(blocks: dict[str, str], which: str, begin: Callable[[SessionTransport], Names], how: Delivery) -> Session:
    """Puts one of the clients to the test, on a clock of its own."""
    clock = Clock()
    session = Session([TAPE], delivery=how)
    transport = SessionTransport(session, clock)
    names: Names = {
        "client": client_of(transport),
        "http": httpx.Client(transport=transport, base_url="http://h/v1"),
        "httpx": httpx,
        "json": json,
        "openai": openai,
        "pytest": pytest,
        "time": clock,
        **begin(transport),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", clock.sleep)  # the SDK's own retries
        exec(blocks[which], names)
        try:
            exec(blocks["test"], names)
        finally:
            names["client"].close()
            names["http"].close()
    return session


def delivery(blocks: dict[str, str]) -> Delivery:
    settings = tomllib.loads(blocks.get("settings", ""))
    chunking = parse_chunking(settings.get("replay", {}).get("chunks", "frame"))
    return Delivery(INSTANT, chunking, parse_faults(blocks.get("fault", ""), "cookbook.md"))


def test_there_are_six_recipes() -> None:
    assert [title.partition(".")[0] for title in RECIPES] == list(BEGINNINGS)


@pytest.mark.parametrize("title", RECIPES)
def test_the_right_client_passes(title: str) -> None:
    blocks = RECIPES[title]
    session = run(blocks, "right", BEGINNINGS[title[0]], delivery(blocks))
    assert session.misses == []
    assert session.trouble.idle == []


@pytest.mark.parametrize("title", RECIPES)
def test_the_wrong_client_fails(title: str) -> None:
    blocks = RECIPES[title]
    with pytest.raises(
        (AssertionError, openai.BadRequestError, ValueError, pytest.fail.Exception), match=FAILURES[title[0]]
    ):
        run(blocks, "wrong", BEGINNINGS[title[0]], delivery(blocks))


FAILURES = {
    "1": "DID NOT RAISE",
    "2": 'Runs in status "queued" do not accept tool outputs',
    "3": "Unterminated string|Expecting value|can't decode|unexpected end of data",
    "4": "DID NOT RAISE",
    "5": "^$",
    "6": "DID NOT RAISE",
}
"""How each wrong client fails: not for a reason of its own."""


@pytest.mark.parametrize("title", [title for title in RECIPES if title[0] in "2345"])
@pytest.mark.parametrize("which", ["wrong", "right"])
def test_without_the_fault_nobody_notices(title: str, which: str) -> None:
    """The mistakes are ones that tests without faults do not find."""
    blocks = RECIPES[title]
    checks = blocks["test"]
    if "raises" in checks or "began" in checks:
        call = re.search(r"(?:ask|wait_for)\(.*\)", checks)
        assert call
        checks = call[0]
    run({**blocks, "test": checks}, which, BEGINNINGS[title[0]], Delivery())
