"""The run that the pages explain: in shape the real one of openai-dotnet's `FunctionToolsWork`.

`python -m tests.docs.food` writes the cassettes anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.normalise.takes import Exchange, Server, get, post, take
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.store.files import parse, save
from toolreel.store.layout import cassette_text

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "cassettes"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_favorite_food_for_day_of_week",
        "description": "gets the user's favorite food for a given day of the week, like Tuesday",
        "parameters": {
            "type": "object",
            "properties": {"day_of_week": {"type": "string", "description": "a day of the week, like Thursday"}},
        },
    },
}
QUESTION = "What should I eat on Thursday?"
REPLY = "You should eat tacos on Thursday."
JSON = (("content-type", "application/json"),)


def cassettes() -> dict[str, Cassette]:
    """The run; a take in which the model asked for another day; and one that ends before the tool answered."""
    said = cassette_text(cassette())
    other = said.replace(r"{\"day_of_week\":\"Thursday\"}", r"{\"day_of_week\":\"Friday\"}")
    waiting = 13  # requests until then, nine of them polls
    return {
        "food": cassette(),
        "friday": parse(other.encode(), FOLDER / "friday.json"),
        "unanswered": cassette(waiting),
    }


def cassette(count: int | None = None) -> Cassette:
    """What a recorder makes of the run, or of its first requests, one each quarter of a second."""
    exchanges = [one.at(250 * n, 250 * n + 100) for n, one in enumerate(run_with_a_tool(Server(7)))][:count]
    made = normalise(take(*exchanges))[0]
    assert made.take is not None
    return made.model_copy(update={"take": made.take.model_copy(update={"tool": "toolreel 0.1.0"})})


def run_with_a_tool(server: Server) -> list[Exchange]:
    assistant, thread, run = server.id("asst_"), server.id("thread_"), server.id("run_")
    call, asked, replied = server.id("call_"), server.id("msg_"), server.id("msg_")
    began = server.now()

    def of_run(status: str, **more: Any) -> dict[str, Any]:
        return {
            "id": run,
            "object": "thread.run",
            "created_at": began,
            "assistant_id": assistant,
            "thread_id": thread,
            "status": status,
            "started_at": None if status == "queued" else began + 1,
            "required_action": None,
            "model": "gpt-4o",
            **more,
        }

    def message(id_: str, role: str, text: str) -> dict[str, Any]:
        content = [{"type": "text", "text": {"value": text, "annotations": []}}]
        owners = {"thread_id": thread, "run_id": run if role == "assistant" else None}
        said = {"id": id_, "object": "thread.message", "created_at": server.now()}
        return {**said, **owners, "role": role, "content": content}

    function = {"name": TOOL["function"]["name"], "arguments": '{"day_of_week":"Thursday"}'}  # type: ignore[index]
    calls = [{"id": call, "type": "function", "function": function}]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    waiting = of_run("requires_action", required_action=action)
    details = {"type": "tool_calls", "tool_calls": [{**calls[0], "function": {**function, "output": "tacos"}}]}
    made = {"type": "message_creation", "message_creation": {"message_id": replied}}
    steps = [step(server, run, thread, "message_creation", made), step(server, run, thread, "tool_calls", details)]
    messages = [message(replied, "assistant", REPLY), message(asked, "user", QUESTION)]
    new = {"id": assistant, "object": "assistant", "created_at": server.now(), "model": "gpt-4o", "tools": [TOOL]}
    on_run = f"/threads/{thread}/runs/{run}"
    return [
        _post("/assistants", new, {"model": "gpt-4o", "tools": [TOOL]}),
        _post(
            "/threads",
            {"id": thread, "object": "thread", "created_at": server.now(), "metadata": {}},
            {"messages": [{"role": "user", "content": QUESTION}]},
        ),
        _post(f"/threads/{thread}/runs", of_run("queued"), {"assistant_id": assistant}),
        get(on_run, of_run("in_progress"), headers=JSON),
        *(get(on_run, waiting, headers=JSON) for _ in range(9)),
        _post(
            f"{on_run}/submit_tool_outputs",
            of_run("queued"),
            {"tool_outputs": [{"tool_call_id": call, "output": "tacos"}]},
        ),
        *(get(on_run, of_run("in_progress"), headers=JSON) for _ in range(2)),
        get(on_run, of_run("completed"), headers=JSON),
        get(f"{on_run}/steps", {"object": "list", "data": steps}, headers=JSON),
        get(f"/threads/{thread}/messages?order=desc", {"object": "list", "data": messages}, headers=JSON),
    ]


def step(server: Server, run: str, thread: str, kind: str, details: dict[str, Any]) -> dict[str, Any]:
    said = {"id": server.id("step_"), "object": "thread.run.step", "created_at": server.now()}
    return {**said, "run_id": run, "thread_id": thread, "type": kind, "status": "completed", "step_details": details}


def _post(path: str, answer: Any, body: Any) -> Exchange:
    return post(path, answer, body, headers=JSON, request_headers=JSON)


if __name__ == "__main__":
    for name, made in cassettes().items():
        save(FOLDER / f"{name}.json", made)
