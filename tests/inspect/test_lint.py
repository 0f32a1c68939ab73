"""Each seeded fault is found, where it is, and nothing in clean cassettes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.normalise.real import recorded, recorded_take
from tests.normalise.takes import take
from toolreel.errors import CassetteError
from toolreel.inspect.findings import Finding, Level
from toolreel.inspect.lint import Surroundings, lint
from toolreel.messages.model import Cassette, FileBody
from toolreel.normalise.cassette import normalise

from .tapes import CALL, answered, begun, conversation, function, read, sample


def nothing(digest: str) -> bytes:
    raise CassetteError(f"no {digest}")


def found(cassette: Cassette, **around: object) -> list[Finding]:
    return lint(cassette, Surroundings(nothing, **around))  # type: ignore[arg-type]


@pytest.mark.parametrize("cassette", [sample(), conversation(), Cassette(upstreams=(), interactions=())])
def test_nothing_is_found_in_a_clean_cassette(cassette: Cassette) -> None:
    assert found(cassette) == []
    assert found(cassette.model_copy(update={"take": None})) == []


def test_nothing_is_found_in_real_recordings(recordings: Path) -> None:
    """52 exchanges; that some submit outputs which the API refuses is how it was, and no fault."""
    everything = recorded(recordings)
    for source in {one.source for one in everything}:
        received = recorded_take(tuple(one for one in everything if one.source == source))
        for cassette in (received, normalise(received)[0]):
            assert found(cassette) == [], source


def test_nothing_is_found_as_received() -> None:
    assert found(take(*begun(function(CALL)), answered("It is ", "21°."), read("It is 21°."))) == []


def test_findings_stand_in_the_order_of_the_interactions() -> None:
    cassette = sample(
        ("openai-beta", "x-api-key"), ("thread_000000000000000000000002", "thread_000000000000000000000009")
    )
    numbers = [one.n or 0 for one in found(cassette)]
    assert numbers == sorted(numbers)
    assert len(numbers) > 3


# -------------------------------------------------------------------------------------------------- what is beside it


NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("max_age", "rules"), [(None, []), (timedelta(days=30), []), (timedelta(days=8), ["age"])], ids=str
)
def test_an_old_recording_is_found_if_that_is_asked_for(max_age: timedelta | None, rules: list[str]) -> None:
    assert [one.rule for one in found(sample(), now=NOW, max_age=max_age)] == rules


@pytest.mark.parametrize("written", ["yesterday", "2026-11-22T11:45:29"])
def test_a_recording_of_unknown_age_is_found_if_age_is_asked_for(written: str) -> None:
    cassette = sample(("2026-11-22T11:45:29Z", written))
    (one,) = found(cassette, now=NOW, max_age=timedelta(days=8))
    assert (one.rule, one.level, one.place) == ("age", Level.WARNING, "take.recorded_at")
    assert found(cassette) == []


def test_a_body_file_that_nobody_names_is_found() -> None:
    interaction = sample().interactions[0]
    large = interaction.response.model_copy(update={"body": FileBody(file="a" * 64)})
    changed = interaction.model_copy(update={"response": large})
    cassette = Cassette(upstreams=sample().upstreams, interactions=(changed,))
    around = Surroundings(lambda digest: b"x", {"a" * 64, "b" * 64})
    assert [(one.rule, one.place) for one in lint(cassette, around)] == [("unused-file", f".files/{'b' * 64}")]
    assert [one.rule for one in found(sample(), files=["left"])] == ["unused-file"]


def test_programs_get_plain_values() -> None:
    assert Finding("x", Level.NOTE, 1, "a", "b", "c").as_json() == {
        "rule": "x",
        "level": "note",
        "n": 1,
        "place": "a",
        "message": "b",
        "remedy": "c",
    }
