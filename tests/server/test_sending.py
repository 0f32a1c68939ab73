"""Sending without sockets, on a clock of the tests' own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from toolreel.server.pieces import PIECES_HEADER, RESET_HEADER, Pieces

from toolreel.messages.bodies import body_bytes, frame_bytes
from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.delivery import Delivery
from toolreel.replay.pace import parse_pace
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape
from toolreel.server.sending import TRANSPORT, Message, Sender
from toolreel.store.files import load

WEATHER = Path(__file__).parents[2] / "cassettes" / "weather.json"

PACED = Answer(200, (("a", "b"),), (b"one", b"two", b"three"), wait=100, delays=(0, 50, 25), end_delay=10)


class Clock:
    """Time passes only in sleep, and every sleep takes `late` seconds too long."""

    def __init__(self, late: float = 0) -> None:
        self.now, self.late = 1000.0, late

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + self.late

    @property
    def ms(self) -> int:
        return round((self.now - 1000) * 1000)


class Transport:
    """What a reset does to a connection."""

    def __init__(self, left: asyncio.Event) -> None:
        self.done: list[Any] = []
        self._left = left

    def get_extra_info(self, name: str) -> Transport:
        assert name == "socket"
        return self

    def setsockopt(self, *option: Any) -> None:
        self.done.append(option[-1])

    def abort(self) -> None:
        self.done.append("abort")
        self._left.set()


def send(
    answer: Answer, *, method: str = "GET", leaves_at: int | None = None, late: float = 0, **options: Any
) -> Any:
    """What is sent and when, in milliseconds, and what was done to the connection."""
    clock, sent = Clock(late), list[tuple[int, Any]]()

    async def scenario() -> Transport:
        left = asyncio.Event()
        transport = Transport(left)

        async def receive() -> Message:
            await left.wait()
            return {"type": "http.disconnect"}

        async def keep(message: Message) -> None:
            sent.append((clock.ms, dict(message)))

        async def sleep(seconds: float) -> None:
            await clock.sleep(seconds)
            if leaves_at is not None and clock.ms >= leaves_at:
                left.set()
                await asyncio.sleep(60)

        scope = {"type": "http", "method": method, "state": {TRANSPORT: transport}}
        await Sender(scope, receive, keep, clock, sleep).answer(answer, **options)
        return transport

    transport = asyncio.run(scenario())
    return sent, transport.done


def times(sent: Any) -> list[tuple[int, bytes | None]]:
    return [(when, message.get("body")) for when, message in sent]


def test_every_part_is_sent_when_it_is_due() -> None:
    sent, _ = send(PACED)
    assert times(sent) == [(100, None), (100, b"one"), (150, b"two"), (175, b"three"), (185, b"")]
    assert [message.get("more_body") for _, message in sent] == [None, True, True, True, False]


def test_at_recorded_pace_a_recording_is_sent_in_its_own_order_and_time() -> None:
    tape = Tape("weather", load(WEATHER), lambda digest: b"")
    session, streams = Session([tape], delivery=Delivery(parse_pace("recorded"))), 0
    assert tape.cassette.take is not None
    for one in tape.cassette.interactions:
        request, noted = one.request, tape.cassette.take.interactions[str(one.n)]
        body = body_bytes(request.body, tape.read_file)
        answer = session.answer(HttpRequest(request.method, "/v1" + request.path, request.headers, body))
        head, *pieces, end = times(send(answer, method=request.method)[0])
        frames = one.response.frames
        if not frames:
            continue
        streams += 1
        names = [frame_bytes(frame).split(b"\n")[0] for frame in frames]
        assert [(piece or b"").split(b"\n")[0] for _, piece in pieces] == names
        assert noted.ms is not None
        assert [when for when, _ in pieces] == list(noted.frame_ms or ())
        assert (head[0], end[0]) == (pieces[0][0], noted.ms[1] - noted.ms[0])
    assert streams == 2


def test_sleeps_that_take_too_long_do_not_add_up() -> None:
    slow = Answer(200, (), (b"x",) * 50, delays=(0, *[10] * 49))
    sent, _ = send(slow, late=0.004)
    assert max(abs(when - 10 * n) for n, (when, _) in enumerate(times(sent)[1:-1])) <= 4


def test_without_delays_nothing_waits() -> None:
    sent, _ = send(Answer(200, (), (b"a", b"b"), length=2))
    assert times(sent) == [(0, None), (0, b"a"), (0, b"b"), (0, b"")]


def test_an_answer_that_is_cut_never_ends() -> None:
    sent, _ = send(Answer(200, (), (b"a",), cut=True, end_delay=30))
    assert times(sent) == [(0, None), (0, b"a")]


def test_a_client_that_leaves_ends_the_waiting() -> None:
    sent, _ = send(PACED, leaves_at=150)
    assert times(sent) == [(100, None), (100, b"one")]


@pytest.mark.parametrize("wait", [0, 20])
def test_a_reset_sends_nothing(wait: float) -> None:
    sent, done = send(Answer(0, (), wait=wait, reset=True))
    assert sent == []
    assert done == [b"\1\0\0\0\0\0\0\0", "abort"]


def test_the_answer_to_head_waits_and_has_no_body() -> None:
    sent, _ = send(PACED, method="HEAD")
    assert times(sent) == [(100, None), (110, b"")]


# ------------------------------------------------------------------------------------------------ for the proxy door


def test_the_proxy_door_is_told_the_pieces() -> None:
    sizes: list[list[bytes]] = []

    class Watched(Pieces):
        def keep(self, pieces: Any) -> str:
            sizes.append(list(pieces))
            return super().keep(sizes[-1])

    (start, one, two, _), _ = send(Answer(200, (("a", "b"),), (b"a", b"bc"), length=3), pieces=Watched())
    assert start[1]["headers"] == [(b"a", b"b"), (PIECES_HEADER.encode(), b"0"), (b"content-length", b"3")]
    assert [one[1]["body"], two[1]["body"]] == [b"a", b"bc"]
    assert sizes == [[b"a", b"bc"]]


def test_what_has_no_body_has_no_pieces() -> None:
    (start, *_), _ = send(Answer(204, ()), pieces=Pieces())
    assert PIECES_HEADER.encode() not in dict(start[1]["headers"])


def test_the_proxy_door_is_told_to_reset_and_has_an_error_in_hand() -> None:
    (start, body, end), done = send(Answer(0, (), wait=5, reset=True), pieces=Pieces())
    assert (start[0], start[1]["status"]) == (5, 500)
    assert dict(start[1]["headers"])[RESET_HEADER.encode()] == b"1"
    assert json.loads(body[1]["body"])["error"]["type"] == "toolreel_miss"
    assert (end[1]["more_body"], done) == (False, [])
