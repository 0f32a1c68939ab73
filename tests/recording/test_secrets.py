"""What an exchange gives to the journal holds no secret, and everything else."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.bodies import FILE_THRESHOLD
from toolreel.messages.coding import CodingError, decoder
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.model import Ending
from toolreel.recording import exchange as exchange_module
from toolreel.recording.entries import Began, BodyPiece, Ended, Entry, FrameCame, Headed
from toolreel.recording.exchange import Exchange
from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.redactor import Redactor

# These two come with mitmproxy (the extra `proxy`).
brotli = pytest.importorskip("brotli")
zstandard = pytest.importorskip("zstandard")

KEY = "sk-proj-9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sTuV"
SAS = "sv=2024&sig=h1dD3n%2BsIgNaTuRe%3D%3D"
JSON_HEAD = ResponseHead(200, (("content-type", "application/json"),))
GZIP_HEAD = ResponseHead(200, (*JSON_HEAD.headers, ("content-encoding", "gzip")))
SSE_HEAD = ResponseHead(200, (("content-type", "text/event-stream"),))
BINARY_HEAD = ResponseHead(200, (("content-type", "application/octet-stream"),))


def began(request: HttpRequest, redactor: Redactor | None = None) -> HttpRequest:
    """The request as it is kept."""
    [entry] = Exchange(1, request, redactor).begin(0)
    assert isinstance(entry, Began)
    return entry.request


def answered(
    head: ResponseHead, pieces: Iterable[bytes], *, ending: Ending = Ending.COMPLETE, redactor: Redactor | None = None
) -> list[Entry]:
    """The entries of an answer, the n-th piece of which comes at n milliseconds."""
    exchange = Exchange(1, HttpRequest("GET", "/v1/x"), redactor)
    entries = exchange.head(head, 0)
    ms = 0
    for ms, piece in enumerate(pieces, start=1):
        entries += exchange.data(piece, ms)
    return [*entries, *exchange.end(ending, ms + 1)]


def ended(entries: list[Entry]) -> Ended:
    assert isinstance(entries[-1], Ended)
    return entries[-1]


# --------------------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        pytest.param(f"/v1/threads?api-key={KEY}&x=1", "/v1/threads?api-key=REDACTED-0001&x=1", id="query"),
        pytest.param(f"/v1/threads?limit=20&{SAS}", "/v1/threads?limit=20&sv=2024&sig=REDACTED-0001", id="signature"),
        pytest.param(f"/v1/keys/{KEY}/usage", "/v1/keys/REDACTED-0001/usage", id="path"),
        pytest.param("/v1/threads?order=asc&limit=20", "/v1/threads?order=asc&limit=20", id="none"),
    ],
)
def test_a_target_is_kept_without_its_secrets(target: str, kept: str) -> None:
    assert began(HttpRequest("GET", target)).target == kept


def test_headers_that_are_kept_are_kept_without_their_secrets() -> None:
    headers = (
        ("authorization", f"Bearer {KEY}"),
        ("accept", f"application/json; api_key={KEY}"),
        ("cookie", "session=0123456789abcdef"),
        ("openai-beta", "assistants=v2"),
    )
    kept = began(HttpRequest("GET", "/", headers)).headers
    assert kept == (("accept", "application/json; api_key=REDACTED-0001"), ("openai-beta", "assistants=v2"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("authorization", "Bearer %s"), ("Authorization", "%s"), ("api-key", "%s"), ("Ocp-Apim-Subscription-Key", "%s")],
)
def test_a_credential_that_is_repeated_is_no_less_a_secret(name: str, value: str) -> None:
    """Azure's keys look like any other number in hex."""
    key = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    exchange = Exchange(1, HttpRequest("POST", "/", ((name.lower(), value % key),), f'{{"note":"{key}"}}'.encode()))
    [asked] = exchange.begin(0)
    assert isinstance(asked, Began)
    assert asked.request.body == b'{"note":"REDACTED-0001"}'
    exchange.head(JSON_HEAD, 1)
    exchange.data(f'{{"heard":"{key}, base64 {base64.b64encode(key.encode()).decode()}"}}'.encode(), 2)
    body = ended(exchange.end(Ending.COMPLETE, 3)).body
    assert body is not None
    assert body.startswith(b'{"heard":"REDACTED-0001, base64 REDACTED-')


def test_a_body_is_kept_without_its_secrets_and_byte_for_byte_but_for_them() -> None:
    inner = json.dumps({"password": "hunter2-hunter2", "max_completion_tokens": 5})
    body = json.dumps({"key": KEY, "output": inner, "max_tokens": 7}, indent=2).encode()
    kept = began(HttpRequest("POST", "/", (("content-type", "application/json"),), body)).body
    assert kept is not None
    assert kept == body.replace(KEY.encode(), b"REDACTED-0001").replace(b"hunter2-hunter2", b"REDACTED-0002")


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_body_is_searched_decoded(coding: str) -> None:
    body: bytes = CODINGS[coding](f'{{"key":"{KEY}"}}'.encode())
    kept = began(HttpRequest("POST", "/", (("content-encoding", coding),), body)).body
    assert kept == b'{"key":"REDACTED-0001"}'


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        pytest.param(gzip.compress(KEY.encode() + b" and")[:-8], b"REDACTED-0001 and", id="cut"),
        pytest.param(gzip.compress(KEY.encode()) + b"junk", b"REDACTED-0001", id="garbage-after-good-data"),
        pytest.param(f"key {KEY}".encode(), b"key REDACTED-0001", id="not-in-its-coding"),
    ],
)
def test_a_body_that_cannot_be_decoded_holds_no_secret_either(body: bytes, kept: bytes) -> None:
    assert began(HttpRequest("POST", "/", (("content-encoding", "gzip"),), body)).body == kept


def test_an_upload_is_searched_part_by_part() -> None:
    def upload(key: str, password: str) -> bytes:
        return (
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n'
            f'{password}\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="k.txt"\r\n\r\n'
            f"use {key} here\r\n--b--\r\n"
        ).encode()

    kind = (("content-type", "multipart/form-data; boundary=b"),)
    kept = began(HttpRequest("POST", "/v1/files", kind, upload(KEY, "correct horse")))
    assert kept.body == upload("REDACTED-0002", "REDACTED-0001")


def test_a_secret_has_one_placeholder_in_all_interactions_of_a_take() -> None:
    redactor = Redactor()
    other = KEY[::-1].replace("jorp-ks", "sk-proj")
    asked = HttpRequest("GET", f"/v1/x?api_key={KEY}")
    assert began(asked, redactor).target == "/v1/x?api_key=REDACTED-0001"
    body = json.dumps({"a": f"sk-{other}", "b": KEY}).encode()
    assert (
        ended(answered(JSON_HEAD, [body], redactor=redactor)).body == b'{"a": "REDACTED-0002", "b": "REDACTED-0001"}'
    )
    assert began(asked).target == "/v1/x?api_key=REDACTED-0001", "without a redactor of the take's, one of its own"


# ---------------------------------------------------------------------------------------------------------- answers


def test_the_headers_of_an_answer_are_kept_without_their_secrets() -> None:
    fields = (
        ("content-type", "application/json"),
        ("location", f"https://files.example/f?{SAS}&se=1"),
        ("set-cookie", "session=0123456789abcdef"),
        ("x-ratelimit-scope", f"key {KEY}"),
    )
    [headed] = Exchange(1, HttpRequest("GET", "/")).head(ResponseHead(307, fields), 0)
    assert headed == Headed(
        1,
        0,
        ResponseHead(
            307,
            (
                ("content-type", "application/json"),
                ("location", "https://files.example/f?sv=2024&sig=REDACTED-0001&se=1"),
            ),
        ),
        (("x-ratelimit-scope", "key REDACTED-0002"),),
    )


@given(st.lists(st.integers(0, 200), max_size=6))
@settings(max_examples=50, deadline=None)
def test_an_answer_is_kept_without_its_secrets_in_whatever_pieces_it_comes(cuts: list[int]) -> None:
    body = f'{{"error":{{"message":"Incorrect API key provided: {KEY}."}},"usage":{{"total_tokens":3}}}}'.encode()
    last = ended(answered(JSON_HEAD, cut_up(body, cuts)))
    assert last.body == body.replace(KEY.encode(), b"REDACTED-0001")
    assert sum(last.chunks or ()) == len(body), "the chunks are those that came"


def cut_up(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


# ---------------------------------------------------------------------------------------------------------- streams


def delta(text: str, n: int = 0) -> bytes:
    content = [{"index": 0, "type": "text", "text": {"value": text}}]
    value = {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": content}, "n": n}
    return f"event: thread.message.delta\ndata: {json.dumps(value, separators=(',', ':'))}\n\n".encode()


def calls(exchange: Exchange, frames: Sequence[bytes]) -> list[list[tuple[int, bytes]]]:
    """What each frame gives to the journal when it comes; the n-th comes at 10 · n milliseconds."""
    given: list[list[tuple[int, bytes]]] = []
    for n, frame in enumerate(frames, start=1):
        entries = exchange.data(frame, 10 * n)
        given.append([(entry.ms or 0, entry.data) for entry in entries if isinstance(entry, FrameCame)])
    return given


def test_frames_wait_while_a_secret_may_begin_in_them_and_keep_their_times_and_order() -> None:
    exchange = Exchange(1, HttpRequest("POST", "/v1/threads/runs"))
    exchange.head(SSE_HEAD, 0)
    ping = b": ping\n\n"
    given = calls(
        exchange,
        [delta("the key ", 1), delta("is sk-pr", 2), ping, delta(KEY[5:20], 4), delta(KEY[20:], 5), delta(", ok", 6)],
    )
    assert given == [
        [(10, delta("the key ", 1))],
        [],
        [],
        [],
        [],
        [
            (20, delta("is REDACTED-0001", 2)),
            (30, ping),
            (40, delta("", 4)),
            (50, delta("", 5)),
            (60, delta(", ok", 6)),
        ],
    ]
    assert [type(entry) for entry in exchange.end(Ending.CUT, 99)] == [Ended]


def test_frames_that_waited_for_nothing_are_as_they_came() -> None:
    exchange = Exchange(1, HttpRequest("POST", "/v1/threads/runs"))
    exchange.head(SSE_HEAD, 0)
    frames = [delta("a sk", 1), delta("-", 2), delta("y-blue dress", 3)]
    given = calls(exchange, frames)
    assert [frame for call in given for _, frame in call] == frames
    assert [ms for call in given for ms, _ in call] == [10, 20, 30]
    assert given[0] == []


def test_frames_that_still_wait_at_the_end_keep_their_times() -> None:
    entries = answered(SSE_HEAD, [delta("key sk-pr"), delta(KEY[5:]), b": ping\n\n"])
    assert [(entry.ms, entry.data) for entry in entries if isinstance(entry, FrameCame)] == [
        (1, delta("key REDACTED-0001")),
        (2, delta("")),
        (3, b": ping\n\n"),
    ]


@given(st.lists(st.integers(0, len(KEY)), max_size=4), st.lists(st.integers(0, 3000), max_size=8))
@settings(max_examples=100, deadline=None)
def test_however_a_secret_is_split_the_number_of_frames_is_the_same(splits: list[int], cuts: list[int]) -> None:
    """`splits` are those of the text over deltas, `cuts` those of the stream over pieces."""
    shares = [piece.decode() for piece in cut_up(KEY.encode(), splits)]
    texts = ["before ", *shares, " after"]
    frames = [*(delta(text, n) for n, text in enumerate(texts)), b"event: done\ndata: [DONE]\n\n"]
    entries = answered(SSE_HEAD, cut_up(b"".join(frames), cuts))
    kept = [entry.data for entry in entries if isinstance(entry, FrameCame)]
    assert len(kept) == len(frames)
    assert "".join(map(text_of, kept)) == "before REDACTED-0001 after"
    assert b"".join(kept).count(b"REDACTED-0001") == 1, "wholly in the delta where the secret began"
    assert [json_of(frame)["n"] for frame in kept[:-1]] == list(range(len(texts)))
    assert ended(entries).ending is Ending.COMPLETE
    assert ended(entries).body is None
    times = [entry.ms or 0 for entry in entries if isinstance(entry, FrameCame)]
    assert times == sorted(times)


def json_of(frame: bytes) -> Any:
    return json.loads(frame.partition(b"data: ")[2])


def text_of(frame: bytes) -> str:
    if not frame.startswith(b"event: thread.message.delta"):
        return ""
    text: str = json_of(frame)["delta"]["content"][0]["text"]["value"]
    return text


def cut_behind(text: str) -> bytes:
    """A delta that is cut right behind its text."""
    frame = delta(text)
    return frame[: frame.index(text.encode()) + len(text)]


@pytest.mark.parametrize("length", range(9, len(KEY)))
@pytest.mark.parametrize("ending", [Ending.CUT, Ending.CLIENT_GONE])
def test_what_of_a_secret_had_come_when_a_stream_was_cut_is_none_of_the_files_business(
    length: int, ending: Ending
) -> None:
    in_one = [delta("a"), cut_behind(f"key {KEY[:length]}")]
    in_two = [delta("a"), delta(f"key {KEY[:5]}"), cut_behind(KEY[5:length])]
    for pieces in (in_one, in_two):
        entries = answered(SSE_HEAD, pieces, ending=ending)
        said = repr(entries)
        assert KEY[:length] not in said
        assert KEY[5:length] not in said
        assert "REDACTED-0001" in said
        assert ended(entries).ending is ending
        assert sum(isinstance(entry, FrameCame) for entry in entries) == len(pieces) - 1
        assert ended(entries).body is not None


def test_after_the_terminal_frame_a_stream_is_complete_even_while_frames_wait() -> None:
    frames = [delta("sk-pro"), b"event: done\ndata: [DONE]\n\n"]
    assert ended(answered(SSE_HEAD, frames, ending=Ending.CLIENT_GONE)).ending is Ending.COMPLETE


@pytest.mark.parametrize("ending", list(Ending))
def test_a_stream_whose_coding_breaks_within_a_secret_keeps_none_of_it(ending: Ending) -> None:
    compress = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    sound = compress.compress(delta("a") + delta(f"key {KEY[:20]}")) + compress.flush(zlib.Z_SYNC_FLUSH)
    head = ResponseHead(200, (*SSE_HEAD.headers, ("content-encoding", "gzip")))
    entries = answered(head, [sound, b"\xff" * 20], ending=ending)
    assert [entry.data for entry in entries if isinstance(entry, FrameCame)] == [
        delta("a"),
        delta("key REDACTED-0001"),
    ]
    assert ended(entries).ending is (ending if ending is Ending.CLIENT_GONE else Ending.CUT)


# ------------------------------------------------------------------------- bodies whose coding is cut or broken

WITH_KEY = f'{{"object":"list","key":"{KEY}","data":[{"1," * 99}'.encode()
WITHOUT_KEY = f'{{"object":"list","data":[{"1," * 99}'.encode()


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda body: [gzip.compress(body)[:-9]], id="cut"),
        pytest.param(lambda body: [gzip.compress(body)[:30], gzip.compress(body)[30:-9]], id="cut-in-two-pieces"),
        pytest.param(lambda body: [gzip.compress(body) + b"junk"], id="garbage-in-the-same-piece"),
        pytest.param(lambda body: [gzip.compress(body), b"junk", b"more"], id="garbage-in-other-pieces"),
        pytest.param(lambda body: [gzip.compress(body)[:-8] + bytes(8)], id="wrong-checksum"),
    ],
)
class TestBroken:
    def test_with_a_secret_only_what_can_be_decoded_is_kept(self, broken: Any) -> None:
        last = ended(answered(GZIP_HEAD, broken(WITH_KEY)))
        assert last.body == WITH_KEY.replace(KEY.encode(), b"REDACTED-0001")
        assert (last.ending, last.encoding, last.decoded) == (Ending.CUT, "gzip", True)

    def test_a_client_that_left_stays_gone(self, broken: Any) -> None:
        assert ended(answered(GZIP_HEAD, broken(WITH_KEY), ending=Ending.CLIENT_GONE)).ending is Ending.CLIENT_GONE

    def test_without_one_it_is_kept_as_it_came(self, broken: Any) -> None:
        last = ended(answered(GZIP_HEAD, broken(WITHOUT_KEY)))
        assert last.body == b"".join(broken(WITHOUT_KEY))
        assert (last.ending, last.encoding, last.decoded) == (Ending.COMPLETE, "gzip", False)
        assert last.chunks == tuple(map(len, broken(WITHOUT_KEY)))


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "compress"])
def test_a_body_that_is_not_in_its_coding_is_searched_as_it_came(coding: str) -> None:
    head = ResponseHead(200, (*JSON_HEAD.headers, ("content-encoding", coding)))
    last = ended(answered(head, [f'{{"key":"{KEY}",'.encode(), b'"a":1}']))
    assert last.body == b'{"key":"REDACTED-0001","a":1}'
    assert last.decoded is False


@pytest.mark.parametrize("broken", [b"", b"junk" * 9], ids=["cut", "broken"])
def test_of_a_block_that_says_nothing_yet_nothing_is_kept(broken: bytes) -> None:
    """Of zstd nobody can tell what stands in a block before all of it has come."""
    head = ResponseHead(200, (*JSON_HEAD.headers, ("content-encoding", "zstd")))
    coded = zstandard.ZstdCompressor().compress(WITH_KEY * 9)
    last = ended(answered(head, [coded[:-9] + broken], ending=Ending.CUT))
    assert (last.body, last.ending, last.decoded) == (b"", Ending.CUT, True)


STREAM = b'data: {"text":"%s"}\n\n' % KEY.encode()
STREAM_KEPT = b'data: {"text":"REDACTED-0001"}\n\n'


@pytest.mark.parametrize("coding", CODINGS)
def test_of_a_stream_that_breaks_off_in_its_coding_what_could_be_decoded_is_kept(coding: str) -> None:
    head = ResponseHead(200, (("content-type", "text/event-stream"), ("content-encoding", coding)))
    entries = answered(head, [CODINGS[coding](STREAM * 20)[:-9]])
    frames = [entry.data for entry in entries if isinstance(entry, FrameCame)]
    last = ended(entries)
    assert frames == [STREAM_KEPT] * len(frames)
    assert bool(frames) == (coding in ("gzip", "deflate"))
    assert last.decoded
    assert KEY[:11].encode() not in (last.body or b"")
    assert last.ending is (Ending.CUT if coding == "zstd" else Ending.COMPLETE), "of zstd something is missing"


SAID = 'data: {"text":"a word before it, %s, a word after it"}\n\n'
ZSTD_HEAD = b"\x28\xb5\x2f\xfd\x00\x58"
"""The header of a frame; a raw block follows (RFC 8878 §3.1.1.2)."""
CUT: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip-stored": lambda data: gzip.compress(data, compresslevel=0),
    "gzip-of-two-members": lambda data: gzip.compress(data[:25]) + gzip.compress(data[25:]),
    "deflate": zlib.compress,
    "deflate-stored": lambda data: zlib.compress(data, 0),
    "br": brotli.compress,
    "br-quick": lambda data: brotli.compress(data, quality=0),
    "zstd": CODINGS["zstd"],
    "zstd-stored": lambda data: ZSTD_HEAD + (len(data) << 3 | 1).to_bytes(3, "little") + data,
}


@pytest.mark.parametrize("coding", CUT)
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "application/octet-stream"])
@given(noise=st.binary(max_size=60), after=st.booleans())
@settings(max_examples=4, deadline=None)
def test_wherever_a_coding_is_cut_no_secret_can_be_had_of_what_is_kept(
    coding: str, kind: str, noise: bytes, after: bool
) -> None:
    """Neither in the body nor in the rest, nor in both together."""
    said = (SAID % KEY).encode()
    sent = CUT[coding](noise + said if after else said + noise)
    name = coding.partition("-")[0]
    head = ResponseHead(200, (("content-type", kind), ("content-encoding", name)))
    for cut in range(len(sent)):
        entries = answered(head, [sent[:cut]], ending=Ending.CUT)
        last = ended(entries)
        kept = b"".join(entry.data for entry in entries if isinstance(entry, FrameCame)) + (last.body or b"")
        in_the_clear = [kept, last.rest]
        with suppress(CodingError):
            in_the_clear.append(decoder(name).feed(last.rest))
            in_the_clear.append(decoder(name).feed(kept))
        for data in in_the_clear:
            assert not any(part.encode() in data for part in (KEY[8:16], KEY[16:24], KEY[24:32], KEY[-8:]))
        assert last.hidden <= 8 or coding == "zstd", "only checksums are left out"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_stream_that_is_not_in_its_coding_is_kept_as_it_came(coding: str) -> None:
    head = ResponseHead(200, (("content-type", "text/event-stream"), ("content-encoding", coding)))
    entries = answered(head, [STREAM[:3], STREAM[3:], STREAM])
    assert [entry.data for entry in entries if isinstance(entry, FrameCame)] == [STREAM_KEPT] * 2
    last = ended(entries)
    assert (last.body, last.ending, last.decoded) == (None, Ending.COMPLETE, False)


# ------------------------------------------------------------------------------------------------------ large bodies


def pieces_of(entries: list[Entry]) -> list[bytes]:
    return [entry.data for entry in entries if isinstance(entry, BodyPiece)]


def whole(entries: list[Entry]) -> bytes:
    return b"".join(pieces_of(entries)) + (ended(entries).body or b"")


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as with a mebibyte, and a thousand times as fast."""
    with_small_windows(monkeypatch)


def with_small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "FILE_THRESHOLD", 2048)
    monkeypatch.setattr(exchange_module, "_WINDOW", 1024)
    monkeypatch.setattr(exchange_module, "_LONGEST_SECRET", 256)


@given(st.binary(max_size=50), st.integers(0, 300), st.lists(st.integers(0, 15_000), max_size=20), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_large_body_is_given_away_in_pieces_that_are_the_body(
    seed: bytes, times: int, cuts: list[int], coded: bool
) -> None:
    body = seed * times
    head = ResponseHead(200, (*BINARY_HEAD.headers, ("content-encoding", "gzip"))) if coded else BINARY_HEAD
    with pytest.MonkeyPatch.context() as patch:
        with_small_windows(patch)
        entries = answered(head, cut_up(gzip.compress(body) if coded else body, cuts))
    assert whole(entries) == body
    assert sum(ended(entries).chunks or ()) == len(body)
    if len(body) <= 2048:
        assert pieces_of(entries) == []
    else:
        assert len(ended(entries).body or b"") <= 2 * 1024 + 256 or len(cuts) < 2


def test_up_to_one_mebibyte_a_body_stays_whole_and_json_always() -> None:
    for head, body in [
        (BINARY_HEAD, b"\xff" * FILE_THRESHOLD),
        (JSON_HEAD, b"[" + b"1," * FILE_THRESHOLD + b"1]"),
        (
            ResponseHead(200, (("content-type", "application/problem+json; charset=utf-8"),)),
            b" " * (FILE_THRESHOLD + 1),
        ),
    ]:
        entries = answered(head, [body])
        assert pieces_of(entries) == []
        assert ended(entries).body == body


def test_the_pieces_of_a_large_body_are_not_held() -> None:
    """Whatever its size, no more than about a window is in memory (the first takes a mebibyte)."""
    exchange = Exchange(1, HttpRequest("GET", "/"))
    exchange.head(BINARY_HEAD, 0)
    given = 0
    for n in range(1, 200):
        given += sum(len(entry.data) for entry in exchange.data(b"\xff" * 65_536, n) if isinstance(entry, BodyPiece))
        assert n * 65_536 - given <= max(FILE_THRESHOLD, 2 * 65_536 + 4096)
    assert exchange._answer is not None
    assert len(exchange._answer._body._held) <= 2 * 65_536 + 4096
    assert len(exchange._answer._raw) == 0


PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(f"{n}IjAnBgkqhkiG9w0BAQEFAASCAmEwggJd" for n in range(4))
    + "\n-----END PRIVATE KEY-----"
)
LARGE_SECRETS = {
    "key": (KEY, [KEY[:12], KEY[12:24], KEY[24:]]),
    "utf-16": (KEY.encode("utf-16-le").decode("latin-1"), [KEY[12:24].encode("utf-16-le").decode("latin-1")]),
    "masked": ("sk-proj-********************abcd1234", ["abcd1234"]),
    "password": ('"password": "a*b*c*d*e*f*g*h*i*j*k*hidden*"', ["hidden", "g*h*i"]),
    "pem": (PEM, [f"{n}IjAnBgkqhkiG9w0BAQEFAASCAmEwggJd" for n in range(4)]),
}


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("kind", LARGE_SECRETS)
@pytest.mark.parametrize("fill", [b"\xff\xfe", b"\0\0", b"ab\n\0"], ids=["high", "zero", "text"])
def test_a_secret_across_the_edge_of_a_window_is_overwritten_whole(kind: str, fill: bytes) -> None:
    """At every offset, so that every edge goes through it, between its characters and before and after it."""
    secret, parts = LARGE_SECRETS[kind]
    spelled = secret.encode("latin-1")
    for offset in range(1900 - len(spelled) // 2 * 2, 2050, 2):
        before, after = (fill * 2000)[:offset], (fill * 2000)[: 3000 + offset % 7]
        body = before + b"\xff\xff" + spelled + b"\xff\xff" + after
        entries = answered(BINARY_HEAD, [body[at : at + 100] for at in range(0, len(body), 100)])
        got = whole(entries)
        assert len(got) == len(body), "no offset moves"
        assert got.startswith(before + b"\xff\xff")
        assert got.endswith(b"\xff\xff" + after)
        for part in parts:
            assert part.encode("latin-1") not in got, (offset, got[offset : offset + 400])


@given(
    st.lists(st.tuples(st.binary(max_size=900), st.sampled_from(sorted(LARGE_SECRETS))), min_size=1, max_size=12),
    st.integers(1, 3000),
)
@settings(max_examples=60, deadline=None)
def test_many_secrets_in_a_large_body_are_overwritten(found: list[tuple[bytes, str]], size: int) -> None:
    body = b"".join(
        noise + b"\xff\xff" + LARGE_SECRETS[kind][0].encode("latin-1") + b"\xff\xff" for noise, kind in found
    )
    with pytest.MonkeyPatch.context() as patch:
        with_small_windows(patch)
        entries = answered(BINARY_HEAD, [body[at : at + size] for at in range(0, len(body), size)])
    got = whole(entries)
    assert len(got) == len(body)
    for _, kind in found:
        for part in LARGE_SECRETS[kind][1]:
            assert part.encode("latin-1") not in got


@pytest.mark.usefixtures("small_windows")
def test_what_is_longer_than_any_secret_does_not_fill_the_memory() -> None:
    exchange = Exchange(1, HttpRequest("GET", "/"))
    exchange.head(BINARY_HEAD, 0)
    given = 0
    for n in range(1, 100):
        data = b"sk-" + b"a1" * 500 if n == 1 else b"a1" * 500
        given += sum(len(entry.data) for entry in exchange.data(data, n) if isinstance(entry, BodyPiece))
        assert n * 1000 - given <= 4 * 1024


def test_a_large_body_is_overwritten_and_no_placeholder_is_used_up() -> None:
    redactor = Redactor(placeholders=Placeholders())
    body = b"\xff" * FILE_THRESHOLD + b"\xff\xff" + KEY.encode() + b"\xff" * 5000
    entries = answered(BINARY_HEAD, [body], redactor=redactor)
    assert whole(entries) == body.replace(KEY.encode(), b"*" * len(KEY))
    assert len(redactor.placeholders) == 0
    asked = began(HttpRequest("GET", f"/x?api_key={KEY}"), redactor)
    assert asked.target == "/x?api_key=REDACTED-0001"
