from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recording.assembling import assemble
from toolreel.errors import CassetteError, MachineError
from toolreel.messages.bodies import body_bytes, body_of, frame_bytes
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.jsontext import STYLES
from toolreel.messages.model import (
    Cassette,
    Ending,
    FileBody,
    Interaction,
    Part,
    PartsBody,
    Read,
    Request,
    Response,
    Take,
    TextBody,
)
from toolreel.recording.entries import BodyPiece, Entry
from toolreel.recording.exchange import Exchange
from toolreel.store import files
from toolreel.store.files import LargeBodies, files_folder, load, parse, save


def cassette(*bodies: Any, upstreams: tuple[str, ...] = ("https://a.example",)) -> Cassette:
    """A cassette whose answers have these bodies."""
    interactions = tuple(
        Interaction(n=n, request=Request(method="GET", path=f"/{n}"), response=Response(status=200, body=body))
        for n, body in enumerate(bodies, start=1)
    )
    return Cassette(upstreams=upstreams, interactions=interactions)


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def kept(path: Path, data: bytes) -> FileBody:
    """A large body, in its file beside the cassette at `path`."""
    return FileBody(file=LargeBodies(path).keep([data]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weather.json"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -------------------------------------------------------------------------------------------------- broken files

GOOD = """\
{"toolreel": 1,
 "upstreams": ["https://a.example"],
 "interactions": [
  {"n": 1,
   "request": {"method": "GET", "path": "/1"},
   "response": {"status": 200, "body": {"text": "one"}}},
  {"n": 2,
   "request": {"method": "GET", "path": "/2"},
   "response": {"status": 200,
    "frames": [
     {"text": "[DONE]"}]}}]}
"""


def edited(old: str, new: str) -> bytes:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new).encode()


CONFLICT = GOOD.replace('  {"n": 2,', '<<<<<<< HEAD\n  {"n": 2,\n=======\n  {"n": 3,\n>>>>>>> other')
MISSING = "a" * 64

# Each: the bytes of the file, and the sentence; PATH and FOLDER stand for the file and the folder of its bodies.
BROKEN = {
    "not-utf-8": (
        GOOD.encode().replace(b"one", b"\xff"),
        "Cassette PATH, line 6: not UTF-8; restore the file.",
    ),
    "utf-16": (GOOD.encode("utf-16"), "Cassette PATH, line 1: not UTF-8; restore the file."),
    "not-json": (
        edited('"path": "/2"', '"path": /2'),
        "Cassette PATH, line 8: not JSON, expecting value; restore the file.",
    ),
    "comma-too-many": (
        edited('{"text": "one"}}', '{"text": "one",}}'),
        "Cassette PATH, line 6: not JSON, ",
    ),
    "yaml": (b"toolreel: 1\n", "Cassette PATH, line 1: not JSON, expecting value; restore the file."),
    "empty": (
        b"",
        "Cassette PATH, line 1: not JSON, expecting value (the file seems to be cut short); restore the file.",
    ),
    "cut-short": (
        GOOD[: GOOD.index("/2")].encode(),
        "Cassette PATH, line 8: not JSON, unterminated string (the file seems to be cut short); restore the file.",
    ),
    "cut-short-behind-letters": (
        edited("one", "é" * 99)[: -len('"[DONE]"}]}}]}\n')],
        "Cassette PATH, line 11: not JSON, expecting value (the file seems to be cut short); restore the file.",
    ),
    "cut-short-in-an-escape": (
        edited("one", "on\\u00e9").split(b"0e9")[0],
        "Cassette PATH, line 6: not JSON, ",
    ),
    "cut-short-between": (
        GOOD[: GOOD.index('  {"n": 2')].encode(),
        "Cassette PATH, line 7: not JSON, expecting value (the file seems to be cut short); restore the file.",
    ),
    "two-values": (
        (GOOD + GOOD).encode(),
        "Cassette PATH, line 12: not JSON, extra data; restore the file.",
    ),
    "nan": (
        edited('{"text": "one"}', '{"style": "compact", "json": NaN}'),
        "Cassette PATH: not JSON that can be read (NaN is no JSON value); restore the file.",
    ),
    "lone-surrogate": (
        edited('{"text": "one"}', '{"style": "compact", "json": "\\ud800"}'),
        "Cassette PATH: a text holds half a surrogate pair, which cannot be sent; restore the file.",
    ),
    "too-deep": (
        edited('{"text": "one"}', "[" * 100_000),
        "Cassette PATH: not JSON that can be read (the value is nested too deep); restore the file.",
    ),
    "number-too-long": (
        edited('"status": 200, ', f'"status": {"9" * 5000}, '),
        "Cassette PATH: not JSON that can be read (Exceeds the limit",
    ),
    "conflict": (CONFLICT.encode(), "Cassette PATH, line 7: a git conflict marker; resolve the conflict."),
    "conflict-crlf": (
        CONFLICT.replace("\n", "\r\n").encode(),
        "Cassette PATH, line 7: a git conflict marker; resolve the conflict.",
    ),
    "conflict-half-resolved": (
        (GOOD + "=======\n").encode(),
        "Cassette PATH, line 12: a git conflict marker; resolve the conflict.",
    ),
    "conflict-with-base": (
        edited('  {"n": 2,', '||||||| base\n  {"n": 2,'),
        "Cassette PATH, line 7: a git conflict marker; resolve the conflict.",
    ),
    "newer": (
        edited('"toolreel": 1', '"toolreel": 2'),
        "Cassette PATH has format version 2, this toolreel reads up to 1; install a newer toolreel.",
    ),
    "newer-in-all": (
        b'{"toolreel": 12, "walks": []}',
        "Cassette PATH has format version 12, this toolreel reads up to 1; install a newer toolreel.",
    ),
    **{
        f"no-cassette-{name}": (
            text.encode(),
            'PATH is no cassette: it has no member "toolreel" with the format version.',
        )
        for name, text in {
            "object": '{"name": "x"}',
            "array": "[]",
            "null": "null",
            "version-0": '{"toolreel": 0}',
            "version-as-text": '{"toolreel": "1"}',
            "version-true": '{"toolreel": true}',
            "version-fraction": '{"toolreel": 1.0}',
            "version-null": '{"toolreel": null}',
        }.items()
    },
    "no-interactions": (
        b'{"toolreel": 1,\n "upstreams": []}',
        "Cassette PATH, line 1: interactions: Field required; mend or record it again.",
    ),
    "wrong-number": (
        edited('"n": 2', '"n": 3'),
        "Cassette PATH, line 7: interactions.1.n: number 3 stands where 2 is due, number them from 1 on; "
        "mend or record it again.",
    ),
    "wrong-upstream": (
        edited('"path": "/2"', '"path": "/2",\n"upstream": 1'),
        "Cassette PATH, line 9: interactions.1.request.upstream: there are only 1 upstreams, counted from 0; "
        "mend or record it again.",
    ),
    "upstream-no-url": (
        edited("https://a.example", "https://a.example:port"),
        "Cassette PATH, line 2: upstreams.0: no URL (Port could not be cast to integer value as 'port'); "
        "mend or record it again.",
    ),
    "body-and-frames": (
        edited('200,\n    "frames"', '200, "body": {"text": ""},\n    "frames"'),
        "Cassette PATH, line 9: interactions.1.response: a response has a body or frames, not both; "
        "mend or record it again.",
    ),
    "unknown-style": (
        edited('{"text": "one"}', '{"style": "pretty4", "json": 1}'),
        "Cassette PATH, line 6: interactions.0.response.body: style 'pretty4' is none of compact, compact+nl",
    ),
    "body-without-style": (
        edited('{"text": "one"}', '{"json": 1}'),
        "Cassette PATH, line 6: interactions.0.response.body.style: Field required; mend or record it again.",
    ),
    "unknown-member-of-a-body": (
        edited('{"text": "one"}', '{"text": "one",\n"base64": ""}'),
        "Cassette PATH, line 7: interactions.0.response.body.base64: Extra inputs are not permitted; "
        "mend or record it again.",
    ),
    "unknown-member-of-a-frame": (
        edited('{"text": "[DONE]"}', '{"json": "[DONE]",\n"id": "3"}'),
        "Cassette PATH, line 12: interactions.1.response.frames.0.id: Extra inputs are not permitted; "
        "mend or record it again.",
    ),
    "frame-that-is-none": (
        edited('{"text": "[DONE]"}', '"[DONE]"'),
        "Cassette PATH, line 11: interactions.1.response.frames.0: Input should be a valid dictionary",
    ),
    "wrong-type": (
        edited('"path": "/2"', '"path": 2'),
        "Cassette PATH, line 8: interactions.1.request.path: Input should be a valid string; "
        "mend or record it again.",
    ),
    "unknown-member": (
        edited('"path": "/2"', '"path": "/2",\n    "comment": "x"'),
        "Cassette PATH, line 9: interactions.1.request.comment: Extra inputs are not permitted; "
        "mend or record it again.",
    ),
    "unknown-ending": (
        edited('{"n": 2,', '{"n": 2, "ending":\n"finished",'),
        "Cassette PATH, line 8: interactions.1.ending: Input should be 'complete', 'eof', 'cut' or 'client_gone'; "
        "mend or record it again.",
    ),
    "take-of-another": (
        edited(
            '"[DONE]"}]}}]',
            '"[DONE]"}]}}], "take": {"recorded_at": "", "tool": "", "interactions": {"3": {"ms": [0, 1]}}}',
        ),
        "Cassette PATH, line 11: take.interactions.3: the cassette has no such interaction; mend or record it again.",
    ),
    "reads-of-another": (
        edited(
            '"[DONE]"}]}}]',
            '"[DONE]"}]}}], "take": {"recorded_at": "", "tool": "",\n"reads": {"2": [],\n"3": []}}',
        ),
        "Cassette PATH, line 13: take.reads.3: the cassette has no such interaction; mend or record it again.",
    ),
    **{
        f"reads-with-{name}-of-others": (
            edited(
                '"[DONE]"}]}}]',
                f'"[DONE]"}}]}}}}], "take": {{"recorded_at": "", "tool": "",\n"reads": {{"1": [\n{{{member}}}]}}}}',
            ),
            f"Cassette PATH, line 13: take.reads.1.0: {name} is of 1 answers, and count says 2; "
            f"mend or record it again.",
        )
        for name, member in {"ms": '"count": 2, "ms": [[0, 1]]', "volatile": '"count": 2, "volatile": [[]]'}.items()
    },
    **{
        f"part-with-{name}": (
            edited(
                '{"text": "one"}', f'{{"parts": [\n{{"body": {{"text": ""}}}},\n{{"headers": [],\n"body": {body}}}]}}'
            ),
            f"Cassette PATH, line {line}: interactions.0.response.body.parts.1.body{what}; mend or record it again.",
        )
        for name, body, line, what in [
            ("unknown-style", '{"json": 1, "style": "x"}', 9, f": style 'x' is none of {', '.join(STYLES)}"),
            ("body-without-style", '{"json": 1}', 9, ".style: Field required"),
            ("wrong-type", '{"text":\n1}', 10, ".text: Input should be a valid string"),
            ("unknown-member", '{"text": "",\n"n": 1}', 10, ".n: Extra inputs are not permitted"),
            ("parts-within", '{"parts": []}', 9, ".text: Field required"),
            ("number", "3", 9, ": Input should be a valid dictionary or instance of JsonBody"),
        ]
    },
    "part-with-broken-base64": (
        edited('{"text": "one"}', '{"parts": [{"body": {"base64": "YQ"}}]}'),
        "Cassette PATH, line 4: interaction 1: the base64 is broken (Incorrect padding); mend or record it again.",
    ),
    "part-with-missing-file": (
        edited('{"text": "one"}', f'{{"parts": [{{"body": {{"file": "{MISSING}"}}}}]}}'),
        f"Cassette PATH, line 4: interaction 1: the body file FOLDER/{MISSING} is missing; mend or record it again.",
    ),
    "part-without-body": (
        edited('{"text": "one"}', '{"parts": [{"headers": []}]}'),
        "Cassette PATH, line 6: interactions.0.response.body.parts.0.body: Field required; mend or record it again.",
    ),
    "broken-base64": (
        edited('{"text": "one"}', '{"base64": "YQ"}'),
        "Cassette PATH, line 4: interaction 1: the base64 is broken (Incorrect padding); mend or record it again.",
    ),
    "broken-base64-in-a-frame": (
        edited('{"text": "[DONE]"}', '{"base64": "YQ"}'),
        "Cassette PATH, line 7: interaction 2: the base64 is broken (Incorrect padding); mend or record it again.",
    ),
    "missing-body-file": (
        edited('{"text": "one"}', f'{{"file": "{MISSING}"}}'),
        f"Cassette PATH, line 4: interaction 1: the body file FOLDER/{MISSING} is missing; mend or record it again.",
    ),
    "body-file-elsewhere": (
        edited('{"text": "one"}', '{"file": "../../etc/passwd"}'),
        "Cassette PATH, line 6: interactions.0.response.body.file: String should match pattern '^[0-9a-f]{64}$'; "
        "mend or record it again.",
    ),
}


@pytest.mark.parametrize(("data", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_refused_in_one_sentence_and_left_alone(path: Path, data: bytes, says: str) -> None:
    path.write_bytes(data)
    with pytest.raises(CassetteError) as caught:
        load(path)
    message = str(caught.value)
    expected = says.replace("PATH", str(path)).replace("FOLDER", str(files_folder(path)))
    assert message.startswith(expected)
    assert message.endswith(".")
    assert "\n" not in message
    if says.endswith("."):
        assert message == expected
    assert tree(path.parent) == {path.name: data}


def test_a_good_file_of_the_same_shape_is_read(path: Path) -> None:
    path.write_text(GOOD)
    assert [interaction.request.path for interaction in load(path).interactions] == ["/1", "/2"]


def test_a_cut_short_file_says_so_wherever_it_was_cut(path: Path) -> None:
    for end in range(len(GOOD.rstrip()) - 1):
        with pytest.raises(CassetteError, match="not JSON") as caught:
            parse(GOOD[:end].encode(), path)
        assert str(caught.value).startswith(f"Cassette {path}, line {GOOD.count(chr(10), 0, end) + 1}")
        assert "(the file seems to be cut short)" in str(caught.value)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3), st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_whatever_the_bytes_of_a_file_there_is_a_cassette_or_a_sentence(at: int, put: bytes, gone: int) -> None:
    data = GOOD.encode()
    message = refusal(data[:at] + put + data[at + gone :])
    assert message is None or ("weather.json" in message and "\n" not in message)


def refusal(data: bytes) -> str | None:
    try:
        parse(data, Path("weather.json"))
    except CassetteError as error:
        return str(error)
    return None


def test_a_missing_cassette_says_how_to_record_it(path: Path) -> None:
    with pytest.raises(CassetteError) as caught:
        load(path)
    assert str(caught.value) == f"There is no cassette {path}; record it with 'toolreel record'."
    assert not path.exists()


def test_a_folder_is_no_cassette(path: Path) -> None:
    path.mkdir()
    with pytest.raises(CassetteError) as caught:
        load(path)
    assert str(caught.value) == f"Cassette {path} cannot be read: is a directory."


# -------------------------------------------------------------------------------------------------- large bodies

LARGE = b"\xff" * 100


def test_a_large_body_is_read_from_its_file(path: Path) -> None:
    save(path, cassette(kept(path, LARGE)))
    assert LargeBodies(path).read(digest_of(LARGE)) == LARGE
    assert (path.parent / "weather.files" / digest_of(LARGE)).read_bytes() == LARGE
    load(path)


def test_a_changed_body_file_is_refused(path: Path) -> None:
    save(path, cassette(kept(path, LARGE)))
    body = files_folder(path) / digest_of(LARGE)
    body.write_bytes(LARGE + b"x")
    with pytest.raises(CassetteError) as caught:
        LargeBodies(path).read(digest_of(LARGE))
    assert str(caught.value) == f"Body file {body} was changed, its SHA-256 is not its name; restore it."
    assert body.read_bytes() == LARGE + b"x"


def test_a_body_file_that_vanished_is_named(path: Path) -> None:
    with pytest.raises(CassetteError) as caught:
        LargeBodies(path).read(MISSING)
    assert str(caught.value) == (
        f"Body file {files_folder(path) / MISSING} cannot be read (no such file or directory); restore it."
    )


def test_body_files_that_nobody_names_any_more_are_dropped(path: Path) -> None:
    other = b"\xfe" * 100
    save(path, cassette(kept(path, LARGE), kept(path, other)))
    assert set(tree(files_folder(path))) == {digest_of(LARGE), digest_of(other)}
    save(path, cassette(kept(path, other)))
    assert set(tree(path.parent)) == {"weather.json", f"weather.files/{digest_of(other)}"}
    save(path, cassette(TextBody(text="x")))
    assert set(tree(path.parent)) == {"weather.json"}
    assert not files_folder(path).exists()


def test_body_files_of_requests_are_kept_too(path: Path) -> None:
    asked = Request(method="POST", path="/files", body=kept(path, LARGE))
    upload = Cassette(upstreams=("",), interactions=(Interaction(n=1, request=asked, response=Response(status=200)),))
    save(path, upload)
    assert load(path) == upload


def test_body_files_of_the_parts_of_an_upload_are_kept_too(path: Path) -> None:
    parts = PartsBody(parts=(Part(body=TextBody(text="x")), Part(body=kept(path, LARGE))))
    asked = Request(method="POST", path="/files", body=parts)
    upload = Cassette(upstreams=("",), interactions=(Interaction(n=1, request=asked, response=Response(status=200)),))
    save(path, upload)
    assert load(path) == upload
    assert LargeBodies(path).read(digest_of(LARGE)) == LARGE


def test_body_files_of_superseded_answers_are_kept_too(path: Path) -> None:
    parts = PartsBody(parts=(Part(body=kept(path, b"part")),))
    reads = (Read(count=1, body=kept(path, LARGE)), Read(count=2, body=parts), Read(count=1))
    take = Take(recorded_at="", tool="", reads={"1": reads})
    made = cassette(TextBody(text="x")).model_copy(update={"take": take})
    save(path, made)
    assert set(tree(files_folder(path))) == {digest_of(LARGE), digest_of(b"part")}
    assert load(path) == made


@pytest.mark.parametrize("pieces", [[], [b""], [LARGE], [LARGE[:1], b"", LARGE[1:]]], ids=["none", "empty", "1", "3"])
def test_a_body_is_kept_in_whatever_pieces_it_comes(path: Path, pieces: list[bytes]) -> None:
    bodies = LargeBodies(path)
    digest = bodies.keep(iter(pieces))
    assert digest == digest_of(b"".join(pieces))
    assert tree(path.parent) == {f"weather.files/{digest}": b"".join(pieces)}
    assert bodies.keep(pieces) == digest, "twice is no harm"
    assert bodies.read(digest) == b"".join(pieces)


def test_a_body_of_which_a_piece_cannot_be_had_leaves_nothing(path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield LARGE
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError):
        LargeBodies(path).keep(pieces())
    assert tree(path.parent) == {}


def test_a_body_for_which_there_is_no_space_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(MachineError) as caught:
        LargeBodies(path).keep([LARGE])
    assert str(caught.value) == (f"A body file in {files_folder(path)} cannot be written: no space left on device.")
    assert tree(path.parent) == {}


def test_the_pieces_of_a_body_are_written_one_by_one(path: Path) -> None:
    """Each is on its way to the disk before the next one is asked for."""

    def pieces() -> Iterator[bytes]:
        yield b"x" * (1 << 20)
        [temporary] = files_folder(path).iterdir()
        assert temporary.stat().st_size == 1 << 20
        yield b"end"

    assert LargeBodies(path).keep(pieces()) == digest_of(b"x" * (1 << 20) + b"end")


def test_body_files_of_other_cassettes_stay(path: Path) -> None:
    neighbour = path.with_name("weather2.json")
    save(neighbour, cassette(kept(neighbour, LARGE)))
    save(path, cassette())
    load(neighbour)


# --------------------------------------------------------------------------------------------------------- saving


def test_a_cassette_is_saved_in_folders_that_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    save(path, cassette(TextBody(text="é")))
    assert load(path) == cassette(TextBody(text="é"))
    assert set(tree(tmp_path)) == {"a/b/c.json"}


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_saved_file_has_the_rights_that_the_user_wants(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        save(path, cassette())
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_what_is_saved_is_on_the_disk_before_it_takes_the_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        happened.append("sync")
        real_sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        happened.append("rename")
        assert self.parent == Path(target).parent
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    save(path, cassette(kept(path, LARGE)))
    assert happened == ["sync", "rename", "sync", "rename"]


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "function", [(os, "fsync"), (Path, "replace"), (Path, "chmod"), (tempfile, "mkstemp")], ids=str
)
def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, function: tuple[Any, str]
) -> None:
    old = cassette(TextBody(text="old"))
    save(path, old)
    before = tree(path.parent)
    with monkeypatch.context() as patch:
        patch.setattr(*function, no_space)
        with pytest.raises(MachineError) as caught:
            save(path, cassette(TextBody(text="new")))
    assert str(caught.value) == f"Cassette {path} cannot be written: no space left on device."
    assert tree(path.parent) == before
    assert load(path) == old


def test_a_save_that_fails_leaves_the_bodies_of_the_old_cassette(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = cassette(kept(path, LARGE))
    save(path, old)
    new = cassette(kept(path, b"new"))
    before = tree(path.parent)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(MachineError):
            save(path, new)
    assert tree(path.parent) == before
    assert load(path) == old
    save(path, new)
    assert set(tree(path.parent)) == {"weather.json", f"weather.files/{digest_of(b'new')}"}


def test_an_interrupted_save_leaves_no_temporary_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(path, cassette())
    assert tree(path.parent) == {}


def test_a_file_where_a_folder_is_needed_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    path = tmp_path / "a" / "b.json"
    with pytest.raises(MachineError, match=f"^Cassette {re.escape(str(path))} cannot be written: "):
        save(path, cassette())


# -------------------------------------------------------------------- any bytes, through the real writer and loader

SSE = ResponseHead(200, (("content-type", "text/event-stream"),))
PLAIN = ResponseHead(200, (("content-type", "application/octet-stream"),))
SSE_PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"data: ",
        b"data:",
        b"event: e\n",
        b'{"a":1.0}',
        b"[DONE]",
        b": c",
        b"id: 1",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b'"\\ud800"',
        b"1e16",
        b"\0",
    ]
)
STREAMS = st.lists(SSE_PIECES, max_size=20).map(b"".join) | st.binary()
JSON_TEXTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
).flatmap(
    lambda value: st.sampled_from(
        [json.dumps(value, ensure_ascii=ascii_, indent=indent) for ascii_ in (False, True) for indent in (None, 2)]
    )
)
BODIES = st.binary() | JSON_TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | STREAMS


def through_the_file(head: ResponseHead, asked: bytes | None, pieces: list[bytes], *, threshold: int) -> Response:
    """What the loader gives for an answer that came in pieces; the request's body is checked on the way."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for module in ("messages.bodies", "recording.exchange"):
            patch.setattr(f"toolreel.{module}.FILE_THRESHOLD", threshold)
        exchange = Exchange(1, HttpRequest("POST", "/v1/x", (), asked, "https://a.example"))
        entries: list[Entry] = [*exchange.begin(0), *exchange.head(head, 0)]
        for piece in pieces:
            entries += exchange.data(piece, 0)
        entries += exchange.end(Ending.CUT, 0)
        path = Path(folder) / "any.json"
        spooled = [entry.data for entry in entries if isinstance(entry, BodyPiece)]
        keep = LargeBodies(path).keep
        made = assemble(entries, recorded_at="", tool="", keep_file=keep, spooled=lambda key: spooled)
        save(path, made)
        [interaction] = load(path).interactions
        read: Callable[[str], bytes] = LargeBodies(path).read
        assert body_bytes(interaction.request.body, read) == asked
        response = interaction.response
        return response.model_copy(update={"body": body_of(body_bytes(response.body, read))})


@given(st.none() | BODIES, BODIES, st.sampled_from([5, 1 << 20]))
@settings(max_examples=150, deadline=None)
def test_any_bytes_as_body_come_back_from_the_file(asked: bytes | None, body: bytes, threshold: int) -> None:
    response = through_the_file(PLAIN, asked, [body], threshold=threshold)
    assert body_bytes(response.body, read_file=lambda digest: b"") == body


@given(STREAMS, st.lists(st.integers(0, 60), max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_stream_in_any_pieces_comes_back_from_the_file(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places)]
    response = through_the_file(SSE, None, pieces, threshold=1 << 20)
    assert response.frames is not None
    assert b"".join(map(frame_bytes, response.frames)) == data


def test_nothing_is_written_while_a_cassette_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path, cassette(kept(path, LARGE)))
    before = tree(path.parent)
    monkeypatch.setattr(files, "_write", no_space)
    load(path)
    LargeBodies(path).read(digest_of(LARGE))
    assert tree(path.parent) == before
