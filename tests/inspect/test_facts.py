from __future__ import annotations

import hashlib

from tests.normalise.takes import get, post, take
from toolreel.inspect.facts import facts, leaves
from toolreel.messages.model import Base64Frame, Cassette, RawFrame
from toolreel.store.facts import VERSION, Text

from .tapes import CALL, answered, begun, conversation, function, read, sample


def test_the_sample_in_figures() -> None:
    found = facts(sample())
    assert (found.runs, found.failures, len(found.requests), len(found.calls)) == (2, 0, 12, 4)
    assert found.recorded_at == "2026-11-22T11:45:29Z"
    stream = found.requests[2]
    assert (stream.route, stream.frames, stream.ms, stream.first_frame_ms, stream.last_frame_ms) == (
        "/threads/{thread}/runs",
        19,
        584,
        76,
        584,
    )
    assert found.requests[0].frames is found.requests[0].first_frame_ms is None


def test_a_change_of_the_facts_raises_their_version() -> None:
    """If this fails, raise VERSION in store/facts.py, so that indexes are made anew, and write both here."""
    digest = hashlib.sha256(repr(facts(conversation())).encode()).hexdigest()
    assert (VERSION, digest[:16]) == (1, "fb0c7b7da81d26d2")


def places(cassette: Cassette, word: str) -> list[tuple[int, str]]:
    return [(text.n, text.place) for text in facts(cassette).texts if word in text.text]


def test_every_text_is_found_where_it_first_stood() -> None:
    cassette = conversation()
    assert places(cassette, "Weather?") == [(1, "user")]
    assert places(cassette, "Paris") == [(3, "arguments of get_weather")]
    assert places(cassette, "It is 21°.") == [(4, "text")]
    assert (4, "output of get_weather") in places(cassette, "21")
    assert places(cassette, "asst_mine") == [(2, "request")]
    assert places(cassette, "requires_action") == [(3, "answer")]


def test_a_word_split_over_deltas_is_found() -> None:
    cassette = take(*begun(function(CALL)), answered("It is dri", "zzling."))
    assert places(cassette, "drizzling") == [(4, "text")]


def test_errors_queries_and_texts_are_found() -> None:
    refused = post("/threads/t/x", {"error": {"message": "No [such] thing."}}, status=404)
    cassette = take(refused, get("/x?include=stéps", "plain text"), post("/y", "answer", "question"))
    assert places(cassette, "No [such] thing.") == [(1, "answer")]
    assert places(cassette, "status: 404") == [(1, "answer")]
    assert places(cassette, "include: stéps") == [(2, "request")]
    assert places(cassette, "plain text") == [(2, "answer")]
    assert places(cassette, "question") == [(3, "request")]
    assert facts(cassette).failures == 1


def test_frames_that_are_no_events_are_found() -> None:
    cassette = take(post("/x", frames=[RawFrame(raw=": heartbeat\n\n"), Base64Frame(base64="/w==")]))
    assert places(cassette, "heartbeat") == [(1, "answer")]


def test_a_value_is_searched_leaf_by_leaf() -> None:
    value = {"a": [1, True, None, ""], "b": {"c": "x\ny"}, "d": 1.5}
    assert list(leaves(value)) == [("a", "1"), ("a", "true"), ("c", "x\ny"), ("d", "1.5")]


def test_what_a_list_repeats_is_kept_once() -> None:
    once = facts(take(*begun(function(CALL)), answered("x"), read("x")))
    twice = facts(take(*begun(function(CALL)), answered("x"), read("x"), read("x")))
    assert twice.texts == once.texts
    assert Text(4, "text", "x") in once.texts


def test_an_empty_cassette_has_no_facts() -> None:
    found = facts(Cassette(upstreams=(), interactions=()))
    assert (found.upstream, found.recorded_at, found.requests, found.texts) == (None, None, (), ())
