"""The real client loses no time in replay: a poll helper asks once, and a retry comes at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Plan, Server, normal, post, tool_loop
from tests.replay.clients import tape_of
from toolreel.messages.model import Cassette, JsonBody, Performance
from toolreel.replay.engine import Options
from toolreel.replay.session import Session
from toolreel.server.entrance import Entrance
from toolreel.server.hosts import own_host
from toolreel.server.serve import serving
from toolreel.store.files import save
from toolreel.store.names import cassette_path

from .doors import DOORS, FREE, Door, replaying

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

JSON = (("content-type", "application/json"),)


def made(folder: Path, *exchanges: Exchange) -> Cassette:
    """The cassette `tape` of exchanges whose answers are JSON."""
    typed = [_typed(one) for one in exchanges]
    cassette = normal(*typed)
    save(cassette_path(folder, "tape"), cassette)
    return cassette


def _typed(exchange: Exchange) -> Exchange:
    """With the header of its answer, and with what the client adds to its requests."""
    response = exchange.response.model_copy(update={"headers": (*JSON, *exchange.response.headers)})
    request = exchange.request
    if isinstance(request.body, JsonBody) and request.path.endswith(("/runs", "/submit_tool_outputs")):
        body = JsonBody(value={**request.body.value, "stream": False}, style=request.body.style)
        request = request.model_copy(update={"body": body})
    return Exchange(request, response, exchange.ending, exchange.ms)


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client slept, in seconds; it does not really sleep."""
    slept: list[float] = []
    monkeypatch.setattr("openai._resource.SyncAPIResource._sleep", lambda self, seconds: slept.append(seconds))
    monkeypatch.setattr("openai._base_client.time.sleep", slept.append)
    return slept


@pytest.mark.parametrize("via", DOORS)
def test_a_poll_helper_that_needed_several_polls_asks_once_and_does_not_sleep(
    via: str, folder: Path, sleeps: list[float]
) -> None:
    made(folder, *tool_loop(Server(1), Plan(polls=(7, 4))))
    with replaying(folder, "tape", via, repeat=False) as door, door.sync_openai() as client:
        runs: Any = client.beta.threads.runs
        thread = client.beta.threads.create()
        client.beta.threads.messages.create(thread.id, role="user", content="What is the weather?")
        served = door.session.served
        run = runs.create_and_poll(thread_id=thread.id, assistant_id="asst_program")
        assert run.status == "requires_action"
        assert door.session.served == served + 2, "the run is created, and read once"
        raw = runs.with_raw_response.retrieve(run.id, thread_id=thread.id)
        assert raw.headers["openai-poll-after-ms"] == "5"
        assert raw.headers.get("content-type") == "application/json"
        [call] = run.required_action.submit_tool_outputs.tool_calls
        run = runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread.id, tool_outputs=[{"tool_call_id": call.id, "output": "21"}]
        )
        assert run.status == "completed"
        assert door.session.served == served + 5
        assert (door.session.misses, sleeps) == ([], [])


def test_a_faithful_poll_helper_asks_as_often_as_recorded_and_hardly_sleeps(
    folder: Path, sleeps: list[float]
) -> None:
    session = Session([tape_of(made(folder, *tool_loop(Server(1), Plan(polls=(7, 4)))))], Options(faithful=True))
    with (
        serving(Entrance(session, own_host), FREE) as address,
        Door(f"http://{address.shown}").sync_openai() as client,
    ):
        thread = client.beta.threads.create()
        client.beta.threads.messages.create(thread.id, role="user", content="What is the weather?")
        client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id="asst_program")
    assert session.served == 2 + 1 + 8
    assert sleeps == [0.005] * 7


def test_a_client_that_was_told_to_wait_comes_back_at_once_and_hears_what_it_heard(
    folder: Path, sleeps: list[float]
) -> None:
    busy = post("/threads", {"error": {"message": "slow down"}}, status=429)
    cassette = made(folder, busy, busy, post("/threads", {"id": "thread_" + "a" * 24, "object": "thread"}))
    assert cassette.take is not None
    waits = {str(n): Performance(headers=(("retry-after", "20"),)) for n in (1, 2)}
    noted = cassette.take.model_copy(update={"interactions": cassette.take.interactions | waits})
    save(cassette_path(folder, "tape"), cassette.model_copy(update={"take": noted}))
    with replaying(folder, "tape", "base-url", repeat=False) as door, door.sync_openai(max_retries=2) as client:
        assert client.beta.threads.create().id.startswith("thread_")
        assert sleeps == [0.005, 0.005]
        assert door.session.misses == []
