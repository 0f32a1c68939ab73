from __future__ import annotations

from typing import Any

import pytest

from toolreel.messages.model import JsonBody, JsonFrame, Response, TextBody, TextFrame
from toolreel.normalise.cassette import normalise
from toolreel.normalise.volatile import CLOCK_START, Volatile, first_second, put_back, shifted, take_out

from .takes import above, answer_bytes, below, get, normal, post, stream, take, value

NOON, LATER = 1_761_861_679, 1_761_861_680


def body(value: Any) -> Response:
    return Response(status=200, body=JsonBody(value=value, style="compact"))


def frames(*values: Any) -> Response:
    return Response(status=200, frames=tuple(JsonFrame(value=value) for value in values))


@pytest.mark.parametrize(
    ("received", "written", "at"),
    [
        pytest.param({"created_at": NOON}, {"created_at": CLOCK_START + 7}, (NOON,), id="at"),
        pytest.param({"created": NOON}, {"created": CLOCK_START + 7}, (NOON,), id="created"),
        pytest.param(
            {"created_at": NOON, "x": [{"expires_at": LATER}, {"expires_at": NOON}]},
            {"created_at": CLOCK_START + 7, "x": [{"expires_at": CLOCK_START + 7}, {"expires_at": CLOCK_START + 7}]},
            (NOON, LATER, NOON),
            id="in-order",
        ),
        pytest.param({"started_at": None}, {"started_at": None}, None, id="null"),
        pytest.param({"metadata": {"x_at": str(NOON)}}, {"metadata": {"x_at": str(NOON)}}, None, id="string"),
        pytest.param({"count_at": 12}, {"count_at": 12}, None, id="small"),
        pytest.param({"x_at": 10**9 - 1}, {"x_at": 10**9 - 1}, None, id="just-too-small"),
        pytest.param({"x_at": 10**9}, {"x_at": CLOCK_START + 7}, (10**9,), id="just-large-enough"),
        pytest.param({"x_at": True}, {"x_at": True}, None, id="true"),
        pytest.param({"x_at": 1.7e9}, {"x_at": 1.7e9}, None, id="float"),
        pytest.param({"size": NOON}, {"size": NOON}, None, id="other-key"),
        pytest.param({"created_by": NOON}, {"created_by": NOON}, None, id="other-key-that-begins-alike"),
        pytest.param([{"created": NOON}], [{"created": CLOCK_START + 7}], (NOON,), id="list"),
        pytest.param(3, 3, None, id="number"),
    ],
)
def test_timestamps_are_taken_out_in_their_order(received: Any, written: Any, at: tuple[int, ...] | None) -> None:
    for wrap in (body, frames):
        response, values = take_out(wrap(received), 7)
        assert response == wrap(written)
        assert values == Volatile(at=at)
        assert put_back(response, values) == wrap(received)


def test_padding_and_fingerprints_are_taken_out_of_the_outermost_object() -> None:
    received = {"obfuscation": "aXc", "system_fingerprint": "fp_1", "inner": {"obfuscation": "stays"}}
    response, values = take_out(frames(received, {"obfuscation": "b"}, {"obfuscation": None}), 1)
    written = {"obfuscation": "", "system_fingerprint": "", "inner": {"obfuscation": "stays"}}
    assert response == frames(written, {"obfuscation": ""}, {"obfuscation": None})
    assert values == Volatile(None, ("aXc", "b"), ("fp_1",))
    assert put_back(response, values) == frames(received, {"obfuscation": "b"}, {"obfuscation": None})


def test_what_nobody_kept_stays_as_it_is_written() -> None:
    written = body({"created_at": CLOCK_START + 1, "expires_at": CLOCK_START + 1})
    assert put_back(written, Volatile()) == written
    assert put_back(written, Volatile(at=(NOON,))) == body({"created_at": NOON, "expires_at": CLOCK_START + 1})


@pytest.mark.parametrize(
    ("received", "written"),
    [
        pytest.param('{"created_at" : %d, "t": 1.10}', '{"created_at" : %d, "t": 1.10}', id="spaces"),
        pytest.param('{"created":%d,"t":1.10,"n":12}', '{"created":%d,"t":1.10,"n":12}', id="created"),
    ],
)
def test_timestamps_in_json_that_is_kept_as_text_are_taken_out_too(received: str, written: str) -> None:
    answer, frame = TextBody(text=received % NOON), TextFrame(text=received % NOON)
    for response, expected in (
        (Response(status=200, body=answer), Response(status=200, body=TextBody(text=written % (CLOCK_START + 3)))),
        (
            Response(status=200, frames=(frame,)),
            Response(status=200, frames=(TextFrame(text=written % (CLOCK_START + 3)),)),
        ),
    ):
        normal_form, values = take_out(response, 3)
        assert normal_form == expected
        assert values.at == (NOON,)
        assert put_back(normal_form, values) == response
        assert shifted(response, 5) != response


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('the "created_at": 1761861679 of a thread', id="no-json"),
        pytest.param('{"text": "\\"created_at\\": 1761861679", "t": 1.10}', id="quoted-in-a-string"),
        pytest.param('{"created_at": 1761861679.5, "t": 1.10}', id="fraction"),
        pytest.param('{"created_at": 12345, "t": 1.10}', id="small"),
    ],
)
def test_texts_that_only_look_like_timestamps_stay(text: str) -> None:
    response = Response(status=200, body=TextBody(text=text))
    assert take_out(response, 1) == (response, Volatile())


def test_a_whole_answer_can_be_moved_in_time() -> None:
    assert shifted(body({"created_at": NOON, "expires_at": None, "n": 5}), 60) == body(
        {"created_at": NOON + 60, "expires_at": None, "n": 5}
    )


def test_the_first_second_is_the_earliest_timestamp() -> None:
    assert first_second([body({"created_at": LATER}), frames({"x_at": NOON}), body({})]) == NOON
    assert first_second([body({})]) == CLOCK_START


# ------------------------------------------------------------------------------------------------- in a cassette


def test_the_written_clock_is_the_number_of_the_interaction_and_the_take_keeps_the_received_one() -> None:
    cassette = normal(
        get("/a", {"created_at": NOON, "x": {"expires_at": LATER, "started_at": None}}),
        post("/b", {"created": NOON}),
        get("/c", {"x": 1}),
    )
    by_path = {one.request.path: one for one in cassette.interactions}
    for path, at in (("/a", (NOON, LATER)), ("/b", (NOON,)), ("/c", None)):
        one = by_path[path]
        performance = below(cassette).interactions[str(one.n)]
        assert performance.at == at
        assert set(take_out(one.response, one.n)[1].at or ()) <= {CLOCK_START + one.n}


def test_the_clock_differs_and_the_file_does_not() -> None:
    def recording(second: int) -> str:
        events = [("e", {"created_at": second, "obfuscation": "x" * (second % 7)})]
        return above(normal(get("/a", {"created_at": second}), stream("/b", events)))

    assert recording(NOON) == recording(LATER)


def test_fingerprints_and_padding_of_a_chat_stream_stand_in_the_take() -> None:
    chunk = {"id": "chatcmpl-x", "object": "chat.completion.chunk", "created": NOON, "system_fingerprint": "fp_1"}
    events = [("", {**chunk, "obfuscation": padding, "choices": []}) for padding in ("ab", "cde")]
    received = take(stream("/chat/completions", events))
    cassette = normalise(received)[0]
    performance = below(cassette).interactions["1"]
    assert performance.at == (NOON, NOON)
    assert performance.obfuscation == ("ab", "cde")
    assert performance.system_fingerprint == ("fp_1", "fp_1")
    assert "fp_1" not in above(cassette)
    values = Volatile(performance.at, performance.obfuscation, performance.system_fingerprint)
    again = put_back(cassette.interactions[0].response, values)
    assert answer_bytes(again) == answer_bytes(received.interactions[0].response)


def test_requests_keep_their_timestamps() -> None:
    cassette = normal(post("/x", {}, {"created_at": NOON}))
    request = cassette.interactions[0].request.body
    assert isinstance(request, JsonBody)
    assert request.value == {"created_at": NOON}
    assert value(cassette, 1) == {}
