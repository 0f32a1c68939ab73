"""The workloads are what they say they are, and toolreel answers them with the very bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import exchanges
from bench.exchanges import Exchange
from toolreel.messages.http import HttpRequest
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape
from toolreel.store.files import LargeBodies, load


def session(folder: Path, *asked: Exchange) -> Session:
    path = folder / "bench.json"
    exchanges.cassette(path, asked)
    return Session([Tape("bench", load(path), LargeBodies(path).read)])


def answer(of: Session, one: Exchange) -> bytes:
    headers = (("content-type", "application/json"),)
    found = of.answer(HttpRequest(one.method, one.path, headers, one.body or None))
    assert found.status == 200
    return b"".join(found.pieces)


@pytest.mark.parametrize(
    ("one", "asked", "answered"),
    [
        (exchanges.submit(), 500, 3_000),
        (exchanges.poll(), 0, 2_000),
        (exchanges.stream(), 500, 199 * 250 + len(b"event: done\ndata: [DONE]\n\n")),
    ],
    ids=["json", "poll", "stream"],
)
def test_a_workload_has_its_size_and_is_answered_again_and_again(
    one: Exchange, asked: int, answered: int, tmp_path: Path
) -> None:
    assert (len(one.body), len(one.answer)) == (asked, answered)
    replay = session(tmp_path, one)
    assert [answer(replay, one) for _ in range(3)] == [one.answer] * 3


def test_each_of_many_exchanges_has_an_answer_of_its_own(tmp_path: Path) -> None:
    many = [exchanges.submit(number) for number in range(10)]
    replay = session(tmp_path, *many)
    assert [answer(replay, one) for one in reversed(many)] == [one.answer for one in reversed(many)]
    assert len({one.answer for one in many}) == 10


def test_a_walk_leads_from_ids_to_ids(tmp_path: Path) -> None:
    walk = exchanges.walk()
    replay = session(tmp_path, *walk)
    assert [answer(replay, one) for one in walk] == [one.answer for one in walk]
    again = answer(replay, walk[0])
    assert again != walk[0].answer
    assert len(again) == len(walk[0].answer)
