"""Takes made by hand: exchanges, conversations as a server would answer them, and ways to mix them in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any
from urllib.parse import parse_qsl

from toolreel.messages.bodies import body_bytes, frame_bytes
from toolreel.messages.http import Headers, HttpRequest
from toolreel.messages.model import (
    Body,
    Cassette,
    Ending,
    Frame,
    Interaction,
    JsonBody,
    JsonFrame,
    Performance,
    Request,
    Response,
    Take,
    TextBody,
    TextFrame,
)
from toolreel.normalise.cassette import normalise
from toolreel.store.layout import cassette_text

UPSTREAM = "https://api.openai.com/v1"
ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, and when they came, in milliseconds; None where the take is to say."""

    request: Request
    response: Response
    ending: Ending = Ending.COMPLETE
    ms: tuple[int, int] | None = None
    frame_ms: tuple[int, ...] | None = None
    volatile: Headers = ()

    def at(self, start: int, end: int | None = None) -> Exchange:
        """The same at another time."""
        return replace(self, ms=(start, start if end is None else end))

    @property
    def sent(self) -> HttpRequest:
        """The request as a client sends it."""
        query = "&".join(f"{name}={value}" for name, value in self.request.query)
        target = f"/v1{self.request.path}" + (f"?{query}" if query else "")
        return HttpRequest(self.request.method, target, self.request.headers, body_bytes(self.request.body, no_file))

    @property
    def received(self) -> bytes:
        """The body of the answer as the client receives it."""
        return answer_bytes(self.response)


def no_file(digest: str) -> bytes:
    raise FileNotFoundError(digest)


def answer_bytes(response: Response) -> bytes:
    if response.frames is not None:
        return b"".join(map(frame_bytes, response.frames))
    return body_bytes(response.body, no_file) or b""


def _body(value: Any, style: str) -> Body | None:
    if value is None or isinstance(value, JsonBody | TextBody):
        return value
    return TextBody(text=value) if isinstance(value, str) else JsonBody(value=value, style=style)


def ask(
    method: str,
    target: str,
    answer: Any = None,
    *,
    body: Any = None,
    status: int = 200,
    frames: Sequence[Frame] | None = None,
    headers: Headers = (),
    request_headers: Headers = (),
    ending: Ending = Ending.COMPLETE,
) -> Exchange:
    """An exchange; `body` and `answer` are JSON values, or texts."""
    path, _, query = target.partition("?")
    request = Request(
        method=method,
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=request_headers,
        body=_body(body, "compact"),
    )
    if frames is None:
        response = Response(status=status, headers=headers, body=_body(answer, "pretty2"))
    else:
        response = Response(status=status, headers=headers, frames=tuple(frames))
    return Exchange(request, response, ending)


def get(target: str, answer: Any = None, **more: Any) -> Exchange:
    return ask("GET", target, answer, **more)


def post(target: str, answer: Any = None, body: Any = None, **more: Any) -> Exchange:
    return ask("POST", target, answer, body={} if body is None else body, **more)


def stream(target: str, frames: Iterable[tuple[str, Any]], body: Any = None, **more: Any) -> Exchange:
    """A POST answered by events, and `[DONE]`."""
    made: list[Frame] = [JsonFrame(event=event, value=value) for event, value in frames]
    made.append(TextFrame(event="done", text="[DONE]"))
    return post(target, body={"stream": True} if body is None else body, frames=made, **more)


def take(*exchanges: Exchange, timed: bool = True) -> Cassette:
    """A cassette as the recorder assembles it, of exchanges in order of arrival.

    Those without times come one after the other, 10 ms each. Without `timed` nobody noted any time.
    """
    interactions, performances, now = [], {}, 0
    for n, one in enumerate(exchanges, start=1):
        interactions.append(Interaction(n=n, request=one.request, response=one.response, ending=one.ending))
        ms = one.ms or (now, now + 5)
        now = max(now, ms[0]) + 10
        if timed:
            performances[str(n)] = Performance(ms=ms, frame_ms=one.frame_ms, headers=one.volatile or None)
    described = Take(recorded_at="2026-01-01T00:00:00Z", tool="toolreel", interactions=performances)
    return Cassette(upstreams=(UPSTREAM,), interactions=tuple(interactions), take=described)


def normal(*exchanges: Exchange) -> Cassette:
    """The normalised cassette of exchanges."""
    return normalise(take(*exchanges))[0]


def above(cassette: Cassette) -> str:
    """The file of a cassette without its take."""
    return cassette_text(cassette.model_copy(update={"take": None}))


def below(cassette: Cassette) -> Take:
    assert cassette.take is not None
    return cassette.take


def paths(cassette: Cassette) -> list[str]:
    """Method and path of each interaction."""
    return [f"{one.request.method} {one.request.path}" for one in cassette.interactions]


def value(cassette: Cassette, n: int) -> Any:
    """The JSON answer of interaction `n`."""
    body = cassette.interactions[n - 1].response.body
    assert isinstance(body, JsonBody)
    return body.value


# --------------------------------------------------------------------------------------------------- a server's part


class Server:
    """Mints ids and tells the time, differently for every seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._now = 1_750_000_000 + self._random.randrange(10**6)

    def id(self, prefix: str, length: int = 24) -> str:
        return prefix + "".join(self._random.choices(ALPHANUMERIC, k=length))

    def now(self) -> int:
        self._now += self._random.randrange(3)
        return self._now


@dataclass(frozen=True)
class Plan:
    """What a client asks and gets: a tool loop with `polls` reads before each change of the run's status."""

    question: str = "What is the weather?"
    output: str = "21"
    reply: str = "It is 21 degrees."
    polls: tuple[int, int] = (1, 1)
    streams: bool = False
    deletes: bool = False


def assistant(server: Server, name: str = "weather") -> tuple[Exchange, str]:
    """The making of an assistant, and its id."""
    id_ = server.id("asst_")
    made = {"id": id_, "object": "assistant", "created_at": server.now(), "name": name}
    return post("/assistants", made, {"name": name, "model": "gpt-4o"}), id_


def tool_loop(server: Server, plan: Plan, assistant_id: str = "asst_program") -> list[Exchange]:
    """A conversation: thread, message, run, polls, steps, tool output, polls, messages."""
    thread, message, run = server.id("thread_"), server.id("msg_"), server.id("run_")
    call, step, last = server.id("call_"), server.id("step_"), server.id("msg_")
    created = server.now()

    def of_run(status: str, **more: Any) -> dict[str, Any]:
        ids = {"id": run, "object": "thread.run", "thread_id": thread, "assistant_id": assistant_id}
        clock = {"created_at": created, "started_at": None if status == "queued" else server.now()}
        return {**ids, **clock, "status": status, "required_action": None, **more}

    function = {"name": "get_weather", "arguments": "{}"}
    calls = [{"id": call, "type": "function", "function": function}]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    user = {"id": message, "object": "thread.message", "thread_id": thread, "created_at": server.now()}
    steps = {"object": "list", "data": [{"id": step, "run_id": run, "status": "in_progress", "tool_calls": calls}]}
    done = {**user, "id": last, "run_id": run, "content": plan.reply}
    messages = {"object": "list", "data": [done, user], "first_id": last, "last_id": message}
    on_thread, on_run = f"/threads/{thread}", f"/threads/{thread}/runs/{run}"
    outputs = {"tool_outputs": [{"tool_call_id": call, "output": plan.output}]}
    begun = [
        post("/threads", {"id": thread, "object": "thread", "created_at": server.now()}),
        post(f"{on_thread}/messages", user, {"role": "user", "content": plan.question}),
        post(f"{on_thread}/runs", of_run("queued"), {"assistant_id": assistant_id}),
        *(get(on_run, of_run("in_progress")) for _ in range(plan.polls[0])),
        get(on_run, of_run("requires_action", required_action=action)),
        get(f"{on_run}/steps", steps),
    ]
    if plan.streams:
        pieces = [plan.reply[:3], plan.reply[3:]]
        deltas = [{"content": [{"index": 0, "type": "text", "text": {"value": piece}}]} for piece in pieces]
        events = [
            ("thread.run.queued", of_run("queued")),
            *(
                ("thread.message.delta", {"id": last, "object": "thread.message.delta", "delta": one})
                for one in deltas
            ),
            ("thread.run.completed", of_run("completed")),
        ]
        ended = [stream(f"{on_run}/submit_tool_outputs", events, {**outputs, "stream": True})]
    else:
        ended = [
            post(f"{on_run}/submit_tool_outputs", of_run("queued"), outputs),
            *(get(on_run, of_run("in_progress")) for _ in range(plan.polls[1])),
            get(on_run, of_run("completed")),
        ]
    deleted = {"id": thread, "object": "thread.deleted", "deleted": True}
    deletion = [ask("DELETE", on_thread, deleted)] if plan.deletes else []
    return [*begun, *ended, get(f"{on_thread}/messages?order=desc", messages), *deletion]


# ------------------------------------------------------------------------------------------------ mixing them in time


def one_after_the_other(conversations: Iterable[Sequence[Exchange]]) -> list[Exchange]:
    return [exchange for conversation in conversations for exchange in conversation]


def mixed(conversations: Iterable[Sequence[Exchange]], random: Random) -> list[Exchange]:
    """Steps of several conversations in random turns, none overlapping another."""
    waiting = [list(conversation) for conversation in conversations]
    found = []
    while waiting := [conversation for conversation in waiting if conversation]:
        found.append(random.choice(waiting).pop(0))
    return found


def overlapping(conversations: Iterable[Sequence[Exchange]], random: Random, start: int = 0) -> list[Exchange]:
    """Each conversation at a pace of its own, so that exchanges of different conversations overlap."""
    found = []
    for conversation in conversations:
        now = start + random.randrange(50)
        for exchange in conversation:
            end = now + random.randrange(30)
            found.append(exchange.at(now, end))
            now = end + random.randrange(10)
    return sorted(found, key=lambda exchange: (exchange.ms or (0, 0))[0])
