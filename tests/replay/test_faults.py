from __future__ import annotations

from typing import Any

import pytest

from toolreel.dialects.run_endings import RunEnd, Status
from toolreel.replay.faults import NO_FAULTS, Fault, Faults, own_error, parse_faults

SUBMIT = "/threads/thread_1/runs/run_1/submit_tool_outputs"


def fault(text: str) -> Fault:
    (one,) = parse_faults(f"[[fault]]\n{text}", "f.toml").fault
    return one


def test_a_file_without_faults_has_none() -> None:
    assert parse_faults("", "f.toml") == NO_FAULTS == Faults()
    assert parse_faults("seed = 7\n# nothing", "f.toml") == Faults(seed=7)


def test_all_that_can_stand_in_a_file_is_understood() -> None:
    text = """
    seed = 7

    [[fault]]
    route = "POST /threads/{thread_id}/runs/{run_id}/submit_tool_outputs"
    tool = "get_weather"
    nth = [1, 3]
    chance = 0.5
    status = 429
    headers = { Retry-After = 2, x-a = "b" }
    body = { error = { message = "m" } }

    [[fault]]
    nth = 2
    run = "failed"
    after_frame = 4
    last_error = { code = "rate_limit_exceeded", message = "m" }
    delay_ms = 10
    frame_delay_ms = 0.5
    """
    first, second = parse_faults(text, "f.toml").fault
    assert (first.nth, first.chance, first.tool) == ((1, 3), 0.5, "get_weather")
    assert (first.status, first.headers) == (429, {"retry-after": "2", "x-a": "b"})
    assert first.body == {"error": {"message": "m"}}
    assert second.nth == (2,)
    assert second.run_end == RunEnd(Status.FAILED, "rate_limit_exceeded", "m")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("[[fault]\n", "f.toml is no TOML (", id="no-toml"),
        pytest.param("fault = 3", "f.toml, line 1, fault: this must be a list, such as [[fault]]", id="no-list"),
        pytest.param("[fault]\nstatus = 500", "f.toml, line 1, fault: this must be a list", id="one-bracket"),
        pytest.param("faults = []", "f.toml, line 1, faults: there is no such entry", id="unknown-entry"),
        pytest.param("seed = 1.5", "f.toml, line 1, seed: this must be a whole number", id="seed"),
        pytest.param(
            "# a\n[[fault]]\nstatus = 500\n\n[[fault]]\n # b\n stats = 500",
            "f.toml, line 7, fault 2: stats: there is no such entry",
            id="unknown-field",
        ),
        pytest.param("[[fault]]", "f.toml, line 1, fault 1: it does nothing; say what, such as status", id="nothing"),
        pytest.param("[[fault]]\nstatus = '500'", "f.toml, line 2, fault 1: status: this must be a whole", id="text"),
        pytest.param("[[fault]]\nstatus = 200", "line 2, fault 1: status: should be greater than or equal", id="200"),
        pytest.param("[[fault]]\nstatus = true", "line 2, fault 1: status: this must be a whole number", id="bool"),
        pytest.param("[[fault]]\ndelay_ms = 'x'", "line 2, fault 1: delay_ms: this must be a number", id="delay"),
        pytest.param("[[fault]]\ndelay_ms = -1", "line 2, fault 1: delay_ms: should be greater than", id="negative"),
        pytest.param("[[fault]]\ndelay_ms = inf", "f.toml holds inf or nan, which JSON cannot say", id="infinite"),
        pytest.param("[[fault]]\ndelay_ms = nan", "f.toml holds inf or nan", id="nan"),
        pytest.param("[[fault]]\nnth = 0\nstatus = 500", "line 2, fault 1: nth: should be greater", id="nth"),
        pytest.param(
            "[[fault]]\nnth = 'x'\nstatus = 500", "line 2, fault 1: nth: this must be a whole number", id="nth-text"
        ),
        pytest.param("[[fault]]\nchance = 2\nstatus = 500", "line 2, fault 1: chance: should be less", id="chance"),
        pytest.param("[[fault]]\ntool = 1\nstatus = 500", "line 2, fault 1: tool: this must be a text", id="tool"),
        pytest.param(
            "[[fault]]\nroute = 'threads'\nstatus = 500",
            "line 2, fault 1: route: write a path below the base URL, such as '/threads/{thread}/runs'",
            id="route",
        ),
        pytest.param("[[fault]]\nrun = 'lost'", "line 2, fault 1: run: should be 'failed', 'expired' or", id="run"),
        pytest.param(
            "[[fault]]\nreset = true", "line 2, fault 1: reset: should be 'request' or 'answer'", id="reset"
        ),
        pytest.param("[[fault]]\nerror_event = 3", "line 2, fault 1: error_event: this must be a table", id="event"),
        pytest.param(
            "[[fault]]\nstatus = 429\nheaders = { 'a b' = 'c' }",
            "line 3, fault 1: headers: 'a b' with the value 'c' is no header",
            id="header-name",
        ),
        pytest.param(
            '[[fault]]\nstatus = 429\nheaders = { a = "b\\nc" }',
            "line 3, fault 1: headers: 'a' with the value 'b\\nc' is no header",
            id="header-value",
        ),
        pytest.param(
            "[[fault]]\nstatus = 429\nheaders.Content-Length = 3",
            "line 3, fault 1: headers: Content-Length follows from the body; leave it out",
            id="length",
        ),
        pytest.param(
            "[[fault]]\nstatus = 429\nheaders = 3", "line 3, fault 1: headers: this must be a", id="headers"
        ),
        pytest.param(
            "[[fault]]\nstatus = 429\nheaders.a = 1.5", "line 3, fault 1: headers.a: this must be a text", id="number"
        ),
        pytest.param(
            "[[fault]]\nstatus = 500\nreset = 'answer'",
            "f.toml, line 1, fault 1: status and reset cannot both happen; write two faults",
            id="two-things",
        ),
        pytest.param("[[fault]]\ndelay_ms = 1\nbody = 'x'", "body says something only beside status", id="body"),
        pytest.param(
            "[[fault]]\ndelay_ms = 1\nheaders.a = 'b'", "headers says something only beside status", id="hd"
        ),
        pytest.param(
            "[[fault]]\ndelay_ms = 1\nafter_frame = 2", "after_frame says something only beside error_event or run"
        ),
        pytest.param(
            "[[fault]]\nrun = 'expired'\nlast_error.message = 'm'",
            "last_error is for run = 'failed'",
            id="last-error",
        ),
        pytest.param(
            "[[fault]]\nrun = 'failed'\nreason = 'max_prompt_tokens'", "reason is for run = 'incomplete'", id="reason"
        ),
        pytest.param("[[fault]]\nstatus = 500\nframe_delay_ms = 2", "there are no frames beside status", id="frames"),
        pytest.param(
            "[[fault]]\nreset = 'request'\nmalformed_frame = 2", "there are no frames beside reset", id="reset-frames"
        ),
        pytest.param(
            "fault = [{ status = 500 }, { stat = 1 }]", "f.toml, fault 2: stat: there is no such", id="inline"
        ),
        pytest.param("[[fault]]\nstatus = 2020-01-01", "line 2, fault 1: status: this must be a whole", id="date"),
        pytest.param("a = " + "[" * 2000 + "]" * 2000, "f.toml is nested too deep", id="deep"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^f\.toml") as raised:
        parse_faults(text, "f.toml")
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("route", "fits", "not_for"),
    [
        pytest.param("/threads", ["POST /threads", "POST /v1/threads"], ["POST /threads/runs"], id="plain"),
        pytest.param("GET /threads/{t}", ["GET /threads/thread_1"], ["POST /threads/thread_1"], id="method"),
        pytest.param(
            "/threads/{thread}", ["POST /threads/thread_1"], ["POST /threads/runs"], id="not-the-other-route"
        ),
        pytest.param("/threads/runs", ["POST /threads/runs"], ["POST /threads/thread_1"], id="the-other-route"),
        pytest.param(
            "/threads/{thread_id}/runs/{}/submit_tool_outputs",
            [f"POST {SUBMIT}", f"POST /openai/deployments/d{SUBMIT}", f"POST /api/projects/p{SUBMIT}"],
            ["POST /threads/thread_1/runs/run_1", "GET /submit_tool_outputs"],
            id="every-base",
        ),
        pytest.param(
            "/threads/thread_1", ["GET /v1/threads/thread_1"], ["GET /v1/threads/thread_2"], id="one-thread"
        ),
        pytest.param("/chat/completions", ["POST /v1/chat/completions"], ["POST /v1/chat"], id="no-known-route"),
        pytest.param(
            "/a/{b}/c", ["POST /v1/a/x.y/c"], ["POST /v1/a/x/y/c", "POST /a//c"], id="unknown-with-variable"
        ),
    ],
)
def test_a_route_is_what_the_request_takes(route: str, fits: list[str], not_for: list[str]) -> None:
    one = fault(f"route = '{route}'\nstatus = 500")
    assert all(one.is_for(*request.split(" ")) for request in fits)
    assert not any(one.is_for(*request.split(" ")) for request in not_for)


def test_a_fault_without_a_route_is_for_every_request() -> None:
    assert fault("status = 500").is_for("POST", "/anything")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("status = 429", "status 429"),
        ("reset = 'answer'\ndelay_ms = 20", "reset answer, delay 20 ms"),
        ("malformed_frame = 2\nframe_delay_ms = 1.5", "malformed frame 2, delay between frames 1.5 ms"),
        ("error_event = true", "error event"),
        ("cut_after_frame = 0", "cut after frame 0"),
        ("run = 'expired'", "run expired"),
    ],
)
def test_a_fault_says_what_it_does(text: str, shown: str) -> None:
    assert fault(text).shown == shown


@pytest.mark.parametrize(
    ("nth", "times"), [("", {1, 2, 3, 4}), ("nth = 2", {2}), ("nth = [1, 4]", {1, 4}), ("nth = 9", set())]
)
def test_a_fault_is_due_the_nth_time(nth: str, times: set[int]) -> None:
    one = fault(f"{nth}\nstatus = 500")
    assert {time for time in (1, 2, 3, 4) if one.is_due(time)} == times


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"message": "Rate limit reached for requests", "type": "requests", "code": "rate_limit_exceeded"}),
        (502, {"message": "Bad Gateway", "type": "server_error", "code": None}),
        (404, {"message": "Not Found", "type": "invalid_request_error", "code": None}),
        (599, {"message": "Error", "type": "server_error", "code": None}),
    ],
)
def test_a_status_has_its_error(status: int, error: dict[str, Any]) -> None:
    assert own_error(status) == {"error": {"param": None, **error}}
