from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from tests.normalise.takes import (
    Exchange,
    Plan,
    Server,
    assistant,
    get,
    mixed,
    one_after_the_other,
    overlapping,
    post,
    take,
    tool_loop,
)
from toolreel.inspect.differences import Change, Difference, difference
from toolreel.messages.model import Cassette
from toolreel.normalise.cassette import normalise

from .tapes import CALL, answered, begun, conversation, function, normal, read, sample

Told = tuple[str | None, str, Any, Any]


def changes(found: Difference) -> list[list[Told]]:
    """Tool, place, before and after of each change, conversation by conversation."""
    return [
        [(one.tool, one.where, one.before, one.after) for step in each.steps for one in step.changes]
        for each in found.conversations
    ]


def recorded(seed: int, *plans: Plan, mix: Any = one_after_the_other, normalised: bool = True) -> Cassette:
    server = Server(seed)
    made, id_ = assistant(server)
    loops = [tool_loop(server, plan, id_) for plan in plans]
    if mix is overlapping:
        cassette = take(made.at(0), *overlapping(loops, Random(seed), 100))
    else:
        cassette = take(made, *(mix(loops, Random(seed)) if mix is mixed else mix(loops)))
    return normalise(cassette)[0] if normalised else cassette


A, B = Plan(question="a", polls=(3, 2)), Plan(question="b", streams=True, polls=(0, 0))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mix", [one_after_the_other, mixed, overlapping])
@pytest.mark.parametrize("normalised", [True, False], ids=["normalised", "as-received"])
def test_two_takes_of_the_same_conversations_are_the_same(seed: int, mix: Any, normalised: bool) -> None:
    """Other ids, other times, other polls, another order: that is what the takes differ in."""
    one = recorded(1, A, B)
    other_polls = Plan(question="a", polls=(1, 4)) if normalised else A
    found = difference(one, recorded(seed + 2, B, other_polls, mix=mix, normalised=normalised))
    if normalised:
        assert found.same, found
    else:  # what is not normalised still holds its polls
        assert {len(step.changes) for each in found.conversations for step in each.steps} <= {0}


def test_other_deltas_that_join_to_the_same_text_are_the_same() -> None:
    one = normal(*begun(function(CALL)), answered("It is ", "21°."), read("It is 21°."))
    two = normal(*begun(function(CALL)), answered("It", " is", " 21", "°", "."), read("It is 21°."))
    assert difference(one, two).same


def test_the_take_does_not_count() -> None:
    assert difference(sample(), sample().model_copy(update={"take": None})).same


def test_another_upstream_is_told_but_is_no_difference() -> None:
    other = sample().model_copy(update={"upstreams": ("https://api.openai.com/v1",)})
    found = difference(sample(), other)
    assert found.same
    assert found.upstreams == (sample().upstreams, other.upstreams)


def arguments(city: str) -> Cassette:
    """A whole conversation in which the model asks for the weather in a city; run and steps repeat it."""
    call = function(CALL, json.dumps({"city": city, "unit": "C"}))
    done = {**function(CALL, json.dumps({"city": city, "unit": "C"}), output="21")}
    steps = {"object": "list", "data": [{"object": "thread.run.step", "step_details": {"tool_calls": [done]}}]}
    return normal(*begun(call), answered("It is 21°."), get("/threads/t/runs/r/steps", steps), read("It is 21°."))


def test_of_a_run_whose_tool_arguments_changed_exactly_that_is_told() -> None:
    found = difference(arguments("Paris"), arguments("Rome"))
    assert changes(found) == [[("get_weather", "arguments.city", "Paris", "Rome")]]
    (each,) = found.conversations
    (step,) = each.steps
    assert (step.before_n, step.after_n) == (3, 3)
    assert step.changes[0].echoes == 1, "the steps repeat it"


def test_in_the_sample_too_however_often_it_stands_there() -> None:
    after = sample(('{\\"city\\":\\"Tokyo\\"}', '{\\"city\\":\\"Kyoto\\"}'))
    streamed, polled = changes(difference(sample(), after))
    assert polled == [("get_weather", "arguments.city", "Tokyo", "Kyoto")]
    assert streamed[0] == ("get_weather", "arguments.city", "Tokyo", "Kyoto")


def test_another_output_and_the_answer_to_it_are_told_once_each() -> None:
    def said(output: str) -> Cassette:
        return normal(*begun(function(CALL)), answered(f"It is {output}°.", output=output), read(f"It is {output}°."))

    assert changes(difference(said("21"), said("25"))) == [
        [
            ("get_weather", "output", "21", "25"),
            (None, "content[0].text.value", "It is 21°.", "It is 25°."),
        ]
    ]


def test_outputs_in_another_order_are_the_same() -> None:
    assert difference(both("a", "b"), both("b", "a")).same


def both(*order: str) -> Cassette:
    calls = {"a": "call_aaaaaaaaaaaaaaaaaaaaaaaa", "b": "call_bbbbbbbbbbbbbbbbbbbbbbbb"}
    submitted = {"tool_outputs": [{"tool_call_id": calls[one], "output": one} for one in order]}
    waiting = begun(*(function(id_) for id_ in calls.values()))
    return normal(*waiting, post(waiting[2].request.path + "/submit_tool_outputs", {"ok": True}, submitted))


def test_a_step_more_is_told_and_no_other() -> None:
    more = conversation(get("/threads/thread_abcdefghijklmnopqrstuv00/runs", {"object": "list", "data": []}))
    found = difference(conversation(), more)
    (each,) = found.conversations
    assert [(step.before_n, step.after_n, step.changes) for step in each.steps] == [(None, 6, ())]
    (each,) = difference(more, conversation()).conversations
    assert [(step.before_n, step.after_n, step.changes) for step in each.steps] == [(6, None, ())]


def test_another_request_in_the_place_of_one_is_told_as_both() -> None:
    other = normal(*begun(function(CALL)), answered("It is ", "21°."), post("/threads/x/y", {"a": 1}))
    cassette = conversation()
    steps = [
        (step.before_n, step.after_n) for each in difference(cassette, other).conversations for step in each.steps
    ]
    assert (5, None) in steps


def test_a_conversation_more_or_less_is_told_and_leaves_the_others_alone() -> None:
    one, two = recorded(1, A), recorded(2, B, A)
    more, less = difference(one, two), difference(two, one)
    assert [(each.before, each.after is None) for each in less.conversations] == [
        (less.conversations[0].before, True)
    ]
    (each,) = more.conversations
    assert each.before is None
    assert each.after is not None
    assert all(step.before_n is None for step in each.steps)


def test_ids_that_are_no_longer_the_same_are_told() -> None:
    first, second = "call_aaaaaaaaaaaaaaaaaaaaaaaa", "call_bbbbbbbbbbbbbbbbbbbbbbbb"
    waiting = begun(function(first), function(second))

    def submits(call: str) -> Cassette:
        body = {"tool_outputs": [{"tool_call_id": call, "output": "x"}]}
        return take(*waiting, post(waiting[2].request.path + "/submit_tool_outputs", {"ok": True}, body))

    (told,) = changes(difference(submits(first), submits(second)))
    assert [(where, before, after) for _, where, before, after in told] == [("tool_call_id", first, second)]


def test_statuses_headers_endings_and_queries_are_told() -> None:
    def asked(**more: Any) -> Exchange:
        return get("/models", {"a": 1}, **more)

    assert changes(difference(take(asked()), take(asked(status=500)))) == [[(None, "status", 200, 500)]]
    headers = difference(take(asked()), take(asked(headers=(("location", "/x"),))))
    assert changes(headers) == [[(None, "headers.location", None, "/x")]]
    query = difference(take(get("/models?limit=1", {})), take(get("/models?limit=2", {})))
    assert changes(query) == [[(None, "query.limit", "1", "2")]]


def test_programs_get_plain_values() -> None:
    told = json.loads(json.dumps(difference(arguments("Paris"), arguments("Rome")).as_json()))
    assert told["same"] is False
    assert told["conversations"][0]["steps"][0]["changes"][0]["tool"] == "get_weather"
    assert json.loads(json.dumps(difference(sample(), sample()).as_json()))["same"] is True
    assert Change("x", 1, 2) == Change("x", 1, 2)


def test_an_empty_cassette_differs_by_all_conversations() -> None:
    empty = Cassette(upstreams=(), interactions=())
    assert len(difference(empty, sample()).conversations) == 3
    assert difference(empty, empty).same
