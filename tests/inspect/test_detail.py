from __future__ import annotations

import json

from tests.normalise.takes import post, take
from toolreel.inspect.detail import FrameLine, detail, frame_lines
from toolreel.messages.model import (
    Base64Body,
    Base64Frame,
    FileBody,
    JsonFrame,
    Part,
    PartsBody,
    Performance,
    RawFrame,
    TextBody,
    TextFrame,
)

from .tapes import sample


def test_all_of_a_stream_is_told() -> None:
    cassette = sample()
    one = detail(cassette, cassette.interactions[3])
    assert (one.n, one.method, one.status, one.ending, one.ms) == (4, "POST", 200, "complete", (4685, 5347))
    assert one.upstream == cassette.upstreams[0]
    assert one.request.kind == "json"
    assert one.answer.kind is None
    assert one.frames is not None
    assert (len(one.frames), one.frames[0].ms, one.frames[0].event) == (28, 8, "thread.run.step.completed")
    assert one.frames[-1] == FrameLine(27, 661, "done", "[DONE]")
    (text,) = one.joined
    assert (text.text, text.pieces) == ("In Paris it is 18° and light rain, in Tokyo 26° and clear.", 17)
    assert json.loads(json.dumps(one.as_json()))["joined"][0]["pieces"] == 17


def test_frames_in_any_spelling_are_told() -> None:
    frames = (
        JsonFrame(event="a", value={"x": 1}),
        TextFrame(text="[DONE]"),
        RawFrame(raw="event: b\r\ndata: one\r\ndata: two\r\n\r\n"),
        RawFrame(raw=": comment\n\n"),
        RawFrame(raw="event: thread.ru"),
        Base64Frame(base64="/w=="),
    )
    lines = frame_lines(frames, (5, 6))
    assert lines is not None
    assert [(line.ms, line.event, line.data) for line in lines] == [
        (5, "a", '{"x":1}'),
        (6, "", "[DONE]"),
        (None, "b", "one\ntwo"),
        (None, "no event", ": comment\n\n"),
        (None, "no event", "event: thread.ru"),
        (None, "bytes", "/w=="),
    ]
    assert frame_lines(None, None) is None


def test_more_times_than_frames_do_no_harm() -> None:
    lines = frame_lines((TextFrame(text="x"),), (1, 2, 3))
    assert lines == (FrameLine(0, 1, "", "x"),)


def test_bodies_of_all_kinds_are_told() -> None:
    parts = PartsBody(
        parts=(
            Part(headers=(("content-type", "text/plain"),), body=TextBody(text="a")),
            Part(body=FileBody(file="0" * 64)),
        )
    )
    kinds = []
    for body in (None, TextBody(text="x"), Base64Body(base64="AAAA"), parts):
        cassette = take(post("/x"))
        interaction = cassette.interactions[0]
        changed = interaction.model_copy(update={"request": interaction.request.model_copy(update={"body": body})})
        kinds.append(detail(cassette, changed).request)
    assert [(one.kind, one.body) for one in kinds[:3]] == [
        (None, None),
        ("text", "x"),
        ("bytes", "3 bytes that are no text"),
    ]
    assert kinds[3].kind == "parts"
    assert [part.kind for part in kinds[3].body] == ["text", "bytes"]


def test_what_is_left_of_a_coding_is_told_in_words() -> None:
    cassette = sample()
    assert cassette.take
    left = Performance(encoding="gzip", rest="AAD//w==", hidden=7)
    take = cassette.take.model_copy(update={"interactions": {"1": left, "2": Performance(encoding="gzip")}})
    cassette = cassette.model_copy(update={"take": take})
    one, two, three, *_ = (detail(cassette, interaction).left for interaction in cassette.interactions)
    assert one == "4 bytes more of gzip, which say nothing yet; 7 bytes more of gzip, which nobody kept"
    assert (two, three) == (None, None)
