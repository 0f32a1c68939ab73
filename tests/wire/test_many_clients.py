"""Fifty conversations that were recorded at the same time, held again at the same time by an async client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import httpx
import pytest

from tests.normalise.takes import Exchange
from tests.replay.clients import Client
from tests.replay.test_concurrency import answers, apart, the_fifty, untimed
from toolreel.replay.engine import Options
from toolreel.replay.session import Session
from toolreel.server.entrance import Entrance
from toolreel.server.hosts import own_host
from toolreel.server.serve import serving

from .doors import FREE, Door


async def hold(
    http: httpx.AsyncClient, base: str, client: Client, script: Sequence[Exchange], random: Random
) -> None:
    """One conversation, with pauses in which others get on."""
    for one, wanted in zip(script, answers(script), strict=True):
        for _ in range(random.choice([0, 1, 5, 20])):
            await asyncio.sleep(0)
        sent = client.asks(one.sent)
        answer = await http.request(sent.method, f"{base}{sent.target}", content=sent.body)
        assert answer.status_code != 424, answer.text
        client.learn(wanted.received, answer.content)
        assert untimed(client.with_recorded_ids(answer.text).encode()) == untimed(wanted.received)


async def hold_all(
    base: str, session: Session, scripts: Sequence[Sequence[Exchange]], random: Random
) -> list[Client]:
    clients = [Client(session) for _ in scripts]
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(trust_env=False, limits=limits, timeout=60) as http:
        await asyncio.gather(
            *(hold(http, base, client, script, random) for client, script in zip(clients, scripts, strict=True))
        )
    return clients


def check(seed: int) -> None:
    tape, scripts = the_fifty()
    session = Session([tape], Options(repeat=False, strict=True))
    with serving(Entrance(session, own_host), FREE) as address:
        base = Door(f"http://{address.shown}").base
        apart(asyncio.run(hold_all(base, session, scripts, Random(seed))))
    verdict = session.verdict()
    assert (verdict.misses, verdict.unplayed, verdict.never_played) == ((), (), 0)


def test_every_client_gets_a_conversation_of_its_own() -> None:
    check(0)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 100))
def test_every_client_gets_a_conversation_of_its_own_a_hundred_times(seed: int) -> None:
    check(seed)
