from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.model import Cassette, Interaction, Performance, RawFrame, Read, Take
from toolreel.normalise.cassette import normalise
from toolreel.normalise.strings import in_response
from toolreel.normalise.symbols import replaced_by
from toolreel.normalise.volatile import put_back, volatile_of
from toolreel.store.layout import cassette_text

from .conversations import performed
from .real import recorded, recorded_take
from .takes import (
    Exchange,
    Plan,
    Server,
    above,
    answer_bytes,
    ask,
    assistant,
    below,
    get,
    mixed,
    normal,
    one_after_the_other,
    overlapping,
    post,
    stream,
    take,
    tool_loop,
)


def demo(seed: int, *, together: bool) -> Cassette:
    """Two conversations with an assistant, recorded one after the other or together."""
    server, random = Server(seed), Random(seed)
    made, helper = assistant(server)
    plans = [Plan(polls=(seed % 3, 1)), Plan(question="And tomorrow?", streams=True, polls=(1, seed % 2))]
    loops = [tool_loop(server, plan, helper) for plan in plans]
    later = overlapping(loops, random, start=10) if together else one_after_the_other(loops)
    return take(made.at(0, 5), *later)


def test_the_same_conversation_recorded_again_is_the_same_file_above_the_take() -> None:
    files = {above(normalise(demo(seed, together=seed % 2 == 1))[0]) for seed in range(12)}
    assert len(files) == 1


def check(said: int) -> None:
    """Takes of the same conversations that have nothing else in common give one file, which is normal."""
    files = set()
    for how in range(6):
        cassette, names = normalise(performed(said, how))
        files.add(file := above(cassette))
        assert not [id_ for id_ in names if not id_.startswith("REDACTED-") and id_ in file], "an id was left"
        assert normalise(cassette)[0] == cassette, "doing it again changes nothing"
        assert above(normalise(cassette.model_copy(update={"take": None}))[0]) == file
    assert len(files) == 1


@pytest.mark.parametrize("said", range(8))
def test_conversations_recorded_again_are_the_same_file(said: int) -> None:
    check(said)


@pytest.mark.soak
def test_many_conversations_recorded_again_are_the_same_file() -> None:
    for said in range(8, 400):
        check(said)


def test_a_word_that_differs_is_seen() -> None:
    one, other = (normal(*tool_loop(Server(1), Plan(reply=reply))) for reply in ("It is 21.", "It is 22."))
    changed = [(a, b) for a, b in zip(above(one).splitlines(), above(other).splitlines(), strict=True) if a != b]
    assert len(changed) == 1


# ------------------------------------------------------------------------------------------------------- the take


def test_the_take_is_a_closed_list() -> None:
    """P4.5: everything else stands above, and is the same in every recording."""
    assert set(Take.model_fields) == {"recorded_at", "tool", "interactions", "reads", "overlap"}
    performance = {"ms", "frame_ms", "chunks", "at", "obfuscation", "system_fingerprint", "headers"}
    performance |= {"encoding", "rest", "hidden"}
    assert set(Performance.model_fields) == performance
    assert set(Read.model_fields) == {"count", "ms", "volatile", "at", "status", "headers", "body"}


def test_the_take_describes_each_interaction_by_its_new_number() -> None:
    first, second = get(f"/threads/thread_{'b' * 24}", {"x": 1}), get(f"/threads/thread_{'a' * 24}", {"x": 2})
    cassette = normal(first.at(3, 4), second.at(8, 9))
    assert [one.request.path[-1] for one in cassette.interactions] == ["a", "b"]
    assert [below(cassette).interactions[n].ms for n in ("1", "2")] == [(8, 9), (3, 4)]


def test_what_the_recorder_noted_is_kept() -> None:
    noted = Performance(
        ms=(1, 9),
        frame_ms=(2, 3),
        chunks=(5, 6),
        headers=(("retry-after", "1"),),
        encoding="gzip",
        at=None,
        rest="AAD//w==",
        hidden=7,
    )
    received = take(stream("/x", [("e", {"n": 1})]))
    received = received.model_copy(update={"take": Take(recorded_at="then", tool="t", interactions={"1": noted})})
    cassette = normalise(received)[0]
    assert below(cassette) == Take(recorded_at="then", tool="t", interactions={"1": noted})


def test_of_what_nobody_noted_the_take_says_nothing() -> None:
    received = take(get("/a", {"x": 1}), get("/b", {"created_at": 1_750_000_000}), timed=False)
    noted = below(normalise(received)[0]).interactions
    assert noted == {"2": Performance(at=(1_750_000_000,))}


def test_an_empty_take_stays_empty() -> None:
    cassette = Cassette(upstreams=("https://a.example",), interactions=())
    assert normalise(cassette) == (Cassette(upstreams=(), interactions=()), {})


def test_upstreams_stand_in_the_order_in_which_they_are_named() -> None:
    one, other = get("/b", {"x": 1}), get("/a", {"x": 2})
    upstreams = ("https://one.example", "https://two.example")
    interactions = tuple(
        Interaction(n=n, request=exchange.request.model_copy(update={"upstream": n - 1}), response=exchange.response)
        for n, exchange in enumerate((one, other), start=1)
    )
    cassette = normalise(Cassette(upstreams=upstreams, interactions=interactions))[0]
    named = [cassette.upstreams[item.request.upstream] for item in cassette.interactions]
    assert [(item.request.path, upstream) for item, upstream in zip(cassette.interactions, named, strict=True)] == [
        ("/a", "https://two.example"),
        ("/b", "https://one.example"),
    ]
    assert cassette.upstreams == ("https://two.example", "https://one.example")


# -------------------------------------------------------------------------------------------- what holds for any take

PREFIXES = st.sampled_from(["thread_", "run_", "asst_", "file-", "call_"])
OWN = ("thread_" + "o" * 24, "asst_" + "o" * 24, "thread_000000000000000000000001", "REDACTED-0002")
STAMPS = st.integers(1_700_000_000, 1_700_000_003)


def lines(thread: str, other: str) -> list[tuple[str, str]]:
    """Requests of all kinds, with ids in them."""
    read = [f"/threads/{thread}", f"/threads/{thread}/runs/{other}", f"/files/{other}", "/assistants", "/x"]
    written = ["/threads", "/assistants", "/files", "/chat/completions", f"/threads/{thread}/messages"]
    written += [f"/threads/{thread}/runs", f"/threads/{thread}/runs/{other}/cancel", f"/files/{other}"]
    return [*(("GET", path) for path in read), *(("POST", path) for path in written), ("DELETE", f"/files/{other}")]


def answers(own: list[str], minted: list[str], stamp: int) -> list[Any]:
    """Answers of all kinds; ids of the program stand where its request held them."""
    one, other = minted
    return [
        {"id": one, "created_at": stamp},
        {"id": other, "thread_id": one, "assistant_id": own[0], "started_at": stamp},
        {"data": [{"id": one, "created": stamp}, {"id": other}], "text": f"{one} {other} {own[1]}"},
        {"error": {"message": f"No thread {other}"}},
        f'{{"id" : "{one}", "created_at": {stamp}, "n": 1.10}}',
        None,
    ]


def known_at(now: int, minted: list[tuple[int, str]]) -> list[str]:
    """The ids that a client knows at a time, of those that answers minted until a time."""
    unknown = {id_ for until, id_ in minted if until > now}
    return sorted({id_ for _, id_ in minted} - unknown)


@st.composite
def takes(draw: st.DrawFn) -> list[Exchange]:
    """What several clients do at once: a request holds ids of the program, and ids of answers that came before.

    Of equal reads the answers hold the same ids.
    """
    found: list[Exchange] = []
    minted: list[tuple[int, str]] = []
    read: dict[str, tuple[int, list[str]]] = {}
    now = 0
    for number in range(draw(st.integers(0, 8))):
        now += draw(st.integers(0, 12))
        end = now + draw(st.integers(0, 15))
        ids = st.sampled_from([*OWN, *known_at(now, minted)])
        used = [draw(ids), draw(ids)]
        held = [draw(st.sampled_from([used[0], draw(PREFIXES) + f"{number}{letter}" * 12])) for letter in "ab"]
        method, target = draw(st.sampled_from(lines(*used)))
        body = draw(st.sampled_from([{}, {"assistant_id": used[0]}])) | {"echo": used} if method == "POST" else None
        target = target if body else f"{target}?a={used[0]}&b={used[1]}"
        kind, held = read.setdefault(target if method == "GET" else f"{number}", (draw(st.integers(0, 5)), held))
        answer = answers(used, held, draw(STAMPS))[kind]
        one = ask(method, target, answer, body=body, status=draw(st.sampled_from([200, 200, 404])))
        if body and draw(st.integers(0, 3)) == 0:
            frames = stream(target, [("e", answer), ("f", {"id": held[0], "obfuscation": "x"})], body).response.frames
            raw = RawFrame(raw=f": {used[0]}\n\n")
            one = post(target, body=body, frames=[raw, *(frames or ())])
        minted += [(end, id_) for id_ in held if id_ not in used]
        found.append(one.at(now, end))
    return found


TAKES = takes()


@given(TAKES, st.booleans())
@settings(max_examples=120, deadline=None)
def test_normalising_again_changes_nothing(found: list[Exchange], timed: bool) -> None:
    cassette = normalise(take(*found, timed=timed))[0]
    again, names = normalise(cassette)
    assert cassette_text(again) == cassette_text(cassette)
    assert all(symbol == id_ for id_, symbol in names.items())
    assert Cassette.model_validate(json.loads(cassette_text(cassette))) == cassette


@given(TAKES)
@settings(max_examples=120, deadline=None)
def test_without_its_take_a_cassette_says_the_same(found: list[Exchange]) -> None:
    cassette = normalise(take(*found))[0]
    untaken = cassette.model_copy(update={"take": None})
    assert cassette_text(normalise(untaken)[0]) == cassette_text(untaken)


@given(TAKES)
@settings(max_examples=100, deadline=None)
def test_every_settled_answer_can_be_had_back_byte_for_byte(found: list[Exchange]) -> None:
    received = take(*found)
    cassette, names = normalise(received)
    original = replaced_by({symbol: id_ for id_, symbol in names.items()})
    answers = [answer_bytes(one.response) for one in received.interactions]
    performances = below(cassette).interactions
    for one in cassette.interactions:
        back = put_back(in_response(one.response, original), volatile_of(performances.get(str(one.n))))
        answers.remove(answer_bytes(back))
    assert len(answers) == sum(read.count for reads in below(cassette).reads.values() for read in reads)


# --------------------------------------------------------------------------------------------------- real recordings


def test_real_recordings_are_normal_after_normalising(recordings: Path) -> None:
    cassette = normalise(recorded_take(recorded(recordings)))[0]
    assert normalise(cassette)[0] == cassette
    untaken = cassette.model_copy(update={"take": None})
    assert normalise(untaken)[0] == untaken
    assert len(cassette.interactions) == 42
    counts = {n: [read.count for read in reads] for n, reads in below(cassette).reads.items()}
    assert sorted(sum(found) for found in counts.values()) == [2, 3, 5, 9]


def test_the_order_in_which_the_real_conversations_were_recorded_does_not_count(recordings: Path) -> None:
    everything = recorded(recordings)
    by_source = [[one for one in everything if one.source == name] for name in {one.source for one in everything}]
    files = set()
    for seed in range(5):
        random = Random(seed)
        waiting = [list(found) for found in by_source]
        order = []
        while waiting := [found for found in waiting if found]:
            order.append(random.choice(waiting).pop(0))
        files.add(above(normalise(recorded_take(tuple(order)))[0]))
    assert len(files) == 1


def test_real_answers_can_be_had_back_byte_for_byte(recordings: Path) -> None:
    everything = recorded(recordings)
    cassette, names = normalise(recorded_take(everything))
    original = replaced_by({symbol: id_ for id_, symbol in names.items()})
    received = [one.received for one in everything]
    for one in cassette.interactions:
        performance = below(cassette).interactions[str(one.n)]
        received.remove(answer_bytes(put_back(in_response(one.response, original), volatile_of(performance))))
    assert len(received) == 52 - 33


def test_mixing_is_what_it_says() -> None:
    """The helpers of these tests keep each conversation in its order."""
    loops = [tool_loop(Server(1), Plan()), tool_loop(Server(2), Plan())]
    for found in (mixed(loops, Random(1)), [one.at(0) for one in overlapping(loops, Random(1))]):
        for loop in loops:
            places = [next(i for i, one in enumerate(found) if one.request is step.request) for step in loop]
            assert places == sorted(places)
