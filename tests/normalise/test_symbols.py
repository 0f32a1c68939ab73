from __future__ import annotations

import itertools
from typing import Any

import pytest

from toolreel.messages.model import JsonBody, JsonFrame, RawFrame, Response, TextBody, TextFrame
from toolreel.normalise.cassette import normalise

from .takes import Exchange, Server, above, ask, get, normal, paths, post, stream, take, value

SERVER = Server(1)
THREAD, RUN, CALL, STEP, FILE = (SERVER.id(prefix) for prefix in ("thread_", "run_", "call_", "step_", "file-"))
UUID = "0b8f2c1e-9d3a-4f6b-8a7c-1234567890ab"
SYMBOL = "thread_000000000000000000000001"


def thread(id_: str = THREAD) -> Exchange:
    return post("/threads", {"id": id_, "object": "thread"})


def text_of(exchange: Exchange, *before: Exchange) -> str:
    """All that stands above the take, of an exchange after the making of a thread."""
    return above(normal(thread(), *before, exchange))


def test_a_minted_id_becomes_a_symbol_of_the_same_length() -> None:
    cassette, names = normalise(take(thread()))
    assert names == {THREAD: SYMBOL}
    assert len(THREAD) == len(SYMBOL)
    assert value(cassette, 1) == {"id": SYMBOL, "object": "thread"}


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(get(f"/threads/{THREAD}"), id="path"),
        pytest.param(get(f"/anything?after={THREAD}"), id="query"),
        pytest.param(get("/anything", request_headers=(("referer", f"a {THREAD}"),)), id="request-header"),
        pytest.param(get("/anything", headers=(("location", f"/threads/{THREAD}"),)), id="answer-header"),
        pytest.param(post("/anything", body={"x": [THREAD]}), id="request-body"),
        pytest.param(post("/anything", body=f"thread={THREAD}&"), id="request-text"),
        pytest.param(get("/anything", {"x": {"y": THREAD}}), id="answer-body"),
        pytest.param(get("/anything", {THREAD: 1}), id="key"),
        pytest.param(get("/anything", f"see {THREAD}."), id="answer-text"),
        pytest.param(get("/anything", {"x": f"No thread found with id '{THREAD}'."}), id="quoted"),
        pytest.param(get("/anything", {"x": '{"a": "' + THREAD + '"}'}), id="json-in-json"),
        pytest.param(stream("/anything", [("e", {"x": THREAD})]), id="frame"),
        pytest.param(post("/anything", frames=[TextFrame(text=f"{THREAD}!")]), id="text-frame"),
        pytest.param(post("/anything", frames=[RawFrame(raw=f": {THREAD}\r\n")]), id="raw-frame"),
    ],
)
def test_a_symbol_stands_wherever_the_id_stood(exchange: Exchange) -> None:
    text = text_of(exchange)
    assert THREAD not in text
    assert text.count(SYMBOL) == 2


@pytest.mark.parametrize(
    ("prefix", "symbol"),
    [
        ("run_", "run_000000000000000000000001"),
        ("file-", "file-000000000000000000000001"),
        ("assistant-", "assistant-000000000000000000000001"),
        ("chatcmpl-", "chatcmpl-000000000000000000000001"),
    ],
)
def test_symbols_keep_their_prefix(prefix: str, symbol: str) -> None:
    assert value(normal(post("/x", {"id": SERVER.id(prefix)})), 1) == {"id": symbol}


def test_symbols_are_numbered_by_prefix_in_the_order_of_the_file() -> None:
    ids = [SERVER.id("msg_") for _ in range(3)]
    other = SERVER.id("run_")
    cassette = normal(get(f"/threads/{THREAD}", {"data": [{"id": id_} for id_ in (ids[2], other, ids[0], ids[1])]}))
    numbers = [item["id"].replace("0" * 23, "…") for item in value(cassette, 1)["data"]]
    assert numbers == ["msg_…1", "run_…1", "msg_…2", "msg_…3"]


@pytest.mark.parametrize(
    "exchanges",
    [
        pytest.param([get(f"/threads/{THREAD}", {"id": THREAD})], id="path"),
        pytest.param([post("/threads/runs", {"id": RUN, "thread_id": THREAD}, {"x": THREAD})], id="body"),
        pytest.param([get(f"/x?a={THREAD}", {"id": THREAD})], id="query"),
        pytest.param([post("/x", {"ok": True}, {"q": f"about {THREAD}"}), thread()], id="request-long-before"),
        pytest.param([post("/x", body=f"a={THREAD}"), thread()], id="text"),
    ],
)
def test_an_id_that_a_request_held_first_is_the_programs_own(exchanges: list[Exchange]) -> None:
    cassette, names = normalise(take(*exchanges))
    assert THREAD not in names
    assert THREAD in above(cassette)


def test_an_answer_mints_only_if_it_came_before_the_request_that_holds_the_id() -> None:
    mints, holds = thread(), get(f"/threads/{THREAD}", {"id": THREAD})
    assert THREAD not in above(normal(mints.at(0, 5), holds.at(5, 9)))
    assert THREAD in above(normal(mints.at(0, 7), holds.at(6, 9))), "the client cannot know it from that answer"


def test_a_stream_mints_as_soon_as_the_frame_came() -> None:
    events = [("thread.created", {"id": THREAD}), ("thread.run.created", {"id": RUN, "thread_id": THREAD})]
    opened = Exchange(*_parts(stream("/threads/runs", events)), ms=(0, 90), frame_ms=(10, 50, 90))
    reads = get(f"/threads/{THREAD}", {"id": THREAD}).at(20, 30)
    cassette, names = normalise(take(opened, reads))
    assert set(names) == {THREAD, RUN}
    assert THREAD not in above(cassette)
    too_early = get(f"/threads/{THREAD}/runs/{RUN}", {"id": RUN}).at(40, 45)
    assert set(normalise(take(opened, too_early))[1]) == {THREAD}


def _parts(exchange: Exchange) -> tuple[Any, Any, Any]:
    return exchange.request, exchange.response, exchange.ending


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"id": "run_1234567"}, id="seven-characters"),
        pytest.param({"id": "thread_abc"}, id="word"),
        pytest.param({"object": "thread_" + "a" * 24}, id="no-id-key"),
        pytest.param({"text": UUID}, id="uuid-in-a-text"),
        pytest.param({"metadata": {"trace": UUID}}, id="uuid-under-another-key"),
        pytest.param({"system_fingerprint_id": "fp_44709d6fcb"}, id="no-prefix-of-an-id"),
    ],
)
def test_what_is_no_id_stays(answer: Any) -> None:
    cassette, names = normalise(take(get("/x", answer)))
    assert names == {}
    assert value(cassette, 1) == answer


def test_a_uuid_under_an_id_key_becomes_a_symbol_shaped_like_it() -> None:
    cassette, names = normalise(take(get("/x", {"id": UUID, "text": f"{UUID}!"})))
    symbol = "00000000-0000-0000-0000-000000000001"
    assert names == {UUID: symbol}
    assert value(cassette, 1) == {"id": symbol, "text": f"{symbol}!"}


def test_a_uuid_behind_a_prefix_is_part_of_the_id() -> None:
    id_ = f"call_{UUID}"
    cassette, names = normalise(take(get("/x", {"id": id_})))
    assert names == {id_: "call_" + "1".zfill(36)}
    assert normalise(cassette)[0] == cassette


def test_a_list_under_an_id_key_holds_ids() -> None:
    assert set(normalise(take(get("/x", {"file_ids": [FILE, RUN]})))[1]) == {FILE, RUN}


def test_longer_ids_are_not_taken_for_shorter_ones() -> None:
    longer = THREAD + "x"
    cassette, names = normalise(take(thread(), thread(longer), get("/x", f"{longer} {THREAD} {longer}")))
    [text] = [one.response.body.text for one in cassette.interactions if isinstance(one.response.body, TextBody)]
    assert text == f"{names[longer]} {names[THREAD]} {names[longer]}"
    assert len(names[longer]) == len(longer)


def test_a_symbol_never_equals_an_id_that_the_program_chose_itself() -> None:
    cassette, names = normalise(take(get(f"/threads/{SYMBOL}", {"id": SYMBOL}), thread()))
    assert names[THREAD] == "thread_000000000000000000000002"
    assert SYMBOL in above(cassette)
    assert normalise(cassette)[0] == cassette


def test_ids_minted_in_bodies_that_are_spelled_unusually_become_symbols_too() -> None:
    spelled = f'{{"id" : "{THREAD}", "temperature": 1.10}}'
    cassette, names = normalise(take(post("/threads", spelled), get(f"/threads/{THREAD}", spelled)))
    assert names == {THREAD: SYMBOL}
    assert paths(cassette) == ["POST /threads", f"GET /threads/{SYMBOL}"]
    assert cassette.interactions[0].response.body == TextBody(text=spelled.replace(THREAD, SYMBOL))


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(TextFrame(event="thread.created", text=f'{{"id": "{THREAD}"}}'), id="spaced"),
        pytest.param(RawFrame(raw=f'event: thread.created\r\ndata: {{"id":"{THREAD}"}}\r\n\r\n'), id="crlf"),
        pytest.param(RawFrame(raw=f'id: 7\ndata: {{"id":\ndata: "{THREAD}"}}\n\n'), id="several-lines"),
    ],
)
def test_ids_minted_in_frames_that_are_spelled_unusually_become_symbols_too(frame: TextFrame | RawFrame) -> None:
    names = normalise(take(post("/threads/runs", frames=[frame]), get(f"/threads/{THREAD}", {"id": THREAD})))[1]
    assert names == {THREAD: SYMBOL}


def test_placeholders_are_numbered_by_first_appearance() -> None:
    asked = post("/x", {"echo": "REDACTED-0003 REDACTED-0007"}, {"key": "REDACTED-0007"})
    cassette = normal(asked)
    assert value(cassette, 1) == {"echo": "REDACTED-0002 REDACTED-0001"}
    body = cassette.interactions[0].request.body
    assert isinstance(body, JsonBody)
    assert body.value == {"key": "REDACTED-0001"}
    assert normalise(cassette)[0] == cassette


# ---------------------------------------------------------------------------------------------- split over deltas


def deltas(strings: list[str]) -> Exchange:
    events: list[tuple[str, Any]] = [
        (
            "thread.run.step.delta",
            {
                "id": STEP,
                "object": "thread.run.step.delta",
                "delta": {
                    "step_details": {
                        "type": "tool_calls",
                        "tool_calls": [{"index": 0, "type": "function", "function": {"arguments": string}}],
                    }
                },
            },
        )
        for string in strings
    ]
    return stream(f"/threads/{THREAD}/runs", events)


def arguments(response: Response) -> list[str]:
    return [
        frame.value["delta"]["step_details"]["tool_calls"][0]["function"]["arguments"]
        for frame in response.frames or ()
        if isinstance(frame, JsonFrame)
    ]


ARGUMENTS = '{"thread": "' + THREAD + '", "again": "' + THREAD + '"}'


@pytest.mark.parametrize(
    "cuts",
    [
        pytest.param([], id="whole"),
        pytest.param([20], id="two"),
        pytest.param([13, 14], id="three"),
        pytest.param([12, 43], id="at-its-ends"),
        pytest.param([18, 18, 30], id="with-an-empty-piece"),
        pytest.param(list(range(1, len(ARGUMENTS))), id="every-character"),
    ],
)
def test_an_id_split_over_deltas_is_replaced_and_cut_at_the_same_places(cuts: list[int]) -> None:
    ends = [0, *cuts, len(ARGUMENTS)]
    pieces = [ARGUMENTS[start:end] for start, end in itertools.pairwise(ends)]
    response = normal(thread(), deltas(pieces)).interactions[1].response
    written = arguments(response)
    assert list(map(len, written)) == list(map(len, pieces))
    assert "".join(written) == ARGUMENTS.replace(THREAD, SYMBOL)


def test_two_texts_that_come_in_turns_are_each_read_as_a_whole() -> None:
    def delta(index: int, string: str) -> tuple[str, Any]:
        call = {"index": index, "function": {"arguments": string}}
        return "e", {"id": STEP, "delta": {"tool_calls": [call]}}

    half = len(THREAD) // 2
    events = [delta(0, THREAD[:half]), delta(1, THREAD[:9]), delta(0, THREAD[half:]), delta(1, "no id")]
    response = normal(thread(), stream(f"/threads/{THREAD}/runs", events)).interactions[-1].response
    frames = [frame.value for frame in response.frames or () if isinstance(frame, JsonFrame)]
    written = [frame["delta"]["tool_calls"][0]["function"]["arguments"] for frame in frames]
    assert written == [SYMBOL[:half], THREAD[:9], SYMBOL[half:], "no id"]


def test_ids_of_a_failed_request_are_minted_as_well() -> None:
    failed = ask("POST", "/x", {"error": {"request_id": RUN}}, status=400)
    assert set(normalise(take(failed))[1]) == {RUN}
