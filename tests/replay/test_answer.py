from __future__ import annotations

import json

import pytest

from toolreel.messages.model import (
    Base64Body,
    Body,
    Ending,
    FileBody,
    Frame,
    JsonBody,
    JsonFrame,
    RawFrame,
    Response,
    TextBody,
    TextFrame,
)
from toolreel.replay.answer import Answer, error_answer, miss_answer, recorded_answer
from toolreel.replay.miss import Miss, MissCode

HEADERS = (("content-type", "a/b"), ("location", "/x"), ("location", "/y"))
FRAMES: tuple[Frame, ...] = (JsonFrame(event="e", value={"a": 1.0}), TextFrame(text="[DONE]"), RawFrame(raw="da"))
WIRE = (b'event: e\ndata: {"a":1.0}\n\n', b"data: [DONE]\n\n", b"da")


def recorded(
    body: Body | None = None, frames: tuple[Frame, ...] | None = None, ending: Ending = Ending.COMPLETE
) -> Answer:
    response = Response(status=203, headers=HEADERS, body=body, frames=frames)
    return recorded_answer(response, ending, {"a" * 64: b"large"}.__getitem__)


@pytest.mark.parametrize(
    ("body", "pieces", "length"),
    [
        pytest.param(JsonBody(value={"a": 1}, style="pretty2+nl"), (b'{\n  "a": 1\n}\n',), 13, id="json"),
        pytest.param(TextBody(text="é"), ("é".encode(),), 2, id="text"),
        pytest.param(Base64Body(base64="/w=="), (b"\xff",), 1, id="binary"),
        pytest.param(FileBody(file="a" * 64), (b"large",), 5, id="file"),
        pytest.param(TextBody(text=""), (), 0, id="empty"),
        pytest.param(None, (), None, id="none"),
    ],
)
def test_a_body_is_answered_as_it_was_received(
    body: Body | None, pieces: tuple[bytes, ...], length: int | None
) -> None:
    assert recorded(body) == Answer(203, HEADERS, pieces, cut=False, length=length)


@pytest.mark.parametrize(
    ("ending", "cut"),
    [(Ending.COMPLETE, False), (Ending.EOF, False), (Ending.CUT, True), (Ending.CLIENT_GONE, True)],
)
def test_an_answer_ends_as_it_ended(ending: Ending, cut: bool) -> None:
    assert recorded(frames=FRAMES, ending=ending) == Answer(203, HEADERS, WIRE, cut=cut, length=None)
    length = None if cut else 1
    assert recorded(TextBody(text="x"), ending=ending) == Answer(203, HEADERS, (b"x",), cut=cut, length=length)
    assert recorded(ending=ending).cut is cut


def test_a_stream_without_frames_has_no_length() -> None:
    assert recorded(frames=()) == Answer(203, HEADERS, (), cut=False, length=None)


def test_a_miss_is_answered_so_that_no_client_retries_or_catches_it() -> None:
    answer = miss_answer(Miss(MissCode.NO_MATCH, "GET /é is unknown.", "$.model"))
    assert answer.status == 424
    assert answer.headers == (("content-type", "application/json"), ("x-should-retry", "false"))
    [body] = answer.pieces
    assert answer.length == len(body)
    assert answer.cut is False
    assert json.loads(body) == {
        "error": {"message": "GET /é is unknown.", "type": "toolreel_miss", "param": "$.model", "code": "no_match"}
    }


def test_an_answer_of_our_own_is_shaped_like_an_error_of_the_api() -> None:
    answer = error_answer(503, {"message": "m", "type": "toolreel_recorder", "param": None, "code": None})
    assert answer.status == 503
    assert json.loads(b"".join(answer.pieces)) == {
        "error": {"message": "m", "type": "toolreel_recorder", "param": None, "code": None}
    }
