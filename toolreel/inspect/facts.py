"""What the index keeps of a cassette: figures to list and sort by, tool calls, streams, and all texts to search."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from toolreel.dialects.deltas import is_delta
from toolreel.dialects.paths import split_base
from toolreel.dialects.routes import route
from toolreel.messages.model import Cassette, Interaction, PartsBody, Performance, RawFrame, RequestBody, TextBody
from toolreel.normalise.values import values_of_body
from toolreel.store.facts import Facts, RequestFacts, Text, ToolCall

from .calls import tool_calls
from .exchange import Exchange


def facts(cassette: Cassette) -> Facts:
    """The facts of a cassette."""
    take = cassette.take
    performances = take.interactions if take else {}
    exchanges = [Exchange(interaction) for interaction in cassette.interactions]
    calls = tool_calls(exchanges)
    return Facts(
        recorded_at=take.recorded_at if take else None,
        upstream=cassette.upstreams[0] if cassette.upstreams else None,
        runs=len({run for exchange in exchanges for run in _runs(exchange)}),
        failures=sum(interaction.response.status >= 400 for interaction in cassette.interactions),
        requests=tuple(_request(one, performances.get(str(one.n))) for one in cassette.interactions),
        calls=tuple(calls),
        texts=tuple(_texts(exchanges, calls)),
    )


def _runs(exchange: Exchange) -> Iterator[str]:
    """The ids of the runs, or of what stands for one, that an answer holds."""
    for value in exchange.values:
        inner = value.get("response", value) if isinstance(value, dict) else None
        if isinstance(inner, dict) and inner.get("object") in _RUNS and isinstance(inner.get("id"), str):
            yield inner["id"]


_RUNS = frozenset({"thread.run", "response", "chat.completion", "chat.completion.chunk"})


def _request(interaction: Interaction, performance: Performance | None) -> RequestFacts:
    request, frames = interaction.request, interaction.response.frames
    ms = performance.ms if performance else None
    frame_ms = (performance.frame_ms if performance else None) or (None,)
    return RequestFacts(
        n=interaction.n,
        method=request.method,
        path=request.path,
        route=route(request.method, split_base(request.path)[1]).name,
        status=interaction.response.status,
        ending=interaction.ending.value,
        frames=None if frames is None else len(frames),
        ms=ms[1] - ms[0] if ms else None,
        first_frame_ms=frame_ms[0],
        last_frame_ms=frame_ms[-1],
    )


# ------------------------------------------------------------------------------------------------------------- texts

_Leaf = tuple[str, str]
"""A name and a value, as text."""


def _texts(exchanges: Iterable[Exchange], calls: Iterable[ToolCall]) -> Iterator[Text]:
    """Every text once: what polls and lists repeat is found where it first stood."""
    seen: set[str | _Leaf] = set()
    for text in _spoken(exchanges, calls):
        if text.text and text.text not in seen:
            seen.add(text.text)
            yield text
    for n, place, leaves in _bodies(exchanges):
        new = [leaf for leaf in dict.fromkeys(leaves) if leaf not in seen and leaf[1] not in seen]
        seen.update(new)
        if new:
            yield Text(n, place, "\n".join(f"{name}: {value}" if name else value for name, value in new))


def _spoken(exchanges: Iterable[Exchange], calls: Iterable[ToolCall]) -> Iterator[Text]:
    """What the user, the model and the tools say."""
    for call in calls:
        yield Text(call.n, f"arguments of {call.tool}", call.arguments)
        if call.output is not None:
            yield Text(call.answered or call.n, f"output of {call.tool}", call.output)
    for exchange in exchanges:
        n = exchange.interaction.n
        yield from (Text(n, "user", text) for text in exchange.asked)
        yield from (Text(n, "text", message.text) for message in exchange.messages)
        yield from (Text(n, "text", joined.text) for joined in exchange.joined)


def _bodies(exchanges: Iterable[Exchange]) -> Iterator[tuple[int, str, Iterable[_Leaf]]]:
    for exchange in exchanges:
        interaction = exchange.interaction
        request, response = interaction.request, interaction.response
        asked = [("", f"{request.method} {request.path}"), *request.query, *_leaves_of_body(request.body)]
        yield interaction.n, "request", asked
        answered = [("status", str(response.status))] if response.status >= 400 else []
        whole = [value for value in exchange.values if not is_delta(value)] if exchange.streams else []
        answered += [leaf for value in whole for leaf in leaves(value)]
        answered += _leaves_of_body(response.body)
        answered += [("", frame.raw) for frame in response.frames or () if isinstance(frame, RawFrame)]
        yield interaction.n, "answer", answered


def _leaves_of_body(body: RequestBody | None) -> Iterator[_Leaf]:
    if isinstance(body, PartsBody):
        for part in body.parts:
            yield from part.headers
            yield from _leaves_of_body(part.body)
    elif values := values_of_body(body):
        yield from leaves(values[0])
    elif isinstance(body, TextBody) and body.text:
        yield "", body.text


def leaves(value: Any, name: str = "") -> Iterator[_Leaf]:
    """The strings, numbers and truth values in a JSON value, each with its name."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, name)
    elif isinstance(value, bool):
        yield name, str(value).lower()
    elif value is not None and value != "":
        yield name, str(value)
