from __future__ import annotations

import json

import pytest

from toolreel.inspect.facts import facts
from toolreel.inspect.stats import Spread, shape, stats
from toolreel.store.facts import RequestFacts, ToolCall

from .tapes import sample


def streamed(n: int, frames: int, first: int | None, last: int | None) -> RequestFacts:
    return RequestFacts(n, "POST", "/x", "/x", 200, "complete", frames, 1, first, last)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"city":"Paris","days":3}', "{city: string, days: number}"),
        ('{"days":3.5,"city":"Rome"}', "{city: string, days: number}"),
        ('{"at":[1,2,"x"],"deep":{"no":null,"yes":true}}', "{at: [number | string], deep: {no: null, yes: boolean}}"),
        ("{}", "{}"),
        ("[]", "[]"),
        ("1+1", "no JSON"),
        ("", "nothing"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_arguments_have_a_shape(arguments: str, said: str) -> None:
    assert shape(arguments) == said


def test_the_sample_in_figures() -> None:
    found = facts(sample())
    figures = stats(found.requests, found.calls)
    assert figures.requests == 12
    assert figures.statuses == ((200, 12),)
    assert figures.routes[0] == ("GET /threads/{thread}/runs/{run}", 2)
    (tool,) = figures.tools
    assert (tool.tool, tool.calls, tool.answered, tool.shapes) == ("get_weather", 4, 4, (("{city: string}", 4),))
    assert tool.output_size == Spread(35, 37.5, 40)
    assert (figures.streams.count, figures.streams.frames) == (2, 47)
    assert figures.streams.first_frame_ms == Spread(8, 42, 76)
    assert json.loads(json.dumps(figures.as_json()))["tools"][0]["calls"] == 4


def test_tools_stand_by_their_calls() -> None:
    calls = [ToolCall(str(n), 1, tool, "{}") for n, tool in enumerate("abbca")]
    assert [(tool.tool, tool.calls, tool.answered) for tool in stats([], calls).tools] == [
        ("a", 2, 0),
        ("b", 2, 0),
        ("c", 1, 0),
    ]
    assert stats([], calls).tools[0].output_size is None


def test_streams_that_nobody_timed_are_only_counted() -> None:
    figures = stats([streamed(1, 10, None, None), streamed(2, 0, None, None), streamed(3, 20, 5, 0)], []).streams
    assert (figures.count, figures.frames, figures.frames_per_second) == (3, 30, None)
    assert figures.first_frame_ms == Spread(5, 5, 5)
    assert stats([streamed(1, 10, 100, 2000)], []).streams.frames_per_second == Spread(5, 5, 5)


def test_nothing_has_no_figures() -> None:
    figures = stats([], [])
    assert (figures.requests, figures.tools, figures.streams.first_frame_ms) == (0, (), None)
