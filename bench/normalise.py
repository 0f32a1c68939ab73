"""How long normalising takes: `python -m bench.normalise [COUNT...]`; figures are printed, never asserted.

Takes of about COUNT interactions, in the shapes that could cost more than their size: conversations one after the
other and all at the same time, many roots, many calls, one long conversation.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from random import Random

from tests.normalise.takes import (
    Exchange,
    Plan,
    Server,
    assistant,
    one_after_the_other,
    overlapping,
    post,
    take,
    tool_loop,
)
from toolreel.normalise.cassette import normalise

COUNTS = (1_000, 10_000)


def conversations(count: int) -> list[list[Exchange]]:
    """Tool loops of about ten exchanges each, no two the same."""
    server = Server(1)
    return [tool_loop(server, Plan(question=f"question {n}", streams=n % 2 == 0)) for n in range(count // 9)]


def in_sequence(count: int) -> list[Exchange]:
    """One conversation after the other."""
    return one_after_the_other(conversations(count))


def together(count: int) -> list[Exchange]:
    """All conversations at the same time."""
    return overlapping(conversations(count), Random(1))


def roots(count: int) -> list[Exchange]:
    """Assistants, which conversations could share."""
    server = Server(1)
    return [assistant(server, f"helper {n}")[0] for n in range(count)]


def calls(count: int) -> list[Exchange]:
    """Calls that have nothing to do with each other."""
    server = Server(1)
    return [post("/chat/completions", {"id": server.id("chatcmpl-"), "n": n}, {"n": n}) for n in range(count)]


def one_thread(count: int) -> list[Exchange]:
    """One long conversation."""
    server = Server(1)
    thread = server.id("thread_")
    made = [post(f"/threads/{thread}/messages", {"id": server.id("msg_")}, {"content": f"{n}"}) for n in range(count)]
    return [post("/threads", {"id": thread}), *made]


SHAPES: tuple[Callable[[int], list[Exchange]], ...] = (in_sequence, together, roots, calls, one_thread)


def main() -> None:
    """Measures each shape in each size."""
    for shape in SHAPES:
        for count in [int(word) for word in sys.argv[1:]] or COUNTS:
            received = take(*shape(count))
            start = time.perf_counter()
            normalise(received)
            took = time.perf_counter() - start
            size = len(received.interactions)
            sys.stdout.write(
                f"{shape.__name__:12} {size:6} interactions {took:7.2f} s {took / size * 1e6:6.0f} µs each\n"
            )


if __name__ == "__main__":
    main()
