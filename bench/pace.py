"""How exactly `--pace recorded` keeps the times of a recording: `python -m bench.pace [ROUNDS]`.

Replays one recorded stream (200 frames in about four seconds, gaps as they come from a model) through both doors, and
notes when each frame arrives. Printed is how late frames are, against their recorded times since the request, and how
far the span from the first frame to the last is off. Figures are printed, never asserted.
"""

from __future__ import annotations

import http.client
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlsplit

from toolreel.commands.replay import base_url_door, proxy_door
from toolreel.messages.bodies import body_of, frame_of
from toolreel.messages.model import Cassette, Interaction, Performance, Request, Response, Take
from toolreel.replay.delivery import Delivery
from toolreel.replay.manner import DEFAULT_MANNER
from toolreel.replay.pace import parse_pace
from toolreel.replay.session import Session
from toolreel.server.hosts import Listen
from toolreel.server.shelf import Shelf
from toolreel.store.files import save
from toolreel.store.names import cassette_path

ORIGIN = "http://api.openai.invalid"
FRAMES = 200
DOORS: dict[str, Callable[..., AbstractContextManager[dict[str, str]]]] = {
    "base-url": base_url_door,
    "proxy": proxy_door,
}


def main() -> None:
    """Prints a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {FRAMES} frames, {rounds} rounds")
    print("door      pace      late ms: median   p95   max   span off by ms   in order")
    with tempfile.TemporaryDirectory(prefix="toolreel-bench-") as work:
        folder = Path(work)
        times = _record(folder)
        for door in DOORS:
            for speed in (1, 4):
                found = [_round(folder, door, speed) for _ in range(rounds)]
                _show(door, speed, [time / speed for time in times], found)


def _record(folder: Path) -> list[int]:
    """A cassette with one stream; gives the recorded times of its frames."""
    seeded = random.Random(7)
    gaps = [300, *(seeded.choice((0, 0, 5, 15, 20, 30, 60)) for _ in range(FRAMES - 1))]
    times = list(accumulate(gaps))
    frames = tuple(frame_of(f'event: e\ndata: {{"n":{n}}}\n\n'.encode()) for n in range(FRAMES))
    kind = (("content-type", "text/event-stream"),)
    interaction = Interaction(
        n=1,
        request=Request(method="POST", path="/events", body=body_of(b"{}")),
        response=Response(status=200, headers=kind, frames=frames),
    )
    performance = Performance(ms=(0, times[-1]), frame_ms=tuple(times))
    take = Take(recorded_at="2026-01-01T00:00:00Z", tool="bench", interactions={"1": performance})
    cassette = Cassette(upstreams=(f"{ORIGIN}/v1",), interactions=(interaction,), take=take)
    save(cassette_path(folder, "paced"), cassette)
    return times


def _round(folder: Path, door: str, speed: int) -> list[tuple[float, int]]:
    """When each frame arrived, in milliseconds since the request, and its number."""
    tapes = [Shelf(folder, DEFAULT_MANNER).tape("paced")]
    session = Session(tapes, delivery=Delivery(parse_pace(f"x{speed}")))
    with DOORS[door](session, Listen("127.0.0.1", 0), tapes) as environment, _asking(environment) as ask:
        ask().read()  # the first request makes connections
        began = time.perf_counter()
        answer, pending, seen = ask(), b"", list[tuple[float, int]]()
        while data := answer.read1(65536):
            now = (time.perf_counter() - began) * 1000
            *whole, pending = (pending + data).split(b"\n\n")
            seen += [(now, int(frame.partition(b'"n":')[2].rstrip(b"}"))) for frame in whole]
    return seen


@contextmanager
def _asking(environment: dict[str, str]) -> Iterator[Callable[[], http.client.HTTPResponse]]:
    url = urlsplit(environment["TOOLREEL_URL"])
    base = ORIGIN if "HTTPS_PROXY" in environment else ""
    connection = http.client.HTTPConnection(url.hostname or "", url.port)

    def ask() -> http.client.HTTPResponse:
        connection.request("POST", f"{base}/v1/events", b"{}")
        return connection.getresponse()

    try:
        yield ask
    finally:
        connection.close()


def _show(door: str, speed: int, times: list[float], rounds: list[list[tuple[float, int]]]) -> None:
    late = [came - due for seen in rounds for (came, _), due in zip(seen, times, strict=True)]
    spans = [abs((seen[-1][0] - seen[0][0]) - (times[-1] - times[0])) for seen in rounds]
    ordered = all([n for _, n in seen] == list(range(FRAMES)) for seen in rounds)
    p95 = statistics.quantiles(late, n=20)[-1]
    figures = f"{statistics.median(late):15.2f} {p95:5.2f} {max(late):5.2f} {max(spans):16.2f}"
    print(f"{door:<9} x{speed:<8} {figures}   {'yes' if ordered else 'NO'}")


if __name__ == "__main__":
    main()
