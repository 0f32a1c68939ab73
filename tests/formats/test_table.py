from __future__ import annotations

import gzip
import io
import json
import zlib

import pytest

from tests.normalise.takes import above, no_file
from toolreel.formats.found import FormatError, Found, Left
from toolreel.formats.table import NoRecordingError
from toolreel.messages.bodies import body_bytes
from toolreel.messages.model import Ending

from .writers import (
    SHIPPED,
    TIMED,
    WRITERS,
    conversation,
    example,
    go,
    har_value,
    httprr,
    imported,
    opened,
    packed,
    received,
    shipped,
    taken,
    vcrpy,
)

SOME = [
    *conversation()[:2],
    next(one for one in conversation() if b"event: " in one.answer),
]


@pytest.mark.parametrize("name", WRITERS)
def test_a_conversation_gives_the_same_cassette_whoever_recorded_it(name: str) -> None:
    cassette = imported(WRITERS[name](conversation()))
    assert above(cassette) == above(shipped())
    assert cassette.take
    performances = cassette.take.interactions.values()
    assert all((one.ms is not None) == (name in TIMED) for one in performances)
    assert not any(one.chunks or one.frame_ms for one in performances), "nobody noted them"


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"har", "test-proxy", "vcrpy-json"}))
def test_compressed_answers_are_decoded(name: str) -> None:
    cassette = received(WRITERS[name]([packed(one) for one in SOME]))
    assert cassette.interactions == received(WRITERS[name](SOME)).interactions
    assert cassette.take
    assert {one.encoding for one in cassette.take.interactions.values()} == {"gzip"}


@pytest.mark.parametrize("name", ["vcrpy", "go-vcr", "httprr", "flows"])
def test_of_a_compressed_answer_that_is_cut_all_that_can_be_known_is_taken(name: str) -> None:
    """The secret in it makes it impossible to keep the body as it is."""
    coded = gzip.compress(b'{"api_key":"hunter2-hunter2","x":[1,2,3]}')[:-8]
    one = example(answer=coded, answered=(("content-encoding", "gzip"), ("content-type", "application/json")))
    cassette = received(WRITERS[name]([one]))
    [interaction] = cassette.interactions
    assert interaction.ending is Ending.CUT
    assert body_bytes(interaction.response.body, no_file) == b'{"api_key":"REDACTED-0001","x":[1,2,3]}'


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"flows"}))
def test_answers_that_were_decoded_already_are_taken_as_they_are(name: str) -> None:
    """(mitmproxy alone always keeps what was on the wire.)"""
    length = ("content-length", str(len(example().answer)))
    exchanges = [
        example(answered=(*example().answered, length, ("content-encoding", coding)))
        for coding in ("gzip", "br", "zstd", "deflate")
    ]
    cassette = received(WRITERS[name](exchanges))
    for one in cassette.interactions:
        assert one.response == received(vcrpy([example()])).interactions[0].response


@pytest.mark.parametrize("name", WRITERS)
def test_no_secret_of_the_other_tool_is_taken_over(name: str) -> None:
    cassette = imported(WRITERS[name]([example(body=b'{"api_key":"hunter2-hunter2","x":"sk-abcdefghijklmnop0123"}')]))
    text = cassette.model_dump_json()
    assert "hunter2" not in text
    assert "sk-abc" not in text
    assert "secret" not in text
    assert text.count("REDACTED-0001") == 1


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, zlib.compress, lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])],
    ids=["gzip", "zlib-as-in-zhar", "gzip-of-several-members"],
)
@pytest.mark.parametrize("name", ["vcrpy", "httprr", "har", "flows"])
def test_packed_files_are_unpacked(name: str, pack: object) -> None:
    data = WRITERS[name](SOME)
    assert callable(pack)
    assert received(pack(data)) == received(data)


def test_a_packed_file_that_is_cut_or_broken_is_refused() -> None:
    data = gzip.compress(httprr(SOME))
    with pytest.raises(FormatError, match="is cut short"):
        taken(data[:-20])
    with pytest.raises(FormatError, match="broken, it cannot be unpacked"):
        taken(data[:200] + b"\xff" * 200 + data[400:])


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\n\n"], ids=["byte-order-mark", "blank-lines"])
@pytest.mark.parametrize("name", ["vcrpy", "har", "test-proxy"])
def test_what_stands_in_front_does_not_matter(name: str, start: bytes) -> None:
    assert len(taken(start + WRITERS[name]([example()]))) == 1


def test_comments_and_directives_in_front_of_yaml_do_not_matter() -> None:
    assert len(taken(b"# written by hand\n%YAML 1.1\n---\n" + vcrpy([example()]))) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"# Recordings\n\nWhat this is.\n",
        b"{}",
        b'{"name": "x", "scripts": {}}',
        b'{"name": "x", "scripts": {"log": "echo"}}',
        b"a: 1\nb: 2\n",
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"PK\x03\x04",
        b"\xff\xfe{\0",
        "interactions: []".encode("utf-16"),
        b"[1, 2]",
    ],
)
def test_what_is_no_recording_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(NoRecordingError, match="is in no format that toolreel knows"):
        taken(data)


def test_a_cassette_is_no_recording_of_another_tool() -> None:
    with pytest.raises(NoRecordingError, match="is a cassette of toolreel already"):
        taken(SHIPPED.read_bytes())


def test_recordings_of_old_ruby_are_named() -> None:
    with pytest.raises(FormatError, match="Ruby VCR 1"):
        taken(b"--- \n- !ruby/struct:VCR::HTTPInteraction \n  request: x\n")


@pytest.mark.parametrize(
    "data", [b"interactions: []\nversion: 1\n", b'{"log": {"entries": []}}', b'{"Entries": []}', b"httprr trace v1\n"]
)
def test_an_empty_recording_holds_nothing(data: bytes) -> None:
    assert taken(data) == []


def test_the_tool_is_named_with_its_version_if_the_file_says_it() -> None:
    for name, tool in {
        "vcrpy": "VCR.py",
        "ruby": "Ruby VCR 6.1.0",
        "go-vcr": "go-vcr",
        "test-proxy": ".NET/Azure test proxy",
        "httprr": "httprr",
        "har": "HAR of WebInspector 537.36",
        "flows": "mitmproxy",
    }.items():
        source = opened(WRITERS[name]([example()]))
        assert len(list(source)) == 1
        assert source.tool == tool


def test_what_cannot_be_taken_does_not_stop_the_rest() -> None:
    value = har_value([example(), example(), example()])
    value["log"]["entries"][1] = "nonsense"
    first, second, third = taken(json.dumps(value).encode())
    assert isinstance(first, Found)
    assert isinstance(third, Found)
    assert second == Left(2, "it is made as no known format demands")


def test_interactions_of_neither_tool_are_left() -> None:
    [one] = taken(b"interactions:\n- request: {method: GET, path: /x}\n  response: {}\n")
    assert isinstance(one, Left)
    assert one.asked == "GET"


def test_a_file_is_read_in_pieces() -> None:
    """A pipe gives what it has."""

    class Dribble(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            piece = self._data.read(min(777, len(buffer)))
            buffer[: len(piece)] = piece
            return len(piece)

    from toolreel.formats.table import LOOK, Opened

    for writer in (vcrpy, go, httprr):
        source = Opened(io.BufferedReader(Dribble(writer(SOME)), LOOK))
        assert list(source) == taken(writer(SOME))
