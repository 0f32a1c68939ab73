"""How a run's status moves with the clock."""

from __future__ import annotations

import pytest

from toolreel.standin.script import Script

from .conftest import START, StandIn, path_of


@pytest.mark.parametrize(
    ("text", "course"),
    [
        (
            "hello",
            [(0, "queued"), (0.149, "queued"), (0.151, "in_progress"), (0.399, "in_progress"), (0.401, "completed")],
        ),
        ("weather in Rome", [(0.151, "in_progress"), (0.401, "requires_action"), (599, "requires_action")]),
        ("weather in Rome", [(600, "expired"), (10_000, "expired")]),
        ("long story", [(0.401, "incomplete")]),
        ("fail", [(0.401, "failed")]),
    ],
)
def test_status_follows_the_clock(standin: StandIn, text: str, course: list[tuple[float, str]]) -> None:
    run = standin.ask(text)
    assert run["status"] == "queued"
    for after, status in course:
        standin.now = START + after
        assert standin.poll(run)["status"] == status, after


def test_many_polls_change_nothing(standin: StandIn) -> None:
    run = standin.ask("weather in Rome")
    waiting = standin.wait(run, "requires_action")
    assert all(standin.poll(run) == waiting for _ in range(3))


def test_times_are_those_of_the_change_not_of_the_poll(standin: StandIn) -> None:
    run = standin.ask("hello")
    standin.now = START + 100
    done = standin.poll(run)
    assert (done["created_at"], done["started_at"], done["completed_at"]) == (START, START, START)
    assert done["expires_at"] is None
    assert run["expires_at"] == START + 600


def test_waiting_step_shows_its_calls_without_output(standin: StandIn) -> None:
    run = standin.wait(standin.ask("weather in Rome"), "requires_action")
    (step,) = standin.ok("GET", path_of(run) + "/steps")["data"]
    (call,) = step["step_details"]["tool_calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city":"Rome"}', "output": None}
    assert standin.ok("GET", f"{path_of(run)}/steps/{step['id']}") == step


def test_expired_run(standin: StandIn) -> None:
    run = standin.wait(standin.ask("weather in Rome"), "requires_action")
    standin.now = START + 601
    expired = standin.poll(run)
    assert (expired["status"], expired["required_action"]) == ("expired", None)
    assert standin.ok("GET", path_of(run) + "/steps")["data"][0]["status"] == "expired"
    # The thread is free again.
    standin.ok("POST", f"/v1/threads/{run['thread_id']}/messages", {"role": "user", "content": "still there?"})


def test_same_source_of_randomness_same_ids(default_script: Script) -> None:
    one, two = StandIn(default_script), StandIn(default_script)
    run = one.ask("hello")
    two.ok("GET", "/v1/assistants")  # more polls, same ids
    assert run == two.ask("hello")
