"""Every public recording of the real Assistants API goes through record and replay without a change."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from toolreel.messages import coding
from toolreel.messages.http import is_event_stream
from toolreel.messages.sse import FrameSplitter

from .doors import DOORS, Door, Seen, ask, recording, replaying
from .upstream import Framing, Reply, Upstream, serving

# The clients of today warn that the Assistants API is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ALL = 52
STREAMS = 3
COMPRESSED = 19
# Computed by whoever sends, or about the connection and not about the message.
NOT_SENT = {"content-length", "transfer-encoding", "connection", "keep-alive", "host"}
REPLAYED = {"content-type", "openai-version"}
ADDED = {"openai-poll-after-ms"}  # by the replay, so that nobody waits


@pytest.fixture(scope="module")
def rows(recordings: Path) -> list[dict[str, Any]]:
    lines = (recordings / "assistants_wire.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def fields(headers: dict[str, str | list[str]]) -> list[tuple[str, str]]:
    """Header fields, in lower case, one pair a value."""
    pairs = []
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            if name.lower() not in NOT_SENT:
                pairs.append((name.lower(), value))
    return pairs


def sent(row: dict[str, Any]) -> bytes:
    """The body as the server sent it, in its content-encoding."""
    packed = row.get("response_body_gzip_b64")
    return base64.b64decode(packed) if packed else row["response_body"].encode()


def reply(row: dict[str, Any]) -> Reply:
    """The answer of a row; what came chunked comes in chunks that respect neither frames nor characters."""
    body, names = sent(row), {name.lower() for name in row["response_headers"]}
    chunked = "transfer-encoding" in names
    pieces = [body[at : at + 333] for at in range(0, len(body), 333)] if chunked else [body]
    framing = Framing.CHUNKED if chunked else Framing.LENGTH
    return Reply(pieces, row["status"], fields(row["response_headers"]), framing)


def request(door: Door, row: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Method, URL and options of a row's request as the plain client sends it."""
    url = urlsplit(row["url"])
    target = url.path + (f"?{url.query}" if url.query else "")
    body = row["request_body"].encode() if row["request_body"] is not None else None
    return row["method"], door.base + target, {"headers": fields(row["request_headers"]), "content": body}


def drive(door: Door, rows: list[dict[str, Any]]) -> list[Seen]:
    with door.client() as client:
        return [ask(client, method, url, **options) for method, url, options in (request(door, row) for row in rows)]


def frames(body: bytes) -> list[bytes]:
    splitter = FrameSplitter()
    found = splitter.feed(body)
    assert splitter.close() == ([], b"")
    return found


@pytest.mark.parametrize("recorded_via", DOORS)
def test_all_real_interactions_are_recorded_and_replay_as_they_were(
    recorded_via: str, rows: list[dict[str, Any]], folder: Path
) -> None:
    assert len(rows) == ALL
    with (
        serving(*map(reply, rows)) as upstream,
        recording(folder, "all", upstream.url, recorded_via) as door,
    ):
        seen = drive(door, rows)
    assert_client_noticed_nothing(rows, seen)
    assert_upstream_noticed_nothing(rows, upstream)

    cassette = door.cassette
    assert cassette.take is not None
    superseded = sum(read.count for reads in cassette.take.reads.values() for read in reads)
    streams = [i for i in cassette.interactions if i.response.frames is not None]
    assert (len(cassette.interactions) + superseded, len(streams)) == (ALL, STREAMS)
    assert {i.ending for i in cassette.interactions} == {"complete"}
    assert sum(row.get("response_body_gzip_b64") is not None for row in rows) == COMPRESSED

    for replayed_via in DOORS:
        with replaying(folder, "all", replayed_via, as_received=True) as replay:
            again = drive(replay, rows)
        assert_same_for_the_client(rows, again)
        assert (replay.session.served, replay.session.unplayed, replay.session.misses) == (ALL, 0, [])
    assert upstream.connections > 0
    assert len(upstream.requests) == ALL, "replay asked the upstream"


def assert_client_noticed_nothing(rows: list[dict[str, Any]], seen: list[Seen]) -> None:
    """Through the recorder: the status, every header and every byte, compressed as it was."""
    assert len(seen) == ALL
    for row, got in zip(rows, seen, strict=True):
        headers = [pair for pair in got.headers if pair[0] not in NOT_SENT]
        assert (got.status, got.raw, got.error) == (row["status"], sent(row), None), row["url"]
        assert headers == fields(row["response_headers"])


def assert_upstream_noticed_nothing(rows: list[dict[str, Any]], upstream: Upstream) -> None:
    for row, got in zip(rows, upstream.requests, strict=True):
        url = urlsplit(row["url"])
        assert got.target == url.path + (f"?{url.query}" if url.query else "")
        assert got.body == (row["request_body"] or "").encode()
        assert got.header("host") == f"127.0.0.1:{upstream.port}"
        assert [pair for pair in got.headers if pair[0] not in NOT_SENT] == fields(row["request_headers"])


def assert_same_for_the_client(rows: list[dict[str, Any]], seen: list[Seen]) -> None:
    """In replay: the status, the decoded body, its frames, and the headers that are recorded."""
    equal = 0
    for row, got in zip(rows, seen, strict=True):
        body = sent(row)
        if row.get("response_body_gzip_b64"):
            body = coding.decode(body, "gzip")
        assert (got.status, got.raw, got.error) == (row["status"], body, None), row["url"]
        expected = [pair for pair in fields(row["response_headers"]) if pair[0] in REPLAYED]
        assert [pair for pair in got.headers if pair[0] not in NOT_SENT | ADDED] == expected
        if is_event_stream(got.headers):
            assert frames(got.raw) == frames(body)
        equal += 1
    assert equal == ALL


# ------------------------------------------------------------------------------------- driven by the openai client


@contextmanager
def recorded_then_replayed(folder: Path, replies: list[Reply], via: str) -> Iterator[Iterator[Door]]:
    """The door of the recorder, then with the upstream gone those of the replay."""

    def doors() -> Generator[Door, None, None]:
        with serving(*replies) as upstream, recording(folder, "take", upstream.url, via) as door:
            yield door
        assert not upstream.replies, "the client did not ask for everything"
        for replayed_via in DOORS:
            with replaying(folder, "take", replayed_via, as_received=True) as replay:
                yield replay
            assert (replay.session.misses, replay.session.unplayed) == ([], 0)

    with closing(doors()) as walk:
        yield walk


def of(rows: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["source"] == source]


@pytest.mark.parametrize("via", DOORS)
def test_the_openai_client_streams_a_real_submission(via: str, rows: list[dict[str, Any]], folder: Path) -> None:
    chosen = of(rows, "dotnet_StreamingToolCall.json")
    heard: list[list[Any]] = []
    with recorded_then_replayed(folder, [reply(row) for row in chosen], via) as doors:
        for door in doors:
            with door.sync_openai() as client:
                heard.append(stream_submission(client))
    assert heard[0] == heard[1] == heard[2]
    names = [name for name, _ in heard[0]]
    assert names.count("thread.message.completed") == 1
    data = [frame.split(b"data: ")[1] for row in chosen[1:] for frame in frames(sent(row)) if b"[DONE]" not in frame]
    assert [value for _, value in heard[0]] == [json.loads(one) for one in data]


def stream_submission(client: Any) -> list[Any]:
    """What the events hold, of a run with one call and of the submission of its output."""
    heard = []
    assistant = client.beta.assistants.create(model="gpt-4o")
    threads = client.beta.threads
    with threads.create_and_run_stream(assistant_id=assistant.id) as events:
        heard += [(event.event, event.data.to_dict()) for event in events]
        run = events.current_run
    assert run.status == "requires_action"
    outputs = [
        {"tool_call_id": call.id, "output": "25"} for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    with threads.runs.submit_tool_outputs_stream(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs
    ) as events:
        heard += [(event.event, event.data.to_dict()) for event in events]
        assert events.current_run.status == "completed"
    return heard


@pytest.mark.parametrize("via", DOORS)
def test_the_openai_client_polls_a_real_run(via: str, rows: list[dict[str, Any]], folder: Path) -> None:
    chosen = of(rows, "dotnet_FunctionToolsWork.json")
    heard: list[list[Any]] = []
    with recorded_then_replayed(folder, [reply(row) for row in chosen], via) as doors:
        for door in doors:
            with door.sync_openai() as client:
                heard.append(poll_run(client))
    assert heard[0] == heard[1] == heard[2]
    statuses = [one["status"] for one in heard[0] if one.get("object") == "thread.run"]
    assert statuses == ["queued", "in_progress", *["requires_action"] * 9, "completed"]


def poll_run(client: Any) -> list[Any]:
    """What a run with one call gives to a client that polls more often than it has to."""
    assistant = client.beta.assistants.create(model="gpt-4o")
    threads = client.beta.threads
    run = threads.create_and_run(assistant_id=assistant.id)
    heard = [assistant.to_dict(), run.to_dict()]
    for _ in range(10):
        run = threads.runs.retrieve(run.id, thread_id=run.thread_id)
        heard.append(run.to_dict())
    outputs = [
        {"tool_call_id": call.id, "output": "pizza"} for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    run = threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs, poll_interval_ms=1
    )
    heard.append(run.to_dict())
    heard += [message.to_dict() for message in threads.messages.list(run.thread_id)]
    return heard
