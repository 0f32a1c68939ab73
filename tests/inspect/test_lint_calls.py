from __future__ import annotations

import pytest

from tests.normalise.takes import Exchange, get, post, take
from toolreel.inspect.findings import Finding, Level, Recording
from toolreel.inspect.lint_calls import calls

from .tapes import CALL, ON_RUN, OTHER, RUN, SUBMIT, answered, begun, function, outputs, run


def found(*exchanges: Exchange) -> list[Finding]:
    return list(calls(Recording(take(*exchanges))))


def submit(*pairs: tuple[str, str], status: int = 200) -> Exchange:
    answer = run("queued") if status == 200 else {"error": {"message": "No."}}
    return post(SUBMIT, answer, outputs(*pairs), status=status)


WAITING = begun(function(CALL), function(OTHER))


def test_calls_that_are_answered_once_are_right() -> None:
    assert found(*WAITING, submit((CALL, "a"), (OTHER, "b")), get(ON_RUN, run("completed"))) == []
    assert found(*begun(function(CALL)), answered("x")) == []


def test_two_rounds_of_calls_are_right() -> None:
    again = get(ON_RUN, run("requires_action", function(OTHER)))
    assert found(*begun(function(CALL)), submit((CALL, "a")), again, submit((OTHER, "b"))) == []


def test_polling_on_after_the_answer_is_right() -> None:
    late = get(ON_RUN, run("requires_action", function(CALL)))
    assert found(*begun(function(CALL)), submit((CALL, "a")), late, get(ON_RUN, run("completed"))) == []


def test_what_the_api_refused_does_not_count() -> None:
    refused = submit((CALL, "a"), status=400)
    assert found(*WAITING, refused, submit((CALL, "a"), (OTHER, "b"))) == []
    assert found(refused) == []


def test_a_call_that_nobody_answers_is_found() -> None:
    (one,) = found(*WAITING)
    assert (one.n, one.level) == (3, Level.WARNING)
    assert RUN in one.message
    assert f"get_weather ({CALL}), get_weather ({OTHER})" in one.message


@pytest.mark.parametrize("status", ["cancelling", "cancelled", "expired", "failed", "incomplete"])
def test_a_run_that_is_over_waits_for_nothing(status: str) -> None:
    assert found(*WAITING, get(ON_RUN, run(status))) == []
    listed = {"object": "list", "data": [run(status)]}
    assert found(*WAITING, get(f"/threads/{ON_RUN.split('/')[2]}/runs", listed)) == []


def test_a_call_left_out_is_found() -> None:
    (one,) = found(*WAITING, submit((CALL, "a")))
    assert (one.n, one.level, one.place) == (4, Level.WARNING, "request.tool_outputs")
    assert OTHER in one.message
    assert CALL not in one.message


def test_an_output_for_an_unknown_call_is_found() -> None:
    (one,) = found(*begun(function(CALL)), submit((CALL, "a"), (OTHER, "b")))
    assert (one.n, one.level) == (4, Level.ERROR)
    assert one.message == f"no run required call {OTHER}, whose output is submitted"


def test_an_output_submitted_twice_is_found() -> None:
    (one,) = found(*begun(function(CALL)), submit((CALL, "a")), submit((CALL, "a")))
    assert (one.n, one.level) == (5, Level.ERROR)
    assert "answered before" in one.message
    (one,) = found(*begun(function(CALL)), submit((CALL, "a"), (CALL, "b")))
    assert "2 times at once" in one.message


def test_a_chat_may_begin_in_the_middle_and_repeats_itself() -> None:
    said = {"messages": [{"role": "tool", "tool_call_id": CALL, "content": "5"}]}
    assert found(post("/chat/completions", {}, said), post("/chat/completions", {}, said)) == []


def test_odd_runs_do_no_harm() -> None:
    odd = [
        run("requires_action", required_action=3),
        run("requires_action") | {"required_action": {"x": 1}},
        {"id": 3},
    ]
    odd.append(run("requires_action") | {"required_action": {"submit_tool_outputs": {"tool_calls": [3, {"id": 4}]}}})
    assert found(*(get(ON_RUN, one) for one in odd)) == []
