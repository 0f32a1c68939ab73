"""Programs that use the API at random are replayed in other turns, with more reads, and the polls as they were."""

from __future__ import annotations

import re
from random import Random

import pytest

from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.replay.engine import Options
from toolreel.replay.session import Session

from .clients import Client, body, in_turns, tape_of
from .programs import Held, held_at_random, one_epoch


def timeless(data: bytes) -> bytes:
    """Conversations that are alike but for the clock may be exchanged."""
    return re.sub(rb"\b17000\d{5}\b", b"", data)


def hears(client: Client, sent: Held, fitting: list[Held]) -> None:
    """One of the answers that fit, whichever it is, with the client's own ids; and they are learned."""
    answer = client.session.answer(client.asks(sent.sent))
    assert answer.status != 424, body(answer).decode()
    before = dict(client.live)
    for one in fitting:
        client.live = dict(before)
        if answer.status == one.status and client.learns(one, answer):
            said = client.with_recorded_ids(body(answer).decode()).encode()
            if timeless(said) == timeless(one.received):
                return
    raise AssertionError(f"{sent.sent.method} {sent.sent.target}: {body(answer).decode()}")


def replayed(held: list[Held], cassette: Cassette, seed: int) -> None:
    random = Random(seed)
    session = Session([tape_of(cassette)], Options(repeat=False))
    places = {who: [at for at, one in enumerate(held) if one.who == who] for who in {one.who for one in held}}
    clients = {who: Client(session) for who in places}
    for number, step in in_turns(places.values(), random):
        who = list(places)[number]
        place = places[who][step]
        one = held[place]
        reads = one.sent.method == "GET"
        for _ in range(random.choice([1, 1, 2, 4]) if reads else 1):
            hears(clients[who], one, one_epoch(held, place) if reads else [one])
    assert session.misses == []
    assert session.verdict().unplayed == ()


def check(seed: int) -> None:
    api = held_at_random(seed)
    taken = api.take()
    normalised = normalise(taken)[0]
    for cassette in (taken, normalised, normalised.model_copy(update={"take": None})):
        replayed(api.held, cassette, seed)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_a_program_does_it_can_be_replayed_in_any_turns(seed: int) -> None:
    check(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(8, 400))
def test_whatever_many_programs_do_it_can_be_replayed_in_any_turns(seed: int) -> None:
    check(seed)


@pytest.mark.parametrize("seed", range(4))
def test_faithful_gives_programs_exactly_what_they_heard(seed: int) -> None:
    api = held_at_random(seed)
    session = Session([tape_of(normalise(api.take())[0])], Options(faithful=True, repeat=False))
    clients: dict[int, Client] = {}
    for one in api.held:
        hears(clients.setdefault(one.who, Client(session)), one, [one])
