from __future__ import annotations

from typing import Any

from .conftest import WEATHER, StandIn


def test_assistant_from_birth_to_death(standin: StandIn) -> None:
    made = standin.ok("POST", "/v1/assistants", {"model": "gpt-4o", "name": "Été", "tools": [WEATHER], "top_p": 1})
    path = f"/v1/assistants/{made['id']}"
    assert standin.ok("GET", path) == made
    changed = standin.ok("POST", path, {"instructions": "Be brief.", "metadata": {"k": "v"}, "tools": []})
    assert changed == {**made, "instructions": "Be brief.", "metadata": {"k": "v"}, "tools": []}
    assert list(changed) == list(made)
    assert standin.ok("GET", "/v1/assistants")["data"] == [changed]
    assert standin.ok("DELETE", path) == {"id": made["id"], "object": "assistant.deleted", "deleted": True}
    assert standin.send("GET", path).status_code == 404
    assert standin.ok("GET", "/v1/assistants")["data"] == []


def test_thread_from_birth_to_death(standin: StandIn) -> None:
    made = standin.ok(
        "POST", "/v1/threads", {"messages": [{"role": "user", "content": "hi"}], "metadata": {"a": "b"}}
    )
    path = f"/v1/threads/{made['id']}"
    assert standin.ok("GET", path) == made
    assert standin.ok("POST", path, {"metadata": {}}) == {**made, "metadata": {}}
    assert standin.ok("DELETE", path) == {"id": made["id"], "object": "thread.deleted", "deleted": True}
    for gone in (path, path + "/messages", path + "/runs"):
        assert standin.send("GET", gone).json()["error"]["message"] == f"No thread found with id '{made['id']}'."


def test_messages(standin: StandIn) -> None:
    path = f"/v1/threads/{standin.ok('POST', '/v1/threads')['id']}/messages"
    bodies: list[dict[str, Any]] = [
        {"role": "user", "content": "plain é"},
        {"role": "assistant", "content": [{"type": "text", "text": "part"}], "metadata": {"a": "b"}},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://e.org/i.png"}}]},
    ]
    made = [standin.ok("POST", path, body) for body in bodies]
    assert made[0]["content"] == [{"type": "text", "text": {"value": "plain é", "annotations": []}}]
    assert made[1]["content"] == [{"type": "text", "text": {"value": "part", "annotations": []}}]
    assert made[2]["content"] == bodies[2]["content"]
    assert standin.ok("GET", path)["data"] == made[::-1]
    assert standin.ok("GET", path + "?order=asc&limit=1")["data"] == made[:1]
    one = f"{path}/{made[0]['id']}"
    assert standin.ok("POST", one, {"metadata": {"x": "y"}}) == {**made[0], "metadata": {"x": "y"}}
    assert standin.ok("GET", one)["metadata"] == {"x": "y"}
    assert standin.ok("DELETE", one) == {"id": made[0]["id"], "object": "thread.message.deleted", "deleted": True}
    assert standin.send("GET", one).status_code == 404
    assert standin.ok("GET", path)["data"] == made[:0:-1]


def test_messages_of_a_run(standin: StandIn) -> None:
    run = standin.wait(standin.ask("hello"), "completed")
    path = f"/v1/threads/{run['thread_id']}/messages"
    assert len(standin.ok("GET", path)["data"]) == 2
    (message,) = standin.ok("GET", f"{path}?run_id={run['id']}")["data"]
    assert (message["run_id"], message["role"]) == (run["id"], "assistant")
    assert standin.ok("GET", f"{path}?run_id=run_other")["data"] == []
