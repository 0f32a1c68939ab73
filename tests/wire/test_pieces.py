"""However an answer is cut into pieces, every client sees the same events; no sockets, so many seeds are cheap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from logging import Logger
from pathlib import Path

import pytest
from ld_eventsource import SSEClient  # type: ignore[attr-defined, import-untyped, unused-ignore]
from ld_eventsource.config import (  # type: ignore[import-untyped, unused-ignore]
    ConnectionClient,
    ConnectionResult,
    ConnectStrategy,
)
from openai._streaming import SSEDecoder

from tests.normalise.takes import post
from tests.replay.clients import tape
from tests.replay.test_broken import FRAMES
from tests.replay.transport import SessionTransport, client_of
from toolreel.messages.bodies import frame_bytes, frame_of
from toolreel.messages.model import Performance
from toolreel.messages.sse import FrameSplitter, event
from toolreel.replay.answer import Answer
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.delivery import Delivery
from toolreel.replay.pace import INSTANT, parse_pace
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape
from toolreel.store.files import load

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

Event = tuple[str, str]
WEATHER = Path(__file__).parents[2] / "cassettes" / "weather.json"
ODD = (
    "event: a\ndata: één\n\n".encode(),
    b"data: 1\r\ndata:2\r\n\r\n",
    b": nobody sees this\n\n",
    "event: 東京\nid: 7\nretry: 10\ndata: 🌍🌍🌍\n\n".encode(),
    b"data\n\n",
    b"event: empty\n\n",
    b"data: last\r\r",
)
"""What the grammar allows and the API does not send: every line end, comments, several lines, no data."""


def streams() -> Iterator[tuple[bytes, ...]]:
    yield FRAMES
    yield ODD
    for interaction in load(WEATHER).interactions:
        if interaction.response.frames:
            yield tuple(map(frame_bytes, interaction.response.frames))


STREAMS = tuple(streams())


def chunkings(seeds: Iterable[int]) -> Iterator[str]:
    yield from ("frame", "recorded")
    for seed in seeds:
        yield f"random:{seed}"
        yield f"bytes:{1 + seed}"


# ----------------------------------------------------------------------------------------------------------- parsers


def by_openai(pieces: Iterable[bytes]) -> list[Event]:
    return [(one.event or "message", one.data) for one in SSEDecoder().iter_bytes(iter(pieces)) if one.data]


class _Pieces(ConnectStrategy, ConnectionClient):  # type: ignore[misc, unused-ignore]
    """Lets the library read pieces in the place of a connection."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def create_client(self, logger: Logger) -> ConnectionClient:
        return self

    def connect(self, last_event_id: str | None) -> ConnectionResult:
        return ConnectionResult(iter(self._pieces), None)


def by_eventsource(pieces: Iterable[bytes]) -> list[Event]:
    """An independent parser: LaunchDarkly's."""
    client = SSEClient(_Pieces(pieces))
    return [(one.event, one.data) for one in client.events if one.data]


def by_us(pieces: Iterable[bytes]) -> list[Event]:
    splitter = FrameSplitter()
    frames = [frame for piece in pieces for frame in splitter.feed(piece)]
    found = [event(frame) for frame in [*frames, *splitter.close()[0]]]
    return [(one.type, one.data) for one in found if one and one.data]


def pieces_of(frames: tuple[bytes, ...], chunks: str) -> tuple[bytes, ...]:
    performance = Performance(chunks=tuple(7 * n for n in range(len(frames))))
    return Delivery(INSTANT, parse_chunking(chunks)).cut(Answer(200, (), frames), performance, "n").pieces


def check(parse: Callable[[Iterable[bytes]], list[Event]], seeds: Iterable[int]) -> None:
    for frames in STREAMS:
        expected = by_us(frames)
        assert expected
        for chunks in chunkings(seeds):
            pieces = pieces_of(frames, chunks)
            assert b"".join(pieces) == b"".join(frames)
            assert parse(pieces) == expected, chunks


PARSERS = pytest.mark.parametrize("parse", [by_openai, by_eventsource, by_us])


@PARSERS
def test_every_parser_sees_the_same_events(parse: Callable[[Iterable[bytes]], list[Event]]) -> None:
    check(parse, range(12))


@pytest.mark.soak
@PARSERS
def test_every_parser_sees_the_same_events_with_1000_seeds(
    parse: Callable[[Iterable[bytes]], list[Event]],
) -> None:
    check(parse, range(1000))


def test_seeds_cut_inside_lines_and_characters() -> None:
    """Else the tests above prove nothing."""
    inside = dict.fromkeys(("frame", "character", "line end"), 0)
    for frames in (FRAMES, ODD):
        ends, body = set(accumulate(map(len, frames))), b"".join(frames)
        for seed in range(500):
            for cut in list(accumulate(map(len, pieces_of(frames, f"random:{seed}"))))[:-1]:
                inside["frame"] += cut not in ends
                inside["character"] += 0x80 <= body[cut] < 0xC0
                inside["line end"] += body[cut - 1 : cut + 1] == b"\r\n"
    assert all(count > 10 for count in inside.values()), inside


# -------------------------------------------------------------------------------------------------- the whole client


def recorded() -> Tape:
    headers = (("content-type", "text/event-stream; charset=utf-8"),)
    body = {"assistant_id": "asst_1", "stream": True}
    return tape(post("/threads/thread_1/runs", body=body, frames=tuple(map(frame_of, FRAMES)), headers=headers))


def client_check(deliveries: Iterable[tuple[str, str]]) -> None:
    """All that the real client makes of a stream is the same, however it is delivered."""
    one, heard = recorded(), set[str]()
    transport = SessionTransport(Session([one]))
    with client_of(transport) as client:
        for pace, chunks in [("instant", "frame"), *deliveries]:
            transport.session = Session([one], delivery=Delivery(parse_pace(pace), parse_chunking(chunks)))
            events = client.beta.threads.runs.create("thread_1", assistant_id="asst_1", stream=True)
            heard.add("\n".join(event.to_json() for event in events))
            assert len(heard) == 1, (pace, chunks)
    assert heard.pop().count('"event"') == len(FRAMES) - 1


def test_the_client_sees_the_same_events() -> None:
    client_check((pace, chunks) for pace in ("instant", "recorded", "3ms") for chunks in chunkings(range(3)))


@pytest.mark.soak
def test_the_client_sees_the_same_events_with_1000_seeds() -> None:
    client_check(("instant", chunks) for chunks in chunkings(range(1000)))
