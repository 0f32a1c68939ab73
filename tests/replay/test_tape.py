from __future__ import annotations

import pytest

from tests.normalise.conversations import performed
from tests.normalise.takes import Exchange, Plan, Server, assistant, get, no_file, post, stream, take, tool_loop
from toolreel.dialects.routes import Kind
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.normalise.symbols import replaced_by
from toolreel.replay.canonical import HIDDEN
from toolreel.replay.index import Key
from toolreel.replay.rules import DEFAULT_MATCH_RULES, MatchRules
from toolreel.replay.tape import Tape, loosely
from toolreel.replay.tracks import Track

from .clients import tape, tape_of

OWN = "thread_" + "own" * 8
RUN = "run_" + "own" * 8


def tracks(tape: Tape) -> list[Track]:
    return [track for group in tape.groups for track in group.tracks]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("thread_" + "a" * 24, "thread_"),
        ("file-" + "a" * 24, "file-"),
        ("0b8f2c1e-9d3a-4f6b-8a7c-1234567890ab", ""),
        ("REDACTED-0001", HIDDEN),
    ],
)
def test_what_is_left_of_an_id_in_a_key(name: str, left: str) -> None:
    assert loosely(name) == left


def test_every_interaction_is_on_the_tape_once_and_in_file_order() -> None:
    server = Server(1)
    made, helper = assistant(server)
    exchanges = [made, *tool_loop(server, Plan(), helper), *tool_loop(server, Plan(question="b"), helper)]
    found = tape(*exchanges)
    assert [track.n for track in tracks(found)] == list(range(1, len(tracks(found)) + 1))
    assert [len(group.tracks) for group in found.groups] == [1, 8, 8]
    assert [track.place for track in found.groups[1].tracks] == list(range(8))


def test_epochs_count_the_successful_writes_of_a_scope() -> None:
    found = tape(
        get(f"/threads/{OWN}", "a"),
        post(f"/threads/{OWN}/messages", "b"),
        post(f"/threads/{OWN}/messages", "failed", {"x": 1}, status=400),
        get(f"/threads/{OWN}", "c"),
        stream(f"/threads/{OWN}/runs", []),
        get(f"/threads/{OWN}", "d"),
    )
    [group] = found.groups
    reads = [track.epoch for track in group.tracks if track.kind is Kind.READ]
    assert reads == [0, 1, 2]
    assert [len(writes) for writes in group.writes.values()] == [2]
    assert [track.moves for track in group.tracks] == [(), (OWN,), (), (), (OWN,), ()]


def test_superseded_answers_and_overlaps_are_known_whether_the_cassette_is_normalised_or_not() -> None:
    polls = [get(f"/threads/{OWN}", text) for text in ("a", "a", "b", "c")]
    a, b = (post(f"/threads/{OWN}/messages", text, {"content": text}) for text in ("y", "x"))
    exchanges = [one.at(n, n) for n, one in enumerate(polls)] + [a.at(10, 30), b.at(20, 40)]
    received = take(*exchanges)
    for cassette in (received, normalise(received)[0]):
        found = tracks(tape_of(cassette))
        assert [len(track.superseded) for track in found] == [3, 0, 0]
        assert [track.overlaps for track in found] == [set(), {found[2].n}, {found[1].n}]


def same_key(one: Exchange, other: Exchange) -> bool:
    server = Server(1)
    known = [post("/threads", {"id": "thread_" + letter * 24, "n": server.now()}) for letter in "ab"]
    found = {track.interaction.request.path: track for track in tracks(Tape("t", take(*known, one, other), no_file))}
    first, second = (found[exchange.request.path] for exchange in (one, other))
    return first.key == second.key


def test_a_key_leaves_minted_ids_out_and_keeps_the_programs_own() -> None:
    a, b = "thread_" + "a" * 24, "thread_" + "b" * 24
    assert same_key(get(f"/threads/{a}"), get(f"/threads/{b}"))
    assert not same_key(get(f"/threads/{a}"), get(f"/threads/{OWN}"))
    assert not same_key(get(f"/threads/{a}"), get(f"/threads/{b}/messages"))
    assert not same_key(get(f"/threads/{a}"), get(f"/threads/{b}?x=1"))


def test_assistants_that_were_made_alike_are_of_one_class() -> None:
    server = Server(1)
    (one, first), (two, second), (other, third) = (assistant(server, name) for name in ("a", "a", "b"))
    found = Tape("t", take(one, two, other), no_file)
    assert found.root_classes[first] == found.root_classes[second] != found.root_classes[third]
    assert found.root_tracks[first].n == 1


def test_a_root_is_made_where_the_file_holds_it_first() -> None:
    """In a file made by hand the conversation that uses it may begin before."""
    thread, made, run = "thread_" + "a" * 24, "asst_" + "b" * 24, "run_" + "c" * 24
    found = Tape(
        "t",
        take(
            post("/threads", {"id": thread}, {}),
            post("/assistants", {"id": made}, {"model": "m"}),
            post(f"/threads/{thread}/runs", {"id": run}, {"assistant_id": made}),
            get(f"/threads/{thread}/runs/{run}", {"id": run, "assistant_id": made}),
        ),
        no_file,
    )
    assert [[track.n for track in group.tracks] for group in found.groups] == [[1, 3, 4], [2]]
    assert found.root_tracks[made].n == 2, "who makes it twice gets two"


def test_the_index_names_the_groups_in_file_order() -> None:
    server = Server(1)
    found = tape(*tool_loop(server, Plan(question="b")), *tool_loop(server, Plan(question="a")))
    for track in tracks(found):
        groups = found.index.groups(track.key)
        assert track.group in groups
        assert [group.number for group in groups] == sorted(group.number for group in groups)
        assert all(group.having(track.key) for group in groups)


def test_the_first_second_is_the_earliest_timestamp_of_the_cassette() -> None:
    exchanges = [get("/a", {"created_at": 1_750_000_009}), get("/b", {"x": {"expires_at": 1_750_000_001}})]
    for cassette in (take(*exchanges), normalise(take(*exchanges))[0]):
        assert tape_of(cassette).first_second == 1_750_000_001


def test_an_empty_cassette_makes_an_empty_tape() -> None:
    found = Tape("t", Cassette(upstreams=(), interactions=()), no_file)
    assert found.groups == []
    assert found.index.groups(Key("GET /a", "")) == []


@pytest.mark.parametrize(
    "rules", [DEFAULT_MATCH_RULES, MatchRules(free=("call_",)), MatchRules(replace=replaced_by({RUN: "run_x"}))]
)
@pytest.mark.parametrize("seed", range(20))
def test_an_item_is_on_the_shelf_where_its_key_is_looked_for(seed: int, rules: MatchRules) -> None:
    secrets = (post("/files/REDACTED-0001/x", {"id": "file-" + "f" * 24}, {"a": 1}), get("/files/file-" + "f" * 24))
    server = Server(1)
    programs = (get(f"/threads/{OWN}/runs/{RUN}", "a"), *tool_loop(server, Plan(question=str(seed))))
    for cassette in (performed(seed, 1), take(*secrets, *programs)):
        found = tape_of(cassette, rules=rules)
        for group in found.groups:
            for item, track in zip(group.conversation.items, group.tracks, strict=True):
                assert found._head(item) == track.key.head
