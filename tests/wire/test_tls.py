"""TLS at both doors: recorded from a server with a certificate, replayed with the server gone."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import stat
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from mitmproxy.certs import CertStore

from toolreel.commands.trust import home
from toolreel.recording.entries import Ended
from toolreel.server.hosts import Listen
from toolreel.server.tls import AUTHORITY, CERTIFICATE
from toolreel.store.files import load

from . import secure
from .certificates import server_context
from .conftest import Toolreel
from .doors import ask, frames_of, recording, replaying
from .tapes import get, make
from .test_bad_input import without_mitmproxy
from .upstream import PATIENCE_S, End, Reply, serving, stream

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
    assert [path.name for path in keys] == [AUTHORITY], "mitmproxy made none of its own"
    assert b"PRIVATE KEY" not in (home() / CERTIFICATE).read_bytes()
    assert stat.S_IMODE(home().stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_an_authority_that_mitmproxy_made_serves_both_doors(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLREEL_HOME", str(tmp_path))
    CertStore.create_store(tmp_path, "mitmproxy", 2048)
    before = (tmp_path / AUTHORITY).read_bytes()
    with (
        serving(Reply([MODELS])) as upstream,
        secure.recording(folder, upstream.url, via="base-url", tls=True) as door,
        door.client() as client,
    ):
        assert client.get(f"{door.base}/v1/models").content == MODELS
    with secure.replaying(folder, "base-url", tls=True) as replay, replay.client() as client:
        assert client.get(f"{replay.base}/v1/models").content == MODELS
    assert (tmp_path / AUTHORITY).read_bytes() == before


# ---------------------------------------------------------------------------------------------- https at the base URL


@pytest.mark.parametrize(
    ("listen", "name"),
    [("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "localhost"), ("127.0.0.2", "127.0.0.2"), ("::1", "[::1]")],
)
def test_the_base_url_door_serves_https_by_every_name_of_this_machine(listen: str, name: str, folder: Path) -> None:
    where = Listen(listen, 0)
    expected = [(200, MODELS, None), (200, CREATED + DONE, None), (200, CREATED, httpx.RemoteProtocolError)]

    def ask_all(door: secure.SecureDoor) -> list[tuple[int, bytes, type[Exception] | None]]:
        assert door.base.startswith("https://")
        base = f"https://{name}:{urlsplit(door.base).port}/v1"
        with door.client() as client:
            seen = [ask(client, "GET", f"{base}/{path}") for path in ("models", "events", "cut")]
        return [(one.status, one.raw, one.error) for one in seen]

    replies = [Reply([MODELS]), stream(CREATED, DONE), stream(CREATED, end=End.CUT)]
    with (
        serving(*replies) as upstream,
        secure.recording(folder, upstream.url, via="base-url", tls=True, listen=where) as door,
    ):
        assert ask_all(door) == expected
        door.journal.wait_for(lambda entries: sum(isinstance(entry, Ended) for entry in entries) == 3)
    assert door.cassette.upstreams == (f"{upstream.url}/v1",)
    with secure.replaying(folder, "base-url", tls=True, listen=where) as replay:
        assert ask_all(replay) == expected
        assert replay.session.misses == []


def test_an_upstream_is_asked_by_its_own_name_whatever_the_client_calls_us(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    asked: list[str | None] = []
    context.sni_callback = lambda _connection, name, _context: asked.append(name)
    with serving(Reply([MODELS]), Reply([MODELS]), tls=context) as upstream:
        for number, (ours, theirs) in enumerate([("127.0.0.1", "localhost"), ("localhost", "127.0.0.1")]):
            (folder / str(number)).mkdir()
            server = f"https://{theirs}:{upstream.port}"
            with (
                secure.recording(folder / str(number), server, via="base-url", tls=True) as door,
                door.client() as client,
            ):
                base = f"https://{ours}:{urlsplit(door.base).port}"
                assert client.get(f"{base}/v1/models").content == MODELS
            assert door.cassette.upstreams == (f"{server}/v1",)
    assert asked == ["localhost", None], "an address is no name (RFC 6066)"
    assert [one.header("host") for one in upstream.requests] == [
        f"localhost:{upstream.port}",
        f"127.0.0.1:{upstream.port}",
    ]


def test_the_openai_client_is_served_over_https(folder: Path) -> None:
    with (
        serving(Reply([b'{"object":"list","data":[]}'])) as upstream,
        secure.recording(folder, upstream.url, via="base-url", tls=True) as door,
        door.sync_openai() as client,
    ):
        assert client.models.list().data == []
    with secure.replaying(folder, "base-url", tls=True) as replay, replay.sync_openai() as client:
        assert client.models.list().data == []


# --------------------------------------------------------------------------------------- unchanged clients as COMMAND

PYTHON = [
    sys.executable,
    "-c",
    "import os, sys, urllib.request\n"
    "for path in sys.argv[1:]:\n"
    "    print(urllib.request.urlopen(os.environ.get('OPENAI_BASE_URL', '') + path).read().decode())",
]
CURL = ["sh", "-c", 'for path; do curl -sS --fail "$OPENAI_BASE_URL$path" && echo; done', "sh"]
NODE = [
    "node",
    "--input-type=module",
    "-e",
    "for (const path of process.argv.slice(1)) "
    "console.log(await (await fetch(process.env.OPENAI_BASE_URL + path)).text())",
    "--",
]
CLIENTS = {"python": PYTHON, "curl": CURL, "node": NODE}


@pytest.mark.parametrize("name", CLIENTS)
def test_an_unchanged_client_finds_and_trusts_the_base_url_door(name: str, folder: Path, toolreel: Toolreel) -> None:
    if name != "python" and shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    command = ["--", *CLIENTS[name], "/models"]
    with serving(Reply([MODELS])) as upstream:
        ran = toolreel("record", "tape", "--tls", "--upstream", upstream.url, "--cassettes", folder, *command)
    assert (ran.status, ran.out) == (0, MODELS.decode() + "\n"), ran.err
    assert re.search(r"^Recording tape: OPENAI_BASE_URL=https://127\.0\.0\.1:\d+/v1 SSL_CERT_FILE=/", ran.err)
    ran = toolreel("replay", "tape", "--tls", "--cassettes", folder, *command)
    assert (ran.status, ran.out) == (0, MODELS.decode() + "\n"), ran.err
    assert re.search(r"^Replaying tape: OPENAI_BASE_URL=https://127\.0\.0\.1:\d+/v1 SSL_CERT_FILE=/", ran.err)


def test_replay_over_https_needs_no_mitmproxy(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(folder, "tape", get("/models", MODELS))
    without_mitmproxy(monkeypatch)
    ran = toolreel("replay", "tape", "--tls", "--cassettes", folder, "--", *PYTHON, "/models")
    assert (ran.status, ran.out) == (0, MODELS.decode() + "\n"), ran.err


def test_an_unchanged_client_is_recorded_through_the_proxy(
    folder: Path, tmp_path: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    with serving(Reply([MODELS]), tls=context) as one, serving(Reply([b"{}"]), tls=context) as two:
        servers = ["--upstream", one.url, "--upstream", two.url]
        command = ["--", *PYTHON, f"{one.url}/v1/models", f"{two.url}/v1/files"]
        ran = toolreel("record", "tape", "--via", "proxy", *servers, "--cassettes", folder, *command)
    assert (ran.status, ran.out) == (0, MODELS.decode() + "\n{}\n"), ran.err
    assert sorted(load(folder / "tape.json").upstreams) == sorted([f"{one.url}/v1", f"{two.url}/v1"])
    monkeypatch.delenv("SSL_CERT_FILE")
    ran = toolreel("replay", "tape", "--via", "proxy", "--cassettes", folder, *command)
    assert (ran.status, ran.out) == (0, MODELS.decode() + "\n{}\n"), ran.err


# -------------------------------------------------------------------------------------------------- the other servers


def test_another_server_is_tunnelled_byte_for_byte(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, root = server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    direct = ssl.create_default_context(cafile=root)
    with (
        serving(Reply([MODELS]), tls=context) as one,
        serving(Reply([b"{}"]), tls=context) as two,
        serving(Reply([MODELS]), tls=context) as other,
        secure.recording(folder, one.url, two.url, via="proxy") as door,
    ):
        with door.client() as client:
            assert client.get(f"{one.url}/v1/models").content == MODELS
            assert client.get(f"{two.url}/v1/files").content == b"{}"
        own = ssl.get_server_certificate(("127.0.0.1", other.port), ca_certs=str(root))
        assert through(door, other.port, direct) == ssl.PEM_cert_to_DER_cert(own)
        with pytest.raises(ssl.SSLCertVerificationError):
            through(door, one.port, direct)
    assert door.recorder.count == 2
    assert {one.request.path for one in door.cassette.interactions} == {"/models", "/files"}


def through(door: secure.SecureDoor, port: int, trust: ssl.SSLContext) -> bytes | None:
    """The certificate that a client sees which asks the proxy for this port of localhost."""
    proxy = urlsplit(door.proxy or "")
    with socket.create_connection((proxy.hostname or "", proxy.port or 0), timeout=PATIENCE_S) as plain:
        plain.sendall(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
        assert plain.recv(65536).startswith(b"HTTP/1.1 200 ")
        with trust.wrap_socket(plain, server_hostname="localhost") as connection:
            return connection.getpeercert(binary_form=True)


def test_the_doctor_sends_clients_through_the_proxy_door(folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel("doctor", "--json", "--cassettes", folder)
    found = {one["what"]: one["level"] for one in json.loads(ran.out)}
    assert ran.status == 0
    assert (found["proxy door"], found["python, proxy door"]) == ("ok", "ok")
