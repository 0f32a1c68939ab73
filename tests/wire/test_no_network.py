"""Replay never touches the network, whatever is broken: the client gets toolreel's own error, and nobody is asked.

Every public function of the engine is made to raise and to give nothing, behind both doors; so are the hooks of the
proxy door. Meanwhile no name may be looked up and no connection opened, and the recorded server, which listens, must
not see one.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.normalise.takes import Plan, Server, assistant, no_file, take, tool_loop
from toolreel.addons import replay as proxy_hooks
from toolreel.audit.sent import recorded
from toolreel.commands import replay as replay_command
from toolreel.messages.bodies import body_bytes, frame_bytes
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette, FileBody, Response
from toolreel.normalise.cassette import normalise
from toolreel.replay.answer import Answer
from toolreel.replay.engine import Options
from toolreel.replay.miss import Miss
from toolreel.replay.session import Session, fixed_clock
from toolreel.replay.tape import Tape
from toolreel.server.closed import answered
from toolreel.server.entrance import Entrance
from toolreel.server.hosts import own_host
from toolreel.store.files import LargeBodies
from toolreel.store.names import cassette_path

from . import guard
from .breaking import GIVES_NOTHING, RAISES, Part, broken, modules_of, parts_of
from .conftest import Toolreel
from .doors import DOORS, FREE, Door, replaying
from .tapes import make, post
from .upstream import Upstream, serving

ENGINE = parts_of(modules_of("toolreel.replay"))
HOOKS = [part for part in parts_of([proxy_hooks]) if part.name != "refuse"]
BOTH_WAYS = pytest.mark.parametrize("how", [RAISES, GIVES_NOTHING])


class Swap:
    """Answers with whatever session a test has put in."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def answer(self, request: HttpRequest) -> Answer:
        return self.session.answer(request)

    def note(self, miss: Miss) -> None:
        self.session.note(miss)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """The server that was recorded: it listens, and nobody may ask it."""
    with serving() as listening:
        yield listening
        assert listening.connections == 0


def cassette_of(url: str) -> Cassette:
    server = Server(3)
    made, id_ = assistant(server)
    loop = tool_loop(server, Plan(streams=True, deletes=True), id_)
    return normalise(take(made, *loop))[0].model_copy(update={"upstreams": (f"{url}/v1",)})


@pytest.fixture(scope="module")
def cassette(upstream: Upstream) -> Cassette:
    return cassette_of(upstream.url)


@pytest.fixture(scope="module")
def requests(cassette: Cassette) -> list[HttpRequest]:
    """All that was recorded; then what is exhausted, was never recorded, and comes at the wrong time."""
    sent = [recorded(one.request, cassette.upstreams[0], no_file).http() for one in cassette.interactions]
    poll = next(one for one in sent if one.method == "GET")
    return [*sent, sent[1], HttpRequest("POST", "/v1/threads", (), b'{"a": 1}'), poll, HttpRequest("GET", "/v1/x")]


@pytest.fixture(scope="module")
def said(cassette: Cassette) -> set[tuple[int, bytes]]:
    """What was recorded, but for ids: nothing else may come but toolreel's own errors."""
    return {_said(fixed_clock(None, one.response, one.n)) for one in cassette.interactions}  # type: ignore[arg-type]


def _said(response: Response) -> tuple[int, bytes]:
    frames = response.frames
    data = body_bytes(response.body, no_file) if frames is None else b"".join(map(frame_bytes, frames))
    return response.status, without_ids(data or b"")


def without_ids(data: bytes) -> bytes:
    return re.sub(rb"(?<=_)[0-9]{20,}", b"", data)


def is_own_error(status: int, data: bytes) -> bool:
    return status in (424, 500, 502) and json.loads(data)["error"]["type"].startswith("toolreel_")


def session_of(tape: Tape) -> Session:
    return Session([tape], Options(repeat=False), clock=fixed_clock)


# ------------------------------------------------------------------------------------------- a bug behind both doors


def through_entrance(answers: Any, requests: Sequence[HttpRequest]) -> list[tuple[int, bytes]]:
    """What the plain door answers, without its sockets."""

    entrance = Entrance(answers, own_host)
    found = [answered(entrance, replace(request, headers=(("host", "localhost"),))) for request in requests]
    return [(answer.status, b"".join(answer.pieces)) for answer in found]


def test_nothing_is_broken_yet(cassette: Cassette, requests: list[HttpRequest], said: set[tuple[int, bytes]]) -> None:
    session = session_of(Tape("tape", cassette, no_file))
    answers = through_entrance(session, requests)
    assert [(status, without_ids(data)) in said for status, data in answers] == [True] * (len(requests) - 4) + [
        False
    ] * 4
    assert len(session.misses) == 4
    assert len(ENGINE) > 30


@BOTH_WAYS
@pytest.mark.parametrize("part", ENGINE, ids=lambda part: part.id)
def test_a_bug_in_the_engine_behind_the_plain_door(
    part: Part, how: str, cassette: Cassette, tape: Tape, requests: list[HttpRequest], said: set[tuple[int, bytes]]
) -> None:
    before = session_of(tape)
    with guard.only(()) as tries, broken(part, how):
        try:
            session = session_of(Tape("tape", cassette, no_file))  # as the command does, before it serves
        except Exception:  # noqa: BLE001 - then no door opens
            session = before
        check(through_entrance(session, requests), session, said)
    assert tries == []


def check(answers: list[tuple[int, bytes]], session: Session, said: set[tuple[int, bytes]]) -> None:
    """Each answer is a recorded one or toolreel's own, and those are misses."""
    own = [(status, data) for status, data in answers if (status, without_ids(data)) not in said]
    assert [answer for answer in own if not is_own_error(*answer)] == []
    assert len(session.misses) >= len(own)


@dataclass
class ProxyDoor:
    """The proxy door; its clients ask for the recorded server, by either scheme."""

    swap: Swap
    clients: dict[str, httpx.Client]
    address: tuple[str, int]
    ports: frozenset[int]
    """Where this process listens: its own doors, and nothing else."""

    def session(self, tape: Tape) -> Session:
        """From now on this session answers."""
        self.swap.session = session_of(tape)
        return self.swap.session


@pytest.fixture(scope="module")
def tape(cassette: Cassette, upstream: Upstream) -> Tape:
    both = (*cassette.upstreams, f"https://127.0.0.1:{upstream.port}/v1")
    return Tape("tape", cassette.model_copy(update={"upstreams": both}), no_file)


@pytest.fixture(scope="module")
def door(tape: Tape, upstream: Upstream) -> Iterator[ProxyDoor]:
    swap = Swap(session_of(tape))
    with (
        replay_command.proxy_door(swap, FREE, [tape]) as environment,
        ExitStack() as stack,
    ):
        proxy, bundle = environment["HTTPS_PROXY"], environment["SSL_CERT_FILE"]
        origins = [url.removesuffix("/v1") for url in tape.cassette.upstreams]
        clients = {origin: stack.enter_context(Door(origin, proxy, bundle).client()) for origin in origins}
        host, port = proxy.removeprefix("http://").split(":")
        yield ProxyDoor(swap, clients, (host, int(port)), own_ports() - {upstream.port})


def own_ports() -> frozenset[int]:
    """The ports on which this process listens."""
    listening = set()
    for table in ("tcp", "tcp6"):
        path = Path(f"/proc/self/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == "0A":
                listening.add(int(fields[1].rpartition(":")[2], 16))
    return frozenset(listening)


@BOTH_WAYS
@pytest.mark.parametrize("part", ENGINE, ids=lambda part: part.id)
def test_a_bug_in_the_engine_behind_the_proxy_door(
    part: Part,
    how: str,
    tape: Tape,
    requests: list[HttpRequest],
    said: set[tuple[int, bytes]],
    door: ProxyDoor,
    upstream: Upstream,
) -> None:
    session = door.session(tape)
    with guard.only(door.ports) as tries, broken(part, how):
        answers = ask_through(door.clients[upstream.url], upstream.url, requests)
    check(answers, session, said)
    assert (tries, upstream.connections) == ([], 0)


def ask_through(client: httpx.Client, origin: str, requests: list[HttpRequest]) -> list[tuple[int, bytes]]:
    """What is answered to a recorded request and to one that is not."""
    answers = []
    for one in (requests[0], requests[-1]):
        response = client.request(one.method, origin + one.target, content=one.body)
        answers.append((response.status_code, response.content))
    return answers


# ------------------------------------------------------------------------------------ a bug in the proxy door's hooks


@BOTH_WAYS
@pytest.mark.parametrize("part", HOOKS, ids=lambda part: part.id)
def test_a_bug_in_a_hook_of_the_proxy_door(
    part: Part,
    how: str,
    tape: Tape,
    requests: list[HttpRequest],
    said: set[tuple[int, bytes]],
    door: ProxyDoor,
    upstream: Upstream,
) -> None:
    for origin, client in door.clients.items():
        session = door.session(tape)
        with guard.only(door.ports) as tries, broken(part, how):
            check(ask_through(client, origin, requests), session, said)
        assert (tries, upstream.connections) == ([], 0)


@BOTH_WAYS
@pytest.mark.parametrize("part", HOOKS, ids=lambda part: part.id)
def test_a_bug_in_a_hook_lets_no_tunnel_through(
    part: Part, how: str, tape: Tape, door: ProxyDoor, upstream: Upstream
) -> None:
    """What is neither HTTP nor TLS goes by no hook but those of connections."""
    session = door.session(tape)
    with broken(part, how), socket.create_connection(door.address, timeout=10) as raw:
        raw.sendall(f"CONNECT 127.0.0.1:{upstream.port} HTTP/1.1\r\n\r\n".encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")
        raw.sendall(b"\x00\x01neither\r\n\r\n")
        assert raw.recv(1000) == b""
    assert upstream.connections == 0
    assert [miss.code for miss in session.misses] == ["other_host"]
    assert f":{upstream.port}" in session.misses[0].message


# ------------------------------------------------------------------------------------------- the whole program, alone

GUARDED = """
import sys

def forbid(event, given):
    # Sees what no patch can: every connection and every look-up of this process, also from C.
    if event == "socket.connect" and given[0].family in (2, 10):
        host, port = given[1][:2]
        if host not in ("127.0.0.1", "::1") or port == UPSTREAM:
            print("FORBIDDEN", event, given[1], file=sys.stderr)
            raise PermissionError(event)
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        if given[0] not in (None, "", "127.0.0.1", "::1", b"127.0.0.1"):
            print("FORBIDDEN", event, given, file=sys.stderr)
            raise PermissionError(event)

UPSTREAM = int(sys.argv.pop(1))
sys.addaudithook(forbid)
from toolreel.commands.cli import main
main()
"""

CLIENT = """
import json, sys, urllib.request, urllib.error
for path in sys.argv[2:]:
    try:
        request = urllib.request.Request(sys.argv[1] + path, b"{}")
        request.add_header("content-type", "application/json")
        print(200, urllib.request.urlopen(request, timeout=20).read().decode())
    except urllib.error.HTTPError as error:
        print(error.code, json.loads(error.read())["error"]["type"])
"""


def test_the_program_asks_nobody_when_its_cassette_is_exhausted(folder: Path) -> None:
    """Through the proxy door, which has the plain one behind it."""
    with serving() as upstream:
        made = post("/chat/completions", b"{}", b'{"said":"yes"}')
        make(folder, "tape", made, upstream=upstream.url)
        client = [sys.executable, "-c", CLIENT, upstream.url, "/v1/chat/completions", "/v1/threads", "/v1/x"]
        program = [sys.executable, "-W", "ignore", "-c", GUARDED, str(upstream.port)]
        ran = subprocess.run(
            [*program, "replay", "tape", "--via", "proxy", "--cassettes", str(folder), "--", *client],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.stdout.splitlines() == ['200 {"said":"yes"}', "424 toolreel_miss", "424 toolreel_miss"], ran.stderr
        assert "FORBIDDEN" not in ran.stderr
        assert ran.returncode == 3
        assert upstream.connections == 0


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def not_there(path: Path) -> None:
    path.unlink()


def of_a_newer_version(path: Path) -> None:
    path.write_text(path.read_text().replace('"toolreel": 1', '"toolreel": 2'))


def inconsistent(path: Path) -> None:
    path.write_text(path.read_text().replace('"n": 1,', '"n": 7,'))


@pytest.mark.parametrize("damage", [cut_short, not_there, of_a_newer_version, inconsistent])
@pytest.mark.parametrize("via", DOORS)
def test_a_broken_cassette_asks_nobody(
    via: str, damage: Callable[[Path], None], folder: Path, toolreel: Toolreel
) -> None:
    with serving() as upstream, guard.only(()) as tries:
        damage(make(folder, "tape", post("/chat/completions", b"{}", b"{}"), upstream=upstream.url))
        command = ["--", sys.executable, "-c", "print('the client ran')"]
        ran = toolreel("replay", "tape", "--via", via, "--cassettes", folder, *command)
        assert ran.status == 65
        assert "tape" in ran.complaint
        assert ran.out == ""
        assert (tries, upstream.connections) == ([], 0)


@pytest.mark.parametrize("via", DOORS)
def test_a_missing_part_of_a_cassette_asks_nobody(via: str, folder: Path) -> None:
    """A large body stands in a file of its own, and is read when it is wanted."""
    with serving() as upstream:
        made = post("/chat/completions", b"{}", b"{}")
        kept = LargeBodies(cassette_path(folder, "tape")).keep([b"x"])
        made["response"] = made["response"].model_copy(update={"body": FileBody(file=kept)})
        path = make(folder, "tape", made, upstream=upstream.url)
        with replaying(folder, "tape", via) as door, door.client() as client:
            (LargeBodies(path).folder / kept).unlink()
            response = client.post(f"{door.base}/v1/chat/completions", content=b"{}")
            assert is_own_error(response.status_code, response.content)
            assert [miss.code for miss in door.session.misses] == ["internal"]
        assert upstream.connections == 0
