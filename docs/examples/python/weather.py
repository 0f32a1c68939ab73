"""A program that calls tools; it knows nothing of toolreel."""

import json

from openai import OpenAI

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def get_weather(city):
    return {"city": city, "temperature": 21, "sky": "clear"}


def answer(question):
    """What the assistant says in the end."""
    client = OpenAI()
    threads = client.beta.threads
    assistant = client.beta.assistants.create(model="gpt-4o", tools=[TOOL])
    thread = threads.create(messages=[{"role": "user", "content": question}])
    run = threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=100)
    outputs = []
    for call in run.required_action.submit_tool_outputs.tool_calls:
        weather = get_weather(**json.loads(call.function.arguments))
        outputs.append({"tool_call_id": call.id, "output": json.dumps(weather)})
    text = ""
    with threads.runs.submit_tool_outputs_stream(run_id=run.id, thread_id=thread.id, tool_outputs=outputs) as stream:
        for piece in stream.text_deltas:
            text += piece
    return text
