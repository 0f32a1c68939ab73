from __future__ import annotations

from .conftest import StandIn, path_of


def test_list_and_modify(standin: StandIn) -> None:
    first = standin.wait(standin.ask("hello"), "completed")
    runs = f"/v1/threads/{first['thread_id']}/runs"
    second = standin.ok("POST", runs, {"assistant_id": first["assistant_id"], "metadata": {"n": "2"}})
    assert [run["id"] for run in standin.ok("GET", runs)["data"]] == [second["id"], first["id"]]
    page = standin.ok("GET", f"{runs}?limit=1")
    assert (page["first_id"], page["has_more"]) == (second["id"], True)
    assert standin.ok("POST", path_of(first), {"metadata": {"a": "b"}}) == {**first, "metadata": {"a": "b"}}


def test_a_waiting_run_can_be_modified(standin: StandIn) -> None:
    run = standin.wait(standin.ask("weather in Rome"), "requires_action")
    assert standin.ok("POST", path_of(run), {"metadata": {"a": "b"}})["metadata"] == {"a": "b"}


def test_refused_thread_and_run_leaves_no_thread(standin: StandIn) -> None:
    body = {"assistant_id": "asst_unknown", "thread": {"messages": [{"role": "user", "content": "hi"}]}}
    assert standin.send("POST", "/v1/threads/runs", body).status_code == 404
    # The world is as it was: the next ids are those of a thread that nothing was added to.
    thread = standin.ok("POST", "/v1/threads")
    assert standin.ok("GET", f"/v1/threads/{thread['id']}/messages")["data"] == []


def test_run_of_another_thread_is_unknown(standin: StandIn) -> None:
    run, other = standin.ask("hello"), standin.ok("POST", "/v1/threads")
    response = standin.send("GET", f"/v1/threads/{other['id']}/runs/{run['id']}")
    assert response.json()["error"]["message"] == f"No run found with id '{run['id']}'."


def test_steps_one_by_one(standin: StandIn) -> None:
    run = standin.wait(standin.ask("hello"), "completed")
    (step,) = standin.ok("GET", path_of(run) + "/steps")["data"]
    assert standin.ok("GET", f"{path_of(run)}/steps/{step['id']}") == step
    assert step["usage"] == run["usage"]
