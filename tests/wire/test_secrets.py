"""No secret reaches the disk, in whatever place it stands, and all that stands around it does (product.md §5)."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from toolreel.messages.bodies import FILE_THRESHOLD, body_bytes
from toolreel.messages.model import Cassette, Ending, Interaction, JsonBody
from toolreel.redaction.search import DEPTH
from toolreel.store.database import open_store
from toolreel.store.files import load
from toolreel.store.journal import entries_of, unfinished
from toolreel.store.recordings import recover

from .doors import RecordingDoor, ask, frames_of, recording, replaying
from .secrets import KINDS, ONE_LINE, Finder, Secrets, layers, marks
from .upstream import EVENT_STREAM, PATIENCE_S, End, Reply, Upstream, serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

JSON = ("content-type", "application/json")
THREAD = "thread_0a1b2c3d4e5f6g7h8i9j0k1l"
RUN = "run_0a1b2c3d4e5f6g7h8i9j0k1l"

# ------------------------------------------------------------------------------------------------------ the search

SECRET = 'sk-proj-7hQ2"m\\é/9Zx+4Kw8Rt5Yp1Lc3Vb6Nj'
PLANTED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "first half": lambda data: data[: len(data) // 2],
    "second half": lambda data: data[len(data) // 2 :],
    "eight bytes of it": lambda data: data[-9:-1],
    "JSON": lambda data: json.dumps({"a": data.decode()}).encode(),
    "JSON in JSON": lambda data: json.dumps(json.dumps({"a": data.decode()})).encode(),
    "JSON with letters": lambda data: json.dumps({"a": data.decode()}, ensure_ascii=False).encode(),
    "URL": lambda data: quote(data, safe="").encode(),
    "URL in lower case": lambda data: re.sub("%..", lambda found: found[0].lower(), quote(data, safe="")).encode(),
    "base64 at 0": base64.b64encode,
    "base64 at 1": lambda data: base64.b64encode(b"x" + data + b"y"),
    "base64 at 2": lambda data: base64.b64encode(b"xx" + data + b"y"),
    "base64 for URLs": lambda data: base64.urlsafe_b64encode(data),
    "base64 of its JSON": lambda data: base64.b64encode(json.dumps(data.decode()).encode()),
    "hexadecimal": lambda data: data.hex().encode(),
    "gzip": gzip.compress,
    "gzip that is cut": lambda data: gzip.compress(data * 9)[:-9],
    "gzip in base64": lambda data: base64.b64encode(gzip.compress(data)),
    "gzip in gzip": lambda data: gzip.compress(b"." + gzip.compress(data)),
    "deflate": zlib.compress,
    "UTF-16": lambda data: data.decode().encode("utf-16-be"),
}


@pytest.mark.parametrize("spelling", PLANTED)
def test_the_search_finds_a_secret_in_every_spelling(spelling: str, tmp_path: Path) -> None:
    finder = Finder({"mine": SECRET})
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "file"
    file.write_bytes(b"nothing to see here, 1234567890\xff" * 99)
    assert finder.found_below(tmp_path) == set()
    file.write_bytes(file.read_bytes() + PLANTED[spelling](SECRET.encode()) + b" and more of that")
    assert any(found.startswith("file: mine: ") for found in finder.found_below(tmp_path))


@pytest.mark.parametrize("kept_as", ["row", "row in the write-ahead log"])
def test_the_search_finds_a_secret_in_a_database(kept_as: str, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = wal")
    db.execute("CREATE TABLE t (a)")
    db.execute("INSERT INTO t VALUES (?)", [b"x" * 4070 + SECRET.encode() + b"x" * 9000])
    if kept_as != "row in the write-ahead log":
        db.close()
    assert Finder({"mine": SECRET}).found_below(tmp_path) != set()
    db.close()


def test_the_search_finds_a_secret_in_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / quote(SECRET, safe="")).touch()
    assert Finder({"mine": SECRET}).found_below(tmp_path) != set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_search_finds_each_kind(kind: str) -> None:
    secrets = Secrets("planted")
    text = secrets.text("here", kind)
    assert Finder(secrets.made).found(f"{'.' * 99}{text}".encode()) != set()
    assert Finder({"other": SECRET.removeprefix("sk-proj-")}).found(text.encode()) == set()


# ----------------------------------------------------------------------------------------------------- conversation


@dataclass(frozen=True, slots=True)
class Talk:
    """A request and its answer; `places` are those of which the marks stay, with the kinds of secrets there.

    `plain_request` and `plain_answer` are the bodies decoded, where they are text.
    """

    method: str
    target: str
    reply: Reply
    places: Mapping[str, Sequence[str]]
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    plain_request: bytes | None = None
    plain_answer: bytes | None = None


def everything(*places: str) -> dict[str, Sequence[str]]:
    return dict.fromkeys(places, tuple(KINDS))


def one_line(*places: str) -> dict[str, Sequence[str]]:
    return dict.fromkeys(places, ONE_LINE)


def dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def frame(event: str, value: Any) -> bytes:
    return f"event: {event}\n".encode() + b"data: " + dumps(value) + b"\n\n"


def message_delta(message: str, text: str) -> bytes:
    content = [{"index": 0, "type": "text", "text": {"value": text}}]
    return frame(
        "thread.message.delta", {"id": message, "object": "thread.message.delta", "delta": {"content": content}}
    )


def arguments_delta(index: int, text: str) -> bytes:
    call = {"index": index, "type": "function", "function": {"arguments": text}}
    details = {"type": "tool_calls", "tool_calls": [call]}
    return frame(
        "thread.run.step.delta",
        {"id": "step_0a1b2c3d4e5f6g7h", "object": "thread.run.step.delta", "delta": {"step_details": details}},
    )


def chat_delta(text: str) -> bytes:
    return (
        b"data: "
        + dumps({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]})
        + b"\n\n"
    )


def split(secrets: Secrets, place: str, parts: int) -> list[str]:
    """All kinds as the pieces of a text, each secret split into so many."""
    pieces: list[str] = []
    for kind in KINDS:
        text, secret = secrets.text(place, kind), secrets.made[f"{place} {kind}"]
        start = text.index(secret)
        cuts = [0, *(start + len(secret) * part // parts for part in range(1, parts)), len(text)]
        pieces += [text[a:b] for a, b in pairwise(cuts)]
    return pieces


def nested(secrets: Secrets, place: str) -> dict[str, Any]:
    """JSON in JSON in JSON."""
    within = {"note": secrets.texts(f"{place}-3"), "client_secret": secrets.any(f"{place}-key-3")}
    middle = {
        "note": secrets.texts(f"{place}-2"),
        "password": secrets.any(f"{place}-key-2"),
        "in": json.dumps(within),
    }
    return {"note": secrets.texts(place), "api_key": secrets.any(f"{place}-key", 'q"\\é'), "in": json.dumps(middle)}


def nested_places(place: str) -> list[str]:
    return [place, f"{place}-2", f"{place}-3"]


def stream_frames(secrets: Secrets) -> list[bytes]:
    """A stream with everything in it."""
    arguments = json.dumps(nested(secrets, "arguments"))
    comments = [secrets.text("comment", kind) for kind in ONE_LINE]
    return [
        *(message_delta("msg_whole0a1b2c3d4e5f", secrets.text("whole", kind)) for kind in KINDS),
        *(message_delta("msg_two0a1b2c3d4e5f6g", piece) for piece in split(secrets, "two", 2)),
        *(message_delta("msg_three0a1b2c3d4e5f", piece) for piece in split(secrets, "three", 3)),
        *(arguments_delta(0, arguments[at : at + 7]) for at in range(0, len(arguments), 7)),
        *(f": {comment}\n\n".encode() for comment in comments),
        f"id: {secrets.text('id', 'openai')}\ndata: {secrets.text('data', 'jwt')}\ndata: second\n\n".encode(),
        f"event: error\r\ndata: {json.dumps({'message': secrets.texts('event')})}\r\n\r\n".encode(),
        frame(
            "thread.run.completed", {"id": RUN, "usage": {"total_tokens": 7}, "token": secrets.text("run", "openai")}
        ),
        b"event: done\ndata: [DONE]\n\n",
    ]


def chat_frames(secrets: Secrets) -> list[bytes]:
    return [*map(chat_delta, split(secrets, "chat", 3)), b"data: [DONE]\n\n"]


def cut_frames(secrets: Secrets) -> list[bytes]:
    """A stream that ends in a secret that has come by half."""
    key = secrets.of("tail", "openai")
    last = message_delta("msg_cut0a1b2c3d4e5f6g", f"key {key}")
    before = message_delta("msg_cut0a1b2c3d4e5f6g", secrets.text("before-tail", "github"))
    return [before, last[: last.index(key.encode()) + len(key) // 2]]


def binary(secrets: Secrets, place: str) -> bytes:
    return b"\x89PNG\0\xff\n" + secrets.texts(place).encode() + b"\0\xff\xfe"


def large(secrets: Secrets) -> bytes:
    """More than a mebibyte, with secrets at the beginning, at the end, and across the mebibyte."""
    start = binary(secrets, "large-start")
    edge = secrets.texts("large-edge").encode()
    filled = start + b"\xfe\0" * ((FILE_THRESHOLD - len(start) - len(edge) // 2) // 2)
    return filled + edge + b"\xfe\0" * 100_000 + secrets.texts("large-end").encode() + b"\xfe\0" * 10


def upload(secrets: Secrets) -> bytes:
    document = json.dumps({"note": secrets.texts("part-json"), "clientSecret": secrets.any("part-json-key")}).encode()
    parts = [
        ('name="note"', "", secrets.texts("field").encode()),
        ('name="password"', "", secrets.any("field-key").encode()),
        ('name="file"; filename="a.json"', "application/json", document),
        ('name="file"; filename="a.txt"', "text/plain", secrets.texts("part-text").encode()),
        ('name="file"; filename="a.bin"', "application/octet-stream", binary(secrets, "part-binary")),
    ]
    body = b""
    for disposition, kind, content in parts:
        fields = f"Content-Disposition: form-data; {disposition}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
        body += b"--frontier\r\n" + fields.encode() + b"\r\n" + content + b"\r\n"
    return body + b"--frontier--\r\n"


def coded(secrets: Secrets, place: str) -> bytes:
    return dumps({"note": secrets.texts(place), "data": ["x" * 99] * 9})


USAGE = {
    "prompt_tokens": 1234567,
    "completion_tokens": 89,
    "total_tokens": 1234656,
    "token_type": "assistants-v2-token",
}
LIMITS = {
    "max_completion_tokens": 4096,
    "max_prompt_tokens": 25600,
    "token_count": 17,
    "tokenizer": "cl100k-base-token",
}


def conversation(secrets: Secrets) -> list[Talk]:
    """Secrets in every place in which one can stand."""
    credentials = [
        ("authorization", f"Bearer {secrets.any('authorization')}"),
        ("api-key", secrets.any("api-key")),
        ("x-api-key", secrets.any("x-api-key")),
        ("cookie", f"session={secrets.any('cookie')}; theme=dark"),
        ("openai-organization", secrets.of("header", "organisation")),
        ("openai-project", secrets.of("header", "project")),
        ("x-portkey-config", secrets.any("portkey")),
        *((f"x-note-{kind}", secrets.text("dropped", kind)) for kind in ONE_LINE),
        *(("accept", secrets.text("accept", kind)) for kind in ONE_LINE),
    ]
    set_headers = [
        JSON,
        ("set-cookie", f"session={secrets.any('set-cookie')}; path=/"),
        ("x-request-id", secrets.any("request-id")),
        ("location", f"/v1/x?note={quote(secrets.texts('location'), safe='')}&sig={secrets.any('location-sig')}"),
        ("content-disposition", f"attachment; filename*={quote(secrets.texts('disposition'), safe='')}"),
        *((f"apim-note-{kind}", secrets.text("apim", kind)) for kind in ONE_LINE),
        *((f"x-ratelimit-{kind}", secrets.text("volatile", kind)) for kind in ONE_LINE),
    ]
    query = (
        f"note={quote(secrets.texts('query'), safe='')}&api-key={secrets.any('query-key')}"
        f"&sig={quote(secrets.any('query-sig', '', '+/=='), safe='')}&limit=20"
    )
    asked = {"model": "gpt-4o", **LIMITS, **nested(secrets, "asked"), "usage": USAGE}
    told = {"id": THREAD, "object": "thread", "usage": USAGE, **nested(secrets, "told")}
    outputs = [
        {"tool_call_id": "call_0a1b2c3d4e5f6g7h8i9j0k1l", "output": json.dumps(nested(secrets, "output"))},
        {"tool_call_id": "call_1a1b2c3d4e5f6g7h8i9j0k1l", "output": secrets.texts("output-text")},
    ]
    refused = {"error": {"message": secrets.texts("error"), "code": "invalid_api_key", "param": None}}
    base = f"/v1/threads/{THREAD}"
    kind = ("content-type", "multipart/form-data; boundary=frontier")
    form = f"note={quote(secrets.texts('form'), safe='')}&password={secrets.any('form-key')}&grant_type=password"
    asked_in = coded(secrets, "gzip-asked")
    answered_in = coded(secrets, "gzip")
    gzip_headers = [JSON, ("content-encoding", "gzip")]
    cut_in = coded(secrets, "gzip-cut")
    plain = secrets.texts("plain").encode()
    submitted = dumps({"tool_outputs": outputs, "stream": True})
    bytes_of = [("content-type", "application/octet-stream")]
    return [
        Talk(
            "POST",
            f"{base}?{query}",
            Reply([dumps(told)], headers=set_headers),
            one_line("accept", "apim", "volatile")
            | everything("location", "disposition", "query", *nested_places("asked"), *nested_places("told")),
            [JSON, *credentials],
            dumps(asked),
            dumps(asked),
            dumps(told),
        ),
        Talk(
            "GET",
            f"/v1/things/{quote(secrets.texts('path'), safe='')}/rest",
            Reply([dumps(refused)], status=401),
            everything("path", "error"),
            plain_answer=dumps(refused),
        ),
        Talk(
            "POST",
            f"{base}/runs/{RUN}/submit_tool_outputs",
            Reply(stream_frames(secrets), headers=EVENT_STREAM),
            everything("output-text", "whole", "two", "three", "event", *nested_places("output"))
            | everything(*nested_places("arguments"))
            | one_line("comment"),
            [JSON],
            submitted,
            submitted,
        ),
        Talk(
            "POST",
            "/v1/chat/completions",
            Reply(chat_frames(secrets), headers=EVENT_STREAM),
            everything("chat"),
            [JSON],
            b"{}",
        ),
        Talk(
            "POST",
            f"{base}/runs",
            Reply(cut_frames(secrets), headers=EVENT_STREAM, end=End.CUT),
            {"before-tail": ["github"]},
            [JSON],
            b'{"stream":true}',
        ),
        Talk(
            "POST",
            "/v1/files",
            Reply([b"{}"]),
            everything("field", "part-json", "part-text", "part-binary"),
            [kind],
            upload(secrets),
        ),
        Talk(
            "GET",
            "/v1/files/file-small/content",
            Reply([binary(secrets, "binary")], headers=bytes_of),
            everything("binary"),
        ),
        Talk(
            "GET",
            "/v1/files/file-large/content",
            Reply([large(secrets)], headers=bytes_of),
            everything("large-start", "large-edge", "large-end"),
        ),
        Talk(
            "POST",
            "/v1/token",
            Reply([plain], headers=[("content-type", "text/plain")]),
            everything("form", "plain"),
            [("content-type", "application/x-www-form-urlencoded")],
            form.encode(),
            form.encode(),
            plain,
        ),
        Talk(
            "POST",
            "/v1/gzip",
            Reply([gzip.compress(answered_in)], headers=gzip_headers),
            everything("gzip-asked", "gzip"),
            gzip_headers,
            gzip.compress(asked_in),
            asked_in,
            answered_in,
        ),
        Talk(
            "GET",
            "/v1/gzip/cut",
            Reply([gzip.compress(cut_in)[:-12]], headers=gzip_headers, end=End.CUT),
            everything("gzip-cut"),
        ),
    ]


def send(client: httpx.Client, base: str, talk: Talk, *, without: Sequence[str] = ()) -> bytes:
    """Sends the request, and gives the bytes of the answer."""
    headers = [(name, value) for name, value in talk.headers if name not in without]
    return ask(client, talk.method, base + talk.target, headers=headers, content=talk.body).raw


def through(door: RecordingDoor, talks: Sequence[Talk]) -> None:
    with door.client() as client:
        for talk in talks:
            send(client, door.base, talk)
        door.settle(len(talks))


def sent(upstream: Upstream, talks: Sequence[Talk]) -> bytes:
    """All that went over the wire."""
    asked = [repr((one.target, one.headers)).encode() + b"\n" + one.body for one in upstream.requests]
    replies = [repr(talk.reply.headers).encode() for talk in talks]
    pieces = [piece for talk in talks for piece in talk.reply.pieces if isinstance(piece, bytes)]
    streams = [piece for talk in talks if talk.reply.headers is EVENT_STREAM for piece in talk.reply.pieces]
    texts = texts_of([piece for piece in streams if isinstance(piece, bytes)])
    return b"\n".join([*asked, *replies, *pieces, texts.encode()])


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@contextmanager
def kept_log(store: Path) -> Iterator[None]:
    """While somebody reads, nothing leaves the write-ahead log, not even when the journal is closed."""
    open_store(store).close()
    reader = sqlite3.connect(store, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    try:
        yield
    finally:
        reader.close()


def said_in(folder: Path) -> bytes:
    """All that the files below a folder say, in every layer."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(layer for path in files for layer in layers(path.read_bytes()))


def frames_in(cassette: Cassette) -> list[bytes]:
    return [
        one
        for interaction in cassette.interactions
        if interaction.response.frames is not None
        for one in frames_of(interaction)
    ]


def texts_of(frames: Sequence[bytes]) -> str:
    """The texts that come in deltas, run by run."""
    runs: dict[str, str] = {}
    for one in frames:
        payload = one.decode().partition("data: ")[2].strip()
        with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
            value = json.loads(payload)
            if "choices" in value:
                runs["chat"] = runs.get("chat", "") + value["choices"][0]["delta"]["content"]
            elif "content" in value["delta"]:
                name = value["id"]
                runs[name] = runs.get(name, "") + value["delta"]["content"][0]["text"]["value"]
            else:
                call = value["delta"]["step_details"]["tool_calls"][0]
                runs["arguments"] = runs.get("arguments", "") + call["function"]["arguments"]
    return "\n".join(runs.values())


def named(path: str) -> str:
    """What tells a request from the others."""
    return re.sub("/things/.*", "/things", path.removeprefix("/v1").partition("?")[0])


def in_pairs(cassette: Cassette, talks: Sequence[Talk]) -> list[tuple[Talk, Interaction]]:
    """What was sent, and what was recorded of it; conversations stand in an order of their own."""
    recorded = {named(interaction.request.path): interaction for interaction in cassette.interactions}
    assert len(recorded) == len(cassette.interactions) == len(talks)
    return [(talk, recorded[named(talk.target)]) for talk in talks]


def check_marks(cassette: Cassette, folder: Path, talks: Sequence[Talk]) -> None:
    """What stood on both sides of every secret is still there."""
    said = said_in(folder) + texts_of(frames_in(cassette)).encode()
    for talk in talks:
        for place, kinds in talk.places.items():
            for kind in kinds:
                for mark in marks(place, kind):
                    assert mark.encode() in said or quote(mark, safe="").encode() in said, (place, kind)


def masked(text: bytes, secrets: Secrets) -> bytes:
    """A text with all secrets replaced in all their spellings, and all placeholders by the same word."""
    for secret in sorted(secrets.made.values(), key=len, reverse=True):
        spellings = [quote(secret, safe=""), secret]
        for _ in range(DEPTH):
            spellings.append(json.dumps(spellings[-1])[1:-1])
        for spelling in reversed(spellings):
            text = text.replace(spelling.encode(), b"REDACTED-0000")
    return re.sub(b"REDACTED-[0-9]{4,}", b"REDACTED-0000", text)


def check_bodies(cassette: Cassette, talks: Sequence[Talk], secrets: Secrets) -> None:
    """All bodies that are text are those that were sent, byte for byte but for the secrets."""
    for talk, interaction in in_pairs(cassette, talks):
        if talk.plain_request is not None:
            kept = body_bytes(interaction.request.body, no_file)
            assert kept is not None
            assert masked(kept, secrets) == masked(talk.plain_request, secrets)
        if talk.plain_answer is not None:
            kept = body_bytes(interaction.response.body, no_file)
            assert kept is not None
            assert masked(kept, secrets) == masked(talk.plain_answer, secrets)


def check_streams(cassette: Cassette, talks: Sequence[Talk], secrets: Secrets) -> None:
    """As many frames as came, and in them the same texts but for the secrets."""
    for talk, interaction in in_pairs(cassette, talks):
        if talk.reply.headers is EVENT_STREAM:
            frames = frames_of(interaction)
            came = [piece for piece in talk.reply.pieces if isinstance(piece, bytes)]
            assert len(frames) == len(came)
            if talk.reply.end is End.WHOLE:
                got, wanted = texts_of(frames).encode(), texts_of(came).encode()
                assert masked(got, secrets) == masked(wanted, secrets)
                others = [
                    (ours, theirs) for ours, theirs in zip(frames, came, strict=True) if b'"delta"' not in theirs
                ]
                assert others
                assert all(masked(ours, secrets) == masked(theirs, secrets) for ours, theirs in others)


def check_innocent(cassette: Cassette, talks: Sequence[Talk]) -> None:
    """What only sounds like a secret is untouched."""
    _, first = in_pairs(cassette, talks)[0]
    assert isinstance(first.request.body, JsonBody)
    assert isinstance(first.response.body, JsonBody)
    assert {name: first.request.body.value[name] for name in LIMITS} == LIMITS
    assert first.request.body.value["usage"] == first.response.body.value["usage"] == USAGE
    assert ("limit", "20") in first.request.query


def no_file(digest: str) -> bytes:
    raise AssertionError(f"{digest} was asked for")


class LeftError(Exception):
    """The recording ended otherwise."""


@pytest.mark.parametrize("end", ["finished", "left", "left and recovered"])
def test_no_secret_reaches_the_disk_and_all_else_does(
    end: str, folder: Path, tmp_path: Path, temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = Secrets("first")
    talks = conversation(secrets)
    finder = Finder(secrets.made)
    store = tmp_path / ".toolreel" / "store.db"
    with contextlib.ExitStack() as stack:
        stack.enter_context(kept_log(store))
        stack.enter_context(contextlib.suppress(LeftError))
        upstream = stack.enter_context(serving(*(talk.reply for talk in talks)))
        with recording(folder, "tape", upstream.url, "base-url") as door:
            through(door, talks)
            if end != "finished":
                raise LeftError
    assert finder.names(sent(upstream, talks)) == secrets.made.keys()
    if end == "left and recovered":
        recover(folder, "tape")
    with kept_log(store):
        assert finder.found_below(tmp_path) == set()
    out, err = capfd.readouterr()
    assert finder.found((out + err).encode()) == set()
    if end == "left":
        db = open_store(store)
        assert len([*entries_of(db, unfinished(db)[0].id)]) > 500
        db.close()
        return
    cassette = load(folder / "tape.json")
    assert [one.ending for one in cassette.interactions].count(Ending.CUT) == 2
    check_marks(cassette, folder, talks)
    check_bodies(cassette, talks, secrets)
    check_streams(cassette, talks, secrets)
    check_innocent(cassette, talks)


# --------------------------------------------------------------------------------------------- a process that dies


@contextmanager
def recorder(folder: Path, url: str, log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`toolreel record` as a process of its own, what it says in `log`; gives its base URL."""
    arguments = ["record", "tape", "--upstream", url, "--cassettes", str(folder), "--listen", "127.0.0.1:0"]
    with (
        log.open("wb") as out,
        subprocess.Popen([sys.executable, "-m", "toolreel", *arguments], stdout=out, stderr=out) as process,
    ):
        try:
            wait_for(lambda: b"Ctrl-C" in log.read_bytes() or process.poll() is not None)
            match = re.search(r"OPENAI_BASE_URL=(http\S+)/v1", log.read_text())
            assert match, log.read_text()
            yield match[1], process
        finally:
            process.kill()


def wait_for(seen: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < give_up
        os.sched_yield()


def noted(store: Path, what: str) -> int:
    """How many entries are in the store."""
    with contextlib.closing(sqlite3.connect(store)) as reader:
        return int(reader.execute("SELECT count(*) FROM entries WHERE kind = ?", [what]).fetchone()[0])


def test_a_recorder_that_is_killed_leaves_no_secret(folder: Path, tmp_path: Path, temporary: Path) -> None:
    secrets = Secrets("killed")
    talks = conversation(secrets)
    hanging = Reply(cut_frames(secrets), headers=EVENT_STREAM, end=End.HANG)
    finder = Finder(secrets.made)
    store = tmp_path / ".toolreel" / "store.db"
    with (
        serving(*(talk.reply for talk in talks), hanging) as upstream,
        recorder(folder, upstream.url, tmp_path / "log") as (base, process),
        httpx.Client(trust_env=False, timeout=PATIENCE_S) as client,
    ):
        for talk in talks:
            send(client, base, talk)
        with client.stream("POST", f"{base}/v1/threads/{THREAD}/runs", content=b"{}") as response:
            coming, got = response.iter_raw(), b""
            while len(got) < sum(map(len, cut_frames(secrets))):
                got += next(coming)
            wait_for(lambda: noted(store, "Headed") == len(talks) + 1)
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE_S)
    assert (tmp_path / ".toolreel" / "store.db-wal").stat().st_size > 100_000
    assert finder.found_below(tmp_path) == set()
    recover(folder, "tape")
    cassette = load(folder / "tape.json")
    assert finder.found_below(tmp_path) == set()
    assert len(cassette.interactions) == len(talks) + 1
    check_marks(cassette, folder, talks)


def test_what_a_recorder_says_holds_no_secret(folder: Path, tmp_path: Path, temporary: Path) -> None:
    secrets = Secrets("said")
    query = f"api-key={secrets.any('query')}&note={quote(secrets.texts('note'), safe='')}"
    finder = Finder(secrets.made)
    with (
        serving(Reply(end=End.NO_ANSWER), Reply([b"{}"])) as upstream,
        recorder(folder, upstream.url, tmp_path / "log") as (base, process),
        httpx.Client(trust_env=False, timeout=PATIENCE_S) as client,
    ):
        assert client.get(f"{base}/v1/things?{query}").status_code == 502
        assert client.get(f"{base}/v1/things").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 69
    said = (tmp_path / "log").read_text()
    assert "The upstream did not answer GET /v1/things?api-key=REDACTED-0001&note=" in said
    assert finder.found(query.encode()) != set()
    assert finder.found_below(tmp_path) == set()


# ------------------------------------------------------------------------------------------------------------ replay


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the cassette of the conversation."""
    folder = tmp_path_factory.mktemp("replayed") / "cassettes"
    talks = conversation(Secrets("first"))
    with (
        serving(*(talk.reply for talk in talks)) as upstream,
        recording(folder, "tape", upstream.url, "base-url") as door,
    ):
        through(door, talks)
    return folder


CREDENTIALS = [
    "authorization",
    "api-key",
    "x-api-key",
    "cookie",
    "openai-organization",
    "openai-project",
    "x-portkey-config",
    "accept",
]


@pytest.mark.parametrize(
    ("performance", "without"),
    [
        pytest.param("first", (), id="the-same-key"),
        pytest.param("first", CREDENTIALS, id="no-key"),
        pytest.param("second", (), id="other-secrets"),
        pytest.param("second", CREDENTIALS, id="other-secrets-and-no-key"),
    ],
)
def test_the_replay_matches_whatever_the_secrets_are(tape: Path, performance: str, without: Sequence[str]) -> None:
    first, secrets = Secrets("first"), Secrets(performance)
    conversation(first)
    talks = conversation(secrets)
    finder = Finder(first.made)
    with replaying(tape, "tape", "base-url") as door, door.client() as client:
        for talk in talks:
            got = send(client, door.base, talk, without=without)
            assert [miss.message for miss in door.session.misses] == []
            assert finder.found(got) == set()
            if talk.plain_answer is not None:
                assert masked(got, secrets) == masked(talk.plain_answer, secrets)
        assert door.session.served == len(talks)


def test_a_replay_misses_what_differs_elsewhere(tape: Path) -> None:
    """A placeholder stands for a secret, and not for anything around it."""
    talks = conversation(Secrets("second"))
    with replaying(tape, "tape", "base-url") as door, door.client() as client:
        for talk in talks:
            if talk.plain_request is not None and JSON in talk.headers and b"note" in talk.plain_request:
                changed = talk.plain_request.replace(b".slack<", b".slacks<", 1)
                assert changed != talk.plain_request
                plain = [pair for pair in talk.headers if pair[0] != "content-encoding"]
                url = door.base + talk.target
                assert ask(client, talk.method, url, headers=plain, content=changed).status == 424
