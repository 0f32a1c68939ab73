"""The conversations that were really held, held again: with more polls and with fewer, and all at once."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from random import Random

import pytest

from tests.normalise.real import Recorded, none_large, recorded, recorded_take
from tests.normalise.takes import above
from tests.recording.assembling import assemble
from toolreel.messages.http import ResponseHead
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.recording.entries import Entry
from toolreel.recording.exchange import Exchange
from toolreel.replay.answer import Answer
from toolreel.replay.engine import Options
from toolreel.replay.session import Session, fixed_clock
from toolreel.replay.tape import Tape

from .clients import Client, body, in_turns, settled, tape_of


@pytest.fixture(scope="module")
def everything(recordings: Path) -> tuple[Recorded, ...]:
    return recorded(recordings)


@pytest.fixture(scope="module", params=["received", "normalised", "without-take"])
def cassette(request: pytest.FixtureRequest, everything: tuple[Recorded, ...]) -> Cassette:
    received = recorded_take(everything)
    if request.param == "received":
        return received
    return normalise(received)[0].model_copy(update={"take": None} if request.param == "without-take" else {})


@functools.cache
def normalised_tape(everything: tuple[Recorded, ...]) -> Tape:
    return tape_of(normalise(recorded_take(everything))[0])


def scripts(everything: tuple[Recorded, ...]) -> list[list[Recorded]]:
    """What each client sent, and what it got."""
    sources = dict.fromkeys(one.source for one in everything)
    return [[one for one in everything if one.source == source] for source in sources]


def expected(script: list[Recorded]) -> list[Recorded]:
    failed = [place for place, one in enumerate(script) if one.status >= 400]
    return [script[place] for place in settled(script, failed=failed)]


def check(client: Client, sent: Recorded, wanted: Recorded, *, exact: bool) -> None:
    heard = client.hears(sent, wanted)
    if exact:
        assert heard == wanted.received
    else:  # without the take the clock stands still, and chats keep neither fingerprint nor padding
        assert _timeless(heard) == _timeless(wanted.received)


def _timeless(data: bytes) -> str:
    text = re.sub(r'("(?:\w+_at|created)": ?)\d{10}', r"\1", data.decode())
    return re.sub(r'("(?:system_fingerprint|obfuscation)": ?)(?:"\w*"|null)', r"\1", text)


@pytest.mark.parametrize("reads", [1, 2, 4])
def test_every_read_may_be_repeated(everything: tuple[Recorded, ...], cassette: Cassette, reads: int) -> None:
    session = Session([tape_of(cassette)])
    client = Client(session)
    exact = cassette.take is not None
    for script in scripts(everything):
        for sent, wanted in zip(script, expected(script), strict=True):
            for _ in range(reads if sent.sent.method == "GET" else 1):
                check(client, sent, wanted, exact=exact)
    assert (session.misses, session.unplayed) == ([], 0)


def test_polls_may_be_left_out(everything: tuple[Recorded, ...], cassette: Cassette) -> None:
    """A client that is faster than the recorded one, or that asks once before each step."""
    session = Session([tape_of(cassette)])
    client = Client(session)
    for script in scripts(everything):
        for sent, wanted in zip(script, expected(script), strict=True):
            if sent is wanted:
                check(client, sent, wanted, exact=cassette.take is not None)
    assert (session.misses, session.unplayed) == ([], 0)


@pytest.mark.parametrize("seed", range(20))
def test_all_conversations_may_be_held_at_once(everything: tuple[Recorded, ...], seed: int) -> None:
    """And no read gets the answer of another epoch: each answer is, byte for byte, the settled one of its own."""
    random = Random(seed)
    session = Session([normalised_tape(everything)])
    of_client = scripts(everything)
    wanted = [expected(script) for script in of_client]
    clients = [Client(session) for _ in of_client]
    for who, step in in_turns(of_client, random):
        sent = of_client[who][step]
        for _ in range(random.choice([1, 1, 2, 4]) if sent.sent.method == "GET" else 1):
            check(clients[who], sent, wanted[who][step], exact=True)
    assert (session.misses, session.unplayed) == ([], 0)
    held = [set(client.live.values()) for client in clients]
    assert sum(map(len, held)) == len(set().union(*held)), "no two clients hold the same id"


@pytest.mark.parametrize("cassette", ["received", "normalised"], indirect=True)
def test_faithful_replay_gives_each_recorded_answer_in_turn_and_then_the_last(
    everything: tuple[Recorded, ...], cassette: Cassette
) -> None:
    session = Session([tape_of(cassette)], Options(faithful=True))
    client = Client(session)
    for script in scripts(everything):
        for place, (sent, last) in enumerate(zip(script, expected(script), strict=True)):
            check(client, sent, sent, exact=True)
            following = script[place + 1].sent.target if place + 1 < len(script) else ""
            if sent is last and sent.sent.method == "GET" and sent.sent.target != following:
                for _ in range(3):
                    check(client, sent, last, exact=True)
    assert session.misses == []


def test_a_poll_between_chats_still_says_what_the_run_waits_for(everything: tuple[Recorded, ...]) -> None:
    script = next(found for found in scripts(everything) if any("/chat/" in one.sent.target for one in found))
    session = Session([tape_of(recorded_take(everything))])
    client = Client(session)
    poll = next(one for one in script if b'"requires_action"' in one.received)
    asked = 0
    for sent in script:
        client.send(sent)
        if "/chat/" in sent.sent.target:
            asked += 1
            assert client.hears(poll) == poll.received
    assert asked == 2
    assert session.misses == []


def test_errors_and_cancels_of_the_programs_own_ids_stay_apart(everything: tuple[Recorded, ...]) -> None:
    ruby = [one for one in everything if one.source in ("ruby_runs_cancel.yml", "ruby_runs_submit_tool_outputs.yml")]
    assert len(ruby) == 8
    for seed in range(5):
        session = Session([normalised_tape(everything)])
        for one in Random(seed).sample(ruby, len(ruby)):
            client = Client(session)
            answer = client.send(one)
            assert (answer.status, client.with_recorded_ids(body(answer).decode()).encode()) == (
                one.status,
                one.received,
            )
        assert session.misses == []


def test_recording_a_replay_gives_the_same_cassette(everything: tuple[Recorded, ...]) -> None:
    cassette = normalise(recorded_take(everything))[0]
    for options in (Options(hurry=False), Options(faithful=True, hurry=False)):
        session = Session([tape_of(cassette)], options)
        client = Client(session)
        entries: list[Entry] = []
        for key, one in enumerate(everything):
            answer: Answer = client.send(one)
            sent = client.asks(one.sent)
            exchange = Exchange(key, type(sent)(sent.method, sent.target, (), sent.body, one.sent.origin))
            now = 10 * key
            entries += exchange.begin(now)
            entries += exchange.head(ResponseHead(answer.status, answer.headers), now + 1)
            for piece in answer.pieces:
                entries += exchange.data(piece, now + 2)
            entries += exchange.end(cassette.interactions[0].ending, now + 3)
        again = assemble(entries, recorded_at="later", tool="toolreel", keep_file=none_large)
        assert above(normalise(again)[0]) == above(cassette)


def test_the_fixed_clock_gives_the_file_as_it_is_written(everything: tuple[Recorded, ...]) -> None:
    cassette = normalise(recorded_take(everything))[0]
    session = Session([tape_of(cassette)], clock=fixed_clock)
    client = Client(session)
    for one in everything:
        client.send(one)
    assert session.misses == []
