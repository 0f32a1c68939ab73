"""The hooks of the recorder, without sockets: what is noted, refused, passed on."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error
from mitmproxy.test import taddons

from toolreel.addons.record import Recorder, RecordScript
from toolreel.errors import MachineError
from toolreel.messages.model import Ending, JsonBody
from toolreel.recording.entries import Began, Ended, Failed
from toolreel.store.files import load
from toolreel.store.recordings import recover

from .conftest import Journal, flow_of, response_of

JSON = [(b"content-type", b"application/json"), (b"content-length", b"2")]
EVENTS = [(b"content-type", b"text/event-stream"), (b"transfer-encoding", b"chunked")]
DONE = b"event: done\ndata: [DONE]\n\n"


class Clock:
    """Milliseconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def play(recorder: Recorder, flow: Any, *pieces: bytes, headers: Any = JSON) -> list[bytes]:
    """The hooks of a flow up to the last piece of its answer; gives what the client gets."""
    recorder.request(flow)
    flow.response = response_of(headers=headers)
    recorder.responseheaders(flow)
    return [flow.response.stream(piece) for piece in (*pieces, b"")]


def test_an_exchange_is_noted_as_it_happens(journal: Journal) -> None:
    clock = Clock()
    recorder = Recorder(journal, clock=clock)
    flow = flow_of(content=b'{"a":1}')
    clock.now = 1007
    recorder.request(flow)
    assert journal.kinds() == ["Began"]
    clock.now = 1010.4
    flow.response = response_of(headers=JSON)
    recorder.responseheaders(flow)
    assert journal.kinds() == ["Began", "Headed"]
    assert flow.response.stream(b"{") == b"{"
    clock.now = 1020
    assert flow.response.stream(b"}") == b"}"
    assert flow.response.stream(b"") == b""
    recorder.response(flow)
    assert journal.kinds() == ["Began", "Headed", "Ended"]
    assert [entry.ms for entry in journal.entries] == [7, 10, 20]
    began, _, ended = journal.entries
    assert isinstance(began, Began)
    assert (began.request.body, began.request.origin) == (b'{"a":1}', "https://api.openai.com")
    assert isinstance(ended, Ended)
    assert (ended.body, ended.ending) == (b"{}", Ending.COMPLETE)
    assert recorder.count == 1


def test_frames_are_noted_when_they_are_complete(journal: Journal) -> None:
    recorder = Recorder(journal)
    flow = flow_of()
    assert play(recorder, flow, b"data: 1\n", b"\ndata", b": 2\n\n", headers=EVENTS)[:3] == [
        b"data: 1\n",
        b"\ndata",
        b": 2\n\n",
    ]
    assert journal.kinds() == ["Began", "Headed", "FrameCame", "FrameCame"]


@pytest.mark.parametrize(("message", "ending"), [("Client disconnected.", "client_gone"), ("cut", "cut")])
def test_an_answer_that_breaks_off_ends_as_it_broke(journal: Journal, message: str, ending: str) -> None:
    recorder = Recorder(journal)
    flow = flow_of()
    play(recorder, flow, b"data: 1\n\n", b"data: 2", headers=EVENTS)
    flow.error = Error(message)
    recorder.error(flow)
    ended = journal.entries[-1]
    assert isinstance(ended, Ended)
    assert (ended.ending, ended.body) == (ending, b"data: 2")
    recorder.response(flow)
    recorder.error(flow)
    recorder.done()
    assert journal.kinds().count("Ended") == 1, "an exchange ends once"
    assert (recorder.failures, recorder.left) == ([], [])


def test_a_request_without_an_answer_is_a_failure(journal: Journal) -> None:
    recorder = Recorder(journal)
    flow = flow_of("https://h/v1/a?b=1")
    recorder.request(flow)
    flow.client_conn.state = ConnectionState.OPEN
    flow.error = Error("Connection refused")
    recorder.error(flow)
    assert recorder.failures == ["POST /v1/a?b=1: Connection refused"]
    assert isinstance(journal.entries[-1], Failed)
    assert recorder.count == 0


def test_a_client_that_leaves_before_the_answer_is_no_failure(journal: Journal) -> None:
    recorder = Recorder(journal)
    flow = flow_of("https://h/v1/a")
    recorder.request(flow)
    flow.error = Error("Client disconnected.")
    recorder.error(flow)
    assert (recorder.failures, recorder.left) == ([], ["POST /v1/a: the client left before an answer came"])


def test_what_is_open_at_the_end_is_cut_or_named(journal: Journal) -> None:
    recorder = Recorder(journal)
    waiting, streaming, complete = flow_of("https://h/v1/a"), flow_of(), flow_of()
    recorder.request(waiting)
    play(recorder, streaming, b"data: 1\n\n", headers=EVENTS)
    play(recorder, complete, DONE, headers=EVENTS)
    recorder.done()
    recorder.done()
    endings = [entry.ending for entry in journal.entries if isinstance(entry, Ended)]
    assert endings == [Ending.CUT, Ending.COMPLETE]
    assert recorder.left == ["POST /v1/a: no answer had come when the recording ended"]


def test_only_named_origins_are_recorded_and_refused(journal: Journal) -> None:
    recorder = Recorder(journal, origins=frozenset({"https://api.openai.com"}))
    other = flow_of("https://other.example/", headers={"upgrade": "websocket"})
    recorder.request(other)
    assert other.response is None
    other.response = response_of(headers=JSON)
    recorder.responseheaders(other)
    assert other.response.stream is True, "it is not held back"
    recorder.response(other)
    assert journal.entries == []
    recorder.request(flow_of())
    assert journal.kinds() == ["Began"]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/threads", "/base/v1/threads"),
        ("/base/v1/threads", "/base/v1/threads"),
        ("/base/v1", "/base/v1"),
        ("/base/v1?x=1", "/base/v1?x=1"),
        ("/base/v10", "/base/v1/base/v10"),
    ],
)
def test_the_path_of_the_upstream_stands_in_front_of_every_path(journal: Journal, path: str, sent: str) -> None:
    flow = flow_of(f"https://h{path}")
    Recorder(journal, prefix="/base/v1/").request(flow)
    assert flow.request.path == sent
    (began,) = journal.entries
    assert isinstance(began, Began)
    assert began.request.target == sent


def test_a_host_header_that_is_not_ours_is_refused(journal: Journal) -> None:
    recorder = Recorder(journal, guards_host=True)
    flow = flow_of("http://127.0.0.1:1/", headers={"host": "evil.example"})
    recorder.request(flow)
    assert flow.response.status_code == 403
    assert "evil.example" in json.loads(flow.response.content)["error"]["message"]
    recorder.responseheaders(flow)
    recorder.response(flow)
    assert journal.entries == []


def test_the_upstream_gets_its_own_name(journal: Journal) -> None:
    flow = flow_of("https://api.openai.com/v1/models", headers={"host": "localhost:8080"})
    Recorder(journal, guards_host=True).request(flow)
    assert flow.response is None
    assert flow.request.host_header == "api.openai.com"


@pytest.mark.parametrize("value", ["websocket", "WebSocket"])
def test_a_websocket_is_refused_with_a_reason(journal: Journal, value: str) -> None:
    flow = flow_of(headers={"upgrade": value})
    Recorder(journal).request(flow)
    assert flow.response.status_code == 501
    assert json.loads(flow.response.content)["error"]["message"] == "toolreel does not record websockets; use HTTP."
    assert journal.entries == []


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (MachineError("The disk is full."), "The disk is full."),
        (KeyError("x"), "The recorder failed (KeyError: 'x')"),
    ],
)
def test_once_the_journal_fails_every_new_request_is_refused(journal: Journal, failure: Exception, said: str) -> None:
    recorder = Recorder(journal)
    journal.failure = failure
    first = flow_of()
    recorder.request(first)
    journal.failure = None
    second = flow_of()
    recorder.request(second)
    for flow in (first, second):
        assert flow.response.status_code == 503
        assert said in json.loads(flow.response.content)["error"]["message"]
    assert journal.entries == []
    assert recorder.broken is not None
    assert said in str(recorder.broken)


def test_an_error_in_the_hook_is_answered_here_and_not_by_the_upstream(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> Any:
        raise ValueError("bad host")

    monkeypatch.setattr("toolreel.addons.record.request_of", fail)
    flow = flow_of()
    Recorder(journal).request(flow)
    assert flow.response.status_code == 500
    assert "ValueError: bad host" in json.loads(flow.response.content)["error"]["message"]


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        pytest.param(b"\xff password=aB3-dE5-f", b"image/png", ["1 secret was overwritten"], id="overwritten"),
        pytest.param(
            b'\xff {"password": "aB3-dE5-f", "pwd": "****"} sk-aB3dE5fG7h',
            b"image/png",
            ["2 secrets were"],
            id="many",
        ),
        pytest.param(b"password=aB3-dE5-f", b"text/plain", [], id="text"),
    ],
)
def test_what_was_overwritten_is_counted(body: bytes, kind: bytes, says: list[str], journal: Journal) -> None:
    recorder = Recorder(journal)
    flow = flow_of()
    play(recorder, flow, body, headers=[(b"content-type", kind)])
    recorder.response(flow)
    assert [remark[: len(said)] for remark, said in zip(recorder.remarks, says, strict=True)] == says


def test_what_was_decoded_in_part_is_named(journal: Journal) -> None:
    recorder = Recorder(journal)
    flow = flow_of()
    coded = gzip.compress(b"data: 1\n\n") + b"junk"
    play(recorder, flow, coded, headers=[*EVENTS, (b"content-encoding", b"gzip")])
    recorder.response(flow)
    assert recorder.remarks == [
        "Recorded only as far as it could be decoded, POST /v1/threads: it broke off, or is not in its coding "
        "(gzip); 3 bytes that might tell secrets are not kept."
    ]


# -------------------------------------------------------------------------------------------------------- mitmdump -s

Traffic = Callable[[Recorder], None]


def run_script(folder: Path | None, traffic: Traffic | None = None, **options: Any) -> bool:
    """mitmproxy with the script, from its start to its end; whether the script itself has ended it."""
    ended: list[bool] = []

    async def life() -> None:
        addon = RecordScript()
        with taddons.context(addon) as context:
            context.master.shutdown = lambda: ended.append(True)
            context.configure(addon, toolreel_cassettes=str(folder or ""), **options)
            addon.running()
            recorder = context.master.addons.get("toolreel_record")
            assert (recorder is None) is bool(ended)
            if traffic:
                traffic(recorder)
            addon.done()

    asyncio.run(life())
    return bool(ended)


def one_exchange(recorder: Recorder) -> None:
    flow = flow_of()
    play(recorder, flow, b"{}")
    recorder.response(flow)


def one_exchange_and_a_failure(recorder: Recorder) -> None:
    one_exchange(recorder)
    failed = flow_of()
    recorder.request(failed)
    failed.client_conn.state = ConnectionState.OPEN
    failed.error = Error("Connection refused")
    recorder.error(failed)


def test_the_script_makes_a_cassette_when_mitmproxy_ends(tmp_path: Path) -> None:
    assert not run_script(tmp_path, one_exchange, toolreel_cassette="a/tape")
    assert len(load(tmp_path / "a" / "tape.json").interactions) == 1


def test_the_script_keeps_an_incomplete_recording_for_recover(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run_script(tmp_path, one_exchange_and_a_failure, toolreel_cassette="tape")
    assert not (tmp_path / "tape.json").exists()
    assert "Not kept, an upstream did not answer: POST /v1/threads: Connection refused" in caplog.text
    assert recover(tmp_path, "tape").interactions == 1


def test_the_script_writes_no_empty_cassette(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run_script(tmp_path, toolreel_cassette="tape")
    assert not (tmp_path / "tape.json").exists()
    assert "Nothing was recorded" in caplog.text


def test_the_script_does_as_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "toolreel.toml").write_text(
        'cassettes = "tapes"\n[normalise]\npresets = ["dates"]\n[redact]\nkeys = ["pin"]\n'
    )
    monkeypatch.chdir(tmp_path)

    def exchange(recorder: Recorder) -> None:
        flow = flow_of(content=b'{"pin":"1234-5678","day":"2026-11-22"}')
        play(recorder, flow, b"\xff password=aB3-dE5-f", headers=[(b"content-type", b"image/png")])
        recorder.response(flow)

    assert not run_script(None, exchange, toolreel_cassette="tape")
    [interaction] = load(tmp_path / "tapes" / "tape.json").interactions
    assert interaction.request.body == JsonBody(value={"pin": "REDACTED-0001", "day": "2000-01-01"}, style="compact")
    assert "1 secret was overwritten with '*' in bodies that are no text" in caplog.text


def test_settings_that_are_broken_end_mitmproxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "toolreel.toml").write_text("[redact]\nkeys = [1]\n")
    monkeypatch.chdir(tmp_path)
    assert run_script(tmp_path, toolreel_cassette="tape"), "mitmproxy goes on without recording"
    assert "redact.keys[0] must be the name of a key" in caplog.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Say which cassette to record: --set toolreel_cassette=NAME."),
        ({"toolreel_cassette": "../tape"}, "'../tape' is no cassette name"),
        ({"toolreel_cassette": "tape"}, "exists; give --force"),
    ],
)
def test_a_script_that_cannot_record_ends_mitmproxy(
    tmp_path: Path, options: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tape.json").write_text("{}")
    assert run_script(tmp_path, **options), "mitmproxy goes on without recording"
    assert said in caplog.text
    assert (tmp_path / "tape.json").read_text() == "{}"


def test_the_script_records_over_a_cassette_with_force(tmp_path: Path) -> None:
    (tmp_path / "tape.json").write_text("{}")
    assert not run_script(tmp_path, one_exchange, toolreel_cassette="tape", toolreel_force=True)
    assert len(load(tmp_path / "tape.json").interactions) == 1
