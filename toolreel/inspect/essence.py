"""What an interaction says, whatever performance it was: the form in which two takes are compared.

Times, padding and the cutting of texts into deltas are gone: of a stream there are the kinds of its events, each
object as it was at last, and the texts that the deltas join to.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from toolreel.dialects.deltas import is_delta
from toolreel.messages.model import Interaction, JsonBody, PartsBody, RawFrame, RequestBody, Response
from toolreel.normalise.values import values_of, values_of_body, values_of_frame
from toolreel.normalise.volatile import take_out

from .exchange import Exchange


def essence(interaction: Interaction) -> dict[str, Any]:
    """What an interaction says, as a JSON value: the request, then the answer."""
    request = interaction.request
    response = take_out(interaction.response, 0)[0]
    return {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query) if _distinct(request.query) else list(request.query),
        "request headers": dict(request.headers),
        "request": _submitted(_body(request.body)),
        "status": response.status,
        "headers": dict(response.headers),
        "answer": _body(response.body) if response.frames is None else _stream(interaction, response),
        "ending": interaction.ending.value,
    }


def _distinct(pairs: Iterable[tuple[str, str]]) -> bool:
    names = [name for name, _ in pairs]
    return len(set(names)) == len(names)


def _body(body: RequestBody | None) -> Any:
    match body:
        case JsonBody():
            return body.value
        case PartsBody():
            return [{"headers": dict(part.headers), "body": _body(part.body)} for part in body.parts]
        case None:
            return None
    values = values_of_body(body)
    return values[0] if values else body.model_dump()


def _submitted(value: Any) -> Any:
    """Tool outputs are a set: in the order of their calls, which is the order of their symbols."""
    outputs = value.get("tool_outputs") if isinstance(value, dict) else None
    if not isinstance(outputs, list) or not all(isinstance(one, dict) for one in outputs):
        return value
    return {**value, "tool_outputs": sorted(outputs, key=lambda one: str(one.get("tool_call_id")))}


def _stream(interaction: Interaction, response: Response) -> dict[str, Any]:
    values = values_of(response)
    kinds = [_kind(frame, values_of_frame(frame)) for frame in response.frames or ()]
    objects: dict[str, Any] = {}
    for value in values:
        if not is_delta(value):
            objects[_object_key(value, len(objects))] = value
    joined = Exchange(interaction).joined
    return {
        "events": [kind for kind, _ in groupby(kinds)],
        "texts": [{"of": one.owner, "place": one.place, "text": one.text} for one in joined],
        "objects": list(objects.values()),
    }


def _kind(frame: Any, values: list[Any]) -> str:
    """The kind of an event; what is no JSON event, such as a comment, is what it says."""
    if isinstance(frame, RawFrame) and not values:
        return frame.raw
    event = getattr(frame, "event", None)
    value = values[0] if values else None
    if event is None and isinstance(value, dict):
        return str(value.get("type") or value.get("object") or "")
    return str(event or getattr(frame, "text", ""))


def _object_key(value: Any, number: int) -> str:
    """Equal for the states of one object."""
    inner = value.get("response", value.get("item", value)) if isinstance(value, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("id"), str):
        return f"{inner.get('object')} {inner['id']}"
    return str(number)
