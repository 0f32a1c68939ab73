from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.test_run_endings import CALL, RUN, WAITING
from tests.replay.test_broken import JSON, POLL, STREAM
from toolreel.messages.http import HttpRequest
from toolreel.messages.jsontext import spell
from toolreel.replay.answer import Answer
from toolreel.replay.faults import Fault, parse_faults
from toolreel.replay.trouble import Aftermath, Struck, Trouble, Wanted

RUNS = "/v1/threads/thread_1/runs"
SUBMIT = f"{RUNS}/run_1/submit_tool_outputs"


def trouble(text: str) -> Trouble:
    return Trouble(parse_faults(text, "f.toml"))


def wanted(method: str = "POST", path: str = "/v1/threads", value: Any = None) -> Wanted:
    return Wanted(HttpRequest(method, path, body=None if value is None else json.dumps(value).encode()))


def submits(*calls: str, run: str = "run_1") -> Wanted:
    outputs = [{"tool_call_id": call, "output": "x"} for call in calls]
    return wanted("POST", SUBMIT.replace("run_1", run), {"tool_outputs": outputs})


def answer(value: Any) -> Answer:
    body = spell(value, "pretty2").encode()
    return Answer(200, JSON, (body,), length=len(body))


def status(fault: Fault | None) -> int | None:
    return fault.status if fault else None


def test_a_fault_strikes_the_nth_time_that_it_fits() -> None:
    one = trouble('[[fault]]\nroute = "/threads"\nnth = [2, 3]\nstatus = 503')
    asked = [wanted(), wanted(path="/v1/files"), wanted(), wanted(), wanted()]
    assert [status(one.instead(request)) for request in asked] == [None, None, 503, 503, None]
    assert one.struck == [Struck(1, "status 503", "POST /v1/threads")] * 2


def test_every_fault_counts_and_the_first_that_is_due_strikes() -> None:
    one = trouble(
        "[[fault]]\nnth = 2\nstatus = 503\n[[fault]]\nnth = [2, 3]\nstatus = 500\n[[fault]]\nnth = 9\nstatus = 400"
    )
    assert [status(one.instead(wanted())) for _ in range(4)] == [None, 503, 500, None]
    assert [struck.number for struck in one.struck] == [1, 2]
    assert one.idle == [3]


def test_only_what_can_be_broken_counts() -> None:
    one = trouble("[[fault]]\nnth = 2\ncut_after_frame = 1")
    assert [bool(one.after(wanted(), answer)) for answer in (STREAM, POLL, POLL, STREAM, STREAM)] == [
        False,
        False,
        False,
        True,
        False,
    ]


def test_what_answers_and_what_breaks_are_asked_for_at_their_own_time() -> None:
    one = trouble('[[fault]]\nreset = "answer"\n[[fault]]\nreset = "request"')
    assert (first := one.instead(wanted())) is not None
    assert (second := one.after(wanted(), POLL)) is not None
    assert (first.reset, second.reset) == ("request", "answer")


def test_a_chance_falls_by_the_seed() -> None:
    def struck(seed: int) -> list[bool]:
        one = trouble(f"seed = {seed}\n[[fault]]\nchance = 0.3\nstatus = 500")
        return [one.instead(wanted()) is not None for _ in range(200)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 40 < sum(struck(1)) < 80


def test_two_faults_with_a_chance_do_not_fall_together() -> None:
    one = trouble("[[fault]]\nchance = 0.5\nstatus = 500\n[[fault]]\nchance = 0.5\nstatus = 503")
    found = [status(one.instead(wanted())) for _ in range(200)]
    assert {None, 500, 503} == set(found)


@pytest.mark.parametrize(
    "asking",
    [
        pytest.param(answer(WAITING), id="poll"),
        pytest.param(Answer(200, STREAM.headers, (b"data: " + json.dumps(WAITING).encode() + b"\n\n",)), id="stream"),
        pytest.param(answer({"data": [{"step_details": {"tool_calls": [CALL]}}]}), id="steps"),
    ],
)
def test_a_tool_is_known_by_the_calls_that_were_asked_for(asking: Answer) -> None:
    one = trouble('[[fault]]\ntool = "f"\nstatus = 500')
    assert one.instead(submits("call_1")) is None
    one.learn(asking)
    assert one.instead(submits("call_2")) is None
    assert one.instead(wanted()) is None
    assert one.instead(submits("call_2", "call_1")) is not None
    assert one.instead(wanted("POST", SUBMIT, 7)) is None


@pytest.mark.parametrize(
    ("asking", "brings"),
    [
        pytest.param(
            {"choices": [{"message": {"role": "assistant", "tool_calls": [CALL]}}]},
            {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "x"}]},
            id="chat",
        ),
        pytest.param(
            {"output": [{"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}]},
            {"input": [{"type": "function_call_output", "call_id": "call_1", "output": "x"}]},
            id="responses",
        ),
    ],
)
def test_a_tool_is_known_in_every_api(asking: Any, brings: Any) -> None:
    one = trouble('[[fault]]\ntool = "f"\nstatus = 500')
    one.learn(answer(asking))
    assert one.instead(wanted()) is None
    assert one.instead(wanted("POST", "/v1/any", brings)) is not None


def test_a_request_that_is_no_json_submits_nothing() -> None:
    assert Wanted(HttpRequest("POST", SUBMIT, body=b"\xff")).calls == []
    assert Wanted(HttpRequest("POST", SUBMIT)).calls == []


@pytest.mark.parametrize(
    ("method", "path", "run"),
    [
        ("POST", SUBMIT, "run_1"),
        ("POST", f"/api/projects/p{SUBMIT.removeprefix('/v1')}", "run_1"),
        ("GET", SUBMIT, None),
        ("POST", f"{RUNS}/run_1", None),
        ("POST", "/x", None),
    ],
)
def test_the_run_of_a_submission_stands_in_its_path(method: str, path: str, run: str | None) -> None:
    assert wanted(method, path).run == run


# --------------------------------------------------------------------------------------------------- what comes after

LOST = parse_faults("[[fault]]\nreset = 'answer'", "f.toml").fault[0]
QUEUED = RUN | {"status": "queued"}


def test_outputs_that_were_taken_are_not_taken_again() -> None:
    after = Aftermath()
    assert after.refusal(submits("call_1")) is None
    after.see(submits("call_1"), answer(QUEUED), LOST, None)
    assert after.refusal(submits("call_1")) == 'Runs in status "queued" do not accept tool outputs.'
    assert after.refusal(submits("call_1", run="run_2")) is None
    assert after.refusal(wanted()) is None
    after.see(wanted("GET", f"{RUNS}/run_1"), answer(RUN | {"status": "completed"}), None, None)
    assert after.refusal(submits("call_1")) == 'Runs in status "completed" do not accept tool outputs.'


def test_outputs_for_the_next_calls_are_taken() -> None:
    after = Aftermath()
    after.see(submits("call_0"), answer(QUEUED), LOST, None)
    assert after.refusal(submits("call_1")) is None
    after.see(wanted("GET", f"{RUNS}/run_1"), answer(WAITING), None, None)
    assert after.refusal(submits("call_1")) is None
    assert after.refusal(submits("call_0")) == "Expected tool outputs for call_ids ['call_1'], got ['call_0']"


def test_without_a_fault_nothing_is_refused() -> None:
    after = Aftermath()
    after.see(submits("call_1"), answer(QUEUED), None, None)
    assert after.refusal(submits("call_1")) is None


def test_a_run_that_was_ended_stays_ended() -> None:
    after, ended = Aftermath(), RUN | {"status": "failed"}
    after.see(wanted("GET", f"{RUNS}/run_1"), answer(RUN), LOST, ended)
    assert after.corrected(answer(RUN)) == answer(ended)
    assert after.corrected(answer({"data": [RUN]})) == answer({"data": [ended]})
    other = answer(RUN | {"id": "run_11"})
    assert after.corrected(other) == other
    assert after.corrected(STREAM) is STREAM
    assert after.refusal(submits("call_1")) == 'Runs in status "failed" do not accept tool outputs.'
