"""Clients that do again what was recorded, knowing only the ids that they are given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Protocol

from tests.normalise.takes import Exchange, no_file, take
from toolreel.dialects.ids import ID
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.replay.answer import Answer
from toolreel.replay.engine import Options
from toolreel.replay.rules import DEFAULT_MATCH_RULES, MatchRules
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape


class Recorded(Protocol):
    """An exchange as it was recorded: the request, and the body of the answer."""

    @property
    def sent(self) -> HttpRequest: ...

    @property
    def received(self) -> bytes: ...


def tape(*exchanges: Exchange, name: str = "weather", rules: MatchRules = DEFAULT_MATCH_RULES) -> Tape:
    """A tape of what a recorder would have made of exchanges."""
    return Tape(name, normalise(take(*exchanges))[0], no_file, None, rules)


def tape_of(cassette: Cassette, name: str = "weather", rules: MatchRules = DEFAULT_MATCH_RULES) -> Tape:
    return Tape(name, cassette, no_file, None, rules)


def session(*exchanges: Exchange, **options: Any) -> Session:
    return Session([tape(*exchanges)], Options(**options))


def body(answer: Answer) -> bytes:
    return b"".join(answer.pieces)


class Client:
    """Sends recorded requests with the ids that its answers gave it, in the place of the recorded ones."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.live: dict[str, str] = {}

    def send(self, recorded: Recorded, wanted: Recorded | None = None) -> Answer:
        """The answer to a recorded request; it must be no miss.

        `wanted` is the exchange whose answer is due, if it is another one: the settled one of a poll.
        """
        answer = self.session.answer(self.asks(recorded.sent))
        assert answer.status != 424, body(answer).decode()
        self.learn((wanted or recorded).received, body(answer))
        return answer

    def learn(self, recorded: bytes, answered: bytes) -> None:
        """The ids in the body of an answer, where that of the recorded one has its own."""
        self._learn(_values(recorded), _values(answered))

    def learns(self, recorded: Recorded, answer: Answer) -> bool:
        """Whether an answer can be that to a recorded request: the ids in it are those that this client holds."""
        try:
            self._learn(_values(recorded.received), _values(body(answer)))
        except AssertionError:
            return False
        return True

    def asks(self, request: HttpRequest) -> HttpRequest:
        """The request with the client's ids."""
        sent = None if request.body is None else self._renamed(request.body.decode()).encode()
        return replace(request, target=self._renamed(request.target), body=sent, origin=None)

    def hears(self, recorded: Recorded, wanted: Recorded | None = None) -> bytes:
        """The body of the answer to a recorded request, with the recorded ids again."""
        text = body(self.send(recorded, wanted)).decode()
        return self.with_recorded_ids(text).encode()

    def with_recorded_ids(self, text: str) -> str:
        back = {live: id_ for id_, live in self.live.items()}
        return ID.sub(lambda match: back.get(match.group(), match.group()), text)

    def _renamed(self, text: str) -> str:
        return ID.sub(lambda match: self.live.get(match.group(), match.group()), text)

    def _learn(self, recorded: Any, answered: Any) -> None:
        """The ids in what was answered, where the recorded answer has its own."""
        if isinstance(recorded, dict) and isinstance(answered, dict):
            for key in recorded.keys() & answered.keys():
                self._learn(recorded[key], answered[key])
        elif isinstance(recorded, list) and isinstance(answered, list):
            for one, other in zip(recorded, answered, strict=False):
                self._learn(one, other)
        elif isinstance(recorded, str) and isinstance(answered, str):
            ids, live = ([match.group() for match in ID.finditer(text)] for text in (recorded, answered))
            for one, other in zip(ids, live, strict=False) if len(ids) == len(live) else ():
                assert self.live.setdefault(one, other) == other, f"{one} is {self.live[one]}, and now {other}"


_DATA = re.compile(r"^data: ([\[{].*)$", re.MULTILINE)


def _values(data: bytes) -> Any:
    """The JSON value of a body, or of all frames of a stream."""
    text = data.decode()
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(found) for found in _DATA.findall(text) if found != "[DONE]"]


_THREAD = re.compile(r"/threads/([^/?]+)")


def settled(exchanges: Sequence[Recorded], *, failed: Iterable[int] = ()) -> list[int]:
    """For each of the exchanges of one client the place of the one that a collapsing replay answers it with.

    An independent reading of P6.3, for threads only: a read gets the last answer to it before its thread is written
    to again. `failed` are the places of writes that failed.
    """
    found = []
    for place, one in enumerate(exchanges):
        last = place
        if one.sent.method == "GET":
            thread = _THREAD.search(one.sent.target)
            for later in range(place + 1, len(exchanges)):
                other = exchanges[later].sent
                if other.method == "GET":
                    last = later if other.target == one.sent.target else last
                elif later not in set(failed) and thread and thread[1] in other.target:
                    break
        found.append(last)
    return found


def in_turns(scripts: Iterable[Sequence[Any]], random: Random) -> list[tuple[int, int]]:
    """Who takes a step, and which, where several take theirs in random turns."""
    waiting = {who: list(range(len(script))) for who, script in enumerate(scripts)}
    found = []
    while waiting := {who: steps for who, steps in waiting.items() if steps}:
        who = random.choice(list(waiting))
        found.append((who, waiting[who].pop(0)))
    return found
