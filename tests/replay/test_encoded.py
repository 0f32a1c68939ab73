from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.normalise.takes import no_file
from toolreel.messages.model import Base64Frame, Ending, Frame, JsonBody, JsonFrame, RawFrame, Response, TextBody
from toolreel.normalise.strings import in_response
from toolreel.normalise.symbols import replaced_by
from toolreel.replay.answer import recorded_answer
from toolreel.replay.encoded import Encoded

THREAD, RUN, FILE = (f"{prefix}{'1':0>24}" for prefix in ("thread_", "run_", "file-"))
OWN = "thread_theprogramsown"
SYMBOLS = [THREAD, RUN, FILE]
LIVE = {symbol: symbol[:-5] + "10007" for symbol in SYMBOLS}

WORDS = st.sampled_from([*SYMBOLS, OWN, "x", " ", "é\n", '"', "\\", "/", "\U000f0000", "\U000f0003"])
TEXTS = st.lists(WORDS, max_size=6).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
STYLES = st.sampled_from(["compact", "spaced", "pretty2", "compact+ascii", "pretty2+nl"])
NAMES = st.dictionaries(st.sampled_from(SYMBOLS), st.sampled_from([*LIVE.values(), *SYMBOLS, "asst_short00"]))


@st.composite
def deltas(draw: st.DrawFn) -> list[Frame]:
    """A text that stands in pieces in the frames of a message, and frames that stand beside them."""
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=5)) | {0, len(text)})
    frames: list[Frame] = [
        JsonFrame(
            event="thread.message.delta",
            value={
                "id": THREAD,
                "object": "thread.message.delta",
                "delta": {"content": [{"index": 0, "type": "text", "text": {"value": text[start:end]}}]},
            },
        )
        for start, end in pairwise(cuts)
    ]
    return [*frames, RawFrame(raw=f": {draw(TEXTS)}\n\n"), Base64Frame(base64="/w==")]


RESPONSES = (
    st.builds(
        lambda value, style, header: Response(
            status=200, headers=(("location", header),), body=JsonBody(value=value, style=style)
        ),
        VALUES,
        STYLES,
        st.sampled_from([f"/v1/{THREAD}/x", "/"]),
    )
    | st.builds(lambda text: Response(status=200, body=TextBody(text=text)), TEXTS)
    | st.builds(lambda frames: Response(status=200, frames=tuple(frames)), deltas())
)


@given(RESPONSES, st.lists(NAMES, min_size=1, max_size=3), st.sampled_from(Ending))
def test_what_is_patched_is_what_would_be_encoded_anew(
    response: Response, clients: list[dict[str, str]], ending: Ending
) -> None:
    encoded = Encoded(response, ending, no_file, set(SYMBOLS))
    for names in (*clients, {}, *clients):
        naming = replaced_by(names)
        wanted = recorded_answer(in_response(response, naming), ending, no_file)
        assert encoded.answer(names, naming) == wanted


def test_a_body_is_patched_where_ids_stand_and_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"id": THREAD, "said": f"{RUN} of {THREAD}, é"}
    response = Response(status=200, body=JsonBody(value=value, style="pretty2"))
    encoded = Encoded(response, Ending.COMPLETE, no_file, set(SYMBOLS))
    monkeypatch.delattr("toolreel.replay.encoded.recorded_answer")
    for names in (LIVE, {}, {THREAD: LIVE[THREAD]}):
        answer = encoded.answer(names, replaced_by(names))
        text = b"".join(answer.pieces).decode()
        assert names.get(THREAD, THREAD) in text
        assert f"{names.get(RUN, RUN)} of {names.get(THREAD, THREAD)}, é" in text
        assert answer.length == len(text.encode())


def test_who_asks_again_gets_the_very_same_answer() -> None:
    response = Response(status=200, body=JsonBody(value={"id": THREAD}, style="pretty2"))
    encoded = Encoded(response, Ending.COMPLETE, no_file, {THREAD})
    assert encoded.answer(LIVE, replaced_by(LIVE)) is encoded.answer(LIVE, replaced_by(LIVE))


def test_ids_of_the_program_are_renamed_too_where_the_client_has_others() -> None:
    response = Response(status=200, body=JsonBody(value={"id": THREAD, "for": OWN}, style="compact"))
    encoded = Encoded(response, Ending.COMPLETE, no_file, {THREAD})
    naming = replaced_by({OWN: "thread_another"})
    [body] = encoded.answer({}, naming, renames=True).pieces
    assert body == f'{{"id":"{THREAD}","for":"thread_another"}}'.encode()


def test_more_ids_than_there_are_private_characters_are_no_trouble() -> None:
    symbols = [f"thread_{number:0>24}" for number in range(2_200)]
    response = Response(status=200, body=JsonBody(value=symbols, style="compact"))
    names = {symbol: f"thread_{'9' + symbol[-5:]:0>24}" for symbol in symbols}
    encoded = Encoded(response, Ending.COMPLETE, no_file, set(symbols))
    for known in ({}, names):
        naming = replaced_by(known)
        assert encoded.answer(known, naming) == recorded_answer(
            in_response(response, naming), Ending.COMPLETE, no_file
        )
