from __future__ import annotations

import gzip
import json
import zlib

import pytest

from tests.normalise.takes import no_file
from tests.recording.assembling import assemble
from toolreel.formats.entries import Importer
from toolreel.formats.found import Answer, Found, LeftError, Timing
from toolreel.messages.bodies import body_bytes
from toolreel.messages.http import Headers, HttpRequest, ResponseHead
from toolreel.messages.model import Base64Body, Cassette, Ending, JsonBody, JsonFrame, Performance, UnknownBody
from toolreel.recording.entries import Ended

TEXT = (("content-type", "text/plain"),)
SSE = (("content-type", "text/event-stream"),)
STREAM = b'event: a\ndata: {"x":1}\n\nevent: done\ndata: [DONE]\n\n'


def made(
    body: bytes = b"answer",
    headers: Headers = TEXT,
    *,
    sent: bytes | None = None,
    sent_headers: Headers = (),
    coded: bool | None = None,
    timing: Timing | None = None,
    **more: object,
) -> Found:
    request = HttpRequest("POST", "/v1/threads", sent_headers, sent, "https://h.example")
    return Found(request, Answer(ResponseHead(200, headers), body, coded=coded), timing=timing, **more)  # type: ignore[arg-type]


def taken(*found: Found, importer: Importer | None = None) -> Cassette:
    importer = importer or Importer()
    entries = [entry for one in found for entry in importer.entries(one)]
    return assemble(entries, recorded_at=None, tool="", keep_file=lambda pieces: "")


def answer(found: Found) -> bytes | None:
    return body_bytes(taken(found).interactions[0].response.body, no_file)


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)]
)
@pytest.mark.parametrize("coded", [None, True])
def test_an_encoding_is_taken_off_and_noted(coding: str, pack: object, coded: bool | None) -> None:
    assert callable(pack)
    cassette = taken(made(pack(b"answer"), (*TEXT, ("content-encoding", coding)), coded=coded))
    [one] = cassette.interactions
    assert body_bytes(one.response.body, no_file) == b"answer"
    assert one.response.headers == TEXT
    assert cassette.take
    assert cassette.take.interactions["1"] == Performance(encoding=coding)


def test_a_text_that_is_not_in_its_encoding_was_decoded_before() -> None:
    cassette = taken(made(b"answer", (*TEXT, ("content-encoding", "gzip"))))
    assert body_bytes(cassette.interactions[0].response.body, no_file) == b"answer"
    assert cassette.take
    assert cassette.take.interactions["1"].encoding == "gzip", "on the wire it was"


def test_bytes_that_are_not_in_their_encoding_stay_in_it() -> None:
    """Cut, broken, or in a coding that this machine does not know."""
    cut = gzip.compress(b"answer" * 100)[:-12]
    for body, coding in ((cut, "gzip"), (b"\xff\xfe\x00", "lzma")):
        [one] = taken(made(body, (*TEXT, ("content-encoding", coding)))).interactions
        assert isinstance(one.response.body, Base64Body)
        assert body_bytes(one.response.body, no_file) == body
        assert ("content-encoding", coding) in one.response.headers


def test_whoever_knows_that_it_is_decoded_is_believed() -> None:
    packed = gzip.compress(b"a file")
    assert answer(made(packed, (*TEXT, ("content-encoding", "gzip")), coded=False)) == packed


def test_a_compressed_stream_is_frames() -> None:
    [one] = taken(made(gzip.compress(STREAM), (*SSE, ("content-encoding", "gzip")))).interactions
    assert one.response.frames
    assert one.response.frames[0] == JsonFrame(event="a", value={"x": 1})


def test_the_body_of_a_request_is_decoded_too() -> None:
    headers = (("content-type", "application/json"), ("content-encoding", "gzip"))
    for sent in (gzip.compress(b'{"a":1}'), b'{"a":1}'):
        [one] = taken(made(sent=sent, sent_headers=headers)).interactions
        assert one.request.body == JsonBody(value={"a": 1}, style="compact")
        assert one.request.headers == headers[:1]


def test_times_count_from_the_first_and_unknown_ones_stay_unknown() -> None:
    first, second = Timing(1_000_000, 1_000_010), Timing(999_990, 1_000_020, (5, 30))
    cassette = taken(made(timing=first), made(STREAM, SSE, timing=second, chunks=(1, 2)), made())
    assert cassette.take
    performances = cassette.take.interactions
    assert performances["1"] == Performance(ms=(10, 20))
    assert performances["2"] == Performance(ms=(0, 30), frame_ms=(5, 30), chunks=(1, 2))
    assert performances["3"] == Performance()


def test_a_time_from_outside_may_be_the_first() -> None:
    importer = Importer()
    importer.count_from(1_000)
    importer.count_from(5_000)
    cassette = taken(made(timing=Timing(1_500, 1_600)), importer=importer)
    assert cassette.take
    assert cassette.take.interactions["1"].ms == (500, 600)


def test_frames_without_times_have_none() -> None:
    cassette = taken(made(STREAM, SSE, timing=Timing(0, 10, (5,))))
    assert cassette.take
    assert cassette.take.interactions["1"] == Performance(ms=(0, 10)), "one of two is none at all"


def test_what_was_not_kept_is_unknown() -> None:
    found = made(b'{\n  "a": 1\n}', sent=b'{\n  "b": 2\n}', spelling_kept=False)
    found = Found(
        found.request, Answer(found.answer.head, found.answer.body, spelling_kept=False), spelling_kept=False
    )
    [one] = taken(found).interactions
    assert (one.request.body, one.response.body) == (
        JsonBody(value={"b": 2}, style="unknown"),
        JsonBody(value={"a": 1}, style="unknown"),
    )
    [one] = taken(made(body_kept=False)).interactions
    assert one.request.body == UnknownBody(unknown=True)


def test_answers_without_a_body_have_none() -> None:
    found = made()
    none = Found(found.request, Answer(found.answer.head, None))
    assert taken(none).interactions[0].response.body is None


def test_the_end_is_that_of_the_source_unless_the_last_frame_came() -> None:
    head = ResponseHead(200, SSE)
    for body, ending in ((STREAM, Ending.COMPLETE), (STREAM[:30], Ending.CUT)):
        found = Found(made().request, Answer(head, body, ending=Ending.CUT))
        assert taken(found).interactions[0].ending is ending


def test_secrets_go_the_way_of_the_recorder_and_share_their_placeholders() -> None:
    secret = b'{"key":"sk-proj-abcdefghijklmnop0123456789"}'
    json_type = (("content-type", "application/json"),)
    cassette = taken(made(secret, json_type, sent=secret), made(sent=secret))
    bodies = [one.request.body for one in cassette.interactions] + [cassette.interactions[0].response.body]
    assert all(body == JsonBody(value={"key": "REDACTED-0001"}, style="compact") for body in bodies)


def test_placeholders_of_other_tools_are_translated_in_answers_too_but_not_in_our_own_files() -> None:
    body = gzip.compress(json.dumps({"org": "Sanitized"}).encode())
    headers = (("content-type", "application/json"), ("content-encoding", "gzip"))
    assert answer(made(body, headers)) == b'{"org": "REDACTED-0001"}'
    assert answer(made(body, headers, is_ours=True)) == b'{"org": "Sanitized"}'


def test_nothing_is_noted_of_what_cannot_be_taken() -> None:
    importer = Importer()
    found = made(b"\x1f\x8b", (("content-encoding", "gzip, gzip, gzip"),))
    with pytest.raises(LeftError, match="more content codings"):
        next(importer.entries(found))
    assert importer.count == 0


def test_an_answer_ends_once() -> None:
    *_, last = Importer().entries(made())
    assert isinstance(last, Ended)
    assert last.chunks is None
