"""What the cassette cannot answer is toolreel's own error, explains itself, and never reaches any network."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.replay.clients import tape_of
from toolreel.addons.parking import PARKED_HEADER, Parking
from toolreel.addons.replay import Replayer
from toolreel.commands import replay as replay_command
from toolreel.messages.model import Cassette
from toolreel.replay.answer import Answer
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.delivery import Delivery
from toolreel.replay.pace import INSTANT
from toolreel.replay.session import Session

from .conftest import Toolreel
from .doors import DOORS, FREE, Door, replaying
from .tapes import UPSTREAM, get, make, post
from .upstream import Reply, Upstream, serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MODEL = b'{"id":"gpt-4o","object":"model"}'


def assert_miss(response: httpx.Response, code: str, *parts: str) -> None:
    assert response.status_code == 424
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("toolreel_miss", code)
    for part in parts:
        assert part in error["message"]


@pytest.mark.parametrize("via", DOORS)
def test_a_miss_says_what_was_asked_and_why_there_is_no_answer(via: str, folder: Path) -> None:
    make(folder, "tape", post("/chat", b'{"b": 1}', MODEL), post("/threads", b'{"a": 1}', b"{}"))
    with replaying(folder, "tape", via, repeat=False) as door, door.client() as client:
        response = client.post(f"{door.base}/v1/threads", json={"a": 2})
        assert_miss(response, "no_match", "POST /threads", "cassette tape")
        response = client.post(f"{door.base}/v1/threads", json={"a": 2, "stream": True})
        assert_miss(response, "no_match")
        assert client.post(f"{door.base}/v1/chat", json={"b": 1}).content == MODEL
        response = client.post(f"{door.base}/v1/chat", json={"b": 1})
        assert_miss(response, "exhausted", "POST /chat")
        assert [miss.code for miss in door.session.misses] == ["no_match", "no_match", "exhausted"]
        assert (door.session.served, door.session.unplayed) == (1, 1)


@pytest.mark.parametrize("via", DOORS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_openai_client_raises_for_a_miss_and_asks_once(via: str, stream: bool, folder: Path) -> None:
    make(folder, "tape", get("/models/gpt-4o", MODEL))
    with replaying(folder, "tape", via) as door, door.sync_openai(max_retries=2) as client:
        with pytest.raises(openai.APIStatusError) as raised:
            client.beta.threads.runs.submit_tool_outputs(
                "run_1",
                thread_id="thread_1",
                tool_outputs=[{"tool_call_id": "call_1", "output": "x"}],
                stream=stream,
            )
        assert raised.value.status_code == 424
        assert type(raised.value) is openai.APIStatusError, "not one that programs catch, such as NotFoundError"
        assert "POST /threads/thread_1/runs/run_1/submit_tool_outputs" in raised.value.message
        assert len(door.session.misses) == 1


# -------------------------------------------------------------------------------------- nothing leaves this machine


def fail(*_: Any) -> Any:
    raise RuntimeError("a bug")


def replaying_against(upstream: Upstream, folder: Path) -> None:
    """A cassette that was recorded with this very upstream, so that nothing but the replay stands in the way."""
    make(folder, "tape", get("/models/gpt-4o", MODEL), upstream=upstream.url)


@pytest.mark.parametrize("via", DOORS)
def test_an_exhausted_cassette_never_asks_the_upstream(via: str, folder: Path) -> None:
    with serving() as upstream:
        make(folder, "tape", post("/chat", b'{"b": 1}', MODEL), upstream=upstream.url)
        with replaying(folder, "tape", via, repeat=False) as door, door.client() as client:
            assert client.post(f"{door.base}/v1/chat", json={"b": 1}).content == MODEL
            assert_miss(client.post(f"{door.base}/v1/chat", json={"b": 1}), "exhausted")
        assert upstream.connections == 0


@pytest.mark.parametrize("via", DOORS)
def test_a_bug_in_the_engine_never_asks_the_upstream(via: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "_find", fail)
    with serving() as upstream:
        replaying_against(upstream, folder)
        with replaying(folder, "tape", via) as door, door.client() as client:
            assert_miss(client.get(f"{door.base}/v1/models/gpt-4o"), "internal", "RuntimeError: a bug")
            assert [miss.code for miss in door.session.misses] == ["internal"]
        assert upstream.connections == 0


@pytest.mark.parametrize(
    ("broken", "status"),
    [("toolreel.addons.replay.request_of", 500), ("toolreel.addons.replay.Replayer.request", 502)],
)
def test_a_bug_in_the_proxy_door_never_asks_the_upstream(
    broken: str, status: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broken, fail)
    with serving() as upstream:
        replaying_against(upstream, folder)
        with replaying(folder, "tape", "proxy") as door, door.client() as client:
            response = client.get(f"{door.base}/v1/models/gpt-4o")
        assert upstream.connections == 0
    assert response.status_code == status
    assert response.headers["x-should-retry"] == "false"
    assert response.json()["error"]["type"].startswith("toolreel_")


def test_the_proxy_door_refuses_another_host_by_name(folder: Path) -> None:
    with serving() as other:
        make(folder, "tape", get("/models/gpt-4o", MODEL))
        with replaying(folder, "tape", "proxy", base=other.url) as door, door.client() as client:
            response = client.get(f"{door.base}/v1/models/gpt-4o")
            assert_miss(response, "other_host", other.url, UPSTREAM)
            assert [miss.code for miss in door.session.misses] == ["other_host"]
            assert client.get(f"{UPSTREAM}/v1/models/gpt-4o").content == MODEL
        assert other.connections == 0


def through(*tunnels: str) -> Any:
    """The proxy door of a cassette, with tunnels."""
    recorded = Cassette(upstreams=(f"{UPSTREAM}/v1",), interactions=())
    return replay_command.proxy_door(Session([tape_of(recorded)]), FREE, (), tunnels)


def test_a_tunnel_lets_clients_through_to_the_host_that_was_named_and_to_no_other() -> None:
    with serving(Reply([b"{}"])) as other, through("localhost") as environment:
        host, port = environment["HTTPS_PROXY"].removeprefix("http://").split(":")
        for name, connections in (("127.0.0.1", 0), ("localhost", 1)):
            with socket.create_connection((host, int(port)), timeout=10) as raw:
                raw.sendall(f"CONNECT {name}:{other.port} HTTP/1.1\r\n\r\n".encode())
                assert raw.recv(1000).startswith(b"HTTP/1.1 200")
                raw.sendall(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                first = raw.recv(1000)
            assert (b" 200 " in first.split(b"\r\n")[0]) is (name == "localhost"), first
            assert other.connections == connections


def test_the_proxy_door_refuses_another_host_with_tls_by_name(folder: Path) -> None:
    with serving() as other:
        make(folder, "tape", get("/models/gpt-4o", MODEL))
        url = f"https://127.0.0.1:{other.port}"
        with replaying(folder, "tape", "proxy", base=url) as door, door.client() as client:
            assert_miss(client.get(f"{door.base}/v1/models/gpt-4o"), "other_host", url)
        assert other.connections == 0


def test_the_same_host_with_another_scheme_is_another_host(folder: Path) -> None:
    make(folder, "tape", get("/models/gpt-4o", MODEL))
    with replaying(folder, "tape", "proxy", base="https://api.openai.invalid") as door, door.client() as client:
        assert_miss(client.get(f"{door.base}/v1/models/gpt-4o"), "other_host", "https://api.openai.invalid")


def test_a_tunnel_through_the_proxy_door_leads_nowhere(folder: Path) -> None:
    with serving() as other:
        make(folder, "tape", get("/models/gpt-4o", MODEL))
        with replaying(folder, "tape", "proxy") as door:
            assert door.proxy is not None
            host, port = door.proxy.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port)), timeout=10) as raw:
                raw.sendall(f"CONNECT 127.0.0.1:{other.port} HTTP/1.1\r\n\r\n".encode())
                assert raw.recv(1000).startswith(b"HTTP/1.1 200")
                raw.sendall(b"\x00\x01neither TLS nor HTTP\r\n\r\n")
                assert raw.recv(1000) == b""
        assert other.connections == 0


# ------------------------------------------------------------------------------------------------- the command's end

# A client that takes any answer.
ASK = """
import os, sys, urllib.request, urllib.error
for path in sys.argv[1:]:
    try:
        urllib.request.urlopen(os.environ["TOOLREEL_URL"] + path).read()
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode())
"""


def test_misses_are_listed_at_the_end_and_the_exit_status_is_3(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models/gpt-4o", MODEL), get("/models", MODEL))
    paths = ["/v1/models/gpt-4o", "/v1/gone", "/v1/files"]
    ran = toolreel("replay", "tape", "--cassettes", folder, "--", sys.executable, "-c", ASK, *paths)
    assert ran.status == 3
    misses = [line for line in ran.err.splitlines() if line.startswith("toolreel: ")]
    like_none = "is like no recorded request of cassette tape: there is no GET of such a path."
    assert misses == [
        f"toolreel: Miss (no_match): GET /gone {like_none}",
        f"toolreel: Miss (no_match): GET /files {like_none}",
    ]
    assert ran.err.splitlines()[-1] == "Served 1, missed 2, never played 1."
    for line, miss in zip([json.loads(part[4:]) for part in split_answers(ran.out)], misses, strict=True):
        assert line["error"]["message"] in miss


def split_answers(out: str) -> list[str]:
    """The answers that the client printed, each beginning with its status."""
    return ["424 " + part for part in out.split("424 ")[1:]]


def test_a_failing_command_hands_on_its_own_status_even_with_misses(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models", MODEL))
    code = ASK + "sys.exit(7)"
    ran = toolreel("replay", "tape", "--cassettes", folder, "--", sys.executable, "-c", code, "/v1/files")
    assert ran.status == 7
    assert "Miss (no_match)" in ran.err


def test_a_miss_that_comes_again_is_told_once(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models", MODEL))
    paths = ["/v1/files", "/v1/models", "/v1/files", "/v1/files"]
    ran = toolreel("replay", "tape", "--cassettes", folder, "--", sys.executable, "-c", ASK, *paths)
    assert ran.status == 3
    [complaint] = [line for line in ran.err.splitlines() if line.startswith("toolreel: ")]
    assert complaint.endswith("there is no GET of such a path. (3 times)")
    assert ran.err.splitlines()[-1] == "Served 1, missed 3, never played 0."


def test_what_was_not_played_is_named_and_the_exit_status_is_4(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models", MODEL), post("/chat", b"{}", MODEL), post("/threads", b"{}", b"{}"))
    arguments = ["replay", "tape", "--cassettes", folder]
    command = ["--", sys.executable, "-c", ASK, "/v1/models"]
    ran = toolreel(*arguments, *command)
    assert ran.status == 4
    assert [line for line in ran.err.splitlines() if line.startswith("toolreel: ")] == [
        "toolreel: Never played: interaction 2 of cassette tape, POST /chat.",
        "toolreel: Never played: interaction 3 of cassette tape, POST /threads.",
    ]
    assert toolreel(*arguments, "--partial", *command).status == 0
    assert toolreel(*arguments, "--no-strict", *command).status == 0
    told = toolreel(*arguments, "--json", *command)
    assert [one["path"] for one in json.loads(told.out)["unplayed"]] == ["/chat", "/threads"]


def test_a_program_that_changed_may_be_let_through_by_a_rule(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", post("/chat", b'{"q": 1, "build": 1}', MODEL))
    code = (
        "import os, urllib.request as u; "
        "u.urlopen(u.Request(os.environ['TOOLREEL_URL'] + '/v1/chat', data=b'{\"q\": 1, \"build\": 2}'))"
    )
    arguments = ["replay", "tape", "--cassettes", folder]
    command = ["--", sys.executable, "-c", code]
    missed = toolreel(*arguments, *command)
    assert missed.status == 1, "the program fails, for it minds the status"
    assert "To let it match: --ignore '$.build'." in missed.err
    assert toolreel(*arguments, "--ignore", "$.build", *command).status == 0
    (folder.parent / "toolreel.toml").write_text('[replay]\nignore = ["$.build"]')
    with contextlib.chdir(folder.parent):
        assert toolreel(*arguments, *command).status == 0


def test_without_a_miss_the_exit_status_is_0(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models", MODEL))
    make(folder, "more", get("/files", b"[]"))
    arguments = ["--", sys.executable, "-c", ASK, "/v1/files", "/v1/models"]
    ran = toolreel("replay", "tape", "more", "--cassettes", folder, *arguments)
    assert (ran.status, ran.out) == (0, "")
    assert "toolreel: " not in ran.err
    assert ran.err.splitlines()[-1] == "Served 2, missed 0, never played 0."


def test_a_client_of_the_proxy_door_finds_it_by_the_environment(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models", MODEL))
    code = f"import urllib.request as u; print(u.urlopen('{UPSTREAM}/v1/models').read().decode())"
    ran = toolreel("replay", "tape", "--cassettes", folder, "--via", "proxy", "--", sys.executable, "-c", code)
    assert (ran.status, ran.out) == (0, MODEL.decode() + "\n")


# --------------------------------------------------------------------------------------------- who may knock at all


def answer_to_host(door: Door, host: str) -> httpx.Response:
    with door.client() as client:
        return client.get(f"{door.base}/v1/models/gpt-4o", headers={"host": host})


def test_the_replay_refuses_a_host_header_of_somebody_else(folder: Path) -> None:
    make(folder, "tape", get("/models/gpt-4o", MODEL))
    with replaying(folder, "tape", "base-url") as door:
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil"):
            response = answer_to_host(door, host)
            assert response.status_code == 403
            assert host in response.json()["error"]["message"]
        assert (door.session.served, door.session.misses) == (0, [])


def test_the_replay_takes_any_name_of_this_machine(folder: Path) -> None:
    hosts = ["localhost", "127.0.0.1:1234", "[::1]:80", "app.localhost"]
    make(folder, "tape", *(get("/models/gpt-4o", MODEL) for _ in hosts))
    with replaying(folder, "tape", "base-url") as door:
        assert [answer_to_host(door, host).status_code for host in hosts] == [200] * len(hosts)


def test_the_inner_port_of_the_proxy_door_takes_nobody_without_a_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors, keys = [], []
    real, park = Replayer.__init__, Parking.park

    def spy(self: Replayer, answers: Any, door: Any, *more: Any) -> None:
        doors.append(door)
        real(self, answers, door, *more)

    def keep(self: Parking, answer: Answer) -> str:
        keys.append(park(self, answer))
        return keys[-1]

    monkeypatch.setattr(Replayer, "__init__", spy)
    monkeypatch.setattr(Parking, "park", keep)
    make(folder, "tape", get("/models/gpt-4o", MODEL))
    with replaying(folder, "tape", "proxy") as door:
        door.session.deliver(Delivery(INSTANT, parse_chunking("bytes:7")))
        with door.client() as client:
            assert client.get(f"{UPSTREAM}/v1/models/gpt-4o").content == MODEL
        (inner,), (key,) = doors, keys
        assert inner.host == FREE.host
        with Door(f"http://{inner.shown}").client() as client:
            for value in (None, "", "wrong", key[:-1], key):  # which has been used
                headers = {} if value is None else {PARKED_HEADER: value}
                response = client.get(f"http://{inner.shown}/v1/models/gpt-4o", headers=headers)
                assert response.status_code == 403, value
        assert (door.session.served, door.session.misses) == (1, [])
        assert len(key) >= 16
