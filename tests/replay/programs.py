"""Programs that use the API at random, and the take that a recorder makes of them: the stand-in answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.normalise.real import none_large
from tests.recording.assembling import assemble
from toolreel.messages.http import HttpRequest, ResponseHead, headers_of
from toolreel.messages.model import Cassette, Ending
from toolreel.recording.entries import Entry
from toolreel.recording.exchange import Exchange
from toolreel.standin.app import create_app
from toolreel.standin.script import load_script

ORIGIN = "https://api.openai.com"
_QUESTIONS = ["Hello", "What is the weather in Paris?", "Where is order 7?"]
_TOOLS = [{"type": "function", "function": {"name": name}} for name in ("get_weather", "find_order", "track_parcel")]
_SCRIPT = Path(__file__).parents[2] / "toolreel" / "standin" / "default.toml"


@dataclass(frozen=True)
class Held:
    """An exchange that a program had: `who` asked."""

    who: int
    sent: HttpRequest
    status: int
    headers: tuple[tuple[str, str], ...]
    received: bytes

    @property
    def writes(self) -> bool:
        return self.sent.method != "GET" and self.status < 400


class Api:
    """The stand-in in this process, and all that passed; time passes only where a program lets it."""

    def __init__(self, seed: int) -> None:
        self.held: list[Held] = []
        self.now = 1_700_000_000.0
        self._app = create_app(load_script(_SCRIPT), clock=lambda: self.now, random=Random(seed), sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds + 1e-6

    def ask(self, who: int, method: str, target: str, body: Any = None) -> Held:
        data = b"" if body is None else json.dumps(body).encode()
        path, _, query = f"/v1{target}".partition("?")
        headers = [(b"authorization", b"Bearer sk-any"), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
        came: list[Any] = []
        coming = [{"type": "http.request", "body": data}]

        async def receive() -> Any:
            while not coming:  # noqa: ASYNC110 - a client that waits for ever, as a stream wants it to
                await asyncio.sleep(60)
            return coming.pop()

        async def send(message: Any) -> None:
            came.append(message)

        asyncio.run(self._app({**scope, "root_path": ""}, receive, send))  # type: ignore[arg-type]
        received = b"".join(message.get("body", b"") for message in came[1:])
        sent = HttpRequest(method, f"/v1{target}", headers_of(headers[1:]), data or None, ORIGIN)
        self.held.append(Held(who, sent, came[0]["status"], headers_of(came[0]["headers"]), received))
        return self.held[-1]

    def take(self) -> Cassette:
        entries: list[Entry] = []
        for key, one in enumerate(self.held):
            exchange = Exchange(key, one.sent)
            entries += exchange.begin(10 * key)
            entries += exchange.head(ResponseHead(one.status, one.headers), 10 * key + 1)
            entries += exchange.data(one.received, 10 * key + 2)
            entries += exchange.end(Ending.COMPLETE, 10 * key + 5)
        return assemble(entries, recorded_at="now", tool="toolreel", keep_file=none_large)


@dataclass
class Thread:
    """What a program knows of a thread: its messages, its runs with the calls that they wait for, their steps."""

    messages: list[str] = field(default_factory=list)
    runs: dict[str, list[str]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)


class Program:
    """Does one thing after the other; `lists` says whether it looks at all assistants too."""

    def __init__(self, who: int, api: Api, random: Random, *, lists: bool) -> None:
        self._who, self._api, self._random, self._lists = who, api, random, lists
        self._assistants: list[str] = []
        self._threads: dict[str, Thread] = {}

    def step(self) -> None:
        if not self._assistants:
            self._new_assistant()
        elif not self._threads or self._random.random() < 0.06:
            asked = [{"role": "user", "content": question} for question in _QUESTIONS[1:]]
            body = self._random.choice([{}, *({"messages": [one]} for one in asked)])
            self._threads[self._ask("POST", "/threads", body)["id"]] = Thread()
        else:
            self._api.now += self._random.choice([0, 0, 0.2, 1, 3])
            name = self._random.choice(list(self._threads))
            self._random.choice(self._things())(f"/threads/{name}", self._threads[name])

    def _things(self) -> list[Callable[[str, Thread], None]]:
        often = [self._run, self._poll, self._poll, self._submit, self._submit]
        other = [self._message, self._read, self._read, self._steps, self._change, self._fail, self._assistant]
        return [*often, *other, *([self._list_assistants] * 2 if self._lists else [])]

    def _ask(self, method: str, target: str, body: Any = None) -> Any:
        """The answer, learned: of a stream what its frames say of runs."""
        held = self._api.ask(self._who, method, target, body)
        found = re.findall(rb"^data: (\{.*)$", held.received, re.MULTILINE)
        for value in map(json.loads, found or [held.received]):
            if value.get("object") == "thread.run":
                action = (value["required_action"] or {}).get("submit_tool_outputs", {})
                thread = self._threads[value["thread_id"]]
                thread.runs[value["id"]] = [call["id"] for call in action.get("tool_calls", ())]
        return None if found else json.loads(held.received)

    def _new_assistant(self) -> None:
        body = {"model": "gpt-4o", "tools": _TOOLS, "name": self._random.choice("ab")}
        self._assistants.append(self._ask("POST", "/assistants", body)["id"])

    def _assistant(self, path: str, thread: Thread) -> None:
        name = self._random.choice(self._assistants)
        body = self._random.choice([None, {"name": self._random.choice("xy")}])
        self._ask("GET" if body is None else "POST", f"/assistants/{name}", body)

    def _list_assistants(self, path: str, thread: Thread) -> None:
        chosen = self._random.random()
        if chosen < 0.2:
            self._new_assistant()
        elif chosen < 0.4 and len(self._assistants) > 1:
            self._ask("DELETE", f"/assistants/{self._assistants.pop()}")
        else:
            self._ask("GET", "/assistants")

    def _message(self, path: str, thread: Thread) -> None:
        body = {"role": "user", "content": self._random.choice(_QUESTIONS)}
        if (made := self._ask("POST", f"{path}/messages", body)).get("object") == "thread.message":
            thread.messages.append(made["id"])

    def _run(self, path: str, thread: Thread) -> None:
        body = {"assistant_id": self._random.choice(self._assistants)}
        self._ask("POST", f"{path}/runs", body | self._random.choice([{}, {}, {"stream": True}]))

    def _poll(self, path: str, thread: Thread) -> None:
        for run in self._random.sample(list(thread.runs), min(1, len(thread.runs))):
            for _ in range(self._random.choice([1, 1, 2, 4])):
                self._ask("GET", f"{path}/runs/{run}")
                self._api.now += self._random.choice([0, 0.3, 1])

    def _submit(self, path: str, thread: Thread) -> None:
        for run, calls in [(run, calls) for run, calls in thread.runs.items() if calls][:1]:
            said = [{"tool_call_id": call, "output": self._random.choice(["21", '{"t": 3}'])} for call in calls]
            streams = self._random.choice([{}, {"stream": True}])
            self._ask("POST", f"{path}/runs/{run}/submit_tool_outputs", {"tool_outputs": said, **streams})

    def _read(self, path: str, thread: Thread) -> None:
        what = ["", "/runs", "/messages", "/messages?order=asc", *(f"/messages/{one}" for one in thread.messages)]
        self._ask("GET", path + self._random.choice(what))

    def _steps(self, path: str, thread: Thread) -> None:
        for run in self._random.sample(list(thread.runs), min(1, len(thread.runs))):
            steps = self._ask("GET", f"{path}/runs/{run}/steps")
            self._ask("GET", f"{path}/runs/{run}/steps/{self._random.choice([*_ids(steps), 'step_none'])}")

    def _change(self, path: str, thread: Thread) -> None:
        body = {"metadata": {"k": self._random.choice("xy")}}
        run = self._random.choice(["", *(f"/runs/{name}" for name in thread.runs)])
        self._ask("POST", path + run, body)
        if run and self._random.random() < 0.2:
            self._ask("POST", f"{path}{run}/cancel")
        if thread.messages and self._random.random() < 0.2:
            self._ask("DELETE", f"{path}/messages/{self._random.choice(thread.messages)}")

    def _fail(self, path: str, thread: Thread) -> None:
        self._ask("POST", f"{path}/messages", {"role": "nobody"})
        self._ask("GET", f"{path}/runs/run_nothere{self._who}")


def _ids(listed: Any) -> list[str]:
    return [one["id"] for one in listed.get("data", ())]


def held_at_random(seed: int) -> Api:
    """One to three programs, one after the other or in turns."""
    random = Random(seed)
    count = random.choice([1, 1, 2, 3])
    api = Api(seed)
    lists = count == 1 and random.random() < 0.4  # what all programs change, they would have to see in one order
    programs = [Program(who, api, Random(random.random()), lists=lists) for who in range(count)]
    turns = [program for program in programs for _ in range(random.choice([8, 15, 25]))]
    if random.random() < 0.5:
        random.shuffle(turns)
    for program in turns:
        program.step()
    return api


def one_epoch(held: Sequence[Held], place: int) -> list[Held]:
    """What was answered to the same read before its scope was written to again."""
    read = held[place]
    scope = _scope(read)

    def ends(one: Held) -> bool:
        return one.writes and (scope in _scope(one) or _scope(one) in scope)

    before = next((at + 1 for at in range(place - 1, -1, -1) if ends(held[at])), 0)
    after = next((at for at in range(place + 1, len(held)) if ends(held[at])), len(held))
    return [one for one in held[before:after] if one.sent == read.sent]


def _scope(one: Held) -> str:
    """A thread with all that hangs on it, an assistant, or all assistants."""
    match = re.match(r"/v1/(threads/[^/?]+|assistants(?:/[^/?]+)?)", one.sent.target)
    return match[1] if match else one.sent.target
