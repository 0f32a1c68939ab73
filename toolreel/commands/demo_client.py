"""The client of the demo: an ordinary program that uses the `openai` package and knows nothing of toolreel.

Run as `python -m toolreel.commands.demo_client FILE`; writes what it saw to FILE as JSON, one line an observation.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from openai import OpenAI

QUESTION = "What is the weather in Paris and Tokyo?"
WEATHER = {"Paris": {"temperature": 18, "sky": "light rain"}, "Tokyo": {"temperature": 26, "sky": "clear"}}
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city now",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


class Transcript:
    """What a client saw, observation by observation."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, what: str, value: Any) -> None:
        """Notes an observation; `value` is anything that JSON can hold."""
        self.lines.append(json.dumps([what, value], ensure_ascii=False))


def converse(client: OpenAI, model: str, transcript: Transcript) -> None:
    """The same question twice: once polling, once streaming; each with two parallel tool calls."""
    assistant = client.beta.assistants.create(model=model, tools=[TOOL], instructions="Use the tools.")
    transcript.add("assistant", assistant.to_dict())
    _poll(client, assistant.id, transcript)
    _stream(client, assistant.id, transcript)


def _poll(client: OpenAI, assistant: str, transcript: Transcript) -> None:
    threads = client.beta.threads
    thread = threads.create()
    threads.messages.create(thread.id, role="user", content=QUESTION)
    run = threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant, poll_interval_ms=100)
    while run.status == "requires_action":
        transcript.add("run", run.to_dict())
        run = threads.runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread.id, tool_outputs=_outputs(run), poll_interval_ms=100
        )
    transcript.add("run", run.to_dict())
    steps = threads.runs.steps.list(run.id, thread_id=thread.id)
    transcript.add("steps", [step.to_dict() for step in steps])
    transcript.add("messages", [message.to_dict() for message in threads.messages.list(thread.id)])


def _stream(client: OpenAI, assistant: str, transcript: Transcript) -> None:
    threads = client.beta.threads
    thread = threads.create(messages=[{"role": "user", "content": QUESTION}])
    with threads.runs.stream(thread_id=thread.id, assistant_id=assistant) as stream:
        run = _watch(stream, transcript)
    while run is not None and run.status == "requires_action":
        with threads.runs.submit_tool_outputs_stream(
            run_id=run.id, thread_id=thread.id, tool_outputs=_outputs(run)
        ) as stream:
            run = _watch(stream, transcript)


def _watch(stream: Any, transcript: Transcript) -> Any:
    for event in stream:
        transcript.add(event.event, event.data.to_dict())
    return stream.current_run


def _outputs(run: Any) -> Any:
    calls = run.required_action.submit_tool_outputs.tool_calls
    return [
        {"tool_call_id": call.id, "output": json.dumps(WEATHER[json.loads(call.function.arguments)["city"]])}
        for call in calls
    ]


def main() -> None:
    """Converses, and writes the transcript to the file that is the first argument; the second is the model."""
    warnings.simplefilter("ignore", DeprecationWarning)  # the client says that the API is going away
    client = OpenAI(api_key=os.environ.get("OPENAI_API_KEY") or "sk-demo")
    transcript = Transcript()
    converse(client, sys.argv[2], transcript)
    Path(sys.argv[1]).write_text("\n".join(transcript.lines) + "\n")


if __name__ == "__main__":
    main()
