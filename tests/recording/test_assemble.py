from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.messages.large import Files
from tests.recording.assembling import assemble
from toolreel.messages.bodies import FILE_THRESHOLD, body_bytes, frame_bytes
from toolreel.messages.http import HttpRequest, ResponseHead, headers_of
from toolreel.messages.model import (
    Base64Body,
    Cassette,
    Ending,
    FileBody,
    JsonBody,
    JsonFrame,
    Part,
    PartsBody,
    Performance,
    RawFrame,
    Take,
    TextBody,
    TextFrame,
    UnknownBody,
)
from toolreel.recording.entries import Began, Ended, Entry, Failed, FrameCame, Headed
from toolreel.recording.exchange import Exchange
from toolreel.store import files

HEAD = ResponseHead(200, (("content-type", "application/json"),))
SSE = ResponseHead(200, (("content-type", "text/event-stream"),))


def made_of(
    entries: Iterable[Entry],
    large: Files | None = None,
    spooled: Mapping[int, Sequence[bytes]] = MappingProxyType({}),
) -> Cassette:
    return assemble(
        entries,
        recorded_at="2026-01-01T00:00:00Z",
        tool="toolreel 0",
        keep_file=(Files() if large is None else large).keep,
        spooled=lambda key: spooled.get(key, ()),
    )


def request(path: str = "/v1/threads", method: str = "GET", origin: str | None = "https://a.example") -> HttpRequest:
    return HttpRequest(method, path, origin=origin)


def whole(key: int, asked: HttpRequest, body: bytes | None = b"{}", **more: Any) -> list[Entry]:
    """All entries of a plain interaction."""
    return [
        Began(key, 10 * key, asked),
        Headed(key, 10 * key + 1, HEAD),
        Ended(key, 10 * key + 2, Ending.COMPLETE, body, (2,), **more),
    ]


def test_a_plain_interaction_becomes_request_response_and_take() -> None:
    asked = HttpRequest("POST", "/v1/threads?a=1&b=", (("accept", "*/*"),), b'{"a":1}', "https://api.openai.com")
    entries: list[Entry] = [
        Began(4, 100, asked),
        Headed(4, 150, HEAD, (("retry-after", "1"),)),
        Ended(4, 180, Ending.EOF, b"{}\n", (1, 2), "gzip"),
    ]
    cassette = made_of(entries)
    assert cassette.upstreams == ("https://api.openai.com/v1",)
    [interaction] = cassette.interactions
    assert interaction.n == 1
    assert interaction.ending is Ending.EOF
    assert interaction.request.model_dump() == {
        "method": "POST",
        "upstream": 0,
        "path": "/threads",
        "query": (("a", "1"), ("b", "")),
        "headers": (("accept", "*/*"),),
        "body": {"json": {"a": 1}, "style": "compact"},
    }
    assert interaction.response.status == 200
    assert interaction.response.headers == HEAD.headers
    assert interaction.response.body == JsonBody(value={}, style="compact+nl")
    assert interaction.response.frames is None
    assert cassette.take == Take(
        recorded_at="2026-01-01T00:00:00Z",
        tool="toolreel 0",
        interactions={
            "1": Performance(ms=(100, 180), chunks=(1, 2), headers=(("retry-after", "1"),), encoding="gzip")
        },
    )


def test_a_body_in_one_piece_has_no_chunks() -> None:
    take = made_of(whole(1, request())).take
    assert take is not None
    assert take.interactions == {"1": Performance(ms=(10, 12))}


def test_a_stream_becomes_frames_with_their_times_since_the_request() -> None:
    cassette = made_of(
        [
            Began(1, 1000, request()),
            Headed(1, 1010, SSE, streams=True),
            FrameCame(1, 1020, b'event: e\ndata: {"a":1}\n\n'),
            FrameCame(1, 1035, b"data: [DONE]\n\n"),
            Ended(1, 1040, Ending.CUT, b"data: x", (7, 5)),
        ]
    )
    [interaction] = cassette.interactions
    assert interaction.response.body is None
    assert interaction.response.frames == (
        JsonFrame(event="e", value={"a": 1}),
        TextFrame(text="[DONE]"),
        RawFrame(raw="data: x"),
    )
    assert interaction.ending is Ending.CUT
    assert cassette.take is not None
    assert cassette.take.interactions["1"] == Performance(ms=(1000, 1040), frame_ms=(20, 35), chunks=(7, 5))


def test_a_stream_in_one_chunk_keeps_its_chunk() -> None:
    entries: list[Entry] = [
        Began(1, 0, request()),
        Headed(1, 1, SSE, streams=True),
        Ended(1, 2, Ending.CUT, b"data: x", (7,)),
    ]
    take = made_of(entries).take
    assert take is not None
    assert take.interactions["1"] == Performance(ms=(0, 2), frame_ms=(), chunks=(7,))


def test_interactions_stand_in_the_order_in_which_their_requests_came() -> None:
    first, second, third = (whole(key, request(f"/v1/{key}")) for key in (1, 2, 3))
    entries = [third[0], first[0], second[0], *second[1:], *third[1:], *first[1:]]
    cassette = made_of(entries)
    assert [interaction.request.path for interaction in cassette.interactions] == ["/1", "/2", "/3"]
    assert [interaction.n for interaction in cassette.interactions] == [1, 2, 3]
    assert cassette.take is not None
    assert [performance.ms for performance in cassette.take.interactions.values()] == [(10, 12), (20, 22), (30, 32)]


def test_requests_that_got_no_status_line_are_left_out() -> None:
    entries: list[Entry] = [
        Began(1, 0, request("/v1/1")),
        Failed(1, 5, "refused"),
        *whole(2, request("/v1/2")),
        Began(3, 9, request("/v1/3", origin="https://other.example")),
    ]
    cassette = made_of(entries)
    assert [(interaction.n, interaction.request.path) for interaction in cassette.interactions] == [(1, "/2")]
    assert cassette.upstreams == ("https://a.example/v1",)
    assert cassette.take is not None
    assert list(cassette.take.interactions) == ["1"]


@pytest.mark.parametrize(
    ("frames", "ending", "end"),
    [
        pytest.param([], Ending.CUT, 100, id="no-frame"),
        pytest.param([(120, b"data: x\n\n")], Ending.CUT, 120, id="some-frames"),
        pytest.param([(120, b"data: x\n\n"), (130, b"data: [DONE]\n\n")], Ending.COMPLETE, 130, id="terminal-frame"),
    ],
)
def test_a_stream_that_never_ended_counts_as_cut_unless_its_last_frame_came(
    frames: list[tuple[int, bytes]], ending: Ending, end: int
) -> None:
    entries: list[Entry] = [
        Began(1, 100, request()),
        Headed(1, 110, SSE, streams=True),
        *(FrameCame(1, ms, data) for ms, data in frames),
    ]
    cassette = made_of(entries)
    [interaction] = cassette.interactions
    assert interaction.ending is ending
    assert interaction.response.frames is not None
    assert tuple(map(frame_bytes, interaction.response.frames)) == tuple(data for _, data in frames)
    assert cassette.take is not None
    assert cassette.take.interactions["1"].ms == (100, end)


def test_a_plain_answer_that_never_ended_is_left_out() -> None:
    assert made_of([Began(1, 0, request()), Headed(1, 1, HEAD)]).interactions == ()


def test_no_entries_make_an_empty_cassette() -> None:
    cassette = made_of([])
    assert (cassette.upstreams, cassette.interactions) == ((), ())
    assert cassette.take == Take(recorded_at="2026-01-01T00:00:00Z", tool="toolreel 0")


def test_a_body_that_stayed_in_its_coding_says_so_in_its_header() -> None:
    cassette = made_of(whole(1, request(), b"\xff", encoding="gzip", decoded=False))
    [interaction] = cassette.interactions
    assert interaction.response.headers == (*HEAD.headers, ("content-encoding", "gzip"))
    assert interaction.response.body == Base64Body(base64="/w==")
    assert cassette.take is not None
    assert cassette.take.interactions["1"].encoding is None


def test_a_stream_in_a_coding_never_says_so_in_its_header() -> None:
    exchange = Exchange(1, request())
    head = ResponseHead(200, (*SSE.headers, ("content-encoding", "gzip")))
    entries: list[Entry] = [
        *exchange.begin(0),
        *exchange.head(head, 0),
        *exchange.data(gzip.compress(b"data: x\n\n") + b"junk", 0),
    ]
    [interaction] = made_of([*entries, *exchange.end(Ending.COMPLETE, 0)]).interactions
    assert interaction.response.headers == SSE.headers
    assert interaction.ending is Ending.CUT


@pytest.mark.parametrize(
    ("asked", "upstreams"),
    [
        pytest.param([request("/v1/a"), request("/v1/b")], ["https://a.example/v1"], id="one"),
        pytest.param(
            [request("/a"), request("/v1/a")], ["https://a.example", "https://a.example/v1"], id="two-bases"
        ),
        pytest.param(
            [request("/v1/a"), request("/v1/a", origin="https://b.example"), request("/v1/c")],
            ["https://a.example/v1", "https://b.example/v1"],
            id="two-hosts",
        ),
        pytest.param([request("/openai/deployments/d/a")], ["https://a.example/openai/deployments/d"], id="azure"),
        pytest.param([request("/v1/a", origin=None)], ["/v1"], id="unknown-host"),
        pytest.param([request("/a", origin=None)], [""], id="unknown-host-no-base"),
    ],
)
def test_upstreams_are_listed_once_in_order_of_appearance(asked: list[HttpRequest], upstreams: list[str]) -> None:
    cassette = made_of(entry for key, one in enumerate(asked) for entry in whole(key, one))
    assert list(cassette.upstreams) == upstreams
    for interaction, one in zip(cassette.interactions, asked, strict=True):
        upstream = cassette.upstreams[interaction.request.upstream]
        assert f"{upstream}{interaction.request.path}" == f"{one.origin or ''}{one.target}"


def test_large_bodies_of_requests_and_answers_go_to_files() -> None:
    upload, download = b"u" * (FILE_THRESHOLD + 1), b"\xff" * (FILE_THRESHOLD + 1)
    large = Files()
    asked = HttpRequest("POST", "/v1/files", (), upload, "https://a.example")
    [interaction] = made_of(whole(1, asked, download), large).interactions
    digests = [hashlib.sha256(data).hexdigest() for data in (upload, download)]
    assert large == dict(zip(digests, (upload, download), strict=True))
    assert [interaction.request.body, interaction.response.body] == [FileBody(file=digest) for digest in digests]


def test_a_body_that_came_in_pieces_is_the_pieces_and_what_came_last() -> None:
    large = Files()
    asked = request("/v1/files/file-1/content")
    entries: list[Entry] = [
        Began(3, 0, asked),
        Headed(3, 1, ResponseHead(200)),
        Ended(3, 2, Ending.CUT, b"end", (4, 6, 3)),
    ]
    made = made_of([*entries, *whole(4, asked, b"[]")], large, spooled={3: (b"the ", b"large ")})
    digest = hashlib.sha256(b"the large end").hexdigest()
    assert large == {digest: b"the large end"}
    assert [one.response.body for one in made.interactions] == [
        FileBody(file=digest),
        JsonBody(value=[], style="compact"),
    ]
    assert made.interactions[0].ending is Ending.CUT
    assert made.take is not None
    assert made.take.interactions["1"].chunks == (4, 6, 3)


def test_the_pieces_of_a_body_are_handed_on_one_by_one() -> None:
    """Never more than one is held, whatever the size of the body."""
    held: list[int] = []

    def pieces() -> Iterable[bytes]:
        for n in range(5):
            held.append(n)
            yield bytes([n])

    def keep(given: Iterable[bytes]) -> str:
        for n, piece in enumerate(given):
            assert piece == (bytes([n]) if n < 5 else b"end")
            assert held == list(range(min(n, 4) + 1))
        return "a" * 64

    assemble(whole(1, request(), b"end"), recorded_at="", tool="", keep_file=keep, spooled=lambda key: pieces())
    assert held == [0, 1, 2, 3, 4]


def test_an_upload_becomes_parts_under_a_boundary_of_its_own() -> None:
    """Clients choose a boundary at random: that of the cassette is always the same, also in the header."""
    upload = b'--r4nd\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n--r4nd--\r\n'
    kinds = (("accept", "*/*"), ("content-type", 'multipart/form-data; boundary="r4nd"; charset=utf-8'))
    [interaction] = made_of(whole(1, HttpRequest("POST", "/v1/files", kinds, upload))).interactions
    asked = interaction.request
    assert asked.headers == (
        ("accept", "*/*"),
        ("content-type", "multipart/form-data; boundary=toolreel-boundary; charset=utf-8"),
    )
    assert asked.body == PartsBody(
        parts=(
            Part(headers=(("Content-Disposition", 'form-data; name="purpose"'),), body=TextBody(text="assistants")),
        )
    )
    assert body_bytes(asked.body, no_file) == upload.replace(b"r4nd", b"toolreel-boundary")


def test_an_upload_that_is_broken_keeps_its_own_boundary() -> None:
    kinds = (("content-type", "multipart/form-data; boundary=r4nd"),)
    [interaction] = made_of(whole(1, HttpRequest("POST", "/v1/files", kinds, b"--r4nd\r\nhalf"))).interactions
    assert interaction.request.headers == kinds
    assert interaction.request.body == TextBody(text="--r4nd\r\nhalf")


def test_only_the_large_parts_of_an_upload_go_to_files() -> None:
    document = b"\xff" * (FILE_THRESHOLD + 1)
    upload = b"--b\r\nA: 1\r\n\r\nsmall\r\n--b\r\nA: 2\r\n\r\n" + document + b"\r\n--b--\r\n"
    large = Files()
    asked = HttpRequest("POST", "/v1/files", (("content-type", "multipart/form-data; boundary=b"),), upload)
    [interaction] = made_of(whole(1, asked), large).interactions
    digest = hashlib.sha256(document).hexdigest()
    assert large == {digest: document}
    assert isinstance(interaction.request.body, PartsBody)
    assert [part.body for part in interaction.request.body.parts] == [TextBody(text="small"), FileBody(file=digest)]


@pytest.mark.parametrize(("body", "kept"), [(None, None), (b"", TextBody(text=""))], ids=["none", "empty"])
def test_no_body_and_an_empty_one_are_told_apart(body: bytes | None, kept: TextBody | None) -> None:
    asked = HttpRequest("POST", "/v1/a", (), body, "https://a.example")
    [interaction] = made_of(whole(1, asked, body)).interactions
    assert (interaction.request.body, interaction.response.body) == (kept, kept)


# ------------------------------------------------------------------------------------------- what the real API sent

Sent = tuple[HttpRequest, int, bytes]


def recorded_wire(recordings: Path, piece: int) -> tuple[list[Entry], list[Sent]]:
    """Entries and expectations of the public recordings, their bodies sent in pieces."""
    entries: list[Entry] = []
    sent: list[Sent] = []
    lines = (recordings / "assistants_wire.jsonl").read_text().splitlines()
    for key, line in enumerate(lines):
        wire = json.loads(line)
        url = urlsplit(wire["url"])
        coded = wire.get("response_body_gzip_b64")
        plain = wire["response_body"].encode()
        values = (
            (k, v)
            for k, many in wire["response_headers"].items()
            for v in (many if isinstance(many, list) else [many])
        )
        fields = [(k.encode(), v.encode("latin-1")) for k, v in values if coded or k.lower() != "content-encoding"]
        body = None if wire["request_body"] is None else wire["request_body"].encode()
        target = f"{url.path}?{url.query}" if url.query else url.path
        asked = HttpRequest(wire["method"], target, (), body, f"{url.scheme}://{url.netloc}")
        exchange = Exchange(key, asked)
        entries += exchange.begin(key) + exchange.head(ResponseHead(wire["status"], headers_of(fields)), key)
        data = base64.b64decode(coded) if coded else plain
        for at in range(0, len(data), piece):
            entries += exchange.data(data[at : at + piece], key)
        entries += exchange.end(Ending.COMPLETE, key)
        sent.append((asked, wire["status"], plain))
    return entries, sent


def no_file(digest: str) -> bytes:
    raise AssertionError(f"{digest} was asked for")


@pytest.mark.parametrize("piece", [7, 4096])
def test_what_the_real_api_sent_comes_back_from_the_cassette_file(
    recordings: Path, tmp_path: Path, piece: int
) -> None:
    entries, sent = recorded_wire(recordings, piece)
    path = tmp_path / "wire.json"
    made = made_of(entries)
    files.save(path, made)
    cassette = files.load(path)
    assert cassette == made
    assert len(cassette.interactions) == len(sent) == 52
    for interaction, (asked, status, plain) in zip(cassette.interactions, sent, strict=True):
        response = interaction.response
        if response.frames is None:
            assert body_bytes(response.body, no_file) == plain
        else:
            assert b"".join(map(frame_bytes, response.frames)) == plain
        assert response.status == status
        assert body_bytes(interaction.request.body, no_file) == asked.body
        upstream = cassette.upstreams[interaction.request.upstream]
        assert f"{upstream}{interaction.request.path}" == f"{asked.origin}{asked.path}"
        assert interaction.request.query == asked.query
        assert interaction.ending is Ending.COMPLETE


def test_all_json_that_the_real_api_sent_is_shown_as_json(recordings: Path) -> None:
    entries, _ = recorded_wire(recordings, 4096)
    cassette = made_of(entries)
    kinds: Counter[str] = Counter()
    for interaction in cassette.interactions:
        kinds.update(type(frame).__name__ for frame in interaction.response.frames or ())
        if interaction.response.frames is None:
            kinds[type(interaction.response.body).__name__] += 1
    streams = sum(interaction.response.frames is not None for interaction in cassette.interactions)
    assert kinds["JsonBody"] + streams == 52
    assert set(kinds) == {"JsonBody", "JsonFrame", "TextFrame"}
    assert kinds["TextFrame"] == streams  # the [DONE] of each


def test_what_nobody_noted_is_absent_or_unknown() -> None:
    """As an importer has it; the rest of a cassette is as a recorder makes it."""
    cassette = made_of(
        [
            Began(1, None, request(), body_kept=False),
            Headed(1, None, SSE, streams=True),
            FrameCame(1, None, b"data: [DONE]\n\n"),
            Ended(1, None, Ending.COMPLETE, chunks=None),
            Began(2, None, HttpRequest("POST", "/v1/x", (), b"[1]", None), spelling_kept=False),
            Headed(2, None, HEAD),
            Ended(2, None, Ending.COMPLETE, b'{"a":1}', chunks=None, spelling_kept=False),
        ]
    )
    first, second = cassette.interactions
    assert first.request.body == UnknownBody(unknown=True)
    assert second.request.body == JsonBody(value=[1], style="unknown")
    assert second.response.body == JsonBody(value={"a": 1}, style="unknown")
    assert cassette.take
    assert cassette.take.interactions == {"1": Performance(), "2": Performance()}


def test_a_recording_begins_with_its_earliest_request() -> None:
    """Requests of an imported recording may come before the one from which its times are counted."""
    entries: list[Entry] = []
    for key, ms in ((1, 0), (2, -70), (3, 5)):
        entries += [
            Began(key, ms, request()),
            Headed(key, ms + 1, SSE, streams=True),
            FrameCame(key, ms + 3, b"data: x\n\n"),
            Ended(key, ms + 4, Ending.COMPLETE),
        ]
    take = made_of(entries).take
    assert take
    assert [one.ms for one in take.interactions.values()] == [(70, 74), (0, 4), (75, 79)]
    assert {one.frame_ms for one in take.interactions.values()} == {(3,)}
