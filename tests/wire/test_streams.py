"""Pace, pieces and faults through both doors: what raw sockets and the real client see."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from tests.dialects.test_run_endings import RUN, WAITING
from tests.replay.test_broken import FRAMES
from toolreel.commands.standin import standing_in
from toolreel.messages.jsontext import compact, spell
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.delivery import Delivery
from toolreel.replay.faults import parse_faults
from toolreel.replay.pace import parse_pace
from toolreel.replay.trouble import Trouble

from .conftest import Toolreel
from .doors import DOORS, FREE, ReplayDoor, ask, recording, replaying
from .http2 import connected
from .tapes import UPSTREAM, get, make, post, streamed

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RUNS = "/threads/thread_1/runs"
START = b'{"assistant_id":"asst_1","stream":true}'
OUTPUTS = b'{"tool_outputs":[{"tool_call_id":"call_1","output":"18"}]}'


def long_stream() -> list[bytes]:
    """More than any buffer on the way holds, with characters of two to four bytes."""
    text = "Zürich, 東京, 🌍 " * 100
    return [f"event: e\ndata: {compact({'n': n, 'text': text[n : n + 3 * n]})}\n\n".encode() for n in range(300)]


LONG = long_stream()


def tape(folder: Path) -> None:
    spelled = {name: spell(run, "pretty2").encode() for name, run in (("run", RUN), ("waiting", WAITING))}
    make(
        folder,
        "take",
        streamed(RUNS, START, *FRAMES),
        streamed("/events", b"{}", *LONG),
        get("/threads/thread_2/runs/run_1", spelled["run"]),
        get("/threads/thread_3/runs/run_1", spelled["waiting"]),
        post("/threads/thread_3/runs/run_1/submit_tool_outputs", OUTPUTS, spelled["run"]),
        get("/files/file_1", spelled["run"]),
    )


def delivery(pace: str = "instant", chunks: str = "frame", faults: str = "") -> Delivery:
    return Delivery(parse_pace(pace), parse_chunking(chunks), parse_faults(faults, "f.toml"))


@contextmanager
def door_of(folder: Path, via: str, how: Delivery) -> Iterator[ReplayDoor]:
    with replaying(folder, "take", via) as door:
        door.session.deliver(how)
        yield door


# ------------------------------------------------------------------------------------------------- bytes on the wire


def on_the_wire(door: ReplayDoor, path: str, body: bytes) -> bytes:
    """All bytes that come back on a connection of its own."""
    base = urlsplit(door.proxy or door.base)
    target = f"{UPSTREAM}/v1{path}" if door.proxy else f"/v1{path}"
    host = urlsplit(UPSTREAM).netloc if door.proxy else base.netloc
    head = f"POST {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
    came = b""
    with socket.create_connection((base.hostname or "", base.port or 0), timeout=20) as client:
        client.sendall(head.encode() + body)
        try:
            while data := client.recv(65536):
                came += data
        except ConnectionResetError:
            came += b"<reset>"
    return came


def chunks_of(came: bytes) -> list[bytes]:
    """The chunks of a chunked answer, in the sender's own pieces; an unfinished last one as it is."""
    _, _, rest = came.partition(b"\r\n\r\n")
    found = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        found.append(rest[:length])
        rest = rest[length + 2 :]
    return found


@pytest.mark.parametrize(
    ("how", "path", "body", "strikes"),
    [
        pytest.param(delivery(chunks="random:7"), "/events", b"{}", [], id="random"),
        pytest.param(delivery(pace="1ms", chunks="random:3"), RUNS, START, [], id="paced"),
        pytest.param(
            delivery(chunks="random:7", faults="seed = 2\n[[fault]]\nchance = 0.5\ncut_inside_frame = 5"),
            RUNS,
            START,
            ["cut inside frame 5"],
            id="chance-cut",
        ),
        pytest.param(
            delivery(chunks="random:7", faults="seed = 4\n[[fault]]\nchance = 0.5\ncut_inside_frame = 5"),
            RUNS,
            START,
            [],
            id="no-chance",
        ),
        pytest.param(
            delivery(chunks="random:9", faults="[[fault]]\nrun = 'failed'"),
            RUNS,
            START,
            ["run failed"],
            id="run-fails",
        ),
    ],
)
def test_the_same_seed_gives_the_same_bytes_in_both_doors(
    how: Delivery, path: str, body: bytes, strikes: list[str], folder: Path
) -> None:
    tape(folder)
    seen: dict[str, list[bytes]] = {via: [] for via in DOORS}
    for via in DOORS:
        for _ in range(2):
            with door_of(folder, via, how) as door:
                seen[via].append(on_the_wire(door, path, body))
                assert [one.what for one in door.session.trouble.struck] == strikes
    for first, second in seen.values():
        assert first == second
    one, other = (chunks_of(came[0]) for came in seen.values())
    assert one == other
    assert len(one) > 5


@pytest.mark.parametrize("via", DOORS)
def test_a_piece_can_end_inside_a_character(via: str, folder: Path) -> None:
    tape(folder)
    with door_of(folder, via, delivery(chunks="bytes:1")) as door:
        pieces = chunks_of(on_the_wire(door, RUNS, START))
    assert b"".join(pieces) == b"".join(FRAMES)
    assert {len(piece) for piece in pieces[:-1]} == {1}


@pytest.mark.parametrize("via", DOORS)
@pytest.mark.parametrize("what", ["request", "answer"])
def test_a_reset_is_one(via: str, what: str, folder: Path) -> None:
    tape(folder)
    with door_of(folder, via, delivery(faults=f"[[fault]]\nreset = '{what}'")) as door:
        assert on_the_wire(door, RUNS, START) == b"<reset>"
        assert [one.what for one in door.session.trouble.struck] == [f"reset {what}"]


@pytest.mark.parametrize("via", DOORS)
def test_a_body_in_pieces_keeps_its_length(via: str, folder: Path) -> None:
    tape(folder)
    with door_of(folder, via, delivery(chunks="bytes:5")) as door, door.client() as client:
        seen = ask(client, "GET", f"{door.base}/v1/files/file_1")
    body = spell(RUN, "pretty2").encode()
    assert (seen.raw, dict(seen.headers)["content-length"]) == (body, str(len(body)))
    assert not [name for name, _ in seen.headers if "toolreel" in name or name == "transfer-encoding"]


def test_over_http_2_a_reset_is_one(folder: Path) -> None:
    make(folder, "take", get("/events", b"{}"), upstream="https://h.invalid")
    with door_of(folder, "proxy", delivery(faults="[[fault]]\nreset = 'answer'")) as door:
        assert door.proxy is not None
        assert door.bundle is not None
        with connected("https://h.invalid:443", door.proxy, door.bundle) as client:
            client.ask("h.invalid", "/v1/events")
            assert client.read_reset() >= 0


@pytest.mark.parametrize("via", DOORS)
def test_a_client_that_leaves_a_slow_stream_keeps_nobody_waiting(via: str, folder: Path) -> None:
    tape(folder)
    began = time.monotonic()
    with door_of(folder, via, delivery(pace="60000ms")) as door, door.client() as client:
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                client.post(f"{door.base}/v1{RUNS}", content=START, timeout=0.1)
    assert time.monotonic() - began < 20


# -------------------------------------------------------------------------------------------------- the real client


@pytest.fixture(scope="module", params=DOORS)
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplayDoor]:
    """One door for many faults: a session begins to count anew with each delivery."""
    folder = tmp_path_factory.mktemp("cassettes")
    tape(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with replaying(folder, "take", request.param) as door:
            yield door


Heard = tuple[list[str], str]
WRAPPED = {"ReadTimeout": "APITimeoutError", "RemoteProtocolError": "APIConnectionError"}
"""What breaks a stream comes through as it is before openai 3."""


def listen(client: openai.OpenAI) -> Heard:
    """The events of a streamed run, and what the client raised."""
    heard: list[str] = []
    try:
        for event in client.beta.threads.runs.create("thread_1", assistant_id="asst_1", stream=True):
            heard.append(event.event)
    except Exception as error:  # noqa: BLE001 - httpx's, httpx2's, json's or openai's
        name = type(error).__name__
        return heard, WRAPPED.get(name, name)
    return heard, ""


EVENTS = [frame.decode().partition("\n")[0].removeprefix("event: ") for frame in FRAMES[:-1]]


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        pytest.param("status = 429", ([], "RateLimitError"), id="429"),
        pytest.param("status = 500", ([], "InternalServerError"), id="500"),
        pytest.param("status = 503", ([], "InternalServerError"), id="503"),
        pytest.param("status = 400", ([], "BadRequestError"), id="400"),
        pytest.param("status = 401", ([], "AuthenticationError"), id="401"),
        pytest.param("status = 409", ([], "ConflictError"), id="409"),
        pytest.param("status = 502\nbody = '<html>'", ([], "InternalServerError"), id="502-html"),
        pytest.param("reset = 'request'", ([], "APIConnectionError"), id="reset-request"),
        pytest.param("reset = 'answer'", ([], "APIConnectionError"), id="reset-answer"),
        pytest.param("delay_ms = 5000", ([], "APITimeoutError"), id="delay"),
        pytest.param("frame_delay_ms = 5000", (EVENTS[:1], "APITimeoutError"), id="frame-delay"),
        pytest.param("cut_after_frame = 0", ([], "APIConnectionError"), id="cut-0"),
        pytest.param("cut_after_frame = 3", (EVENTS[:3], "APIConnectionError"), id="cut-3"),
        pytest.param("cut_inside_frame = 3", (EVENTS[:2], "APIConnectionError"), id="cut-inside"),
        pytest.param("end_after_frame = 3", (EVENTS[:3], ""), id="end"),
        pytest.param("malformed_frame = 3", (EVENTS[:2], "JSONDecodeError"), id="malformed"),
        pytest.param("error_event = true\nafter_frame = 3", (EVENTS[:3], "APIError"), id="error-event"),
        pytest.param(
            "error_event.message = 'm'\nafter_frame = 3", ([*EVENTS[:3], "error"], ""), id="flat-error-event"
        ),
        pytest.param(
            "run = 'failed'",
            ([*EVENTS[:5], "thread.message.incomplete", "thread.run.step.failed", "thread.run.failed"], ""),
            id="failed",
        ),
        pytest.param(
            "run = 'expired'\nafter_frame = 1", ([*EVENTS[:1], "thread.run.expired"], ""), id="expired-early"
        ),
    ],
)
def test_the_client_sees_a_stream_break_as_it_should(fault: str, heard: Heard, door: ReplayDoor) -> None:
    door.session.deliver(delivery(faults=f"[[fault]]\n{fault}"))
    with door.sync_openai(max_retries=0, timeout=0.3) as client:
        assert listen(client) == heard
    assert len(door.session.trouble.struck) == 1


def test_after_faults_the_door_goes_on_as_before(door: ReplayDoor) -> None:
    with door.sync_openai(max_retries=0) as client:
        for fault in ("reset = 'request'", "cut_inside_frame = 2", "malformed_frame = 1"):
            door.session.deliver(delivery(faults=f"[[fault]]\n{fault}"))
            assert listen(client) != (EVENTS, "")
            door.session.deliver(delivery())
            assert listen(client) == (EVENTS, "")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("status = 429\nheaders.retry-after-ms = 1", id="429"),
        pytest.param("status = 500\nheaders.retry-after-ms = 1", id="500"),
        pytest.param("status = 503\nheaders.retry-after-ms = 1", id="503"),
        pytest.param("status = 409\nheaders.retry-after-ms = 1", id="409"),
        pytest.param("reset = 'request'", id="reset"),
    ],
)
def test_the_client_tries_again_and_gets_the_answer(
    fault: str, door: ReplayDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai._base_client, "INITIAL_RETRY_DELAY", 0.001)
    door.session.deliver(delivery(faults=f"[[fault]]\nnth = 1\n{fault}"))
    with door.sync_openai(max_retries=1) as client:
        assert listen(client) == (EVENTS, "")
    assert len(door.session.trouble.struck) == 1


def test_the_client_does_not_try_again_where_it_is_told_not_to(door: ReplayDoor) -> None:
    door.session.deliver(delivery(faults="[[fault]]\nstatus = 500\nheaders.x-should-retry = 'false'"))
    with door.sync_openai(max_retries=5) as client:
        assert listen(client) == ([], "InternalServerError")
    assert len(door.session.trouble.struck) == 1


@pytest.mark.parametrize(
    ("fault", "status", "error", "details"),
    [
        ("run = 'failed'", "failed", "server_error", None),
        ("run = 'failed'\nlast_error.code = 'rate_limit_exceeded'", "failed", "rate_limit_exceeded", None),
        ("run = 'expired'", "expired", None, None),
        ("run = 'incomplete'", "incomplete", None, "max_completion_tokens"),
        ("run = 'incomplete'\nreason = 'max_prompt_tokens'", "incomplete", None, "max_prompt_tokens"),
    ],
)
def test_the_client_sees_how_a_polled_run_ended(
    fault: str, status: str, error: str | None, details: str | None, door: ReplayDoor
) -> None:
    door.session.deliver(delivery(faults=f"[[fault]]\n{fault}"))
    with door.sync_openai() as client:
        run = client.beta.threads.runs.poll("run_1", thread_id="thread_2", poll_interval_ms=1)
    assert run.status == status
    assert (run.last_error and run.last_error.code) == error
    assert (run.incomplete_details and run.incomplete_details.reason) == details


def test_outputs_that_were_taken_are_refused_the_second_time(
    door: ReplayDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai._base_client, "INITIAL_RETRY_DELAY", 0.001)
    faults = '[[fault]]\nroute = "/threads/{t}/runs/{r}/submit_tool_outputs"\nnth = 1\nreset = "answer"'
    door.session.deliver(delivery(faults=faults))
    with door.sync_openai() as client, pytest.raises(openai.BadRequestError, match="do not accept tool outputs"):
        client.beta.threads.runs.submit_tool_outputs(
            "run_1", thread_id="thread_3", tool_outputs=[{"tool_call_id": "call_1", "output": "18"}]
        )


# ------------------------------------------------------------------------------------------------------- the program

CLIENT = """
import os, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/threads/thread_1/runs"
for _ in range(2):
    try:
        with urllib.request.urlopen(url, b'{"assistant_id":"asst_1","stream":true}') as answer:
            print(answer.status, len(answer.read()))
    except urllib.error.HTTPError as error:
        print(error.code, error.headers["retry-after"], error.read().decode().count("Rate limit"))
"""


def test_the_program_breaks_answers_and_says_so(folder: Path, toolreel: Toolreel) -> None:
    tape(folder)
    faults = folder.parent / "faults.toml"
    faults.write_text("[[fault]]\nnth = 1\nstatus = 429\nheaders.retry-after = 2\n[[fault]]\nmalformed_frame = 99\n")
    ran = toolreel(
        *(
            "replay",
            "take",
            "--cassettes",
            folder,
            "--faults",
            faults,
            "--pace",
            "1ms",
            "--chunks",
            "random:7",
            "--partial",
        ),
        *("--", sys.executable, "-c", CLIENT),
    )
    assert ran.out == f"429 2 1\n200 {sum(map(len, FRAMES))}\n"
    assert "Fault 1 (status 429) struck POST /v1/threads/thread_1/runs.\nFault 2 never struck.\n" in ran.err
    assert ran.status == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--pace", "quick"],
            "--pace: 'quick' is no pace; write instant, recorded, xN or MSms, such as x10 or 50ms.",
        ),
        (["--chunks", "3"], "--chunks: '3' is no chunking; write frame, recorded, bytes:N or random:SEED"),
        (["--faults", "nowhere.toml"], "--faults nowhere.toml cannot be read (no such file or directory)"),
    ],
)
@pytest.mark.parametrize("command", [["replay", "take"], ["run", "take", "--mode", "none"]])
def test_options_that_cannot_work_are_refused(
    command: list[str], options: list[str], complaint: str, folder: Path, toolreel: Toolreel
) -> None:
    ran = toolreel(*command, "--cassettes", folder, *options, "--", sys.executable, "-c", "")
    assert (ran.status, ran.complaint.startswith(complaint)) == (2, True), ran.err


def test_a_fault_at_the_stand_in_is_recorded_and_comes_again(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text(
        'timing = { queued_ms = 1, answer_ms = 1, frame_ms = 1 }\n[[rule]]\nanswer = "In Paris it rains."'
    )
    trouble = Trouble(parse_faults('[[fault]]\nroute = "/threads/runs"\ncut_inside_frame = 9', "f.toml"))

    def converse(client: openai.OpenAI) -> list[str]:
        """A client that reads the run again after the stream was cut."""
        heard, found = list[str](), ("", "")
        assistant = client.beta.assistants.create(model="gpt-4o")
        thread: Any = {"messages": [{"role": "user", "content": "What now?"}]}
        events = client.beta.threads.create_and_run(assistant_id=assistant.id, thread=thread, stream=True)
        with contextlib.suppress(Exception):
            for event in events:
                heard.append(event.event)
                if event.event == "thread.run.created":
                    found = event.data.id, event.data.thread_id
        heard.append(client.beta.threads.runs.poll(found[0], thread_id=found[1], poll_interval_ms=5).status)
        return heard

    with (
        standing_in(FREE, script, trouble) as address,
        recording(folder, "take", f"http://{address.shown}", "base-url") as recorder,
        recorder.sync_openai() as client,
    ):
        heard = converse(client)
    assert (len(heard), heard[-1]) == (9, "completed")
    with replaying(folder, "take", "base-url") as door, door.sync_openai() as client:
        assert converse(client) == heard
        assert door.session.misses == []
