"""Texts that streams send in pieces: which strings of which frames belong together.

A text is identified by what does not change from piece to piece: the object that the frame is about, the place of the
string in it, and the `index` of each list item on the way (lists in a delta hold only the items that change).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

_PIECES = frozenset(
    {"value", "arguments", "input", "output", "content", "text", "refusal", "logs", "delta", "reasoning_content"}
)
"""Names of members whose strings are pieces of a text, in the deltas of the Assistants, Chat and Responses APIs."""

Path = tuple[str | int, ...]


class Piece(NamedTuple):
    """A piece of a text in one frame: `text` names the whole text, `path` leads to the string in the frame's JSON."""

    text: tuple[Any, ...]
    path: Path
    string: str


def pieces(value: Any) -> list[Piece]:
    """The pieces of texts in the JSON of a frame, none if it is no delta."""
    if not isinstance(value, dict):
        return []
    owner = tuple(_plain(value.get(name)) for name in ("object", "type", "id", "item_id", "content_index"))
    if isinstance(value.get("choices"), list):  # Chat: {"object": "chat.completion.chunk", "choices": [{"delta": …}]}
        return [
            Piece((*owner, *name), path, string) for name, path, string in _walk(value["choices"], (), ("choices",))
        ]
    if "delta" in value:  # Assistants: {"delta": {…}}; Responses: {"delta": "…"}
        return [Piece((*owner, *name), path, string) for name, path, string in _walk(value["delta"], (), ("delta",))]
    return []


def is_delta(value: Any) -> bool:
    """Whether the JSON of a frame is but a piece of what the stream says."""
    return isinstance(value, dict) and ("delta" in value or value.get("object") == "chat.completion.chunk")


def _walk(value: Any, name: tuple[Any, ...], path: Path) -> Iterator[tuple[tuple[Any, ...], Path, str]]:
    if isinstance(value, str):
        if path[-1] in _PIECES:
            yield name, path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _walk(member, (*name, key), (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            index = _plain(item.get("index", position)) if isinstance(item, dict) else position
            yield from _walk(item, (*name, index), (*path, position))


def _plain(value: Any) -> Any:
    """What can be part of a name, whatever a server sends where an id or a number belongs."""
    return repr(value) if isinstance(value, dict | list) else value
