"""Streams reach the client as they arrive: proven by an upstream that waits for the client, not by a clock."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest

from .doors import DOORS, Door, frames_of, recording, replaying
from .upstream import PATIENCE_S, Framing, Reply, serving, stream

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RUN = '{"id":"run_000000000000000000000001","object":"thread.run","status":"%s"}'
FRAMES = [
    *(b"event: thread.run.%s\ndata: %s\n\n" % (name, (RUN % name.decode()).encode())
      for name in (b"queued", b"in_progress", b"cancelling", b"cancelled")),
    b"event: done\ndata: [DONE]\n\n",
]  # fmt: skip
SUBMIT = "/v1/threads/thread_1/runs/run_1/submit_tool_outputs"


def gated(pieces: list[bytes]) -> tuple[list[bytes | threading.Event], list[threading.Event]]:
    """The pieces with a gate in front of each."""
    gates = [threading.Event() for _ in pieces]
    script: list[bytes | threading.Event] = []
    for gate, piece in zip(gates, pieces, strict=True):
        script += [gate, piece]
    return script, gates


def read_through_gates(door: Door, gates: list[threading.Event], pieces: list[bytes]) -> None:
    """Opens each gate only once everything before it has come: first the head, then piece by piece."""
    with door.client() as client, client.stream("POST", door.base + SUBMIT, json={"stream": True}) as response:
        assert response.status_code == 200
        coming = response.iter_raw()
        for gate, piece in zip(gates, pieces, strict=True):
            gate.set()
            got = b""
            while len(got) < len(piece):
                got += next(coming)
            assert got == piece
        assert b"".join(coming) == b""


@pytest.mark.parametrize("framing", [Framing.CHUNKED, Framing.CLOSE])
@pytest.mark.parametrize("via", DOORS)
def test_each_frame_reaches_the_client_before_upstream_sends_the_next(
    via: str, framing: Framing, folder: Path
) -> None:
    script, gates = gated(FRAMES)
    with (
        serving(stream(*script, framing=framing)) as upstream,
        recording(folder, "live", upstream.url, via) as door,
    ):
        read_through_gates(door, gates, FRAMES)
    (interaction,) = door.cassette.interactions
    assert frames_of(interaction) == FRAMES
    assert interaction.ending == "complete"
    assert door.cassette.take is not None
    performance = door.cassette.take.interactions["1"]
    assert performance.chunks == tuple(map(len, FRAMES))
    assert performance.frame_ms is not None
    assert list(performance.frame_ms) == sorted(performance.frame_ms)


@pytest.mark.parametrize("via", DOORS)
def test_half_a_frame_is_relayed_too(via: str, folder: Path) -> None:
    halves = [FRAMES[0][:20], FRAMES[0][20:], b"".join(FRAMES[1:])]
    script, gates = gated(halves)
    with serving(stream(*script)) as upstream, recording(folder, "live", upstream.url, via) as door:
        read_through_gates(door, gates, halves)
    assert frames_of(door.cassette.interactions[0]) == FRAMES


@pytest.mark.parametrize("via", DOORS)
def test_a_download_is_relayed_as_it_arrives(via: str, folder: Path) -> None:
    pieces = [b"a" * 1000, b"\xff\x00" * 500, b"c"]
    script, gates = gated(pieces)
    reply = Reply(script, headers=[("content-type", "application/octet-stream")])
    with serving(reply) as upstream, recording(folder, "live", upstream.url, via) as door:
        read_through_gates(door, gates, pieces)
    for replayed_via in DOORS:
        with replaying(folder, "live", replayed_via) as replay, replay.client() as client:
            assert client.post(replay.base + SUBMIT, json={"stream": True}).content == b"".join(pieces)


@pytest.mark.parametrize("via", DOORS)
def test_the_openai_client_sees_each_event_before_upstream_sends_the_next(via: str, folder: Path) -> None:
    script, gates = gated(FRAMES)
    heard = []
    with (
        serving(stream(*script)) as upstream,
        recording(folder, "live", upstream.url, via) as door,
        door.sync_openai(max_retries=0) as client,
    ):
        gates[0].set()
        events = client.beta.threads.runs.submit_tool_outputs(
            "run_1", thread_id="thread_1", tool_outputs=[], stream=True
        )
        for number, event in enumerate(events, start=1):
            heard.append(event.event)
            gates[number].set()
    assert heard == [f"thread.run.{status}" for status in ("queued", "in_progress", "cancelling", "cancelled")]
    assert frames_of(door.cassette.interactions[0]) == FRAMES


def test_what_is_not_recorded_is_relayed_as_it_arrives_too(folder: Path) -> None:
    script, gates = gated(FRAMES)
    with (
        serving(stream(*script)) as other,
        recording(folder, "live", "http://127.0.0.1:9", "proxy") as door,
    ):
        read_through_gates(Door(other.url, door.proxy), gates, FRAMES)
    assert door.recorder.count == 0


def test_two_streams_are_relayed_and_recorded_side_by_side(folder: Path) -> None:
    first, first_gates = gated(FRAMES)
    second, second_gates = gated(FRAMES)
    with (
        serving(stream(*first), stream(*second)) as upstream,
        recording(folder, "live", upstream.url, "base-url") as door,
        door.client() as client,
        client.stream("POST", door.base + SUBMIT, json={"n": 1}) as one,
        client.stream("POST", door.base + SUBMIT, json={"n": 2}) as two,
    ):
        readers = one.iter_raw(), two.iter_raw()
        for number, frame in enumerate(FRAMES):
            # The second stream is ahead of the first one.
            for gates, reader in ((second_gates, readers[1]), (first_gates, readers[0])):
                gates[number].set()
                assert next(reader) == frame
        for reader in readers:
            assert b"".join(reader) == b""
        door.settle(2)
    assert [frames_of(interaction) for interaction in door.cassette.interactions] == [FRAMES, FRAMES]


@pytest.mark.parametrize("via", DOORS)
def test_replay_sends_the_head_and_all_frames_without_waiting_for_anybody(via: str, folder: Path) -> None:
    with serving(stream(*FRAMES)) as upstream, recording(folder, "live", upstream.url, "base-url") as door:
        httpx.post(door.base + SUBMIT, json={}, trust_env=False, timeout=PATIENCE_S)
    with (
        replaying(folder, "live", via) as replay,
        replay.client() as client,
        client.stream("POST", replay.base + SUBMIT, json={}) as response,
    ):
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert "content-length" not in response.headers
        assert b"".join(response.iter_raw()) == b"".join(FRAMES)
