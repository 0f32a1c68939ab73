from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.normalise.takes import Exchange, Plan, Server, above, assistant, below, mixed, overlapping, take, tool_loop
from toolreel.inspect.conversations import Conversation, conversations_of
from toolreel.inspect.exchange import Exchange as Read
from toolreel.inspect.removal import without
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise
from toolreel.store.files import parse
from toolreel.store.layout import cassette_text

from .tapes import sample


def held(seed: int, together: bool) -> tuple[list[Exchange], dict[str, list[Exchange]]]:
    """Three conversations with one assistant: all exchanges in order of arrival, and those of each question."""
    server, random = Server(seed), Random(seed)
    made, id_ = assistant(server)
    loops = {
        one: tool_loop(server, Plan(question=one, polls=(2, 1), streams=one == "b"), id_) for one in ("a", "b", "c")
    }
    if together:
        exchanges = overlapping(loops.values(), random, 100)
        return [made.at(0), *exchanges], loops
    timed = [one.at(10 * place, 10 * place + 5) for place, one in enumerate(mixed(loops.values(), random), start=1)]
    return [made.at(0), *timed], loops


def about(cassette: Cassette, question: str) -> Conversation:
    for one in conversations_of(cassette):
        if any(question in Read(cassette.interactions[n - 1]).asked for n in one.interactions):
            return one
    raise AssertionError(f"no conversation about {question}")


def without_loop(exchanges: Sequence[Exchange], loop: Sequence[Exchange]) -> list[Exchange]:
    said = [(one.request, one.response) for one in loop]
    return [one for one in exchanges if (one.request, one.response) not in said]


@pytest.mark.parametrize("question", ["a", "b", "c"])
@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_left_is_as_if_the_rest_had_never_been_recorded(seed: int, together: bool, question: str) -> None:
    exchanges, loops = held(seed, together)
    cassette = normalise(take(*exchanges))[0]
    left, _ = without(cassette, about(cassette, question).interactions)
    expected = normalise(take(*without_loop(exchanges, loops[question])))[0]
    assert above(left) == above(expected)
    assert below(left).interactions == below(expected).interactions
    assert below(left).reads == below(expected).reads
    assert below(left).overlap == below(expected).overlap


def test_what_is_left_is_a_valid_cassette_without_its_take_too() -> None:
    for cassette in (sample(), sample().model_copy(update={"take": None})):
        left, names = without(cassette, {2, 3, 4})
        assert len(left.interactions) == 9
        assert parse(cassette_text(left).encode(), Path("x.json")) == left
        assert names["thread_000000000000000000000002"] == "thread_000000000000000000000001"
        assert "thread_000000000000000000000001" not in names


def test_nothing_removed_is_the_same_cassette() -> None:
    assert without(sample(), ())[0] == sample()
