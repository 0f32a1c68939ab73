"""What happened in a recording, interaction by interaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from toolreel.messages.model import Body, Cassette, Frame, Interaction, JsonBody, JsonFrame

_SHOWN = 100
"""How many characters of a text are shown."""


@dataclass(frozen=True, slots=True)
class Step:
    """One interaction: what was asked, what was answered, and when, in milliseconds since the recording began."""

    n: int
    method: str
    path: str
    status: int
    ending: str
    frames: int | None
    ms: tuple[int, int] | None
    asked: str
    polls: str
    """What earlier answers to the same read said, such as `2 × queued, 3 × in_progress`."""
    answered: str

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def timeline(cassette: Cassette) -> list[Step]:
    """The steps of a cassette in their order."""
    performances = cassette.take.interactions if cassette.take else {}
    steps = []
    for interaction in cassette.interactions:
        performance = performances.get(str(interaction.n))
        reads = cassette.take.reads.get(str(interaction.n), ()) if cassette.take else ()
        frames = interaction.response.frames
        steps.append(
            Step(
                n=interaction.n,
                method=interaction.request.method,
                path=interaction.request.path,
                status=interaction.response.status,
                ending=interaction.ending.value,
                frames=None if frames is None else len(frames),
                ms=performance.ms if performance else None,
                asked=asked(interaction),
                polls=", ".join(f"{read.count} × {_words(_object(read.body))}" for read in reads if read.body),
                answered=answered(interaction),
            )
        )
    return steps


def asked(interaction: Interaction) -> str:
    """What a request wants, in a few words: the user's message, the submitted tool outputs."""
    body = _object(interaction.request.body)
    outputs = body.get("tool_outputs")
    if isinstance(outputs, list):
        return "; ".join(_short(output.get("output")) for output in outputs if isinstance(output, Mapping))
    if isinstance(body.get("content"), str):
        return _short(body["content"])
    return "stream" if body.get("stream") is True else ""


def answered(interaction: Interaction) -> str:
    """What an answer says, in a few words: status and tool calls of a run, text of a message or stream, an error."""
    frames = interaction.response.frames
    return _stream_words(frames) if frames is not None else _words(_object(interaction.response.body))


def _object(body: Body | None) -> Mapping[str, Any]:
    return body.value if isinstance(body, JsonBody) and isinstance(body.value, dict) else {}


def _words(value: Mapping[str, Any]) -> str:
    error = value.get("error")
    if isinstance(error, Mapping):
        return _short(error.get("message"))
    if value.get("object") == "list" and isinstance(value.get("data"), list):
        return _list_words(value["data"])
    if value.get("object") == "thread.run":
        return ": ".join(filter(None, [str(value.get("status")), _calls(value)]))
    if value.get("object") == "thread.message" and value.get("role") == "assistant":
        return _short(_message_text(value))
    return str(value.get("object") or "")


def _list_words(items: list[Any]) -> str:
    objects = [item for item in items if isinstance(item, Mapping)]
    texts = [_message_text(item) for item in objects if item.get("role") == "assistant"]
    if texts:
        return _short(texts[0])
    counts = Counter(str(item.get("object")) for item in objects)
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing"


def _calls(run: Mapping[str, Any]) -> str:
    try:
        calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        return ", ".join(f"{call['function']['name']}({call['function']['arguments']})" for call in calls)
    except (KeyError, TypeError):
        return ""


def _message_text(message: Mapping[str, Any]) -> str:
    return "".join(_texts(message.get("content")))


def _texts(content: Any) -> Iterator[str]:
    for part in content if isinstance(content, list) else ():
        text = part.get("text") if isinstance(part, Mapping) else None
        if isinstance(text, Mapping) and isinstance(text.get("value"), str):
            yield text["value"]


def _stream_words(frames: tuple[Frame, ...]) -> str:
    """The last run that the stream holds, and its joined text."""
    last_run, text = "", ""
    for frame in frames:
        if not isinstance(frame, JsonFrame) or not isinstance(frame.value, dict):
            continue
        if frame.value.get("object") == "thread.message.delta":
            delta = frame.value.get("delta")
            text += "".join(_texts(delta.get("content") if isinstance(delta, Mapping) else None))
        elif frame.value.get("object") == "thread.run":
            last_run = _words(frame.value)
    return ": ".join(filter(None, [last_run, _short(text)]))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    # A cassette may come from anyone; nothing in it may steer the terminal.
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in " ".join(text.split()))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
