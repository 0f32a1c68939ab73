"""TLS through the proxy door: recorded from a server with a certificate, replayed with the server gone."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import httpx
import pytest

from toolreel.commands.doors import ca_certificate, home

from .certificates import server_context
from .doors import ask, frames_of, recording, replaying
from .upstream import End, Reply, serving, stream

CREATED = b'event: thread.run.created\ndata: {"id":"run_1"}\n\n'
DONE = b"event: done\ndata: [DONE]\n\n"
MODELS = b'{"object":"list"}'


def test_a_conversation_over_tls_is_recorded_and_replayed_with_the_server_gone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    replies = [Reply([MODELS]), stream(CREATED, DONE), stream(CREATED, b"event: thr", end=End.CUT)]
    expected = [
        (200, MODELS, None),
        (200, CREATED + DONE, None),
        (200, CREATED + b"event: thr", httpx.RemoteProtocolError),
    ]
    with serving(*replies, tls=context) as upstream, recording(folder, "tape", upstream.url, "proxy") as door:
        with door.client() as client:
            seen = [ask(client, "POST", f"{door.base}/v1/{n}", json={}) for n in range(3)]
        door.settle(3)
        assert door.bundle is not None
        assert root.read_bytes() in Path(door.bundle).read_bytes(), "what the client trusted it still trusts"
    assert [(one.status, one.raw, one.error) for one in seen] == expected
    assert door.cassette.upstreams == (f"https://localhost:{upstream.port}/v1",)
    assert frames_of(door.cassette.interactions[1]) == [CREATED, DONE]

    monkeypatch.delenv("SSL_CERT_FILE")
    with replaying(folder, "tape", "proxy") as replay, replay.client() as client:
        assert replay.base == upstream.url
        again = [ask(client, "POST", f"{replay.base}/v1/{n}", json={}) for n in range(3)]
        assert replay.session.misses == []
    assert [(one.status, one.raw, one.error) for one in again] == expected


def test_the_base_url_door_records_an_upstream_with_tls(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    with (
        serving(Reply([MODELS]), tls=context) as upstream,
        recording(folder, "tape", upstream.url, "base-url") as door,
        door.client() as client,
    ):
        assert client.get(f"{door.base}/v1/models").content == MODELS
        assert upstream.requests[0].header("host") == f"localhost:{upstream.port}"
    for via in ("base-url", "proxy"):
        with replaying(folder, "tape", via) as replay, replay.client() as client:
            assert client.get(f"{replay.base}/v1/models").content == MODELS


def test_tls_of_another_host_is_tunnelled_untouched(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = server_context(tmp_path)
    with (
        serving(Reply([MODELS]), tls=context) as other,
        recording(folder, "tape", "https://api.openai.invalid", "proxy") as door,
    ):
        trust = ssl.create_default_context(cafile=root)  # and not toolreel's CA
        with httpx.Client(proxy=door.proxy, verify=trust, trust_env=False) as client:
            assert client.get(f"{other.url}/v1/models").content == MODELS
    assert door.recorder.count == 0


def test_a_client_that_does_not_trust_toolreel_is_no_interaction(folder: Path) -> None:
    with serving() as upstream, recording(folder, "tape", f"https://localhost:{upstream.port}", "proxy") as door:
        trust = ssl.create_default_context()
        with (
            httpx.Client(proxy=door.proxy, verify=trust, trust_env=False) as client,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            client.get(f"https://localhost:{upstream.port}/v1/models")
        assert upstream.connections == 0
    assert door.cassette.interactions == ()


def test_the_key_of_the_authority_is_readable_by_its_user_only(folder: Path) -> None:
    with recording(folder, "tape", "https://api.openai.invalid", "proxy"):
        keys = [path for path in home().iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys
    assert b"PRIVATE KEY" not in ca_certificate().read_bytes()
    assert stat.S_IMODE(home().stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
