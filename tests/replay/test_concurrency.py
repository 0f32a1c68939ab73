"""Many conversations that begin alike: every client gets one of its own, in whatever order they take their turns."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.normalise.takes import Exchange, Plan, Server, assistant, overlapping, take, tool_loop
from toolreel.dialects.ids import ID
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.replay.engine import Options
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape

from .clients import Client, in_turns, settled, tape_of

Script = Sequence[Exchange]


def fifty(seed: int, count: int = 50) -> list[Plan]:
    """Plans of clients: all open a thread alike, some ask the same question and differ in their tool's output only,
    and some are quite alike."""
    random = Random(seed)
    plans = []
    for number in range(count):
        question = f"Question {number}?" if number % 2 else f"The same question {number % 3}?"
        output = str(number if number % 10 else 0)
        plans.append(Plan(question=question, output=output, reply=f"It is {output}.", polls=(random.randrange(3), 1)))
    return plans


def recording(plans: Sequence[Plan], seed: int = 1) -> tuple[Cassette, list[list[Exchange]]]:
    """A cassette of conversations that were held together, and what each client of it sent."""
    server = Server(seed)
    scripts = [tool_loop(server, plan) for plan in plans]
    return normalise(take(*overlapping(scripts, Random(seed))))[0], scripts


@functools.cache
def the_fifty() -> tuple[Tape, list[list[Exchange]]]:
    cassette, scripts = recording(fifty(1))
    return tape_of(cassette), scripts


def answers(script: Script) -> list[Exchange]:
    return [script[place] for place in settled(script)]


def hold(session: Session, scripts: Sequence[Script], random: Random) -> list[Client]:
    """Holds conversations in random turns, and checks that each client hears what it is due.

    Clocks are as recorded, so two conversations that are alike but for ids and clock may be exchanged.
    """
    clients = [Client(session) for _ in scripts]
    due = [answers(script) for script in scripts]
    for who, step in in_turns(scripts, random):
        client, wanted = clients[who], due[who][step]
        for _ in range(random.choice([1, 1, 3]) if wanted.request.method == "GET" else 1):
            heard = client.hears(scripts[who][step], wanted)
            assert untimed(heard) == untimed(wanted.received), f"client {who}, step {step}"
    return clients


def untimed(data: bytes) -> bytes:
    return re.sub(rb'("\w+_at": ?)\d{10}', rb"\1", data)


def apart(clients: Sequence[Client]) -> None:
    """No two clients hold the same id."""
    held = [set(client.live.values()) for client in clients]
    assert all(held)
    assert sum(map(len, held)) == len(set().union(*held))


@pytest.mark.parametrize("seed", range(10))
def test_fifty_clients_at_once_each_get_their_own_conversation(seed: int) -> None:
    fifty_tape, scripts = the_fifty()
    session = Session([fifty_tape])
    apart(hold(session, scripts, Random(seed)))
    assert (session.misses, session.unplayed) == ([], 0)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
def test_fifty_clients_at_once_a_hundred_times(seed: int) -> None:
    cassette, scripts = recording(fifty(seed), seed)
    for repeated in (False, True):
        session = Session([tape_of(cassette)], Options(repeat=repeated))
        apart(hold(session, scripts, Random(seed)))
        assert (session.misses, session.unplayed) == ([], 0)


def test_more_clients_than_were_recorded_walk_through_the_cassette_again() -> None:
    cassette, scripts = recording(fifty(1, 6))
    session = Session([tape_of(cassette)])
    clients = []
    for seed in range(3):
        clients += hold(session, scripts, Random(seed))
    apart(clients)
    assert (session.misses, session.unplayed) == ([], 0)


def test_one_conversation_is_given_to_any_number_of_clients_at_once() -> None:
    cassette, [script] = recording([Plan()])
    session = Session([tape_of(cassette)])
    apart(hold(session, [script] * 10, Random(1)))
    assert (session.misses, session.unplayed) == ([], 0)


@pytest.mark.parametrize("seed", range(5))
def test_one_after_the_other_in_any_order(seed: int) -> None:
    cassette, scripts = recording(fifty(2, 12))
    session = Session([tape_of(cassette)])
    clients = []
    for script in Random(seed).sample(scripts, len(scripts)):
        clients += hold(session, [script], Random(seed))
    apart(clients)
    assert (session.misses, session.unplayed) == ([], 0)


@pytest.mark.parametrize("shared", [True, False], ids=["one-assistant", "an-assistant-each"])
@pytest.mark.parametrize("seed", range(5))
def test_conversations_with_assistants(seed: int, shared: bool) -> None:
    server, plans = Server(1), fifty(1, 12)
    if shared:
        made, helper = assistant(server)
        begun, scripts = [made], [tool_loop(server, plan, helper) for plan in plans]
    else:
        helpers = [assistant(server) for _ in plans]
        begun = []
        scripts = [[one, *tool_loop(server, plan, id_)] for (one, id_), plan in zip(helpers, plans, strict=True)]
    first = [one.at(0, 5) for one in begun]
    cassette = normalise(take(*first, *overlapping(scripts, Random(1), start=10)))[0]
    session = Session([tape_of(cassette)])
    maker = Client(session)
    for one in begun:
        maker.send(one)
    clients = [Client(session) for _ in scripts]
    for client in clients:
        client.live.update(maker.live)
    due = [answers(script) for script in scripts]
    for who, step in in_turns(scripts, Random(seed)):
        wanted = due[who][step]
        assert untimed(clients[who].hears(scripts[who][step], wanted)) == untimed(wanted.received)
    assert (session.misses, session.unplayed) == ([], 0)
    for client in clients:
        for id_ in maker.live:
            del client.live[id_]
    apart(clients)


@given(
    chosen=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12"), st.booleans()), min_size=1, max_size=6),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None)
def test_any_few_conversations_in_any_turns(chosen: list[tuple[str, str, bool]], seed: int) -> None:
    plans = [
        Plan(question=question, output=output, reply=f"It is {output}", streams=streams, deletes=streams)
        for question, output, streams in chosen
    ]
    cassette, scripts = recording(plans, seed)
    session = Session([tape_of(cassette)], Options(repeat=False))
    apart(hold(session, scripts, Random(seed)))
    assert (session.misses, session.unplayed) == ([], 0)


def test_ids_of_the_first_walk_are_those_of_the_cassette() -> None:
    cassette, scripts = recording([Plan()])
    session = Session([tape_of(cassette)])
    [client] = hold(session, scripts, Random(1))
    numbers = {ID.sub(lambda match: match.group()[-2:], live) for live in client.live.values()}
    assert numbers == {"01", "02"}
    [second] = hold(session, scripts, Random(1))
    assert not set(client.live.values()) & set(second.live.values())
    assert all(ID.fullmatch(live) for live in second.live.values())


def test_a_conversation_that_was_decided_is_not_given_to_another_client() -> None:
    cassette, scripts = recording([Plan(output="1", reply="one"), Plan(output="2", reply="two")])
    session = Session([tape_of(cassette)], Options(repeat=False))
    first, second = Client(session), Client(session)
    for one, wanted in zip(scripts[0], answers(scripts[0]), strict=True):
        first.send(one, wanted)
    submit = next(place for place, one in enumerate(scripts[0]) if "submit" in one.request.path)
    for one, wanted in zip(scripts[0][:submit], answers(scripts[0]), strict=False):
        second.send(one, wanted)
    assert session.answer(second.asks(scripts[0][submit].sent)).status == 424, "only the other one is left"
    assert len(session.misses) == 1


def test_ids_of_two_conversations_in_one_request_are_a_miss() -> None:
    cassette, scripts = recording([Plan(question="a"), Plan(question="b")])
    session = Session([tape_of(cassette)])
    clients = hold(session, scripts, Random(1))
    mixed = clients[0].asks(scripts[0][2].sent)
    run_of_other = next(live for live in clients[1].live.values() if live.startswith("run_"))
    torn = type(mixed)("GET", f"{mixed.target}/{run_of_other}")
    assert session.answer(torn).status == 424
    assert [miss.code for miss in session.misses] == ["ambiguous"]
