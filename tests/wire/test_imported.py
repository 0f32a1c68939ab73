"""Recordings of other tools become cassettes that replay what they recorded, through the real doors."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import openai
import pytest
import yaml

from tests.normalise.real import ORIGIN, others
from tests.normalise.takes import above
from toolreel.commands.doors import BASE_URL
from toolreel.messages.sse import FrameSplitter
from toolreel.server.asgi import hosting
from toolreel.server.hosts import Listen
from toolreel.standin.app import create_app
from toolreel.standin.script import Timing, load_script
from toolreel.store.files import load

from .conftest import Toolreel
from .doors import Seen, ask, recording, replaying
from .upstream import PATIENCE_S

# The clients of today warn that the Assistants API is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MITMDUMP = Path(sys.executable).with_name("mitmdump")


@dataclass(frozen=True)
class Row:
    """A recorded exchange, read without toolreel."""

    method: str
    url: str
    body: bytes | None
    status: int
    answer: bytes


def assistants_rows(folder: Path) -> dict[str, list[Row]]:
    """The exchanges of the Assistants API by their files."""
    found: dict[str, list[Row]] = {}
    for line in (folder / "assistants_wire.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        body = None if row["request_body"] is None else row["request_body"].encode()
        one = Row(row["method"], row["url"], body, row["status"], row["response_body"].encode())
        found.setdefault(row["source"], []).append(one)
    return found


def other_rows(path: Path) -> list[Row]:
    """The exchanges of other APIs."""
    return [
        Row(one.sent.method, ORIGIN + one.sent.target, one.sent.body, one.status, one.received)
        for one in others(path)
    ]


def listed(folder: Path) -> dict[str, list[int]]:
    """The files in the README of the recordings, with their counts: interactions, streams, submissions."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)$", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    found = {}
    for name, rest in rows:
        counts = [int(match[1]) for cell in rest.split("|") if (match := re.fullmatch(r" (\d+)(?: \(.*\))? ", cell))]
        found[name] = counts[:3]
    return {name: counts for name, counts in found.items() if not name.endswith(".jsonl")}


@pytest.fixture
def rows(recordings: Path) -> dict[str, list[Row]]:
    assistants = assistants_rows(recordings)
    return {name: assistants.get(name) or other_rows(recordings / name) for name in listed(recordings)}


def test_every_recording_is_imported_whole(recordings: Path, folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel("import", recordings, "--cassettes", folder, "--json")
    assert ran.status == 0
    sources = [source for one in json.loads(ran.out) if one["cassette"] for source in one["sources"]]
    members = ("interactions", "streams", "submits")
    counts = {Path(source["file"]).name: [source[member] for member in members] for source in sources}
    assert counts == listed(recordings)
    assert len(counts) >= 12
    assert not any(source["not_taken"] for source in sources)


def test_every_recording_replays_what_was_recorded(
    rows: dict[str, list[Row]], recordings: Path, folder: Path, toolreel: Toolreel
) -> None:
    """Status, bytes and frames; with the ids, the clock and each answer to a poll as received (P4)."""
    for name, exchanges in rows.items():
        assert toolreel("import", recordings / name, "-o", "tape", "--force", "--cassettes", folder).status == 0
        with replaying(folder, "tape", BASE_URL, as_received=True) as door, door.client() as client:
            seen = [ask_again(client, door.base, one) for one in exchanges]
            session = door.session
        for one, got in zip(exchanges, seen, strict=True):
            assert (got.status, got.raw, got.error) == (one.status, one.answer, None), (name, one.url)
            streams = b"\ndata: " in b"\n" + one.answer[:200]
            assert any(name == "content-type" and "event-stream" in text for name, text in got.headers) == streams
            assert not streams or frames(got.raw) == frames(one.answer)
        assert (session.misses, session.unplayed) == ([], 0), name


def test_nothing_is_wrong_with_imported_recordings(recordings: Path, folder: Path, toolreel: Toolreel) -> None:
    """Some of them submit outputs that the API refuses, or none of what belongs to their ids: it was like that."""
    assert toolreel("import", recordings, "--cassettes", folder).status == 0
    ran = toolreel("lint", "--cassettes", folder, "--json")
    assert (ran.status, json.loads(ran.out)) == (0, [])
    assert len(list(folder.rglob("*.json"))) >= 12


def ask_again(client: Any, base: str, one: Row) -> Seen:
    parts = urlsplit(one.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return ask(client, one.method, base + target, content=one.body)


def frames(data: bytes) -> list[bytes]:
    splitter = FrameSplitter()
    found = splitter.feed(data)
    assert splitter.close() == ([], b"")
    return found


# ------------------------------------------------------------------------------------------------ the openai client


def of_route(client: openai.OpenAI) -> list[tuple[str, Callable[..., Any]]]:
    """Which method of the client sends what."""
    threads = client.beta.threads
    t, r = r"/v1/threads/([^/]+)", r"/runs/([^/]+)"
    return [
        (r"POST /v1/assistants", client.beta.assistants.create),
        (r"POST /v1/threads", threads.create),
        (r"POST /v1/threads/runs", threads.create_and_run),
        (rf"POST {t}/messages", threads.messages.create),
        (rf"GET {t}/messages", threads.messages.list),
        (rf"POST {t}/runs", threads.runs.create),
        (rf"GET {t}{r}", lambda thread, run, **more: threads.runs.retrieve(run, thread_id=thread, **more)),
        (rf"POST {t}{r}/cancel", lambda thread, run, **more: threads.runs.cancel(run, thread_id=thread, **more)),
        (
            rf"POST {t}{r}/submit_tool_outputs",
            lambda thread, run, **more: threads.runs.submit_tool_outputs(run, thread_id=thread, **more),
        ),
        (r"POST /v1/chat/completions", client.chat.completions.create),
    ]


def hear(client: openai.OpenAI, one: Row) -> Any:
    """What the client makes of the answer: the object, or the name and object of each event, or the error."""
    parts = urlsplit(one.url)
    send, ids = next(
        (send, match.groups())
        for pattern, send in of_route(client)
        if (match := re.fullmatch(pattern, f"{one.method} {parts.path}"))
    )
    try:
        heard = send(*ids, **json.loads(one.body or b"{}"), extra_query=dict(parse_qsl(parts.query)))
    except openai.APIStatusError as error:
        return error.status_code, error.response.json()
    if isinstance(heard, openai.Stream):
        return [(event.event, event.data.to_dict()) for event in heard]
    return heard.to_dict()


def expected(one: Row) -> Any:
    if one.answer.startswith(b"event:"):
        pairs = re.findall(r"^event: (.*)\ndata: (.*)$", one.answer.decode(), re.MULTILINE)
        return [(name, json.loads(data)) for name, data in pairs if data != "[DONE]"]
    value = json.loads(one.answer)
    return value if one.status < 400 else (one.status, value)


def test_the_openai_client_is_driven_by_imported_recordings(
    rows: dict[str, list[Row]], recordings: Path, folder: Path, toolreel: Toolreel
) -> None:
    driven = 0
    for name in assistants_rows(recordings):
        assert toolreel("import", recordings / name, "-o", "tape", "--force", "--cassettes", folder).status == 0
        with (
            replaying(folder, "tape", BASE_URL, as_received=True) as door,
            door.sync_openai(max_retries=0) as client,
        ):
            for one in rows[name]:
                heard, meant = hear(client, one), expected(one)
                if isinstance(meant, dict) and meant.get("object") == "list":
                    heard, meant = heard["data"], meant["data"]
                assert heard == meant, (name, one.url)
                driven += 1
            assert (door.session.misses, door.session.unplayed) == ([], 0)
    assert driven == sum(map(len, assistants_rows(recordings).values()))


# ------------------------------------------------------------------------------------------------------- mitmproxy


@contextmanager
def quick_standin() -> Iterator[str]:
    timing = Timing(queued_ms=20, tools_ms=20, answer_ms=20, frame_ms=1, cancel_ms=20)
    with hosting(create_app(replace(load_script(None), timing=timing)), Listen("127.0.0.1", 0)) as address:
        yield f"http://{address.shown}"


@contextmanager
def mitmdump(*options: str) -> Iterator[str]:
    """A mitmdump of the user's own; gives its URL, and ends it with Ctrl-C."""
    process = subprocess.Popen(
        [str(MITMDUMP), *options, "--listen-host", "127.0.0.1", "--listen-port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    try:
        while not (listening := re.search(r"listening at (?:http://)?(127\.0\.0\.1:\d+)", said)):
            line = process.stdout.readline()
            assert line, said
            said += line
        yield f"http://{listening[1]}"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def converse(base: str) -> None:
    """The conversation of the demo."""
    from toolreel.commands.demo_client import Transcript
    from toolreel.commands.demo_client import converse as converse_with

    with openai.OpenAI(base_url=f"{base}/v1", api_key="sk-test-0123456789abcdef") as client:
        converse_with(client, "gpt-4o", Transcript())


def test_what_mitmproxy_saved_is_what_the_recorder_would_have_recorded(
    tmp_path: Path, folder: Path, toolreel: Toolreel
) -> None:
    """Flows and HAR of the real mitmproxy, above `take`. HAR and flows hold no times of frames and no chunks."""
    flows, har = tmp_path / "saved.flows", tmp_path / "saved.har"
    with quick_standin() as upstream:
        with recording(folder, "recorded", upstream, BASE_URL) as door:
            converse(door.base)
        options = ["--mode", f"reverse:{upstream}", "-w", str(flows), "--set", f"hardump={har}"]
        with mitmdump(*options, "--set", f"confdir={tmp_path}") as base:
            converse(base)
    recorded = above(load(folder / "recorded.json"))
    for saved in (flows, har):
        ran = toolreel("import", saved, "-o", "imported", "--force", "--cassettes", folder, "--json")
        assert ran.status == 0, ran.err
        [source] = json.loads(ran.out)[0]["sources"]
        assert source["unknown"] == {"chunks of streams": 2, "times of frames": 2}
        assert (source["not_taken"], source["streams"], source["submits"]) == ([], 2, 2)
        imported = load(folder / "imported.json")
        assert above(imported) == recorded
        assert imported.take
        assert all(one.ms for one in imported.take.interactions.values())


def test_a_compressed_body_of_an_old_recording_is_served_plain(folder: Path, toolreel: Toolreel) -> None:
    """As VCR.py keeps it: the bytes of the wire, in base64."""
    import gzip

    answer = b'{\n  "id": "thread_abcdefghijklmnopqrstuvwx"\n}'
    document = {
        "interactions": [
            {
                "request": {
                    "body": "{}",
                    "headers": {},
                    "method": "POST",
                    "uri": "https://api.openai.com/v1/threads",
                },
                "response": {
                    "body": {"string": gzip.compress(answer)},
                    "headers": {"content-type": ["application/json"], "content-encoding": ["gzip"]},
                    "status": {"code": 200, "message": "OK"},
                },
            }
        ]
    }
    path = folder / "old.yaml"
    path.write_text(yaml.dump(document))
    assert base64.b64encode(gzip.compress(answer))[:4].decode() in path.read_text()
    assert toolreel("import", path, "--cassettes", folder).status == 0
    with replaying(folder, "old", BASE_URL, as_received=True) as door, door.client() as client:
        got = ask(client, "POST", f"{door.base}/v1/threads", content=b"{}")
    assert (got.status, got.raw) == (200, answer)
    assert "content-encoding" not in dict(got.headers)
