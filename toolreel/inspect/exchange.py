"""One interaction as its API means it: what was asked, what was called, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toolreel.dialects.calls import Call, Output, calls_in, outputs_in, required_in, streamed_calls
from toolreel.dialects.deltas import is_delta
from toolreel.dialects.texts import Joined, Message, answer_of, asked_in, joined_texts, messages_in
from toolreel.messages.model import Interaction
from toolreel.normalise.values import values_of, values_of_body


@dataclass(frozen=True)
class Exchange:
    """An interaction and what its JSON says; what is no JSON says nothing."""

    interaction: Interaction

    @property
    def streams(self) -> bool:
        """Whether the answer is an event stream."""
        return self.interaction.response.frames is not None

    @cached_property
    def request(self) -> Any:
        """The JSON value of the request, or None."""
        return next(iter(values_of_body(self.interaction.request.body)), None)

    @cached_property
    def values(self) -> list[Any]:
        """The JSON values of the answer: of its body, or of each frame."""
        return values_of(self.interaction.response)

    @cached_property
    def joined(self) -> list[Joined]:
        """The texts that the deltas of a stream spell out."""
        return joined_texts(self.values) if self.streams else []

    @cached_property
    def asked(self) -> list[str]:
        """What the user says in the request."""
        return asked_in(self.request)

    @cached_property
    def outputs(self) -> list[Output]:
        """The tool outputs that the request submits."""
        return outputs_in(self.request)

    @cached_property
    def calls(self) -> list[Call]:
        """The tool calls that the answer names, each once, as it names them last."""
        spelled = streamed_calls(self.values) if self.streams else []
        found = {call.id: call for call in spelled if call.id}
        for value in self.values:
            for call in calls_in(value) if not is_delta(value) else ():
                before = found.get(call.id)
                known = before.output if before and call.output is None else call.output
                found[call.id] = call._replace(output=known)
        return list(found.values())

    @cached_property
    def required(self) -> list[Call]:
        """The tool calls for which the answer leaves the program to submit outputs."""
        found = {call.id: call for value in self.values for call in required_in(value)}
        if any(_is(value, "chat.completion.chunk") for value in self.values):
            found |= {call.id: call for call in streamed_calls(self.values)}
        return list(found.values())

    @cached_property
    def messages(self) -> list[Message]:
        """The messages that the answer holds whole; those of a stream as they are in the end."""
        last = {(message.id, at): message for at, message in self._messages()}
        return list(last.values())

    def _messages(self) -> list[tuple[int, Message]]:
        return [
            (0 if message.id else at, message)
            for at, value in enumerate(self.values)
            for message in messages_in(_response(value))
        ]

    @cached_property
    def answer(self) -> str:
        """What the model says in the answer: the joined text of a stream, or the newest message."""
        if spelled := answer_of(self.joined):
            return spelled
        said = [message.text for message in self.messages if message.role == "assistant" and message.text]
        if not said:
            return ""
        # A list of messages has the newest first.
        return said[0] if any(_is(value, "list") for value in self.values) else said[-1]

    @cached_property
    def status(self) -> str:
        """The last status of the run, or of the response, that the answer tells."""
        found = ""
        for value in map(_response, self.values):
            if isinstance(value, Mapping) and value.get("object") in ("thread.run", "response"):
                found = str(value.get("status") or "")
        return found

    @cached_property
    def error(self) -> str:
        """The message of the error that the answer is, that a frame holds, or for which the run failed."""
        for value in map(_response, self.values):
            if isinstance(value, Mapping):
                for key in ("error", "last_error"):
                    if isinstance(error := value.get(key), Mapping):
                        return str(error.get("message") or error.get("code") or "")
        return ""

    @cached_property
    def objects(self) -> list[str]:
        """The names of the objects that a JSON answer holds: its own, or those of a list's items."""
        if self.streams or not self.values or not isinstance(self.values[0], Mapping):
            return []
        value = self.values[0]
        items = value.get("data") if value.get("object") == "list" else None
        found = items if isinstance(items, list) else [value]
        return [str(item["object"]) for item in found if isinstance(item, Mapping) and item.get("object")]


def _response(value: Any) -> Any:
    """The object that an event of the Responses API wraps, else the value itself."""
    if (
        isinstance(value, Mapping)
        and isinstance(value.get("type"), str)
        and isinstance(value.get("response"), Mapping)
    ):
        return value["response"]
    return value


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, Mapping) and value.get("object") == kind
