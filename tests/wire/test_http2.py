"""HTTP/2 on both sides of the recorder and towards the clients of a replay."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable
from pathlib import Path

import h2.errors  # type: ignore[import-untyped, unused-ignore]
import httpx
import pytest

from toolreel.messages.model import Ending, Interaction
from toolreel.recording.entries import Ended

from . import upstream as http1
from .certificates import server_context
from .doors import frames_of
from .http2 import GoAway, Hang, Reply, Reset, connected, serving
from .secure import SecureDoor, SecureRecording, recording, replaying
from .upstream import PATIENCE_S

CREATED = b'event: thread.run.created\ndata: {"id":"run_1"}\n\n'
HALF = b"event: thr"
DONE = b"event: done\ndata: [DONE]\n\n"
MODELS = b'{"object":"list"}'
STREAM = "text/event-stream"


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own authority, which the environment trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    return tmp_path


class OnlyHttp2(ssl.SSLContext):
    """httpx offers HTTP/1.1 in the first place, and mitmproxy heeds the order."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        super().set_alpn_protocols(["h2"] if "h2" in alpn_protocols else alpn_protocols)


def http2_client(door: SecureDoor) -> httpx.Client:
    trust = OnlyHttp2(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(door.bundle)
    return httpx.Client(http2=True, verify=trust, proxy=door.proxy, trust_env=False, timeout=PATIENCE_S)


def ask(door: SecureDoor, *paths: str) -> list[tuple[str, int, bytes]]:
    with http2_client(door) as client:
        answers = [client.get(door.base + path) for path in paths]
    return [(one.http_version, one.status_code, one.content) for one in answers]


def by_path(door: SecureRecording, *paths: str) -> list[Interaction]:
    """What was recorded, whatever its order in the file."""
    found = {one.request.path: one for one in door.cassette.interactions}
    return [found.pop(path) for path in paths]


def test_json_and_a_stream_pass_over_http_2_and_come_again_in_the_replay(folder: Path, trusted: Path) -> None:
    replies = [Reply([MODELS]), Reply([CREATED, DONE], STREAM)]
    context, _ = server_context(trusted)
    with serving(*replies, tls=context) as upstream, recording(folder, upstream.url, via="proxy") as door:
        seen = ask(door, "/v1/models", "/v1/events")
    assert seen == [("HTTP/2", 200, MODELS), ("HTTP/2", 200, CREATED + DONE)]
    assert upstream.seen == [("GET", "/v1/models"), ("GET", "/v1/events")]
    events, models = by_path(door, "/events", "/models")
    assert (models.ending, events.ending) == (Ending.COMPLETE, Ending.COMPLETE)
    assert frames_of(events) == [CREATED, DONE]
    with replaying(folder, "proxy") as replay:
        assert ask(replay, "/v1/models", "/v1/events") == seen
        assert replay.session.misses == []


def test_a_stream_over_http_2_is_relayed_as_it_comes(folder: Path, trusted: Path) -> None:
    gate = threading.Event()
    context, _ = server_context(trusted)
    with (
        serving(Reply([CREATED, gate, DONE], STREAM), tls=context) as upstream,
        recording(folder, upstream.url, via="proxy") as door,
        http2_client(door) as client,
        client.stream("GET", f"{door.base}/v1/events") as response,
    ):
        pieces = response.iter_raw()
        assert next(pieces) == CREATED
        gate.set()
        assert b"".join(pieces) == DONE
    assert frames_of(door.cassette.interactions[0]) == [CREATED, DONE]


def test_a_stream_that_the_client_resets_is_left_by_the_client(folder: Path, trusted: Path) -> None:
    context, _ = server_context(trusted)
    with (
        serving(Reply([CREATED, HALF, Hang()], STREAM), Reply([MODELS]), tls=context) as upstream,
        recording(folder, upstream.url, via="proxy") as door,
        connected(door.base, door.proxy or "", door.bundle or "") as client,
    ):
        client.ask("localhost", "/v1/events")
        assert client.read_until(HALF) == CREATED + HALF
        client.reset()
        door.journal.wait_for(lambda entries: any(isinstance(entry, Ended) for entry in entries))
        client.ask("localhost", "/v1/models")
        assert client.read_until(MODELS) == MODELS, "the connection is of use still"
    assert upstream.resets == [h2.errors.ErrorCodes.CANCEL], "and the server was told"
    events, models = by_path(door, "/events", "/models")
    assert (events.ending, models.ending) == (Ending.CLIENT_GONE, Ending.COMPLETE)
    assert frames_of(events) == [CREATED, HALF]


@pytest.mark.parametrize(
    "end", [Reset(), Reset(h2.errors.ErrorCodes.INTERNAL_ERROR), GoAway()], ids=["cancel", "error", "goaway"]
)
def test_a_stream_that_the_server_resets_is_cut(end: Reset | GoAway, folder: Path, trusted: Path) -> None:
    context, _ = server_context(trusted)
    with (
        serving(Reply([CREATED, HALF, end], STREAM), tls=context) as upstream,
        recording(folder, upstream.url, via="proxy") as door,
        connected(door.base, door.proxy or "", door.bundle or "") as client,
    ):
        client.ask("localhost", "/v1/events")
        assert client.read_until(HALF) == CREATED + HALF
        assert client.read_reset()
    only = door.cassette.interactions[0]
    assert (only.ending, frames_of(only)) == (Ending.CUT, [CREATED, HALF])
    with (
        replaying(folder, "proxy") as replay,
        connected(replay.base, replay.proxy or "", replay.bundle or "") as again,
    ):
        again.ask("localhost", "/v1/events")
        assert again.read_until(HALF) == CREATED + HALF
        assert again.read_reset(), "the replay cuts it as well"


def test_a_client_with_http_2_is_served_by_the_base_url_door_too(folder: Path) -> None:
    replies = [http1.Reply([MODELS]), http1.stream(CREATED, DONE)]
    with (
        http1.serving(*replies) as upstream,
        recording(folder, upstream.url, via="base-url", tls=True) as door,
    ):
        seen = ask(door, "/v1/models", "/v1/events")
    assert seen == [("HTTP/2", 200, MODELS), ("HTTP/2", 200, CREATED + DONE)]
    with replaying(folder, "base-url", tls=True) as replay, replay.client(http2=True) as client:
        again = [client.get(f"{replay.base}/v1/{what}").content for what in ("models", "events")]
    assert again == [MODELS, CREATED + DONE], "over HTTP/1.1, which is what such a client takes as well"
