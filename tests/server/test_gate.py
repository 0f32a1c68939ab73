"""Whoever does not bring the token of a guarded server is refused."""

from __future__ import annotations

import json

import pytest

from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss
from toolreel.server.gate import Gate

TOKEN = "0123456789abcdef"


class Yes:
    """Answers everything."""

    def answer(self, request: HttpRequest) -> Answer:
        return Answer(200, ())

    def note(self, miss: Miss) -> None:
        raise AssertionError


def status(*headers: tuple[str, str]) -> int:
    return Gate(Yes(), TOKEN).answer(HttpRequest("GET", "/@/sessions", headers)).status


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", f"Bearer {TOKEN}"),
        ("authorization", f"bearer  {TOKEN}"),
        ("api-key", TOKEN),
        ("x-toolreel-token", TOKEN),
    ],
)
def test_the_token_comes_as_a_key_or_in_its_own_header(name: str, value: str) -> None:
    assert status((name, value)) == 200
    assert status(("x-a", "b"), (name, value)) == 200


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("authorization", ""),),
        (("authorization", TOKEN),),
        (("authorization", f"Basic {TOKEN}"),),
        (("authorization", f"Bearer {TOKEN}x"),),
        (("api-key", TOKEN[:-1]),),
        (("api-key", ""),),
        (("api-key", "é"),),
        (("x-toolreel-token", TOKEN.upper()),),
        (("x-other", TOKEN),),
    ],
)
def test_without_it_nobody_gets_in(headers: tuple[tuple[str, str], ...]) -> None:
    answer = Gate(Yes(), TOKEN).answer(HttpRequest("GET", "/@/sessions", headers))
    error = json.loads(answer.pieces[0])["error"]
    assert (answer.status, error["type"]) == (401, "toolreel_refused")
    assert TOKEN not in error["message"]
