"""Texts that people read: what the user asked and what the model answered, whole or in the deltas of a stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .deltas import pieces


class Message(NamedTuple):
    """A message; `id` is empty where the API gives none."""

    id: str
    role: str
    text: str


class Joined(NamedTuple):
    """A text that a stream sent in pieces: the id of what it belongs to, the place in it, and the whole."""

    owner: str
    place: str
    text: str
    pieces: int


def messages_in(value: Any) -> Iterator[Message]:
    """The messages in the JSON value of an answer: itself one, or a list of them."""
    if not isinstance(value, dict):
        return
    if value.get("object") == "list":
        for item in _list(value.get("data")):
            yield from messages_in(item)
    elif value.get("object") == "thread.message":
        yield Message(_text(value.get("id")), _text(value.get("role")), content_text(value.get("content")))
    elif value.get("object") == "chat.completion":
        for choice in _list(value.get("choices")):
            message = choice.get("message") if isinstance(choice, dict) else None
            if isinstance(message, dict):
                yield Message("", _text(message.get("role")), content_text(message.get("content")))
    elif value.get("object") == "response":
        for item in _list(value.get("output")):
            if isinstance(item, dict) and item.get("type") == "message":
                yield Message(_text(item.get("id")), _text(item.get("role")), content_text(item.get("content")))


def asked_in(value: Any) -> list[str]:
    """What the JSON value of a request asks: texts of the user in the messages that are new in it."""
    if not isinstance(value, dict):
        return []
    if "content" in value and "messages" not in value:
        return _said([value["content"]])
    thread = value.get("thread")
    threads = _list(thread.get("messages")) if isinstance(thread, dict) else []
    new = [*threads, *_list(value.get("additional_messages")), *_last_turn(_list(value.get("messages")))]
    given = value.get("input")
    new += [{"role": "user", "content": given}] if isinstance(given, str) else _last_turn(_list(given))
    return _said(message.get("content") for message in new if isinstance(message, dict) and _asks(message))


def _said(contents: Iterable[Any]) -> list[str]:
    return [text for content in contents if (text := content_text(content))]


def _asks(message: dict[str, Any]) -> bool:
    return bool(message.get("role", "user") == "user")


def _last_turn(messages: list[Any]) -> list[Any]:
    """A chat repeats all that was said before; what the model said last ends what is known."""
    for place in range(len(messages), 0, -1):
        message = messages[place - 1]
        if isinstance(message, dict) and (
            message.get("role") in ("assistant", "tool") or message.get("type") == "function_call_output"
        ):
            return messages[place:]
    return messages


def content_text(content: Any) -> str:
    """The text of a message's content: a string, or parts of which some are text."""
    return content if isinstance(content, str) else "".join(_parts(content))


def _parts(content: Any) -> Iterator[str]:
    for part in _list(content):
        text = part.get("text", part.get("refusal")) if isinstance(part, dict) else None
        if isinstance(text, dict):
            text = text.get("value")
        if isinstance(text, str):
            yield text


def joined_texts(values: Iterable[Any]) -> list[Joined]:
    """The texts that the deltas of a stream spell out, each whole, in the order in which they began."""
    texts: dict[tuple[Any, ...], list[str]] = {}
    owners: dict[tuple[Any, ...], tuple[str, str]] = {}
    for value in values:
        for piece in pieces(value):
            texts.setdefault(piece.text, []).append(piece.string)
            # Events of the Responses API carry the id of the item, the others that of the object.
            owner = value.get("item_id") or value.get("id")
            owners.setdefault(piece.text, (_text(owner), _place(value, piece.path)))
    return [Joined(*owners[text], "".join(strings), len(strings)) for text, strings in texts.items()]


def _place(value: Any, path: tuple[str | int, ...]) -> str:
    """Where a text stands: `content[0].text.value`; for Responses what its events are about, `output_text`."""
    kind = value.get("type")
    if path == ("delta",) and isinstance(kind, str):
        return kind.removeprefix("response.").removesuffix(".delta")
    place = ""
    for depth, step in enumerate(path):
        if step == "delta":
            continue
        if isinstance(step, int):
            step = _index(value, path[: depth + 1])
            place += f"[{step}]"
        else:
            place += f".{step}" if place else step
    return place


def _index(value: Any, path: tuple[str | int, ...]) -> int:
    """The `index` that an item of a delta names: lists in deltas hold only the items that change."""
    for step in path:
        value = value[step]
    index = value.get("index", path[-1]) if isinstance(value, dict) else path[-1]
    return index if isinstance(index, int) else 0


def answer_of(joined: Iterable[Joined]) -> str:
    """The text that people read, of all that a stream spelled out: not arguments, code or logs."""
    return "".join(one.text for one in joined if _READ.match(one.place))


_READ = re.compile(r"output_text\Z|refusal\Z|choices\[\d+\]\.(?:content|refusal)\Z|content\[")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
