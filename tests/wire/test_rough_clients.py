"""Clients that send garbage, half a request, or leave: the server answers or drops them, and goes on serving."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .doors import DOORS, Door, RecordingDoor, recording, replaying
from .tapes import get, make
from .upstream import PATIENCE_S, Reply, serving

MODELS = b'{"object":"list"}'

# What a client sends; then it waits for the answer, or leaves at once.
ROUGH: dict[str, tuple[bytes, bool]] = {
    "garbage": (b"\x00\x01\x02\xff garbage\r\n\r\n", False),
    "garbage and leaves": (b"\x00\x01\x02\xff garbage", True),
    "half a TLS hello to a plain port": (b"\x16\x03\x01\x00\x05", True),
    "nothing": (b"", True),
    "half a request line": (b"POST /v1/thr", True),
    "half a head": (b"POST /v1/threads HTTP/1.1\r\nhost: localhost\r\ncontent-le", True),
    "half a body": (b'POST /v1/threads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"a"', True),
    "half a chunk": (
        b"POST /v1/threads HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n40\r\nabc",
        True,
    ),
    "a broken chunk": (
        b"POST /v1/threads HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
        False,
    ),
    "two lengths": (
        b"POST /v1/threads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        False,
    ),
    "a header without a colon": (b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nnonsense\r\n\r\n", False),
}


@contextmanager
def connected(door: Door) -> Iterator[socket.socket]:
    """A raw connection to the door."""
    host, port = (door.proxy or door.base).removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as raw:
        yield raw


def be_rough(door: Door, data: bytes, leaves: bool) -> bytes:
    """Sends `data`; gives the answer, if the client waits for it."""
    answer = b""
    with connected(door) as raw:
        raw.sendall(data)
        if not leaves:
            while piece := raw.recv(10_000):
                answer += piece
    return answer


def all_rough_ones(door: Door) -> None:
    for case, (data, leaves) in ROUGH.items():
        answer = be_rough(door, data, leaves)
        assert not answer or answer.startswith(b"HTTP/1.1 4"), (case, answer)
        assert b"Traceback" not in answer


@pytest.mark.parametrize("via", DOORS)
def test_the_replay_goes_on_serving_after_rough_clients(via: str, folder: Path) -> None:
    make(folder, "tape", get("/models", MODELS))
    with replaying(folder, "tape", via) as door, door.client() as client:
        all_rough_ones(door)
        assert client.get(f"{door.base}/v1/models").content == MODELS
        assert (door.session.served, door.session.misses) == (1, [])


@pytest.mark.parametrize("via", DOORS)
def test_the_recorder_goes_on_recording_after_rough_clients(via: str, folder: Path) -> None:
    with (
        serving(Reply([MODELS])) as upstream,
        recording(folder, "tape", upstream.url, via) as door,
        door.client() as client,
    ):
        all_rough_ones(door)
        assert client.get(f"{door.base}/v1/models").content == MODELS
        assert [request.target for request in upstream.requests] == ["/v1/models"]
    assert [interaction.request.path for interaction in door.cassette.interactions] == ["/models"]
    assert (door.recorder.failures, door.recorder.left) == ([], [])


@pytest.mark.parametrize("via", DOORS)
def test_a_client_that_leaves_the_replay_in_the_middle_of_an_answer_does_not_matter(via: str, folder: Path) -> None:
    long = b'"' + b"x" * 5_000_000 + b'"'
    make(folder, "tape", get("/long", long), get("/models", MODELS))
    with replaying(folder, "tape", via) as door, door.client() as client:
        with client.stream("GET", f"{door.base}/v1/long") as response:
            coming = response.iter_raw()
            next(coming)
        assert client.get(f"{door.base}/v1/models").content == MODELS
        assert door.session.served == 2


def test_a_path_that_is_not_ascii_is_recorded_and_breaks_nothing(folder: Path) -> None:
    with (
        serving(Reply([MODELS]), Reply([MODELS])) as upstream,
        recording(folder, "tape", upstream.url, "base-url") as door,
    ):
        for path in (b"/v1/caf\xc3\xa9", b"/v1/\xff?q=\xfe"):
            answer = be_rough(
                door, b"GET " + path + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", False
            )
            assert answer.startswith(b"HTTP/1.1 200 ")
    paths = [interaction.request.path for interaction in door.cassette.interactions]
    assert sorted(paths) == ["/caf\xc3\xa9", "/\xff"]


# ------------------------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("via", DOORS)
def test_a_request_over_the_limit_is_refused_by_the_replay(
    via: str, chunked: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolreel.server.entrance.MAX_BODY", 1000)
    make(folder, "tape", get("/models", MODELS))
    body = [b"x" * 600, b"x" * 600]
    with replaying(folder, "tape", via) as door, door.client() as client:
        response = client.post(f"{door.base}/v1/files", content=iter(body) if chunked else b"".join(body))
        assert response.status_code == 413
        assert response.headers["x-should-retry"] == "false"
        error = response.json()["error"]
        assert (error["type"], error["message"]) == ("toolreel_refused", "The request is longer than 1000 bytes.")
        assert client.get(f"{door.base}/v1/models").content == MODELS
        assert door.session.misses == []


def test_a_request_of_exactly_the_limit_is_answered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolreel.server.entrance.MAX_BODY", 1000)
    make(folder, "tape", get("/models", MODELS))
    with replaying(folder, "tape", "base-url") as door, door.client() as client:
        assert client.post(f"{door.base}/v1/files", content=b"x" * 1000).status_code == 424


# --------------------------------------------------------------------------------------------------------- websockets

UPGRADE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def assert_no_websocket(response: httpx.Response, reason: str) -> None:
    assert response.status_code == 501
    error = json.loads(response.content)["error"]
    assert (error["type"], error["message"]) == ("toolreel_refused", reason)


@pytest.mark.parametrize("via", DOORS)
def test_the_replay_refuses_a_websocket_with_a_reason(via: str, folder: Path) -> None:
    make(folder, "tape", get("/models", MODELS))
    with replaying(folder, "tape", via) as door, door.client() as client:
        response = client.get(f"{door.base}/v1/realtime", headers=UPGRADE)
        assert_no_websocket(response, "toolreel does not replay websockets; use HTTP.")
        assert client.get(f"{door.base}/v1/models").content == MODELS


@pytest.mark.parametrize("via", DOORS)
def test_the_recorder_refuses_a_websocket_with_a_reason(via: str, folder: Path) -> None:
    with (
        serving(Reply([MODELS])) as upstream,
        recording(folder, "tape", upstream.url, via) as door,
        door.client() as client,
    ):
        response = client.get(f"{door.base}/v1/realtime", headers=UPGRADE)
        assert_no_websocket(response, "toolreel does not record websockets; use HTTP.")
        assert client.get(f"{door.base}/v1/models").content == MODELS
    assert len(door.cassette.interactions) == 1


# ------------------------------------------------------------------------------------------------------ DNS rebinding


def get_as(door: RecordingDoor, host: str) -> httpx.Response:
    with door.client() as client:
        return client.get(f"{door.base}/v1/models", headers={"host": host})


def test_the_recorder_refuses_a_host_header_of_somebody_else(folder: Path) -> None:
    with serving() as upstream, recording(folder, "tape", upstream.url, "base-url") as door:
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil"):
            response = get_as(door, host)
            assert response.status_code == 403
            assert host in response.json()["error"]["message"]
        assert upstream.connections == 0
    assert door.cassette.interactions == ()


def test_the_recorder_gives_the_upstream_its_own_name(folder: Path) -> None:
    hosts = ["localhost", "127.0.0.1:1234", "[::1]:80", "app.localhost"]
    with (
        serving(*(Reply([MODELS]) for _ in hosts)) as upstream,
        recording(folder, "tape", upstream.url, "base-url") as door,
    ):
        assert [get_as(door, host).status_code for host in hosts] == [200] * len(hosts)
        assert {request.header("host") for request in upstream.requests} == {f"127.0.0.1:{upstream.port}"}


def test_the_proxy_door_of_the_recorder_is_no_web_server(folder: Path) -> None:
    """A page that rebinds its name to this port gets no answer from the upstream."""
    with serving() as upstream, recording(folder, "tape", upstream.url, "proxy") as door:
        request = b"GET /v1/models HTTP/1.1\r\nhost: evil.invalid\r\nconnection: close\r\n\r\n"
        answer = be_rough(door, request, leaves=False)
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 502"))
        assert upstream.connections == 0
