"""What each step of an answer takes when requests are drawn at random from COUNT. `python steps.py CASSETTE COUNT`.

The cassette holds what `bench.exchanges.submit` makes of 0 to COUNT - 1. Prints JSON: the steps, and for each the
microseconds of processor time of a request, in this process and without any socket.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import exchanges
from toolreel.messages.http import HttpRequest
from toolreel.replay.book import Book
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape
from toolreel.server.connection import Connection
from toolreel.server.control import Desk
from toolreel.server.entrance import Entrance
from toolreel.server.hosts import own_host
from toolreel.store.files import LargeBodies, load

CASSETTE, COUNT = Path(sys.argv[1]), int(sys.argv[2])
ROUNDS, ASKED = 25, 2_000
HOST = "127.0.0.1:8000"


class Nowhere(asyncio.Transport):
    """Takes what is sent, and sends it nowhere."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Takes it."""


class Asker:
    """Makes requests as a socket would bring them: in memory that was just written, and so is in the cache."""

    def __init__(self) -> None:
        one = exchanges.submit(0)
        before, self._after = one.path.split(exchanges.thread(0))
        self._before, self._body = before, one.body
        self._headers = (
            ("host", HOST),
            ("content-type", "application/json"),
            ("content-length", str(len(one.body))),
        )
        fields = "".join(f"{name}: {value}\r\n" for name, value in self._headers)
        self._rest = f"{self._after} HTTP/1.1\r\n{fields}\r\n".encode() + one.body
        self._first = f"{one.method} {before}".encode()

    def request(self, thread: str) -> HttpRequest:
        """A request as a door makes one of its bytes."""
        return HttpRequest("POST", self._before + thread + self._after, self._headers, self._body + b"")

    def data(self, thread: str) -> bytes:
        """The bytes of a request."""
        return self._first + thread.encode() + self._rest


def microseconds(step: Callable[[str], object], threads: Sequence[str]) -> float:
    """What a step takes for a request, on average."""
    began = time.process_time()
    for thread in threads:
        step(thread)
    return (time.process_time() - began) / len(threads) * 1e6


async def main() -> None:
    """Asks for everything until it is remembered, and then measures the steps in turn, each with those before it."""
    tape = Tape("bench", load(CASSETTE), LargeBodies(CASSETTE).read)
    book = Book(lambda _: tape, lambda _, tapes: Session(tapes))
    held = book.begin(["bench"], "bench")
    book.default = "bench"
    desk = Desk(book)
    door = Connection(Entrance(desk, own_host), set())
    door.connection_made(Nowhere())
    asker = Asker()
    threads = [exchanges.thread(number) for number in range(COUNT)]
    for thread in threads * 3:
        door.data_received(asker.data(thread))
    gc.collect()
    gc.freeze()
    get = held.session._standing.get
    assert all(get(asker.request(thread)) for thread in threads), "not everything is remembered"

    steps: dict[str, Callable[[str], object]] = {
        "nothing": asker.request,
        "found": lambda thread: get(asker.request(thread)),
        "answered": lambda thread: desk.answer(asker.request(thread)),
        "no bytes": asker.data,
        "sent": lambda thread: door.data_received(asker.data(thread)),
    }
    dice = random.Random(1)
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            taken[name].append(microseconds(step, dice.choices(threads, k=ASKED)))
    took = {name: statistics.median(found) for name, found in taken.items()}
    whole_door, inner = took["sent"] - took["no bytes"], took["answered"] - took["nothing"]
    print(
        json.dumps(
            {
                "the door reads the request, and writes": whole_door - inner,
                "what is remembered of the request is found": took["found"] - took["nothing"],
                "session, and what was played": took["answered"] - took["found"],
            }
        )
    )


asyncio.run(main())
