from __future__ import annotations

import pytest

from toolreel.standin import api
from toolreel.standin import run_handlers as runs
from toolreel.standin import thread_handlers as threads

from .conftest import StandIn

BASES = ["/v1", "/openai/v1", "/openai", "/openai/deployments/gpt-4o", "/api/projects/mine", ""]


@pytest.mark.parametrize("base", BASES)
def test_every_base_is_the_same_api(base: str) -> None:
    ids = {"thread_id": "thread_1", "run_id": "run_1"}
    assert api.route("GET", f"{base}/threads/thread_1/runs/run_1") == (runs.retrieve_run, ids)
    assert api.route("POST", f"{base}/threads") == (threads.create_thread, {})


def test_threads_runs_is_no_thread() -> None:
    assert api.route("POST", "/v1/threads/runs") == (runs.create_thread_and_run, {})
    assert api.route("GET", "/v1/threads/runs") == (threads.retrieve_thread, {"thread_id": "runs"})


def test_one_conversation_over_all_bases(standin: StandIn) -> None:
    run = standin.ask("hello")
    standin.wait(run, "completed")
    answers = [
        standin.ok("GET", f"{base}/threads/{run['thread_id']}/runs?api-version=2024-05-01-preview") for base in BASES
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["data"][0]["id"] == run["id"]


def test_include_is_accepted(standin: StandIn) -> None:
    include = "?include[]=step_details.tool_calls%5B%2A%5D.file_search.results%5B%2A%5D.content"
    run = standin.ask("hello")
    standin.wait(run, "completed")
    assert standin.ok("GET", f"/v1/threads/{run['thread_id']}/runs/{run['id']}/steps{include}")["data"]
