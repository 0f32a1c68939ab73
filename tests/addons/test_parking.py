from __future__ import annotations

import pytest

from toolreel.addons.parking import PARKED_HEADER, Parking
from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer


def fetch(parking: Parking, key: str | None) -> Answer:
    headers = () if key is None else ((PARKED_HEADER, key),)
    return parking.answer(HttpRequest("POST", "/v1/threads", headers, b"{}"))


def test_an_answer_is_given_once_to_who_has_its_key() -> None:
    parking = Parking()
    one, other = Answer(200, ()), Answer(201, ())
    keys = parking.park(one), parking.park(other)
    assert fetch(parking, keys[1]) is other
    assert fetch(parking, keys[0]) is one
    assert fetch(parking, keys[0]).status == 403


@pytest.mark.parametrize("key", [None, "", "0", "guessed"])
def test_who_has_no_key_gets_nothing(key: str | None) -> None:
    parking = Parking()
    parking.park(Answer(200, ()))
    assert fetch(parking, key).status == 403


def test_what_is_never_fetched_gives_way() -> None:
    parking, answer = Parking(), Answer(200, ())
    keys = [parking.park(answer) for _ in range(5000)]
    assert fetch(parking, keys[0]).status == 403
    assert fetch(parking, keys[-1]) is answer
