"""How long it takes to find the answer to a request, among ten, a thousand and ten thousand interactions.

Each kind of cassette is one in which a search could become slow. What is measured is the session's whole answer,
in microseconds of processor time, the best of several rounds; the rest of a replay (sockets, HTTP) has no part in it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette, Interaction, JsonBody, Request, Response
from toolreel.normalise.cassette import normalise
from toolreel.replay.engine import Options
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape

COUNTS = (10, 1_000, 10_000)
ROUNDS = 3
ASKED = 200
"""So many requests are timed at most in each round; where there are fewer there are more rounds."""

Exchange = tuple[str, str, object, object]
"""Method, path, body and answer."""


def calls(count: int) -> list[Exchange]:
    """Chat calls, each with another question."""
    return [
        ("POST", "/chat/completions", {"messages": [{"role": "user", "content": f"Question {n}"}]}, {"n": n})
        for n in range(count)
    ]


def equal_calls(count: int) -> list[Exchange]:
    """One call, again and again."""
    return [("POST", "/chat/completions", {"messages": []}, {"n": n}) for n in range(count)]


def secrets(count: int) -> list[Exchange]:
    """Calls that hold secrets, of which the cassette keeps placeholders only."""
    return [("POST", "/chat/completions", {"user": "REDACTED-0001", "n": n}, {"n": n}) for n in range(count)]


def conversations(count: int) -> list[Exchange]:
    """Conversations of five requests: all open a thread alike, and then ask each another question."""
    found: list[Exchange] = []
    for n in range(count // 5):
        thread, run = f"thread_{n:024}", f"run_{n:024}"
        path = f"/threads/{thread}"
        found += [
            ("POST", "/threads", {}, {"id": thread}),
            ("POST", f"{path}/messages", {"content": f"Question {n}"}, {"id": f"msg_{n:024}"}),
            ("POST", f"{path}/runs", {"assistant_id": "asst_program"}, {"id": run, "status": "queued"}),
            ("GET", f"{path}/runs/{run}", None, {"id": run, "status": "completed"}),
            ("GET", f"{path}/messages", None, {"object": "list", "data": []}),
        ]
    return found


def long_conversation(count: int) -> list[Exchange]:
    """One conversation that goes on and on: a message, and a read of the whole thread."""
    found: list[Exchange] = [("POST", "/threads", {}, {"id": f"thread_{0:024}"})]
    for n in range(count // 2):
        path = f"/threads/thread_{0:024}"
        found.append(("POST", f"{path}/messages", {"content": "go on"}, {"id": f"msg_{n:024}"}))
        found.append(("GET", f"{path}/messages", None, {"object": "list", "data": [f"msg_{n:024}"]}))
    return found


KINDS: dict[str, Callable[[int], list[Exchange]]] = {
    "calls": calls,
    "equal calls": equal_calls,
    "calls with secrets": secrets,
    "conversations": conversations,
    "one conversation": long_conversation,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """What one kind of cassette of one size took: to load, in milliseconds, and for a request, in microseconds."""

    load_ms: float
    request_us: float


def cassette(exchanges: Iterable[Exchange]) -> Cassette:
    """A normalised cassette of exchanges."""
    interactions = tuple(
        Interaction(
            n=n,
            request=Request(
                method=method, path=path, body=None if body is None else JsonBody(value=body, style="compact")
            ),
            response=Response(status=200, body=JsonBody(value=answer, style="compact")),
        )
        for n, (method, path, body, answer) in enumerate(exchanges, start=1)
    )
    return normalise(Cassette(upstreams=("https://api.openai.com/v1",), interactions=interactions))[0]


def requests(recorded: Cassette) -> list[HttpRequest]:
    """What a client sends that holds the ids of the cassette, which are those of its first walk."""
    return [
        HttpRequest(
            one.request.method,
            f"/v1{one.request.path}",
            (),
            json.dumps(one.request.body.value).encode() if isinstance(one.request.body, JsonBody) else None,
        )
        for one in recorded.interactions
    ]


def measure(exchanges: Sequence[Exchange]) -> Figure:
    """The figures of one cassette: a client asks for everything from its middle on."""
    recorded = cassette(exchanges)
    begin = time.process_time()
    tape = Tape("bench", recorded, _no_file)
    load = time.process_time() - begin
    asked = requests(recorded)
    best = min(_round(tape, asked) for _ in range(ROUNDS * max(1, ASKED // len(asked))))
    return Figure(load * 1e3, best * 1e6)


def _round(tape: Tape, asked: Sequence[HttpRequest]) -> float:
    """Seconds a request, in the middle of the cassette."""
    session = Session([tape], Options(repeat=False))
    middle = len(asked) // 2 if len(asked) > ASKED else 0
    for request in asked[:middle]:
        session.answer(request)
    timed = asked[middle : middle + ASKED]
    begin = time.process_time()
    for request in timed:
        session.answer(request)
    took = time.process_time() - begin
    assert not session.misses, session.misses[0]
    return took / len(timed)


def _no_file(digest: str) -> bytes:
    raise FileNotFoundError(digest)


def main() -> None:
    """Prints the figures."""
    print("matching: microseconds a request, and milliseconds to load, by the number of interactions")
    print(f"{'':20}" + "".join(f"{count:>20,}" for count in COUNTS))
    for name, make in KINDS.items():
        figures = [measure(make(count)) for count in COUNTS]
        shown = "".join(f"{one.request_us:>9.0f} µs {one.load_ms:>5.0f} ms" for one in figures)
        print(f"{name:20}{shown}")


if __name__ == "__main__":
    main()
