from __future__ import annotations

import json

from tests.normalise.takes import ask, get, post, stream, take
from toolreel.inspect.timeline import Event, Kind, Step, Timeline, first_ms, timeline
from toolreel.messages.model import Cassette, Ending, TextFrame

from .tapes import CALL, ON_RUN, OTHER, SUBMIT, answered, begun, conversation, function, normal, outputs, run, sample


def steps(told: Timeline) -> list[Step]:
    return [step for chapter in told.chapters for step in chapter.steps]


def events(cassette: Cassette, n: int) -> list[tuple[str, str]]:
    (step,) = [one for one in steps(timeline(cassette)) if one.n == n]
    return [(event.kind.value, event.text) for event in step.events]


def test_a_conversation_is_told_from_question_to_answer() -> None:
    cassette = conversation()
    assert [events(cassette, n) for n in range(1, 6)] == [
        [("user", "Weather?"), ("answer", "thread")],
        [("run", "queued")],
        [("call", ""), ("run", "requires_action")],
        [("output", "21"), ("text", "It is 21°."), ("run", "completed")],
        [("text", "It is 21°.")],
    ]


def test_an_output_knows_its_call() -> None:
    (step,) = [one for one in steps(timeline(conversation())) if one.n == 4]
    call = "call_000000000000000000000001"
    assert step.events[0] == Event(Kind.OUTPUT, "21", call, "get_weather", '{"city":"Paris"}')


def test_an_output_that_nobody_asked_for_has_no_call() -> None:
    cassette = take(post(SUBMIT, {"error": {"message": "No."}}, outputs((OTHER, "x")), status=400))
    (step,) = steps(timeline(cassette))
    assert step.events == (Event(Kind.OUTPUT, "x", OTHER), Event(Kind.ERROR, "No."))


def test_a_call_is_told_once() -> None:
    waiting = run("requires_action", function(CALL))
    cassette = take(*begun(function(CALL)), get(f"{ON_RUN}?again", waiting), answered("x"))
    assert events(cassette, 4) == [("run", "requires_action")]


def test_polls_are_told_by_their_statuses() -> None:
    polls = [get(ON_RUN, run("queued"))] * 2 + [get(ON_RUN, run("in_progress"))] * 3
    cassette = normal(*begun(function(CALL))[:2], *polls, get(ON_RUN, run("requires_action", function(CALL))))
    assert events(cassette, 3)[0] == ("polls", "2 × queued, 3 × in_progress")


def test_polls_of_lists_and_errors_are_told_by_what_they_are() -> None:
    def listed(count: int) -> object:
        return {"object": "list", "data": [{"object": "thread.run.step"}] * count}

    failed = ask("GET", f"{ON_RUN}/steps", {"error": {"message": "x"}}, status=500)
    reads = [get(f"{ON_RUN}/steps", listed(0)), failed, get(f"{ON_RUN}/steps", listed(2))]
    cassette = normal(*begun(function(CALL)), *reads)
    assert events(cassette, 4) == [("polls", "1 × list of 0, 1 × 500"), ("answer", "2 × thread.run.step")]


def test_times_count_from_the_first_request() -> None:
    cassette = take(
        *(one.at(3000 + 10 * place, 3007 + 10 * place) for place, one in enumerate(begun(function(CALL))))
    )
    assert first_ms(cassette) == 3000
    assert [(step.start_ms, step.end_ms) for step in steps(timeline(cassette))] == [(0, 7), (10, 17), (20, 27)]


def test_a_poll_stands_where_the_first_was_asked() -> None:
    made = [*begun(function(CALL))[:2], get(ON_RUN, run("queued")), get(ON_RUN, run("completed"))]
    cassette = normal(*(one.at(100 + 10 * place, 105 + 10 * place) for place, one in enumerate(made)))
    assert [(step.start_ms, step.end_ms) for step in steps(timeline(cassette))] == [(0, 5), (10, 15), (20, 35)]


def test_without_a_take_nothing_is_known_of_times() -> None:
    told = timeline(sample().model_copy(update={"take": None}))
    assert (told.recorded_at, told.tool) == (None, None)
    assert {step.start_ms for step in steps(told)} == {None}
    assert [step.frames for step in steps(told)][2:4] == [19, 28]


def test_the_frames_of_a_stream_have_their_span() -> None:
    step = steps(timeline(sample()))[2]
    assert (step.frames, step.first_frame_ms, step.last_frame_ms) == (19, 76, 584)


def test_a_bad_end_is_told() -> None:
    cut = stream(SUBMIT, [("thread.run.queued", run("queued"))], ending=Ending.CUT)
    gone = stream(SUBMIT, [("thread.run.queued", run("queued"))], ending=Ending.CLIENT_GONE)
    told = steps(timeline(take(cut, gone)))
    assert [step.events[-1].text for step in told] == ["the upstream broke off", "the client left before the end"]


def test_what_says_little_is_told_in_a_word() -> None:
    cassette = take(
        get("/x", {"object": "list", "data": []}),
        get("/y", {"a": 1}),
        get("/z", "text"),
        post("/s", frames=[TextFrame(text="hello")]),
    )
    assert [[text for _, text in events(cassette, n)] for n in range(1, 5)] == [["an empty list"], ["JSON"], [], []]


def test_programs_get_plain_values() -> None:
    told = json.loads(json.dumps(timeline(sample()).as_json()))
    assert told["chapters"][1]["conversation"]["needs"] == [1]
    assert told["chapters"][1]["steps"][0]["events"][0]["kind"] == "user"


def test_an_empty_cassette_has_an_empty_timeline() -> None:
    assert timeline(Cassette(upstreams=(), interactions=())).chapters == ()
