"""The real client, sync and async, against a recording of the stand-in: through both doors it hears the same."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolreel.server.asgi import hosting
from toolreel.standin.app import create_app
from toolreel.standin.script import Timing, load_script

from .doors import DOORS, FREE, Door, recording, replaying

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TOOL: Any = {"type": "function", "function": {"name": "get_weather", "description": "The weather", "parameters": {}}}
QUESTION: Any = {"role": "user", "content": "What is the weather like in Paris and Tokyo?"}
WEATHER = {"Paris": {"temperature": 21, "sky": "klar"}, "Tokyo": {"temperature": 8, "sky": "雨"}}
ANSWER = "In Paris it is 21° and klar, in Tokyo 8° and 雨."
QUICK = Timing(queued_ms=20, tools_ms=20, answer_ms=20, frame_ms=1, cancel_ms=20)
POLL_MS = 5


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The origin of a quick stand-in."""
    with hosting(create_app(replace(load_script(None), timing=QUICK)), FREE) as address:
        yield f"http://{address.shown}"


def outputs(run: Any) -> list[Any]:
    """What the two functions give, from the arguments of a run that waits for them."""
    assert run.status == "requires_action"
    calls = run.required_action.submit_tool_outputs.tool_calls
    assert len(calls) == 2
    found = [WEATHER[json.loads(call.function.arguments)["city"]] for call in calls]
    return [{"tool_call_id": call.id, "output": json.dumps(one)} for call, one in zip(calls, found, strict=True)]


def converse(door: Door) -> list[Any]:
    """What the sync client hears of three runs: a submission in JSON, with polling, and streamed."""
    heard: list[Any] = []
    with door.sync_openai(max_retries=0) as client:
        beta = client.beta
        assistant = beta.assistants.create(model="gpt-4o", tools=[TOOL])
        runs = beta.threads.runs

        def ask() -> Any:
            thread = beta.threads.create(messages=[QUESTION])
            return runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=POLL_MS)

        run = ask()
        run = runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs(run))
        heard.append(run.to_dict())
        heard.append(runs.poll(run.id, run.thread_id, poll_interval_ms=POLL_MS).to_dict())

        run = ask()
        run = runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run), poll_interval_ms=POLL_MS
        )
        heard.append(run.to_dict())
        heard += [message.to_dict() for message in beta.threads.messages.list(run.thread_id)]

        run = ask()
        with runs.submit_tool_outputs_stream(
            run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run)
        ) as events:
            heard += [[event.event, event.data.to_dict()] for event in events]
            heard += [message.to_dict() for message in events.get_final_messages()]
    return heard


async def converse_async(door: Door) -> list[Any]:
    """The same with the async client."""
    heard: list[Any] = []
    async with door.async_openai(max_retries=0) as client:
        beta = client.beta
        assistant = await beta.assistants.create(model="gpt-4o", tools=[TOOL])
        runs = beta.threads.runs

        async def ask() -> Any:
            thread = await beta.threads.create(messages=[QUESTION])
            return await runs.create_and_poll(
                thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=POLL_MS
            )

        run = await ask()
        run = await runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs(run))
        heard.append(run.to_dict())
        heard.append((await runs.poll(run.id, run.thread_id, poll_interval_ms=POLL_MS)).to_dict())

        run = await ask()
        run = await runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run), poll_interval_ms=POLL_MS
        )
        heard.append(run.to_dict())
        heard += [message.to_dict() async for message in beta.threads.messages.list(run.thread_id)]

        run = await ask()
        async with runs.submit_tool_outputs_stream(
            run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run)
        ) as events:
            heard += [[event.event, event.data.to_dict()] async for event in events]
            heard += [message.to_dict() for message in await events.get_final_messages()]
    return heard


def assert_whole(heard: list[Any]) -> None:
    """Three completed runs and their answers."""
    assert [one["status"] for one in heard[:3]] == ["queued", "completed", "completed"]
    events = [one[0] for one in heard if isinstance(one, list)]
    assert (events[0], events[-1]) == ("thread.run.step.completed", "thread.run.completed")
    texts = [
        one["content"][0]["text"]["value"]
        for one in heard
        if isinstance(one, dict) and one["object"] == "thread.message" and one["role"] == "assistant"
    ]
    assert texts == [ANSWER, ANSWER]


def but_for_ids(heard: object) -> str:
    """What was heard, ids named in the order in which they came: equal conversations may have changed places."""
    names: dict[str, str] = {}
    return re.sub(
        r"(thread|run|step|msg|asst|call)_[A-Za-z0-9]{24}",
        lambda match: names.setdefault(match[0], f"{match[1]} {len(names)}"),
        json.dumps(heard),
    )


@pytest.mark.parametrize("via", DOORS)
def test_the_sync_client_hears_the_same_again(via: str, standin: str, folder: Path) -> None:
    with recording(folder, "sync", standin, via) as door:
        heard = converse(door)
    assert_whole(heard)
    for replayed_via in DOORS:
        with replaying(folder, "sync", replayed_via, as_received=True) as replay:
            assert but_for_ids(converse(replay)) == but_for_ids(heard)
            assert (replay.session.misses, replay.session.unplayed) == ([], 0)


@pytest.mark.parametrize("via", DOORS)
def test_the_async_client_hears_the_same_again(via: str, standin: str, folder: Path) -> None:
    with recording(folder, "async", standin, via) as door:
        heard = asyncio.run(converse_async(door))
    assert_whole(heard)
    for replayed_via in DOORS:
        with replaying(folder, "async", replayed_via, as_received=True) as replay:
            assert but_for_ids(asyncio.run(converse_async(replay))) == but_for_ids(heard)
            assert (replay.session.misses, replay.session.unplayed) == ([], 0)
