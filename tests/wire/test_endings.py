"""How a response ended is recorded, and the replay ends in the same way."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from toolreel.messages.model import Cassette, Ending
from toolreel.recording.entries import FrameCame

from .doors import DOORS, RecordingDoor, Seen, ask, frames_of, recording, replaying
from .upstream import End, Framing, Reply, serving, stream

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CREATED = b'event: thread.run.created\ndata: {"id":"run_1","status":"queued"}\n\n'
QUEUED = b'event: thread.run.queued\ndata: {"id":"run_1","status":"queued"}\n\n'
DONE = b"event: done\ndata: [DONE]\n\n"
HALF = b'event: thread.run.in_progress\ndata: {"id":"ru'
PATH = "/v1/threads/thread_1/runs"
STREAM_HEADERS = (("content-type", "text/event-stream; charset=utf-8"), ("transfer-encoding", "chunked"))


def record(folder: Path, reply: Reply, via: str) -> tuple[Seen, Cassette]:
    """What the client got of this reply through the recorder, and the cassette."""
    with (
        serving(reply) as upstream,
        recording(folder, "take", upstream.url, via) as door,
        door.client() as client,
    ):
        seen = ask(client, "POST", door.base + PATH, json={})
        door.settle()
    return seen, door.cassette


def replay(folder: Path, via: str) -> Seen:
    with replaying(folder, "take", via) as door, door.client() as client:
        seen = ask(client, "POST", door.base + PATH, json={})
        assert (door.session.served, door.session.misses) == (1, [])
    return seen


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
@pytest.mark.parametrize("via", DOORS)
def test_a_stream_cut_in_the_middle_of_a_frame_is_recorded_and_replays_as_cut(
    via: str, end: End, folder: Path
) -> None:
    seen, cassette = record(folder, stream(CREATED, QUEUED, HALF, end=end), via)
    (interaction,) = cassette.interactions
    assert interaction.ending == Ending.CUT
    got = b"".join(frames_of(interaction))
    assert seen.error is httpx.RemoteProtocolError
    assert seen.raw == got, "the cassette holds what the client got"
    if end is End.CUT:  # a reset may overtake what is still on its way
        assert frames_of(interaction) == [CREATED, QUEUED, HALF]
    for replayed_via in DOORS:
        assert replay(folder, replayed_via) == Seen(200, STREAM_HEADERS, got, seen.error)


@pytest.mark.parametrize("end", [End.CUT, End.RESET])
@pytest.mark.parametrize("framing", [Framing.CHUNKED, Framing.LENGTH])
@pytest.mark.parametrize("via", DOORS)
def test_a_body_that_is_cut_is_recorded_and_replays_as_cut(
    via: str, framing: Framing, end: End, folder: Path
) -> None:
    seen, cassette = record(folder, Reply([b'{"id": "run_1", "st'], framing=framing, end=end), via)
    (interaction,) = cassette.interactions
    assert interaction.ending == Ending.CUT
    assert seen.error in (httpx.RemoteProtocolError, httpx.ReadError)
    again = replay(folder, via)
    assert (again.status, again.raw, again.error) == (200, seen.raw, httpx.RemoteProtocolError)


@pytest.mark.parametrize("via", DOORS)
def test_a_stream_cut_before_its_first_frame_replays_as_cut(via: str, folder: Path) -> None:
    seen, cassette = record(folder, stream(end=End.CUT), via)
    assert (seen.raw, seen.error) == (b"", httpx.RemoteProtocolError)
    assert cassette.interactions[0].ending == Ending.CUT
    again = replay(folder, via)
    assert (again.status, again.raw, again.error) == (200, b"", httpx.RemoteProtocolError)


@pytest.mark.parametrize("via", DOORS)
def test_a_body_that_only_the_close_ends_is_eof_and_replays_whole(via: str, folder: Path) -> None:
    seen, cassette = record(folder, Reply([b"plain ", b"text"], framing=Framing.CLOSE), via)
    assert (seen.raw, seen.error) == (b"plain text", None)
    assert cassette.interactions[0].ending == Ending.EOF
    again = replay(folder, via)
    assert (again.raw, again.error) == (b"plain text", None)


@pytest.mark.parametrize("via", DOORS)
def test_a_close_delimited_stream_without_a_terminal_frame_is_eof(via: str, folder: Path) -> None:
    seen, cassette = record(folder, stream(CREATED, HALF, framing=Framing.CLOSE), via)
    assert cassette.interactions[0].ending == Ending.EOF
    assert frames_of(cassette.interactions[0]) == [CREATED, HALF]
    again = replay(folder, via)
    assert (again.raw, again.error) == (CREATED + HALF, None) == (seen.raw, seen.error)


@pytest.mark.parametrize(
    "reply",
    [
        stream(CREATED, DONE, end=End.CUT),
        stream(CREATED, DONE, framing=Framing.CLOSE),
        stream(CREATED, b"event: response.completed\ndata: {}\n\n", end=End.CUT),
        stream(CREATED, DONE),
    ],
    ids=["done then cut", "done then closed", "response.completed then cut", "done then end"],
)
def test_after_the_terminal_frame_a_stream_is_complete_whatever_follows(reply: Reply, folder: Path) -> None:
    _, cassette = record(folder, reply, "base-url")
    assert cassette.interactions[0].ending == Ending.COMPLETE
    assert replay(folder, "base-url").error is None


def leave(door: RecordingDoor, after: int) -> None:
    """Reads until so many frames are in the journal, then closes the connection."""
    with door.client() as client, client.stream("POST", door.base + PATH, json={}) as response:
        coming = response.iter_raw()
        next(coming)
        door.journal.wait_for(lambda entries: sum(isinstance(entry, FrameCame) for entry in entries) >= after)


@pytest.mark.parametrize("via", DOORS)
def test_a_client_that_leaves_in_the_middle_is_recorded_as_gone(via: str, folder: Path) -> None:
    with (
        serving(stream(CREATED, QUEUED, HALF, end=End.HANG)) as upstream,
        recording(folder, "take", upstream.url, via) as door,
    ):
        leave(door, after=2)
        door.settle()
        assert upstream.left.wait(10), "upstream is told that the client left"
    (interaction,) = door.cassette.interactions
    assert interaction.ending == Ending.CLIENT_GONE
    assert frames_of(interaction)[:2] == [CREATED, QUEUED]
    again = replay(folder, via)
    assert again.raw == b"".join(frames_of(interaction))
    assert again.error is httpx.RemoteProtocolError


@pytest.mark.parametrize("via", DOORS)
def test_a_client_that_closes_right_after_the_terminal_frame_gives_a_complete_stream(via: str, folder: Path) -> None:
    with (
        serving(stream(CREATED, DONE, end=End.HANG)) as upstream,
        recording(folder, "take", upstream.url, via) as door,
    ):
        leave(door, after=2)
        door.settle()
    (interaction,) = door.cassette.interactions
    assert interaction.ending == Ending.COMPLETE
    assert frames_of(interaction) == [CREATED, DONE]
    assert replay(folder, via).error is None


def test_a_client_that_leaves_before_the_answer_is_no_interaction_and_no_failure(folder: Path) -> None:
    with (
        serving(Reply(end=End.HANG), Reply([b"{}"])) as upstream,
        recording(folder, "take", upstream.url, "base-url") as door,
    ):
        host, port = door.base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET /v1/slow HTTP/1.1\r\nhost: localhost\r\n\r\n")
            upstream.wait_for_request()
        door.settle(1)
        with door.client() as again:
            ask(again, "GET", door.base + "/v1/models")
    assert door.recorder.left == ["GET /v1/slow: the client left before an answer came"]
    assert door.recorder.failures == []
    assert [interaction.request.path for interaction in door.cassette.interactions] == ["/models"]


@pytest.mark.parametrize("via", DOORS)
def test_a_stream_that_is_open_when_the_recorder_ends_is_cut(via: str, folder: Path) -> None:
    came, seen = threading.Event(), list[Any]()

    def read(client: httpx.Client, url: str) -> None:
        try:
            with client.stream("POST", url, json={}) as response:
                for piece in response.iter_raw():
                    seen.append(piece)
                    came.set()
        except httpx.TransportError as error:
            seen.append(type(error))

    with serving(stream(CREATED, end=End.HANG)) as upstream:
        with recording(folder, "take", upstream.url, via) as door:
            client = door.client()
            reader = threading.Thread(target=read, args=(client, door.base + PATH))
            reader.start()
            assert came.wait(10)
        reader.join(10)
        client.close()
    assert seen == [CREATED, httpx.RemoteProtocolError]
    assert door.cassette.interactions[0].ending == Ending.CUT


@pytest.mark.parametrize("via", DOORS)
def test_the_openai_client_sees_the_events_of_a_cut_stream_and_then_an_error(via: str, folder: Path) -> None:
    def listen(client: openai.OpenAI) -> list[Any]:
        heard: list[Any] = []
        try:
            events = client.beta.threads.runs.submit_tool_outputs(
                "run_1", thread_id="thread_1", tool_outputs=[], stream=True
            )
            for event in events:
                heard.append(event.event)
        except Exception as error:  # noqa: BLE001 - httpx.RemoteProtocolError, or httpx2's
            heard.append(type(error).__name__)
        return heard

    with (
        serving(stream(CREATED, QUEUED, HALF, end=End.CUT)) as upstream,
        recording(folder, "take", upstream.url, via) as recorder,
        recorder.sync_openai() as client,
    ):
        heard = listen(client)
    assert heard[:2] == ["thread.run.created", "thread.run.queued"]
    assert len(heard) == 3
    with replaying(folder, "take", via) as door, door.sync_openai() as client:
        assert listen(client) == heard
        assert door.session.served == 1
