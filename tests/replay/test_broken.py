from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.test_run_endings import MESSAGE, RUN, STEP, WAITING, delta
from toolreel.messages import sse
from toolreel.messages.http import Headers
from toolreel.messages.jsontext import compact, spell
from toolreel.replay.answer import Answer
from toolreel.replay.broken import broken, fits, run_of, standing_in, values_of, with_run
from toolreel.replay.faults import Fault, parse_faults

SSE: Headers = (("content-type", "text/event-stream; charset=utf-8"),)
JSON: Headers = (("content-type", "application/json"),)


def frame(event: str, value: Any) -> bytes:
    return f"event: {event}\ndata: {compact(value) if isinstance(value, dict) else value}\n\n".encode()


FRAMES = (
    frame("thread.run.created", RUN),
    frame("thread.run.step.created", STEP),
    frame("thread.message.created", MESSAGE),
    frame("thread.message.delta", delta("Hell")),
    frame("thread.message.delta", delta("ö")),
    frame("thread.message.completed", MESSAGE | {"status": "completed"}),
    frame("thread.run.step.completed", STEP | {"status": "completed"}),
    frame("thread.run.completed", RUN | {"status": "completed", "completed_at": 105}),
    frame("done", "[DONE]"),
)
DONE = FRAMES[-1]
STREAM = Answer(200, SSE, FRAMES)
CHAT = Answer(200, SSE, (b'data: {"choices":[]}\n\n', b"data: [DONE]\n\n"))
POLL = Answer(200, JSON, (spell(RUN, "pretty2").encode(),), length=len(spell(RUN, "pretty2").encode()))


def fault(text: str) -> Fault:
    (one,) = parse_faults(f"[[fault]]\n{text}", "f.toml").fault
    return one


def events(answer: Answer) -> list[str]:
    found = [sse.event(piece) for piece in answer.pieces]
    return [event.type for event in found if event]


@pytest.mark.parametrize(
    ("text", "pieces", "cut"),
    [
        pytest.param("cut_after_frame = 2", FRAMES[:2], True, id="cut"),
        pytest.param("cut_after_frame = 0", (), True, id="cut-at-once"),
        pytest.param("end_after_frame = 2", FRAMES[:2], False, id="end"),
        pytest.param("end_after_frame = 0", (), False, id="end-at-once"),
        pytest.param("cut_inside_frame = 1", (FRAMES[0][: len(FRAMES[0]) // 2],), True, id="inside"),
        pytest.param("cut_inside_frame = 9", (*FRAMES[:8], DONE[: len(DONE) // 2]), True, id="inside-last"),
        pytest.param("delay_ms = 5", FRAMES, False, id="delay"),
    ],
)
def test_a_stream_is_cut_where_it_is_asked_for(text: str, pieces: tuple[bytes, ...], cut: bool) -> None:
    answer, run = broken(fault(text), STREAM)
    assert (answer.pieces, answer.cut, answer.length, run) == (pieces, cut, None, None)


def test_a_clean_end_ends_even_a_stream_that_was_cut() -> None:
    answer, _ = broken(fault("end_after_frame = 1"), replace(STREAM, cut=True))
    assert (answer.pieces, answer.cut) == (FRAMES[:1], False)


def test_what_strikes_elsewhere_leaves_the_recorded_cut() -> None:
    assert broken(fault("malformed_frame = 1"), replace(STREAM, cut=True))[0].cut is True


@pytest.mark.parametrize(
    ("frames", "nth", "malformed"),
    [
        pytest.param((b'event: e\ndata: {"a":"bc"}\n\n',), 1, b'event: e\ndata: {"a":\n\n', id="event"),
        pytest.param((b'data: {"a":"bc"}\n\n',), 1, b'data: {"a":\n\n', id="no-event"),
        pytest.param((b'data: {"a":\ndata: "bc",\ndata: "d":1}\n\n',), 1, b'data: {"a":\ndata: "bc\n\n', id="lines"),
        pytest.param((b"x", b"data: [DONE]\n\n"), 2, b"data: [DO\n\n", id="done"),
        pytest.param((b": comment\n\n",), 1, b": comment\n\n", id="comment"),
    ],
)
def test_a_malformed_frame_ends_as_frames_end(frames: tuple[bytes, ...], nth: int, malformed: bytes) -> None:
    answer, _ = broken(fault(f"malformed_frame = {nth}"), Answer(200, SSE, frames))
    assert answer.pieces == (*frames[: nth - 1], malformed)
    assert not answer.cut


@pytest.mark.parametrize(
    ("text", "after", "data"),
    [
        pytest.param("error_event = true", 1, {"error": {"type": "server_error"}}, id="the-usual"),
        pytest.param("error_event = { message = 'é' }\nafter_frame = 4", 4, {"message": "é"}, id="of-ones-own"),
    ],
)
def test_an_error_event_ends_a_stream(text: str, after: int, data: dict[str, Any]) -> None:
    answer, _ = broken(fault(text), STREAM)
    *before, error, done = answer.pieces
    assert (tuple(before), done, answer.cut) == (FRAMES[:after], DONE, False)
    event = sse.event(error)
    assert event is not None
    assert event.type == "error"
    said = json.loads(event.data)
    assert said.keys() == data.keys()
    assert said.get("error", {}).get("type") == data.get("error", {}).get("type")


@pytest.mark.parametrize("status", ["failed", "expired", "incomplete"])
def test_a_streamed_run_ends_before_its_answer_is_whole(status: str) -> None:
    answer, run = broken(fault(f"run = '{status}'"), STREAM)
    assert answer.pieces[:5] == FRAMES[:5]
    step = "completed" if status == "incomplete" else status
    ends = ["thread.message.incomplete", f"thread.run.step.{step}", f"thread.run.{status}", "done"]
    assert events(answer)[5:] == ends
    assert (answer.pieces[-1], answer.cut) == (DONE, False)
    assert run is not None
    assert run["status"] == status
    assert run_of(answer) == run


def test_a_run_ends_after_the_frame_that_is_named() -> None:
    answer, _ = broken(fault("run = 'failed'\nafter_frame = 3"), STREAM)
    assert answer.pieces[:3] == FRAMES[:3]
    assert events(answer)[3:] == [
        "thread.message.incomplete",
        "thread.run.step.failed",
        "thread.run.failed",
        "done",
    ]


def test_a_run_that_has_not_been_shown_yet_ends_as_soon_as_it_is() -> None:
    submitted = Answer(200, SSE, (frame("thread.run.step.completed", STEP), *FRAMES))
    answer, _ = broken(fault("run = 'failed'\nafter_frame = 1"), submitted)
    assert events(answer) == ["thread.run.step.completed", "thread.run.step.failed", "thread.run.failed", "done"]


def test_a_run_that_asks_for_tools_ends_in_place_of_asking() -> None:
    asking = Answer(200, SSE, (frame("thread.run.requires_action", WAITING), DONE))
    answer, run = broken(fault("run = 'expired'"), asking)
    assert events(answer) == ["thread.run.expired", "done"]
    assert run is not None
    assert run["required_action"] is None


def test_the_run_of_an_answer_in_json_ends_and_keeps_its_spelling() -> None:
    answer, run = broken(fault("run = 'failed'\nlast_error = { code = 'invalid_prompt', message = 'ü' }"), POLL)
    body = answer.pieces[0]
    assert json.loads(body)["last_error"] == {"code": "invalid_prompt", "message": "ü"}
    assert body == spell(run, "pretty2").encode()
    assert answer.length == len(body)


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        pytest.param("delay_ms = 5", (105, ()), id="headers"),
        pytest.param("frame_delay_ms = 5", (100, (0, *[5] * 8)), id="frames"),
        pytest.param("frame_delay_ms = 5\ncut_after_frame = 2", (100, (0, 5)), id="frames-and-cut"),
    ],
)
def test_delays_come_on_top(text: str, waits: tuple[float, tuple[float, ...]]) -> None:
    answer, _ = broken(fault(text), replace(STREAM, wait=100))
    assert (answer.wait, answer.delays) == waits


def test_delays_add_to_the_pace_and_what_is_put_in_comes_at_once() -> None:
    paced = replace(STREAM, wait=1, delays=(0, 1, 2, 3, 4, 5, 6, 7, 8), end_delay=9)
    assert broken(fault("frame_delay_ms = 10"), paced)[0].delays == (0, 11, 12, 13, 14, 15, 16, 17, 18)
    ended, _ = broken(fault("run = 'failed'"), paced)
    assert (ended.delays, ended.end_delay) == ((0, 1, 2, 3, 4, 5, 0, 0, 0), 0)


@pytest.mark.parametrize("answer", [STREAM, POLL])
def test_an_answer_that_is_lost_is_a_reset(answer: Answer) -> None:
    lost, run = broken(fault("reset = 'answer'\ndelay_ms = 5"), answer)
    assert (lost.reset, lost.wait, lost.pieces, run) == (True, 5, (), None)


@pytest.mark.parametrize(
    ("text", "fitting", "not_fitting"),
    [
        pytest.param("delay_ms = 5", [STREAM, POLL, CHAT, Answer(204, ())], [], id="delay"),
        pytest.param("reset = 'answer'", [STREAM, POLL, CHAT, Answer(500, JSON)], [], id="reset"),
        pytest.param("frame_delay_ms = 5", [STREAM, CHAT], [POLL, Answer(200, SSE, (DONE,))], id="frame-delay"),
        pytest.param("cut_after_frame = 8", [STREAM], [CHAT, POLL], id="cut"),
        pytest.param("cut_after_frame = 9", [], [STREAM], id="nothing-to-cut"),
        pytest.param("end_after_frame = 1", [STREAM, CHAT], [POLL], id="end"),
        pytest.param("cut_inside_frame = 9", [STREAM], [CHAT, POLL], id="inside"),
        pytest.param("malformed_frame = 10", [], [STREAM], id="malformed"),
        pytest.param("error_event = true", [STREAM, CHAT], [POLL, Answer(200, SSE)], id="error"),
        pytest.param("run = 'failed'", [STREAM, POLL], [CHAT, Answer(204, ())], id="run"),
    ],
)
def test_a_fault_fits_only_what_it_can_break(text: str, fitting: list[Answer], not_fitting: list[Answer]) -> None:
    one = fault(text)
    assert [fits(one, answer) for answer in (*fitting, *not_fitting)] == [True] * len(fitting) + [False] * len(
        not_fitting
    )


@pytest.mark.parametrize(
    ("text", "status", "headers", "body"),
    [
        pytest.param(
            "status = 429\nheaders = { retry-after = 2 }",
            429,
            (("content-type", "application/json"), ("retry-after", "2")),
            '{\n  "error": {\n    "message": "Rate limit reached for requests",\n    "type": "requests",\n'
            '    "param": null,\n    "code": "rate_limit_exceeded"\n  }\n}',
            id="429",
        ),
        pytest.param(
            "status = 502\nbody = '<h1>é'\nheaders = { content-type = 'text/html' }",
            502,
            (("content-type", "text/html"),),
            "<h1>é",
            id="gateway",
        ),
        pytest.param(
            "status = 500\nbody = [1]", 500, (("content-type", "application/json"),), "[\n  1\n]", id="json"
        ),
        pytest.param(
            "status = 500\nbody = ''", 500, (("content-type", "text/plain; charset=utf-8"),), "", id="empty"
        ),
    ],
)
def test_a_status_stands_in_the_place_of_the_answer(text: str, status: int, headers: Headers, body: str) -> None:
    answer = standing_in(fault(text))
    assert (answer.status, answer.headers, b"".join(answer.pieces).decode()) == (status, headers, body)
    assert answer.length == len(body.encode())


def test_a_lost_request_is_a_reset() -> None:
    answer = standing_in(fault("reset = 'request'\ndelay_ms = 7"))
    assert (answer.reset, answer.wait) == (True, 7)


def test_a_run_is_corrected_wherever_it_stands() -> None:
    ended = RUN | {"status": "failed"}
    listed = Answer(200, JSON, (compact({"data": [RUN, RUN | {"id": "run_2"}]}).encode(),), length=1)
    corrected = with_run(listed, ended)
    assert json.loads(corrected.pieces[0]) == {"data": [ended, RUN | {"id": "run_2"}]}
    assert corrected.length == len(corrected.pieces[0])


def test_a_run_in_an_unusual_spelling_ends_too() -> None:
    unusual = Answer(200, JSON, (b'{"object":"thread.run",  "id":"run_1","temperature":1.10}',), length=9)
    answer, run = broken(fault("run = 'failed'"), unusual)
    assert json.loads(answer.pieces[0]) == run
    assert run is not None
    assert run["status"] == "failed"


@pytest.mark.parametrize(
    ("frame", "done"),
    [
        (b'data: {"choices":[]}\n\n', [b"data: [DONE]\n\n"]),
        (b'event: response.created\ndata: {"type":"response.created"}\n\n', []),
        (FRAMES[0], [DONE]),
    ],
    ids=["chat", "responses", "assistants"],
)
def test_after_an_error_a_stream_ends_as_its_api_ends_it(frame: bytes, done: list[bytes]) -> None:
    answer, _ = broken(fault("error_event = true"), Answer(200, SSE, (frame, b"data: x\n\n")))
    assert list(answer.pieces[2:]) == done


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_what_is_no_json_is_left_alone(body: bytes) -> None:
    answer = Answer(200, JSON, (body,), length=len(body))
    assert with_run(answer, RUN) is answer
    assert run_of(answer) is None


def test_the_values_of_a_stream_come_last_first() -> None:
    assert [value["status"] for value in values_of(STREAM, b'"thread.run"')] == ["completed", "in_progress"]
