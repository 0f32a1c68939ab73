"""A connection without sockets, on a clock of the tests' own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolreel.messages.bodies import body_bytes, frame_bytes
from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.delivery import Delivery
from toolreel.replay.miss import Miss
from toolreel.replay.pace import parse_pace
from toolreel.replay.session import Session
from toolreel.replay.standing import Stands
from toolreel.replay.tape import Tape
from toolreel.server import connection as module
from toolreel.server import entrance
from toolreel.server.connection import Connection
from toolreel.store.files import load

WEATHER = Path(__file__).parents[2] / "cassettes" / "weather.json"

PLAIN = Answer(200, (), (b"hello",), length=5)
SAID = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
LAST = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
PACED = Answer(200, (), (b"one", b"two", b"three"), wait=100, delays=(0, 50, 25), end_delay=10)
GET = b"GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n"
POST = b"POST /v1/threads HTTP/1.1\r\nhost: h\r\n"


class Clock:
    """Time passes only in sleep, and every sleep takes `late` seconds too long."""

    def __init__(self, late: float = 0) -> None:
        self.now, self.late = 1000.0, late

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + self.late
        await asyncio.sleep(0)

    @property
    def ms(self) -> int:
        return round((self.now - 1000) * 1000)


class Transport(asyncio.Transport):
    """Notes what is done to it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.sent: list[tuple[int, bytes]] = []
        self.done: list[Any] = []
        self.lost: Callable[[], None] = lambda: None
        self._clock = clock

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.sent)

    def write(self, data: Any) -> None:
        assert not self.is_closing(), "nothing is sent on a connection that is no more"
        self.sent.append((self._clock.ms, bytes(data)))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.done.append("eof")

    def is_closing(self) -> bool:
        return bool({"close", "abort"} & set(self.done))

    def pause_reading(self) -> None:
        self.done.append("pause")

    def resume_reading(self) -> None:
        self.done.append("resume")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        assert name == "socket"
        return self

    def setsockopt(self, *option: Any) -> None:
        self.done.append(option[-1])

    def close(self) -> None:
        self._end("close")

    def abort(self) -> None:
        self._end("abort")

    def _end(self, how: str) -> None:
        if not self.is_closing():
            asyncio.get_running_loop().call_soon(self.lost)
        self.done.append(how)


class Line:
    """A connection at work: what is asked on it, and what is sent. Session of itself, with answers by path."""

    def __init__(self, answer: Any = PLAIN, late: float = 0) -> None:
        self.clock = Clock(late)
        self.asked: list[HttpRequest] = []
        self.misses: list[Miss] = []
        self.answers: dict[str, Any] = {}
        self.among: set[Connection] = set()
        self._answer = answer
        self.transport = Transport(self.clock)
        self.connection = Connection(self, self.among, clock=self.clock, sleep=self.clock.sleep)
        self.transport.lost = lambda: self.connection.connection_lost(None)
        self.connection.connection_made(self.transport)

    def answer(self, request: HttpRequest) -> Answer:
        self.asked.append(request)
        answer: Answer = self.answers.get(request.path, self._answer)
        return answer

    def note(self, miss: Miss) -> None:
        self.misses.append(miss)

    @property
    def sent(self) -> bytes:
        return self.transport.data

    @property
    def done(self) -> list[Any]:
        return self.transport.done

    @property
    def times(self) -> list[tuple[int, bytes]]:
        return self.transport.sent

    def __call__(self, data: bytes) -> bytes:
        """What is sent at once when `data` comes."""
        before = len(self.sent)
        self.connection.data_received(data)
        return self.sent[before:]

    async def settle(self) -> None:
        """Lets everything happen that can."""
        for _ in range(200):
            await asyncio.sleep(0)


def on_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


def error_of(sent: bytes) -> tuple[int, str]:
    """Status and message of the one refusal that was sent."""
    head, _, body = sent.partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head
    error = json.loads(body)["error"]
    assert error["type"] == "toolreel_refused"
    return int(head.split()[1]), error["message"]


# ---------------------------------------------------------------------------------------------------------- requests


@on_a_loop
async def test_a_request_is_handed_over_as_it_came() -> None:
    line = Line()
    head = (
        b"POST /v1/a%20b?x=%20&y HTTP/1.1\r\nHost: h\r\nX-A:  \xff \t\r\nx-a: 2\r\nx-b:\r\ncontent-length: 3\r\n\r\n"
    )
    assert line(head + b"abc") == SAID
    headers = (("host", "h"), ("x-a", "ÿ"), ("x-a", "2"), ("x-b", ""), ("content-length", "3"))
    assert line.asked == [HttpRequest("POST", "/v1/a%20b?x=%20&y", headers, b"abc", None)]


@on_a_loop
async def test_a_request_in_single_bytes_is_the_same() -> None:
    whole, bytewise = Line(), Line()
    data = (
        POST + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-trailer: dropped\r\n\r\n" + GET
    )
    whole(data)
    for place in range(len(data)):
        bytewise(data[place : place + 1])
    assert bytewise.asked == whole.asked
    assert [(one.method, one.body) for one in whole.asked] == [("POST", b"abcde"), ("GET", b"")]
    assert bytewise.sent == whole.sent == SAID * 2


@on_a_loop
async def test_requests_are_answered_in_their_order_on_one_connection() -> None:
    line = Line()
    line.answers["/2"] = Answer(404, (), (b"2",), length=1)
    assert (
        line(GET + GET.replace(b"/v1/models", b"/2") + GET)
        == SAID + SAID.replace(b"200 OK", b"404 Not Found").replace(b"5\r\n\r\nhello", b"1\r\n\r\n2") + SAID
    )
    assert line.done == []


@on_a_loop
async def test_a_client_that_leaves_in_its_request_has_asked_nothing() -> None:
    line = Line()
    assert line(POST + b'content-length: 10\r\n\r\n{"a"') == b""
    line.connection.connection_lost(None)
    await line.settle()
    assert (line.asked, line.among, line.connection.left.done()) == ([], set(), True)


@pytest.mark.parametrize(
    "request_",
    [GET.replace(b"1.1", b"1.0"), GET[:-2] + b"connection: close\r\n\r\n", GET.replace(b"1.1\r\nhost: h", b"1.0")],
)
def test_the_connection_ends_where_the_client_wants_it(request_: bytes) -> None:
    async def scenario() -> None:
        line = Line()
        assert line(request_) == LAST
        assert line.done == ["close"]
        assert line(GET) == b"", "and nothing more is read"
        assert len(line.asked) == 1

    asyncio.run(scenario())


@on_a_loop
async def test_after_the_last_request_of_a_connection_nothing_is_answered() -> None:
    line = Line()
    assert line(GET[:-2] + b"connection: close\r\n\r\n" + GET + b"garbage") == LAST
    assert (len(line.asked), line.done) == (1, ["close"])


@on_a_loop
async def test_the_answer_to_head_has_a_length_and_no_body() -> None:
    assert Line()(GET.replace(b"GET", b"HEAD")) == SAID.removesuffix(b"hello")


def standing(answer: Answer) -> Stands:
    stands = Stands.of(answer, None, ())
    stands.keep_sent(b"")
    return stands


@on_a_loop
async def test_what_stands_is_put_together_once_and_only_for_the_usual_form() -> None:
    stands = standing(PLAIN)
    line = Line(stands)
    old = b"GET /v1/models HTTP/1.0\r\nhost: h\r\n\r\n"
    assert Line(stands)(b"HEAD" + GET[3:]) == SAID[:-5]
    assert Line(stands)(GET[:-2] + b"connection: close\r\n\r\n") == Line(stands)(old) == LAST
    assert stands.sent == b""
    assert line(GET) == SAID == stands.sent
    assert line(GET + GET) == SAID + SAID
    assert Line(stands)(b"HEAD" + GET[3:]) == SAID[:-5]
    assert Line(stands)(GET[:-2] + b"connection: close\r\n\r\n") == Line(stands)(old) == LAST


@pytest.mark.parametrize(
    "answer",
    [
        replace(PLAIN, cut=True, length=None),
        replace(PLAIN, reset=True),
        PACED,
        replace(PLAIN, headers=(("a b", ""),)),
    ],
    ids=["cut", "reset", "paced", "cannot be sent"],
)
def test_what_does_not_go_out_whole_at_once_is_not_kept(answer: Answer) -> None:
    async def scenario() -> None:
        stands = standing(answer)
        line = Line(stands)
        line(GET)
        await line.settle()
        assert stands.sent == b""

    asyncio.run(scenario())


@on_a_loop
async def test_without_room_nothing_is_kept() -> None:
    stands = Stands.of(PLAIN, None, ())
    assert Line(stands)(GET) == SAID
    assert stands.sent is None


@on_a_loop
async def test_a_kept_answer_ends_the_connection_when_the_server_ends() -> None:
    stands = standing(PLAIN)
    line = Line(stands)
    line(GET)
    line.connection.finish()
    assert "close" in line.done
    line(GET)
    assert line.sent == SAID


@on_a_loop
async def test_an_upgrade_is_not_done_and_the_connection_goes_on() -> None:
    line = Line()
    upgrade = GET[:-2] + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n"
    assert line(upgrade * 300 + GET) == SAID * 301
    assert len(line.asked) == 301


H2C = b"connection: upgrade\r\nupgrade: h2c\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"content-length: 3\r\n\r\n{ }",
        b"transfer-encoding: chunked\r\n\r\n2\r\n{ \r\n1\r\n}\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_request_that_offers_an_upgrade_keeps_its_body(body: bytes, step: int) -> None:
    """As Java's HttpClient and `curl --http2` ask."""

    @on_a_loop
    async def test() -> None:
        line = Line()
        data = POST + H2C + body + GET
        for at in range(0, len(data), step):
            line(data[at : at + step])
        assert line.sent == SAID * 2
        assert [(one.method, one.target, one.body) for one in line.asked] == [
            ("POST", "/v1/threads", b"{ }"),
            ("GET", "/v1/models", b""),
        ]

    test()


@on_a_loop
async def test_a_client_that_offers_an_upgrade_and_waits_for_leave_gets_it_once() -> None:
    line = Line()
    assert line(POST + H2C + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n") == CONTINUE
    assert line(b"{ }") == SAID


@on_a_loop
async def test_an_upgrade_lets_no_request_pass_that_can_be_read_in_two_ways() -> None:
    line = Line()
    line(POST + H2C + b"host: other\r\ncontent-length: 3\r\n\r\n{ }")
    assert (error_of(line.sent)[0], line.asked) == (400, [])


@on_a_loop
async def test_a_tunnel_is_none() -> None:
    line = Line(Answer(424, (), length=0))
    assert line(b"CONNECT h:1 HTTP/1.1\r\nhost: h\r\n\r\n" + GET).startswith(b"HTTP/1.1 424 ")
    assert ([one.method for one in line.asked], line.done) == (["CONNECT"], ["close"])


# ------------------------------------------------------------------------------------------------------ 100-continue

WAITS = POST + b"expect: 100-Continue\r\ncontent-length: 3\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@on_a_loop
async def test_a_client_that_waits_for_leave_gets_it() -> None:
    line = Line()
    assert line(WAITS) == CONTINUE
    assert line(b"abc") == SAID
    assert line.asked[0].body == b"abc"


@on_a_loop
async def test_leave_is_given_after_the_answers_before() -> None:
    line = Line()
    line.answers["/v1/models"] = PACED
    assert line(GET + WAITS) == b""
    await line.settle()
    assert line.sent.endswith(b"0\r\n\r\n" + CONTINUE)
    assert line(b"abc") == SAID


@on_a_loop
async def test_nobody_gets_leave_who_did_not_wait_and_was_refused() -> None:
    line = Line()
    line.answers["/v1/models"] = PACED
    line(GET + POST + b"expect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n")
    await line.settle()
    assert CONTINUE not in line.sent
    assert b"HTTP/1.1 400 " in line.sent
    assert line.done == ["pause", "eof", "resume"]


@on_a_loop
async def test_nobody_gets_leave_who_asks_for_too_much() -> None:
    line = Line()
    assert error_of(line(WAITS.replace(b"h: 3", b"h: 999999999")))[0] == 413


# ------------------------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize(
    ("pieces", "asked"),
    [
        ([b"content-length: 6\r\n\r\n123", b"456"], 1),
        ([b"content-length: 7\r\n\r\n", b"never read"], 0),
        ([b"transfer-encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n"], 1),
        ([b"transfer-encoding: chunked\r\n\r\n6\r\n123456\r\n", b"1\r\n7\r\n0\r\n\r\n"], 0),
        ([b"transfer-encoding: chunked\r\n\r\nff\r\n1234567", b"never read"], 0),
    ],
)
def test_a_body_over_the_limit_is_refused(pieces: list[bytes], asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        line = Line()
        line(POST)
        for piece in pieces:
            line(piece)
        assert len(line.asked) == asked
        if asked:
            assert line.sent == SAID
        else:
            assert error_of(line.sent) == (413, "The request is longer than 6 bytes.")
            assert line.done == ["eof"], "what the client is still sending is read, so that it comes to read why"

    monkeypatch.setattr("toolreel.server.entrance.MAX_BODY", 6)
    asyncio.run(scenario())


MUCH = b"y" * 200


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + MUCH * 6,
        GET[:-2] + (b"x: " + MUCH + b"\r\n") * 6,
        GET[:-2] + b"x: " + MUCH * 6,
        GET[:-2] + MUCH * 6,
        b"\r\n" * 600,
        POST + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + (b"x: " + MUCH + b"\r\n") * 6,
        POST + b"transfer-encoding: chunked\r\n\r\n1;" + MUCH * 6,
    ],
    ids=["target", "fields", "value", "name", "empty lines", "trailer", "chunk extension"],
)
def test_nothing_but_a_body_may_be_long(endless: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        line = Line()
        for start in range(0, len(endless), 100):
            line(endless[start : start + 100])
        assert error_of(line.sent) == (431, "The request's head is longer than 1000 bytes.")
        assert line.asked == []

    monkeypatch.setattr(module, "MAX_HEAD", 1000)
    monkeypatch.setattr(entrance, "MAX_HEAD", 1000)
    asyncio.run(scenario())


@pytest.mark.parametrize(("count", "status"), [(entrance.MAX_FIELDS, 200), (entrance.MAX_FIELDS + 1, 431)])
def test_a_head_has_so_many_fields_at_most(count: int, status: int) -> None:
    """What is remembered of heads is bounded by it."""

    async def scenario() -> None:
        line = Line()
        sent = line(GET[:-2] + b"".join(b"x-%d: \r\n" % n for n in range(count - 1)) + b"\r\n")
        assert sent.startswith(b"HTTP/1.1 %d " % status)
        assert len(line.asked) == (status == 200)

    asyncio.run(scenario())


def test_a_long_head_in_one_piece_is_too_long_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        line = Line()
        assert error_of(line(GET[:-2] + b"x: " + MUCH * 6 + b"\r\n\r\n"))[0] == 431
        assert error_of(Line()(b"GET /" + MUCH * 6 + b" HTTP/1.1\r\nhost: h\r\n\r\n"))[0] == 431
        fits = Line()
        assert fits(GET[:-2] + b"x: " + MUCH * 4 + b"\r\ncontent-length: 9000\r\n\r\n" + b"b" * 9000) == SAID

    monkeypatch.setattr(module, "MAX_HEAD", 1000)
    monkeypatch.setattr(entrance, "MAX_HEAD", 1000)
    asyncio.run(scenario())


@on_a_loop
async def test_requests_that_come_faster_than_answers_are_held_back() -> None:
    line = Line(PACED)
    assert line(GET * 3) == b""
    assert line.done == ["pause"]
    assert len(line.asked) == 1, "the others are not even asked yet"
    await line.settle()
    assert (len(line.asked), line.done) == (3, ["pause", "resume"])
    assert line.sent.count(CHUNKED) == 3


@on_a_loop
async def test_a_client_that_does_not_read_is_not_answered_further() -> None:
    line = Line()
    line.connection.pause_writing()
    assert line(GET * 2) == b""
    assert (line.asked, line.done) == ([], ["pause"])
    line.connection.resume_writing()
    assert (line.sent, line.done) == (SAID * 2, ["pause", "resume"])


@on_a_loop
async def test_pieces_wait_for_a_client_that_does_not_read() -> None:
    line = Line(Answer(200, (), (b"a", b"b")))
    line(GET)
    line.connection.pause_writing()
    await line.settle()
    assert line.sent == b""
    line.connection.resume_writing()
    await line.settle()
    assert line.sent == CHUNKED + b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"


# -------------------------------------------------------------------------------------------------------------- bugs


@pytest.mark.parametrize(
    "answer", [None, b"{}", Answer(200, (("a", "b\r\nc: d"),)), Answer(99, ()), Answer(200, (("a", "東"),), wait=1)]
)
def test_what_is_no_answer_is_a_miss(answer: Any) -> None:
    async def scenario() -> None:
        line = Line(answer)
        assert line(GET * 2).count(b"HTTP/1.1 424 Failed Dependency\r\n") == 2
        assert [miss.code for miss in line.misses] == ["internal"] * 2

    asyncio.run(scenario())


@on_a_loop
async def test_a_bug_while_sending_never_looks_like_an_end() -> None:
    line = Line(Answer(200, (), (b"abc", None), length=6))  # type: ignore[arg-type]
    line.transport.write = lambda data: line.transport.sent.append((0, data + b""))  # type: ignore[method-assign]
    line(GET * 2)
    await line.settle()
    assert line.sent.endswith(b"\r\n\r\nabc")
    assert "abort" in line.done
    assert len(line.asked) == 1


# ------------------------------------------------------------------------------------------------- pace, cuts, resets


async def told(answer: Answer, request: bytes = GET, *, late: float = 0) -> Line:
    line = Line(answer, late)
    line(request)
    await line.settle()
    return line


@on_a_loop
async def test_every_part_is_sent_when_it_is_due() -> None:
    line = await told(PACED)
    assert line.times == [
        (100, CHUNKED),
        (100, b"3\r\none\r\n"),
        (150, b"3\r\ntwo\r\n"),
        (175, b"5\r\nthree\r\n"),
        (185, b"0\r\n\r\n"),
    ]
    assert line.done == []
    assert line.connection._sending is None


@on_a_loop
async def test_at_recorded_pace_a_recording_is_sent_in_its_own_order_and_time() -> None:
    tape = Tape("weather", load(WEATHER), lambda digest: b"")
    session, streams = Session([tape], delivery=Delivery(parse_pace("recorded"))), 0
    assert tape.cassette.take is not None
    for one in tape.cassette.interactions:
        request, noted = one.request, tape.cassette.take.interactions[str(one.n)]
        body = body_bytes(request.body, tape.read_file)
        answer = session.answer(HttpRequest(request.method, "/v1" + request.path, request.headers, body))
        head, *pieces, end = (await told(answer)).times
        frames = one.response.frames
        if not frames:
            continue
        streams += 1
        came = [(when, part) for when, piece in pieces for part in piece.split(b"\r\n")[1].split(b"\n\n")[:-1]]
        names = [frame_bytes(frame).split(b"\n")[0] for frame in frames]
        assert [part.split(b"\n")[0] for _, part in came] == names
        assert noted.ms is not None
        assert [when for when, _ in came] == list(noted.frame_ms or ())
        assert (head[0], end[0]) == (pieces[0][0], noted.ms[1] - noted.ms[0])
    assert streams == 2


@on_a_loop
async def test_sleeps_that_take_too_long_do_not_add_up() -> None:
    line = await told(Answer(200, (), (b"x",) * 50, delays=(0, *[10] * 49)), late=0.004)
    assert max(abs(when - 10 * n) for n, (when, _) in enumerate(line.times[1:-1])) <= 4


@on_a_loop
async def test_pieces_are_sent_one_by_one_and_nothing_waits() -> None:
    line = await told(Answer(200, (), (b"a", b"b"), length=2))
    assert line.times == [(0, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"), (0, b"a"), (0, b"b"), (0, b"")]


@pytest.mark.parametrize("pieces", [(b"a",), (b"a", b"b")])
def test_an_answer_that_is_cut_never_ends(pieces: tuple[bytes, ...]) -> None:
    async def scenario() -> None:
        for answer in (Answer(200, (), pieces, cut=True), Answer(200, (), pieces, cut=True, end_delay=30)):
            line = await told(answer, GET * 2)
            assert line.sent == CHUNKED + b"".join(b"1\r\n%b\r\n" % piece for piece in pieces)
            assert (len(line.asked), line.done[-1]) == (1, "close")

    asyncio.run(scenario())


@on_a_loop
async def test_a_client_that_leaves_ends_the_waiting() -> None:
    line = Line(PACED)

    async def sleep(seconds: float) -> None:
        await line.clock.sleep(seconds)
        if line.clock.ms >= 150:
            line.connection.connection_lost(None)
            await asyncio.sleep(0)

    line.connection._sleep = sleep
    line(GET)
    await line.settle()
    assert line.times == [(100, CHUNKED), (100, b"3\r\none\r\n")]


@pytest.mark.parametrize("wait", [0, 20])
def test_a_reset_sends_nothing(wait: float) -> None:
    async def scenario() -> None:
        line = await told(Answer(0, (), wait=wait, reset=True), GET * 2)
        assert line.sent == b""
        assert [one for one in line.done if one != "pause"][:2] == [b"\1\0\0\0\0\0\0\0", "abort"]
        assert len(line.asked) == 1

    asyncio.run(scenario())


@on_a_loop
async def test_the_answer_to_head_waits_and_has_no_body() -> None:
    line = await told(PACED, GET.replace(b"GET", b"HEAD"))
    assert line.times == [(100, CHUNKED), (110, b"")]


# ------------------------------------------------------------------------------------------------------- how it ends


@on_a_loop
async def test_at_the_end_what_is_being_sent_is_sent() -> None:
    line = Line(PACED)
    line(GET * 2)
    line.connection.finish()
    await line.settle()
    assert line.sent.endswith(b"0\r\n\r\n")
    assert (len(line.asked), line.done[-1], line.among) == (1, "close", set())


@on_a_loop
async def test_at_the_end_an_idle_connection_ends() -> None:
    line = Line()
    line(GET)
    line.connection.finish()
    await line.settle()
    assert (line.done, line.connection.left.done()) == (["close"], True)


@on_a_loop
async def test_a_client_that_is_refused_and_goes_on_sending_is_left_in_the_end() -> None:
    line = Line()
    loop = asyncio.get_running_loop()
    later: list[Any] = []
    loop.call_later = lambda delay, what, *more: later.append((delay, what))  # type: ignore[assignment, method-assign]
    assert error_of(line(b"garbage\r\n\r\n"))[0] == 400
    assert line(b"more") == b""
    ((delay, what),) = later
    what()
    assert (delay, line.done) == (2, ["eof", "abort"])
