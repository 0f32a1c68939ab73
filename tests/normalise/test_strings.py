from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.model import (
    Base64Body,
    Base64Frame,
    Body,
    FileBody,
    Frame,
    JsonBody,
    JsonFrame,
    Part,
    PartsBody,
    RawFrame,
    Request,
    Response,
    TextBody,
    TextFrame,
)
from toolreel.normalise.strings import (
    Span,
    in_body,
    in_frames,
    in_pieces,
    in_request,
    in_response,
    in_text,
    strings_of_request,
    strings_of_response,
)


def finds(pattern: str, replacement: str) -> Any:
    def find(text: str) -> list[Span]:
        return [Span(match.start(), match.end(), replacement) for match in re.finditer(pattern, text)]

    return find


SAME = finds("secret", "SYMBOL")
LONGER = finds("secret", "REDACTED-0001")
SHORTER = finds("secret", "x")


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("nothing", "nothing", id="none"),
        pytest.param("secret", "x", id="all"),
        pytest.param("a secret", "a x", id="end"),
        pytest.param("secrets, secret and secretsecret.", "xs, x and xx.", id="several"),
    ],
)
def test_spans_of_a_text_are_replaced(text: str, replaced: str) -> None:
    assert in_text(text, SHORTER) == replaced


@pytest.mark.parametrize(
    ("pieces", "same", "longer"),
    [
        pytest.param(["a secret b"], ["a SYMBOL b"], ["a REDACTED-0001 b"], id="one"),
        pytest.param(["a sec", "ret b"], ["a SYM", "BOL b"], ["a REDACTED-0001", " b"], id="two"),
        pytest.param(["a s", "ecr", "et b"], ["a S", "YMB", "OL b"], ["a REDACTED-0001", "", " b"], id="three"),
        pytest.param(["a ", "secret", " b"], ["a ", "SYMBOL", " b"], ["a ", "REDACTED-0001", " b"], id="at-the-cuts"),
        pytest.param(["sec", "", "ret"], ["SYM", "", "BOL"], ["REDACTED-0001", "", ""], id="empty-piece"),
        pytest.param(["secretsec", "ret"], ["SYMBOLSYM", "BOL"], ["REDACTED-0001REDACTED-0001", ""], id="two-spans"),
        pytest.param(["sec", "retsec", "ret"], ["SYM", "BOLSYM", "BOL"], ["REDACTED-0001"] * 2 + [""], id="chain"),
        pytest.param(["sec", " ret"], ["sec", " ret"], ["sec", " ret"], id="none"),
        pytest.param([], [], [], id="nothing"),
    ],
)
def test_a_text_in_pieces_is_replaced_as_a_whole(pieces: list[str], same: list[str], longer: list[str]) -> None:
    assert in_pieces(pieces, SAME) == same
    assert in_pieces(pieces, LONGER) == longer


PIECES = st.lists(st.sampled_from(["secret", "sec", "ret", "s", "ecr", "et", "", " abcdefgh "]), max_size=8)


@given(PIECES, st.sampled_from([SAME, LONGER, SHORTER]))
@settings(max_examples=200, deadline=None)
def test_pieces_put_together_are_the_replaced_text(pieces: list[str], find: Any) -> None:
    replaced = in_pieces(pieces, find)
    assert len(replaced) == len(pieces)
    assert "".join(replaced) == in_text("".join(pieces), find)
    if find is SAME:
        assert list(map(len, replaced)) == list(map(len, pieces))


@pytest.mark.parametrize(
    ("body", "replaced"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(
            JsonBody(value={"secret": ["a secret", 1, None, {"b": "secret"}]}, style="spaced"),
            JsonBody(value={"x": ["a x", 1, None, {"b": "x"}]}, style="spaced"),
            id="json",
        ),
        pytest.param(TextBody(text="a secret"), TextBody(text="a x"), id="text"),
        pytest.param(Base64Body(base64="secret=="), Base64Body(base64="secret=="), id="binary"),
        pytest.param(FileBody(file="a" * 64), FileBody(file="a" * 64), id="file"),
        pytest.param(
            PartsBody(parts=(Part(headers=(("n", "secret"),), body=TextBody(text="secret")),)),
            PartsBody(parts=(Part(headers=(("n", "x"),), body=TextBody(text="x")),)),
            id="parts",
        ),
    ],
)
def test_spans_of_a_body_are_replaced(body: Body | None, replaced: Body | None) -> None:
    assert in_body(body, SHORTER) == replaced


def delta(string: str, **more: Any) -> JsonFrame:
    return JsonFrame(
        event="e", value={"id": "msg_1", "delta": {"content": [{"index": 0, "text": {"value": string}}]}} | more
    )


def test_spans_of_frames_are_replaced_within_deltas_and_beside_them() -> None:
    frames: tuple[Frame, ...] = (
        delta("a sec", note="secret"),
        TextFrame(text="secret"),
        delta("ret"),
        RawFrame(raw=": secret\n\n"),
        Base64Frame(base64="/w=="),
        JsonFrame(value="secret"),
    )
    assert in_frames(frames, SHORTER) == (
        delta("a x", note="x"),
        TextFrame(text="x"),
        delta(""),
        RawFrame(raw=": x\n\n"),
        Base64Frame(base64="/w=="),
        JsonFrame(value="x"),
    )


def test_a_key_on_the_way_to_a_delta_may_be_replaced_too() -> None:
    frame = JsonFrame(value={"delta": {"secret": {"value": "a secret"}}})
    assert in_frames([frame], SHORTER) == (JsonFrame(value={"delta": {"x": {"value": "a x"}}}),)


def test_what_is_replaced_is_not_changed_in_place() -> None:
    frames = (delta("secret"),)
    body = JsonBody(value={"a": ["secret"]}, style="compact")
    in_frames(frames, SAME)
    in_body(body, SAME)
    assert frames == (delta("secret"),)
    assert body.value == {"a": ["secret"]}


REQUEST = Request(
    method="POST",
    path="/secret",
    query=(("a", "secret"),),
    headers=(("b", "secret"),),
    body=JsonBody(value={"c": "secret"}, style="compact"),
)
RESPONSE = Response(status=200, headers=(("d", "secret"),), frames=(JsonFrame(value={"e": "secret"}),))


def test_a_request_and_an_answer_are_replaced_everywhere() -> None:
    request, response = in_request(REQUEST, SAME), in_response(RESPONSE, SAME)
    assert str(request).count("secret") == str(response).count("secret") == 0
    assert str(request).count("SYMBOL") == 4
    assert str(response).count("SYMBOL") == 2


def test_all_strings_are_found_in_their_order() -> None:
    assert list(strings_of_request(REQUEST)) == ["/secret", "a", "secret", "b", "secret", "c", "secret"]
    assert list(strings_of_response(RESPONSE)) == ["secret", "e", "secret"]
