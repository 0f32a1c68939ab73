"""Streams: their last frame, and what was read later of the objects that they told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolreel.dialects.calls import calls_in
from toolreel.dialects.streams import is_terminal
from toolreel.dialects.texts import answer_of, messages_in
from toolreel.messages.bodies import frame_bytes
from toolreel.messages.model import Ending

from .exchange import Exchange
from .findings import Finding, Level, Recording
from .words import short_ids, shortened

_ENDED = frozenset({"completed", "failed", "cancelled", "expired", "incomplete"})
_SHOWN = 60


def endings(recording: Recording) -> Iterator[Finding]:
    """Streams without the frame that ends them."""
    for exchange in recording.exchanges:
        frames = exchange.interaction.response.frames
        if not frames or not _is_known(exchange) or any(is_terminal(frame_bytes(frame)) for frame in frames):
            continue
        n, place = exchange.interaction.n, f"answer.frames[{len(frames) - 1}]"
        match exchange.interaction.ending:
            case Ending.CLIENT_GONE:
                yield Finding(
                    "last-frame",
                    Level.NOTE,
                    n,
                    place,
                    "the client left before the last frame; replay breaks the stream off here",
                    "nothing, if the program means to leave",
                )
            case Ending.CUT:
                yield Finding(
                    "last-frame",
                    Level.WARNING,
                    n,
                    place,
                    "the upstream broke the stream off before its last frame; so does replay",
                    "record it again, unless a broken stream is what is tested",
                )
            case _:
                yield Finding(
                    "last-frame",
                    Level.WARNING,
                    n,
                    place,
                    "the stream ends without the frame that says so, such as [DONE]",
                    "record it again; look whether the file was changed by hand",
                )


def _is_known(exchange: Exchange) -> bool:
    """Whether it is a stream of an API whose last frames are known."""
    return any(
        isinstance(value, Mapping)
        and (
            str(value.get("object")).startswith(("thread", "chat.completion"))
            or str(value.get("type")).startswith("response.")
        )
        for value in exchange.values
    )


# ------------------------------------------------------------------------------------------------------ disagreements


def disagreements(recording: Recording) -> Iterator[Finding]:
    """What the deltas of a stream, its objects, and later answers say differently of the same object."""
    told: dict[tuple[str, str], tuple[str, int]] = {}
    for exchange in recording.exchanges:
        n = exchange.interaction.n
        said = dict(_streamed(exchange)) if exchange.streams else {}
        for (kind, id_), text in _objects(exchange):
            before = said.get((kind, id_))
            earlier = (before, n) if before is not None else told.get((kind, id_))
            if earlier is not None and earlier[0] != text:
                yield _disagreement(kind, id_, earlier, text, n)
        if exchange.streams:
            told |= {key: (text, n) for key, text in (said | dict(_objects(exchange))).items()}


def _streamed(exchange: Exchange) -> Iterator[tuple[tuple[str, str], str]]:
    """The texts of messages as the deltas of a stream spell them."""
    owners: dict[str, list[Any]] = {}
    for joined in exchange.joined:
        owners.setdefault(joined.owner, []).append(joined)
    for owner, parts in owners.items():
        if owner and (text := answer_of(parts)):
            yield ("text", owner), text


def _objects(exchange: Exchange) -> Iterator[tuple[tuple[str, str], str]]:
    """Texts, arguments, outputs and statuses that stand in whole objects which have come to their end."""
    for value in map(_unwrapped, exchange.values):
        if not _is_over(value):
            continue
        for message in messages_in(value):
            if message.id and message.role == "assistant":
                yield ("text", message.id), message.text
        for call in calls_in(value):
            yield ("arguments", call.id), call.arguments
            if call.output is not None:
                yield ("output", call.id), call.output
        if value.get("object") == "thread.run":
            yield ("status", str(value.get("id"))), str(value.get("status"))


def _unwrapped(value: Any) -> Any:
    inner = value.get("response") if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else value


def _is_over(value: Any) -> bool:
    """Whether an object will not change any more; those that have no status, such as lists, are taken to be."""
    if not isinstance(value, Mapping) or "delta" in value:
        return False
    if value.get("object") == "list":
        items = value.get("data")
        return isinstance(items, list) and all(map(_is_over, items))
    return value.get("status") in (*_ENDED, None) and not str(value.get("type")).startswith("response.")


def _disagreement(kind: str, id_: str, earlier: tuple[str, int], text: str, n: int) -> Finding:
    before, first = earlier
    where = "the deltas of this stream join to" if first == n else f"the stream in {first} says"
    return Finding(
        "disagreement",
        Level.WARNING,
        n,
        "answer",
        f"{kind} of {short_ids(id_)}: {where} {shortened(before, _SHOWN)!r}, this answer {shortened(text, _SHOWN)!r}",
        "record the conversation again; one of the two was changed",
    )
