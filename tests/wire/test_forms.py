"""The wire in all its forms: content codings, keep-alive, uploads, downloads, answers without a body, event streams.

The client gets what it would get without toolreel, the cassette holds it, and the replay gives it again.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import socket
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from toolreel.messages.bodies import body_bytes
from toolreel.messages.model import Base64Body, Cassette, Ending, FileBody, JsonBody, PartsBody, TextBody
from toolreel.store.files import LargeBodies

from .doors import DOORS, Seen, ask, frames_of, recording, replaying
from .upstream import EVENT_STREAM, PATIENCE_S, End, Framing, Reply, Upstream, serving, stream

# These two come with mitmproxy (the extra `proxy`).
brotli = pytest.importorskip("brotli")
zstandard = pytest.importorskip("zstandard")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

PATH = "/v1/things"
JSON = ("content-type", "application/json")
BYTES = ("content-type", "application/octet-stream")
Ask = Callable[[httpx.Client, str], Seen]


def get(client: httpx.Client, base: str) -> Seen:
    return ask(client, "GET", base + PATH)


def post(**options: Any) -> Ask:
    return lambda client, base: ask(client, "POST", base + PATH, **options)


def record(
    folder: Path, replies: Sequence[Reply], asks: Sequence[Ask], via: str = "base-url"
) -> tuple[list[Seen], Cassette, Upstream]:
    """What clients got through the recorder, the cassette, and what the upstream saw."""
    with (
        serving(*replies) as upstream,
        recording(folder, "tape", upstream.url, via) as door,
        door.client() as client,
    ):
        seen = [one(client, door.base) for one in asks]
        door.settle(len(asks))
    return seen, door.cassette, upstream


def replay(folder: Path, asks: Sequence[Ask], via: str = "base-url") -> list[Seen]:
    """What clients get of the replay."""
    with replaying(folder, "tape", via) as door, door.client() as client:
        seen = [one(client, door.base) for one in asks]
        assert (door.session.served, [miss.message for miss in door.session.misses]) == (len(asks), [])
    return seen


def field(seen: Seen, name: str) -> str | None:
    return dict(seen.headers).get(name)


# -------------------------------------------------------------------------------------------------- content codings


class Coding:
    """A content coding that can be flushed, so that a stream gets through in pieces."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._coder: Any = {
            "gzip": lambda: zlib.compressobj(wbits=zlib.MAX_WBITS | 16),
            "deflate": zlib.compressobj,
            "br": brotli.Compressor,
            "zstd": lambda: zstandard.ZstdCompressor().compressobj(),
        }[name]()

    def piece(self, data: bytes) -> bytes:
        """What the other side can decode as `data` at once."""
        if self._name == "br":
            return bytes(self._coder.process(data) + self._coder.flush())
        how = zstandard.COMPRESSOBJ_FLUSH_BLOCK if self._name == "zstd" else zlib.Z_SYNC_FLUSH
        return bytes(self._coder.compress(data) + self._coder.flush(how))

    def end(self) -> bytes:
        return bytes(self._coder.finish() if self._name == "br" else self._coder.flush())


CODINGS = ["gzip", "deflate", "br", "zstd"]
BODY = json.dumps({"object": "list", "data": [{"id": n} for n in range(300)]}, indent=2).encode()
FRAMES = [
    b'event: thread.run.created\ndata: {"object":"thread.run","status":"queued"}\n\n',
    b": ping\n\n",
    'event: thread.message.delta\ndata: {"delta":"é"}\n\n'.encode(),
    b"event: done\ndata: [DONE]\n\n",
]


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [13, 1 << 20])
@pytest.mark.parametrize("name", CODINGS)
def test_a_coded_answer_is_passed_on_as_it_is_and_recorded_decoded(name: str, size: int, folder: Path) -> None:
    coding = Coding(name)
    coded = coding.piece(BODY[:100]) + coding.piece(BODY[100:]) + coding.end()
    reply = Reply(pieces(coded, size), headers=(JSON, ("content-encoding", name)))
    [seen], cassette, _ = record(folder, [reply], [get])
    assert (seen.raw, seen.error, field(seen, "content-encoding")) == (coded, None, name)
    [interaction] = cassette.interactions
    assert isinstance(interaction.response.body, JsonBody)
    assert interaction.ending is Ending.COMPLETE
    assert interaction.response.headers == (JSON,)
    assert cassette.take is not None
    assert cassette.take.interactions["1"].encoding == name
    [again] = replay(folder, [get])
    assert (again.raw, again.error, field(again, "content-encoding")) == (BODY, None, None)
    assert field(again, "content-length") == str(len(BODY))


@pytest.mark.parametrize("name", ["gzip", "deflate", "br"])
def test_a_coded_answer_that_is_cut_is_kept_as_it_came_and_says_so(name: str, folder: Path) -> None:
    coding = Coding(name)
    coded = coding.piece(BODY[:100]) + coding.piece(BODY[100:]) + coding.end()
    reply = Reply([coded[:-20]], headers=(JSON, ("content-encoding", name)), end=End.CUT)
    [seen], cassette, _ = record(folder, [reply], [get])
    assert (seen.raw, seen.error) == (coded[:-20], httpx.RemoteProtocolError)
    [interaction] = cassette.interactions
    assert interaction.ending is Ending.CUT
    assert isinstance(interaction.response.body, Base64Body)
    assert interaction.response.headers == (JSON, ("content-encoding", name))
    [again] = replay(folder, [get])
    assert (again.raw, again.error, field(again, "content-encoding")) == (coded[:-20], seen.error, name)


def test_of_an_answer_that_is_cut_in_a_block_of_zstd_the_blocks_before_it_are_kept(folder: Path) -> None:
    """What stands in a part of a block nobody can tell, and so not whether there is a secret in it."""
    coding = Coding("zstd")
    first = len(coded := coding.piece(BODY[:100]))
    coded += coding.piece(BODY[100:]) + coding.end()
    reply = Reply([coded[:-20]], headers=(JSON, ("content-encoding", "zstd")), end=End.CUT)
    _, cassette, _ = record(folder, [reply], [get])
    [interaction] = cassette.interactions
    assert (interaction.ending, interaction.response.headers) == (Ending.CUT, (JSON,))
    assert cassette.take
    assert cassette.take.interactions["1"].hidden == len(coded) - 20 - first
    [again] = replay(folder, [get])
    assert (again.raw, again.error) == (BODY[:100], httpx.RemoteProtocolError)


@pytest.mark.parametrize("via", DOORS)
def test_a_stream_that_is_not_in_its_coding_is_kept_as_it_came_and_says_so(via: str, folder: Path) -> None:
    reply = Reply(FRAMES, headers=(*EVENT_STREAM, ("content-encoding", "gzip")), framing=Framing.CHUNKED)
    [seen], cassette, _ = record(folder, [reply], [get], via)
    [interaction] = cassette.interactions
    assert frames_of(interaction) == FRAMES
    assert interaction.response.headers == (*EVENT_STREAM, ("content-encoding", "gzip"))
    for replayed_via in DOORS:
        [again] = replay(folder, [get], replayed_via)
        assert (again.raw, again.error) == (seen.raw, seen.error) == (b"".join(FRAMES), None)
        assert field(again, "content-encoding") == "gzip"


@pytest.mark.parametrize("via", DOORS)
@pytest.mark.parametrize("name", CODINGS)
def test_a_coded_stream_is_passed_on_as_it_is_and_recorded_decoded(name: str, via: str, folder: Path) -> None:
    coding = Coding(name)
    coded = [*map(coding.piece, FRAMES), coding.end()]
    reply = Reply(coded, headers=(*EVENT_STREAM, ("content-encoding", name)), framing=Framing.CHUNKED)
    [seen], cassette, _ = record(folder, [reply], [get], via)
    assert (seen.raw, seen.error, field(seen, "content-encoding")) == (b"".join(coded), None, name)
    [interaction] = cassette.interactions
    assert frames_of(interaction) == FRAMES
    assert interaction.ending is Ending.COMPLETE
    assert interaction.response.headers == EVENT_STREAM
    for replayed_via in DOORS:
        [again] = replay(folder, [get], replayed_via)
        assert (again.raw, again.error, field(again, "content-encoding")) == (b"".join(FRAMES), None, None)


@pytest.mark.parametrize("cut", [0, 5])
@pytest.mark.parametrize("name", CODINGS)
def test_a_coded_stream_that_is_cut_keeps_what_had_come(name: str, cut: int, folder: Path) -> None:
    coding = Coding(name)
    came = [FRAMES[0], FRAMES[2], FRAMES[3][:cut]]
    coded = [coding.piece(piece) for piece in came if piece]
    reply = Reply(coded, headers=(*EVENT_STREAM, ("content-encoding", name)), framing=Framing.CHUNKED, end=End.CUT)
    [seen], cassette, _ = record(folder, [reply], [get])
    assert (seen.raw, seen.error) == (b"".join(coded), httpx.RemoteProtocolError)
    [interaction] = cassette.interactions
    assert frames_of(interaction) == [piece for piece in came if piece]
    assert interaction.ending is Ending.CUT
    assert cassette.take
    performance = cassette.take.interactions["1"]
    rest = base64.b64decode(performance.rest or "")
    assert (performance.encoding, performance.hidden) == (name, None), "all blocks are whole"
    assert seen.raw.endswith(rest)
    assert bool(rest) == (name in ("gzip", "deflate")), "the end of a flush says nothing"
    [again] = replay(folder, [get])
    assert (again.raw, again.error) == (b"".join(came), httpx.RemoteProtocolError)


@pytest.mark.parametrize("name", CODINGS)
def test_a_coded_request_arrives_as_it_is_and_means_what_it_says(name: str, folder: Path) -> None:
    coding = Coding(name)
    coded = coding.piece(b'{"a": 1}') + coding.end()
    headers = dict([JSON, ("content-encoding", name)])
    _, cassette, upstream = record(folder, [Reply([b"{}"])], [post(content=coded, headers=headers)])
    assert upstream.requests[0].body == coded
    assert cassette.interactions[0].request.body == JsonBody(value={"a": 1}, style="spaced")
    replay(folder, [post(content=coded, headers=headers)])
    replay(folder, [post(content=b'{"a":1}', headers=dict([JSON]))])


# -------------------------------------------------------------------------------------------------------- connections


@pytest.mark.parametrize("via", DOORS)
def test_several_requests_on_one_connection(via: str, folder: Path) -> None:
    asks = [post(json={"n": n}) for n in range(5)]
    replies = [Reply([b'{"n": %d}' % n], framing=framing) for n, framing in enumerate([*Framing][:2] * 2)]
    seen, cassette, upstream = record(folder, [*replies, stream(*FRAMES)], asks, via)
    assert upstream.connections == 1
    assert [one.raw for one in seen] == [b'{"n": 0}', b'{"n": 1}', b'{"n": 2}', b'{"n": 3}', b"".join(FRAMES)]
    assert len(cassette.interactions) == 5
    for replayed_via in DOORS:
        assert [one.raw for one in replay(folder, asks, replayed_via)] == [one.raw for one in seen]


# ------------------------------------------------------------------------------------------------- uploads, downloads

LARGE = random.Random(7).randbytes((1 << 20) + 12_345)
DIGEST = hashlib.sha256(LARGE).hexdigest()


def uploading(content: bytes, note: str = "assistants") -> Ask:
    """An upload under a boundary that the client chooses at random."""
    files = {"file": ("a.bin", content, "application/octet-stream"), "more": ("b.json", b'{"a":1}', JSON[1])}
    return lambda client, base: ask(client, "POST", f"{base}/v1/files", data={"purpose": note}, files=files)


@pytest.mark.parametrize("via", DOORS)
@pytest.mark.parametrize(
    "content", [b"text of a file", b"\xff\0 bytes \r\n", b"", LARGE], ids=["text", "bytes", "empty", "large"]
)
def test_an_upload_is_kept_as_its_parts_and_matches_under_any_boundary(
    content: bytes, via: str, folder: Path
) -> None:
    _, cassette, upstream = record(folder, [Reply([b"{}"])], [uploading(content)], via)
    [asked] = [interaction.request for interaction in cassette.interactions]
    assert ("content-type", "multipart/form-data; boundary=toolreel-boundary") in asked.headers
    assert isinstance(asked.body, PartsBody)
    purpose, file, more = asked.body.parts
    assert purpose.body == TextBody(text="assistants")
    assert more.body == JsonBody(value={"a": 1}, style="compact")
    read = LargeBodies(folder / "tape.json").read
    assert body_bytes(file.body, read) == content
    assert isinstance(file.body, FileBody) == (content is LARGE)
    own = (upstream.requests[0].header("content-type") or "").partition("boundary=")[2].encode()
    assert own
    assert body_bytes(asked.body, read) == upstream.requests[0].body.replace(own, b"toolreel-boundary")
    assert [seen.raw for seen in replay(folder, [uploading(content)], via)] == [b"{}"]


@pytest.mark.parametrize(
    "other", [uploading(b"other"), uploading(b"text of a file", "vision")], ids=["file", "field"]
)
def test_another_upload_is_a_miss(other: Ask, folder: Path) -> None:
    record(folder, [Reply([b"{}"])], [uploading(b"text of a file")])
    with replaying(folder, "tape", "base-url") as door, door.client() as client:
        assert other(client, door.base).status == 424


@pytest.mark.parametrize("via", DOORS)
@pytest.mark.parametrize("framing", list(Framing))
def test_a_large_download_is_kept_beside_the_cassette_and_replays_byte_for_byte(
    via: str, framing: Framing, folder: Path
) -> None:
    [seen], cassette, _ = record(folder, [Reply(pieces(LARGE, 50_000), headers=[BYTES], framing=framing)], [get], via)
    assert hashlib.sha256(seen.raw).hexdigest() == DIGEST
    [interaction] = cassette.interactions
    assert interaction.response.body == FileBody(file=DIGEST)
    assert (folder / "tape.files" / DIGEST).read_bytes() == LARGE
    assert (folder / "tape.json").stat().st_size < 100_000
    for replayed_via in DOORS:
        [again] = replay(folder, [get], replayed_via)
        assert hashlib.sha256(again.raw).hexdigest() == DIGEST
        assert again.error is None


def test_a_large_download_in_a_coding_is_kept_decoded(folder: Path) -> None:
    headers = [BYTES, ("content-encoding", "gzip")]
    record(folder, [Reply(pieces(gzip.compress(LARGE), 50_000), headers=headers)], [get])
    assert (folder / "tape.files" / DIGEST).read_bytes() == LARGE
    [again] = replay(folder, [get])
    assert again.raw == LARGE


def test_a_large_download_that_is_cut_is_kept_as_far_as_it_came(folder: Path) -> None:
    [seen], cassette, _ = record(folder, [Reply([LARGE], headers=[BYTES], end=End.CUT)], [get])
    assert seen.error is httpx.RemoteProtocolError
    assert cassette.interactions[0].ending is Ending.CUT
    [again] = replay(folder, [get])
    assert (again.raw, again.error) == (seen.raw, seen.error) == (LARGE, httpx.RemoteProtocolError)


def test_a_large_upload_without_parts_is_kept_beside_the_cassette(folder: Path) -> None:
    sending = post(content=LARGE, headers=dict([BYTES]))
    _, cassette, upstream = record(folder, [Reply([b"{}"])], [sending])
    assert upstream.requests[0].body == LARGE
    assert cassette.interactions[0].request.body == FileBody(file=DIGEST)
    replay(folder, [sending])
    with replaying(folder, "tape", "base-url") as door, door.client() as client:
        assert post(content=LARGE[:-1], headers=dict([BYTES]))(client, door.base).status == 424


# ---------------------------------------------------------------------------------------------------- without a body


@pytest.mark.parametrize("via", DOORS)
@pytest.mark.parametrize(
    ("method", "reply", "body"),
    [
        pytest.param("GET", Reply(), TextBody(text=""), id="empty"),
        pytest.param("GET", Reply(framing=Framing.CHUNKED), TextBody(text=""), id="empty-chunked"),
        pytest.param("GET", Reply(framing=Framing.CLOSE), TextBody(text=""), id="empty-until-close"),
        pytest.param("GET", Reply(status=404), TextBody(text=""), id="empty-error"),
        pytest.param("HEAD", Reply(), None, id="HEAD"),
        pytest.param(
            "HEAD",
            Reply(headers=(JSON, ("content-length", "123")), framing=Framing.CLOSE),
            None,
            id="HEAD-with-length",
        ),
        pytest.param("DELETE", Reply(status=204), None, id="204"),
        pytest.param("GET", Reply(status=304), None, id="304"),
    ],
)
def test_answers_without_a_body(method: str, reply: Reply, body: TextBody | None, via: str, folder: Path) -> None:
    def asking(client: httpx.Client, base: str) -> Seen:
        return ask(client, method, base + PATH)

    [seen], cassette, _ = record(folder, [reply], [asking], via)
    [interaction] = cassette.interactions
    assert interaction.response.body == body
    assert interaction.response.frames is None
    assert interaction.request.body is None
    for replayed_via in DOORS:
        [again] = replay(folder, [asking], replayed_via)
        assert (
            (again.status, again.raw, again.error) == (seen.status, b"", None) == (reply.status, seen.raw, seen.error)
        )


@pytest.mark.parametrize("via", DOORS)
def test_after_an_answer_without_a_body_the_connection_goes_on(via: str, folder: Path) -> None:
    def deleting(client: httpx.Client, base: str) -> Seen:
        return ask(client, "DELETE", f"{base}{PATH}/1")

    def looking(client: httpx.Client, base: str) -> Seen:
        return ask(client, "HEAD", f"{base}{PATH}/2")

    asks = [deleting, looking, get, post(json={})]
    replies = [Reply(status=204), Reply(), Reply(status=304), Reply([b"[]"])]
    seen, _, upstream = record(folder, replies, asks, via)
    assert upstream.connections == 1
    assert [one.raw for one in seen] == [b"", b"", b"", b"[]"]
    assert [(one.status, one.raw) for one in replay(folder, asks, via)] == [(one.status, one.raw) for one in seen]


def test_a_request_without_a_body_is_not_one_with_an_empty_body(folder: Path) -> None:
    _, cassette, _ = record(folder, [Reply([b"1"]), Reply([b"2"])], [post(content=b""), get])
    with_empty, without = sorted(cassette.interactions, key=lambda one: one.response.body != TextBody(text="1"))
    assert {type(one.request.body) for one in (with_empty, without)} == {TextBody, type(None)}
    assert [seen.raw for seen in replay(folder, [post(content=b""), get])] == [b"1", b"2"]


# ------------------------------------------------------------------------------------------------------ 100-continue


def expecting(base: str, proxy: str | None) -> tuple[bytes, bytes]:
    """A client that waits for the 100 before it sends the body; what came before the body, and after it."""
    host, _, port = (proxy or base).removeprefix("http://").rpartition(":")
    target = f"{base}{PATH}" if proxy else PATH
    head = (
        f"POST {target} HTTP/1.1\r\nhost: {base.removeprefix('http://')}\r\ncontent-type: application/json\r\n"
        f"content-length: 7\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(head.encode())
        before = b""
        while b"\r\n\r\n" not in before:
            before += connection.recv(1000)
        connection.sendall(b'{"a":1}')
        after = b""
        while piece := connection.recv(1000):
            after += piece
    return before, after


@pytest.mark.parametrize("via", DOORS)
def test_a_client_that_waits_for_100_continue_gets_it(via: str, folder: Path) -> None:
    with serving(Reply([b'{"b":2}'])) as upstream, recording(folder, "tape", upstream.url, via) as door:
        recorded = expecting(door.base, door.proxy)
        door.settle()
    with replaying(folder, "tape", via) as again:
        replayed = expecting(again.base, again.proxy)
        assert (again.session.served, again.session.misses) == (1, [])
    for before, after in (recorded, replayed):
        assert before.startswith(b"HTTP/1.1 100 ")
        assert after.startswith(b"HTTP/1.1 200 ")
        assert after.endswith(b'{"b":2}')
    assert upstream.requests[0].body == b'{"a":1}'
    [interaction] = door.cassette.interactions
    assert interaction.request.body == JsonBody(value={"a": 1}, style="compact")


# ---------------------------------------------------------------------------------------------- event streams in full

SPELLINGS = [
    b"\xef\xbb\xbf: a byte order mark, and a comment\n\n",
    b'event: usual\ndata: {"a":1}\n\n',
    b"retry: 3000\n\n",
    b"id: 1\nevent: e\ndata: with id\n\n",
    b"data: first\ndata: second\ndata\n\n",
    b"data:no space\n\n",
    b'event: crlf\r\ndata: {"a":1}\r\n\r\n',
    b"data: cr\r\r",
    b"data: mixed\r\n: then\ndata: more\r\r\n",
    b": ping\n\n",
    b"\n",
    b"\r\n",
    "data: é ü \u2028 \U0001f600\n\n".encode(),
    b"data: \xff no UTF-8\n\n",
    b"unknown: field\ndata: x\n\n",
    b"event: done\ndata: [DONE]\n\n",
]


@pytest.mark.parametrize("via", DOORS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_event_stream_in_all_spellings_however_it_is_split(size: int, via: str, folder: Path) -> None:
    whole = b"".join(SPELLINGS)
    [seen], cassette, _ = record(folder, [stream(*pieces(whole, size))], [get], via)
    assert (seen.raw, seen.error) == (whole, None)
    [interaction] = cassette.interactions
    assert frames_of(interaction) == SPELLINGS
    assert interaction.ending is Ending.COMPLETE
    for replayed_via in DOORS:
        [again] = replay(folder, [get], replayed_via)
        assert (again.raw, again.error) == (whole, None)


@pytest.mark.parametrize("framing", list(Framing))
def test_an_event_stream_may_end_in_any_way(framing: Framing, folder: Path) -> None:
    whole = b"".join([*SPELLINGS[:-1], b"data: no blank line after this\n"])
    [seen], cassette, _ = record(folder, [stream(*pieces(whole, 100), framing=framing)], [get])
    assert (seen.raw, seen.error) == (whole, None)
    assert b"".join(frames_of(cassette.interactions[0])) == whole
    assert cassette.interactions[0].ending is (Ending.EOF if framing is Framing.CLOSE else Ending.COMPLETE)
    [again] = replay(folder, [get])
    assert (again.raw, again.error) == (whole, None)


@pytest.mark.parametrize("size", [1000, 65_536, 4 << 20])
def test_a_frame_of_more_than_a_megabyte(size: int, folder: Path) -> None:
    large = b'event: thread.message.completed\ndata: {"text":"' + b"word " * 300_000 + b'"}\n\n'
    whole = b"".join([FRAMES[0], large, FRAMES[3]])
    [seen], cassette, _ = record(folder, [stream(*pieces(whole, size))], [get])
    assert seen.raw == whole
    assert frames_of(cassette.interactions[0]) == [FRAMES[0], large, FRAMES[3]]
    [again] = replay(folder, [get])
    assert (again.raw, again.error) == (whole, None)
