from __future__ import annotations

from tests.normalise.takes import get, post, take
from toolreel.inspect.calls import tool_calls
from toolreel.inspect.exchange import Exchange
from toolreel.store.facts import ToolCall

from .tapes import CALL, ON_RUN, OTHER, SUBMIT, answered, begun, function, outputs, run, sample


def test_a_call_goes_from_arguments_to_output() -> None:
    cassette = take(*begun(function(CALL), function(OTHER, "{}")), answered("x"))
    assert tool_calls(map(Exchange, cassette.interactions)) == [
        ToolCall(CALL, 3, "get_weather", '{"city":"Paris"}', "21", 4),
        ToolCall(OTHER, 3, "get_weather", "{}"),
    ]


def test_each_call_is_one_however_often_it_is_named() -> None:
    calls = tool_calls(map(Exchange, sample().interactions))
    assert [(call.n, call.arguments, call.answered) for call in calls] == [
        (3, '{"city":"Paris"}', 4),
        (3, '{"city":"Tokyo"}', 4),
        (8, '{"city":"Paris"}', 9),
        (8, '{"city":"Tokyo"}', 9),
    ]


def test_what_the_api_refused_is_no_output() -> None:
    refused = post(SUBMIT, {"error": {"message": "no"}}, outputs((CALL, "wrong")), status=400)
    again = post(SUBMIT, run("queued"), outputs((CALL, "right")))
    cassette = take(*begun(function(CALL)), refused, again)
    (call,) = tool_calls(map(Exchange, cassette.interactions))
    assert (call.output, call.answered) == ("right", 5)


def test_a_tool_of_the_api_itself_has_an_output_that_nobody_submitted() -> None:
    code = {"id": CALL, "type": "code_interpreter", "code_interpreter": {"input": "1+1", "outputs": [{"logs": "2"}]}}
    step = {"object": "thread.run.step", "step_details": {"tool_calls": [code]}}
    (call,) = tool_calls(map(Exchange, take(get(f"{ON_RUN}/steps", {"object": "list", "data": [step]})).interactions))
    assert call == ToolCall(CALL, 1, "code_interpreter", "1+1", '[{"logs": "2"}]', None)
