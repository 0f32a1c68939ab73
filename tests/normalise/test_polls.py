from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from toolreel.messages.model import Ending, JsonBody, JsonFrame, Read
from toolreel.normalise.cassette import normalise
from toolreel.normalise.performed import unfold

from .takes import Exchange, above, ask, below, get, normal, paths, post, stream, take, value

T, R = "thread_" + "a" * 24, "run_" + "b" * 24
ON_RUN = f"/threads/{T}/runs/{R}"
ERROR = {"error": {"message": "x"}}


def begun() -> list[Exchange]:
    return [post("/threads", {"id": T}), post(f"/threads/{T}/runs", run("queued"))]


def run(status: str, at: int = 1_750_000_000) -> dict[str, Any]:
    return {"id": R, "thread_id": T, "status": status, "created_at": at}


def poll(status: str, at: int = 1_750_000_000, **more: Any) -> Exchange:
    return get(ON_RUN, run(status, at), **more)


def cancel(**more: Any) -> Exchange:
    return ask("POST", f"{ON_RUN}/cancel", run("cancelling"), **more)


def statuses(*exchanges: Exchange) -> list[str]:
    """What the reads of the run say, as they stand in the cassette."""
    cassette = normal(*begun(), *exchanges)
    read = [one.n for one in cassette.interactions if one.request.method == "GET"]
    return [value(cassette, n)["status"] for n in read]


def reads(*exchanges: Exchange) -> tuple[Read, ...]:
    """The superseded answers of the only read."""
    found = below(normal(*begun(), *exchanges)).reads
    assert len(found) == 1
    return next(iter(found.values()))


@pytest.mark.parametrize(
    ("exchanges", "settled"),
    [
        pytest.param([], [], id="none"),
        pytest.param([poll("completed")], ["completed"], id="one"),
        pytest.param([poll("queued"), poll("in_progress"), poll("completed")], ["completed"], id="many"),
        pytest.param([poll("queued"), cancel(), poll("cancelled")], ["queued", "cancelled"], id="write-between"),
        pytest.param(
            [poll("a"), poll("b"), cancel(), poll("c"), poll("d"), cancel(), poll("e")],
            ["b", "d", "e"],
            id="epoch-by-epoch",
        ),
        pytest.param([poll("a"), ask("POST", f"{ON_RUN}/cancel", ERROR, status=400), poll("b")], ["b"], id="failed"),
        pytest.param([poll("a"), post("/chat/completions", {"x": 1}), poll("b")], ["b"], id="chat"),
        pytest.param(
            [poll("a"), post("/threads", {"id": "thread_" + "z" * 24}), poll("b")], ["b"], id="other-thread"
        ),
        pytest.param([poll("a"), stream(f"/threads/{T}/runs", []), poll("b")], ["a", "b"], id="stream"),
        pytest.param([poll("a"), ask("DELETE", f"/threads/{T}", {}), poll("b")], ["a", "b"], id="delete"),
        pytest.param([poll("a"), post(f"/threads/{T}/messages", {}), poll("b")], ["a", "b"], id="message"),
        pytest.param([poll("a"), poll("b", ending=Ending.CUT)], ["a", "b"], id="cut"),
        pytest.param([poll("a", ending=Ending.EOF), poll("b")], ["b"], id="eof"),
    ],
)
def test_of_the_reads_in_an_epoch_the_last_stands(exchanges: list[Exchange], settled: list[str]) -> None:
    assert statuses(*exchanges) == settled


def test_other_reads_are_no_polls() -> None:
    others = [get(f"{ON_RUN}?x=1", run("q")), get(f"{ON_RUN}/steps", run("s")), get(ON_RUN, run("b"), body={"x": 1})]
    assert sorted(statuses(poll("a"), *others)) == ["a", "b", "q", "s"]


def test_reads_answered_by_frames_are_never_folded() -> None:
    frame = [JsonFrame(event="e", value={"x": 1})]
    cassette = normal(*begun(), get(ON_RUN, frames=frame), get(ON_RUN, frames=frame))
    assert paths(cassette)[2:] == [f"GET /threads/{'thread_'}{1:024}/runs/run_{1:024}"] * 2
    assert below(cassette).reads == {}


def test_a_streaming_write_counts_from_its_request_on_and_another_from_its_answer_on() -> None:
    one, other = begun()
    start = [one.at(0, 5), other.at(10, 15)]
    asked, during, after = poll("a").at(20, 25), poll("b").at(33, 36), poll("c").at(50, 55)
    writes = stream(f"/threads/{T}/runs", [("e", {"id": R})]).at(30, 40)
    of_stream = normal(*start, asked, writes, during, after)
    assert [value(of_stream, n)["status"] for n in (3, 5)] == ["a", "c"]
    of_json = normal(*start, asked, cancel().at(30, 40), during, after)
    assert [value(of_json, n)["status"] for n in (3, 5)] == ["b", "c"]


def test_what_happens_within_one_millisecond_keeps_its_order() -> None:
    everything = [one.at(7, 7) for one in (*begun(), poll("a"), poll("b"), cancel(), poll("c"), poll("d"))]
    cassette = normal(*everything)
    assert [value(cassette, n)["status"] for n in (3, 4, 5)] == ["b", "cancelling", "d"]
    assert [[read.count for read in found] for found in below(cassette).reads.values()] == [[1], [1]]


# ------------------------------------------------------------------------------------------------- what the take has


def test_superseded_answers_are_run_length_encoded_in_order() -> None:
    polls = ["queued", "in_progress", "in_progress", "in_progress", "queued", "completed"]
    found = reads(*map(poll, polls))
    assert [read.count for read in found] == [1, 3, 1]
    assert [read.body.value["status"] for read in found if isinstance(read.body, JsonBody)] == [
        "queued",
        "in_progress",
        "queued",
    ]
    assert [read.ms for read in found] == [((20, 25),), ((30, 35), (40, 45), (50, 55)), ((60, 65),)]


def test_answers_that_differ_in_their_clock_only_are_other_answers_with_their_own_clock() -> None:
    found = reads(poll("a", 1_750_000_001), poll("a", 1_750_000_002), poll("b", 1_750_000_003))
    assert [(read.count, read.at) for read in found] == [(1, (1_750_000_001,)), (1, (1_750_000_002,))]


def test_what_is_like_the_settled_answer_is_left_out() -> None:
    [read] = reads(poll("a"), poll("a"), poll("a"))
    assert read == Read(count=2, ms=((20, 25), (30, 35)))


def test_a_number_of_another_type_is_another_answer() -> None:
    [read] = reads(get(ON_RUN, {"n": 1}), get(ON_RUN, {"n": 1.0}))
    assert isinstance(read.body, JsonBody)
    assert type(read.body.value["n"]) is int


def test_status_and_headers_of_a_superseded_answer_are_kept_where_they_differ() -> None:
    failed = get(ON_RUN, ERROR, status=500, headers=(("x-should-retry", "true"),))
    one, other = reads(failed, poll("a"), poll("b"))
    assert (one.status, one.headers) == (500, (("x-should-retry", "true"),))
    assert (other.status, other.headers) == (None, None)


def test_rate_limits_of_superseded_answers_are_kept_for_each() -> None:
    """Of a poll that was refused for a time, it is the only word on how long."""
    limits = [(("x-ratelimit-remaining", str(left)),) for left in (3, 2)]
    refused = replace(get(ON_RUN, ERROR, status=429), volatile=(("retry-after", "2"),))
    first, second = (replace(poll("a"), volatile=pairs) for pairs in limits)
    of_refused, of_others, of_none = reads(refused, first, second, poll("b"), poll("c"))
    assert of_refused.volatile == ((("retry-after", "2"),),)
    assert (of_others.count, of_others.volatile) == (2, tuple(limits))
    assert of_none.volatile is None


def test_of_superseded_answers_only_the_clock_is_taken_out() -> None:
    """They stand in the take, where padding and fingerprints may be as they came."""
    padded = {"id": "x", "obfuscation": "abc", "system_fingerprint": "fp_1", "created": 1_750_000_000}
    [read] = reads(get(ON_RUN, padded), poll("a"))
    assert isinstance(read.body, JsonBody)
    assert read.body.value == {**padded, "created": 1_700_000_003}
    assert read.at == (1_750_000_000,)


def test_without_times_the_superseded_answers_have_none() -> None:
    cassette = normalise(take(*begun(), poll("a"), poll("b"), timed=False))[0]
    assert [read.ms for read in below(cassette).reads["3"]] == [None]


@pytest.mark.parametrize("timed", [True, False])
def test_what_was_performed_can_be_had_back(timed: bool) -> None:
    """Each superseded answer as it was received, at its time."""
    failed = get(ON_RUN, ERROR, status=500, headers=(("x-should-retry", "true"),))
    padded = get(ON_RUN, {"obfuscation": "abc", "system_fingerprint": "fp_1"})
    polls = [
        poll("q", 1_750_000_001),
        poll("q", 1_750_000_001),
        failed,
        padded,
        poll("q"),
        poll("done", 1_750_000_002),
    ]
    received = take(*begun(), *polls, cancel(), poll("e"), timed=timed)
    cassette, names = normalise(received)
    back = {symbol: id_ for id_, symbol in names.items()}
    found = []
    for one in unfold(cassette):
        text = one.interaction.response.model_dump_json()
        for symbol, id_ in back.items():
            text = text.replace(symbol, id_)
        found.append(text)
    assert found == [one.response.model_dump_json() for one in received.interactions]


@pytest.mark.parametrize("counts", [(1, 1), (1, 4), (7, 1), (3, 3)])
def test_how_often_was_polled_changes_nothing_above_the_take(counts: tuple[int, int]) -> None:
    def recording(before: int, after: int) -> str:
        polls = [poll("in_progress", 1_750_000_000 + n) for n in range(before - 1)]
        more = [poll("in_progress", 1_750_000_100 + n) for n in range(after - 1)]
        return above(normal(*begun(), *polls, poll("requires_action"), cancel(), *more, poll("cancelled")))

    assert recording(*counts) == recording(1, 1)
