"""A manner in words becomes a session that answers so."""

from __future__ import annotations

import json

import pytest

from toolreel.messages.bodies import body_of
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette, Interaction, Performance, Request, Response, Take
from toolreel.replay.manner import Manner, session_in
from toolreel.replay.tape import Tape

WRITTEN, RECEIVED, NOW = 1_700_000_001, 1_761_861_679, 1_800_000_000
THREAD = Interaction(
    n=1,
    request=Request(method="POST", path="/threads"),
    response=Response(status=200, body=body_of(f'{{"created_at":{WRITTEN}}}'.encode())),
)
TAKE = Take(recorded_at="2026-01-01T00:00:00Z", tool="toolreel", interactions={"1": Performance(at=(RECEIVED,))})
CASSETTE = Cassette(upstreams=("http://h/v1",), interactions=(THREAD,), take=TAKE)


@pytest.mark.parametrize(("clock", "seen"), [("recorded", RECEIVED), ("fixed", WRITTEN), ("now", NOW)])
def test_the_clock(clock: str, seen: int) -> None:
    session = session_in(Manner(clock=clock), [Tape("tape", CASSETTE, lambda digest: b"")], NOW)
    (body,) = session.answer(HttpRequest("POST", "/threads")).pieces
    assert json.loads(body) == {"created_at": seen}


@pytest.mark.parametrize(("strict", "again"), [(False, 200), (True, 424)])
def test_only_a_session_that_is_not_strict_begins_again(strict: bool, again: int) -> None:
    session = session_in(Manner(strict=strict), [Tape("tape", CASSETTE, lambda digest: b"")], NOW)
    assert [session.answer(HttpRequest("POST", "/threads")).status for _ in range(2)] == [200, again]
