from __future__ import annotations

import pytest

from tests.inspect.tapes import ON_RUN, ON_THREAD, RUN, THREAD, conversation, normal, run, sample
from tests.normalise.takes import get, post, stream, take
from toolreel.inspect.runs import parts, run_of
from toolreel.inspect.timeline import timeline


def test_a_conversation_goes_through_its_runs() -> None:
    cassette = sample()
    found = [
        (part.run, part.status, [step.n for step in part.steps])
        for chapter in timeline(cassette).chapters
        for part in parts(cassette, chapter)
    ]
    one, two = "run_000000000000000000000001", "run_000000000000000000000002"
    assert found == [
        (None, "", [1]),
        (None, "", [2]),
        (one, "completed", [3, 4]),
        (None, "", [5, 6]),
        (two, "completed", [7, 8, 9, 10, 11]),
        (None, "", [12]),
    ]


def test_every_request_is_in_one_part() -> None:
    cassette = conversation()
    told = timeline(cassette).chapters
    assert [step.n for chapter in told for part in parts(cassette, chapter) for step in part.steps] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("path", ["/threads/runs", f"{ON_THREAD}/runs", f"/v1{ON_THREAD}/runs/"])
def test_a_run_begins_with_the_request_that_makes_it(path: str) -> None:
    made, streamed, failed = take(
        post(path, run("queued"), {}),
        stream(path, [("thread.run.created", run("queued"))], {}),
        post(path, {"error": {"message": "no"}}, {}, status=400),
    ).interactions
    assert run_of(made) == run_of(streamed) == RUN
    assert run_of(failed) is None


def test_a_list_of_runs_belongs_to_none() -> None:
    listed, read, thread = normal(
        post("/threads", {"id": THREAD, "object": "thread"}, {}),
        get(f"{ON_THREAD}/runs", {"object": "list", "data": [run("queued")]}),
        get(f"{ON_RUN}/steps", {"object": "list", "data": []}),
    ).interactions
    assert [run_of(one) is None for one in (listed, read, thread)] == [True, True, False]
