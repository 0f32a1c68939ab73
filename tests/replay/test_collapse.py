"""Collapse for a whole scope: no client is told the end of a run and a list from before it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.normalise.takes import Exchange, answer_bytes, get, no_file, post, take
from toolreel.messages.http import HttpRequest
from toolreel.normalise.cassette import normalise
from toolreel.replay.engine import Engine, Options, Played
from toolreel.replay.miss import Miss
from toolreel.replay.tape import Tape

OWN = "thread_" + "own" * 8
RUN = f"/threads/{OWN}/runs/run_ownownownown"
STEPS = f"{RUN}/steps"


def run(status: str) -> Exchange:
    return get(RUN, {"object": "thread.run", "status": status})


def listed(*items: str, target: str = STEPS) -> Exchange:
    return get(target, {"object": "list", "data": list(items)})


class Watcher:
    """Reads a run and its lists in one word each: the status, the items, or the code of a miss."""

    def __init__(self, *exchanges: Exchange, faithful: bool = False, whole: bool = True) -> None:
        cassette = normalise(take(*exchanges))[0]
        if not whole:
            cassette = cassette.model_copy(update={"take": None})
        self._engine = Engine([Tape("t", cassette, no_file)], Options(faithful=faithful))

    def __call__(self, *targets: str) -> list[Any]:
        return [self._word(target) for target in targets]

    def _word(self, target: str) -> Any:
        method = "POST" if target.endswith("/cancel") else "GET"
        found = self._engine.play(HttpRequest(method, f"/v1{target}", (), b"{}" if method == "POST" else None))
        if isinstance(found, Miss):
            return found.code
        assert isinstance(found, Played)
        said = json.loads(answer_bytes(found.response))
        return said.get("status", said.get("data"))


WATCHED = (run("queued"), listed(), run("in_progress"), listed("one"), run("completed"))
"""The steps were listed after each poll, but not after the last."""


def test_who_does_what_was_recorded_hears_what_was_recorded_but_for_polls_that_nothing_waits_for() -> None:
    watch = Watcher(*WATCHED)
    assert watch(RUN, STEPS, RUN, STEPS, RUN) == ["in_progress", ["one"], "completed", "wrong_epoch", "completed"]


def test_who_only_polls_asks_a_few_times_more_and_never_hears_an_old_list() -> None:
    watch = Watcher(*WATCHED)
    assert watch(*[RUN] * 8, RUN, STEPS) == [*["in_progress"] * 8, "completed", "wrong_epoch"]


@pytest.mark.parametrize("polls", [1, 2, 3])
@pytest.mark.parametrize("times", [1, 2, 4])
def test_who_polls_as_often_as_was_recorded_or_some_times_as_often_hears_the_list(polls: int, times: int) -> None:
    watch = Watcher(*[run("queued")] * polls, listed("one"), *[run("in_progress")] * polls, run("completed"))
    assert watch(*[RUN] * polls * times, STEPS, RUN) == [*["queued"] * polls * times, ["one"], "completed"]


def test_who_lists_first_hears_the_end_at_once() -> None:
    watch = Watcher(*WATCHED)
    assert watch(STEPS, STEPS, RUN, STEPS) == [["one"], ["one"], "completed", "wrong_epoch"]


def test_a_list_that_was_read_at_the_end_too_is_settled_at_once() -> None:
    watch = Watcher(*WATCHED, listed("one", "two"))
    assert watch(RUN, STEPS, RUN, STEPS) == ["completed", ["one", "two"]] * 2


def test_faithful_gives_everything_in_its_turn_and_minds_nothing() -> None:
    watch = Watcher(*WATCHED, faithful=True)
    assert watch(RUN, RUN, RUN, STEPS, STEPS) == ["queued", "in_progress", "completed", [], ["one"]]


def test_several_lists_hold_a_poll_stage_by_stage() -> None:
    messages = f"/threads/{OWN}/messages"
    exchanges = [run("queued"), listed(), run("in_progress"), listed("m", target=messages), run("completed")]
    assert Watcher(*exchanges)(RUN, STEPS, RUN, messages, RUN) == ["queued", [], "in_progress", ["m"], "completed"]
    assert Watcher(*exchanges)(STEPS, RUN, messages, RUN) == [[], "in_progress", ["m"], "completed"]
    assert Watcher(*exchanges)(*[RUN] * 9) == [*["queued"] * 4, *["in_progress"] * 4, "completed"]


def test_a_list_before_the_first_poll_holds_it_too() -> None:
    exchanges = [listed(), run("in_progress"), run("completed")]
    assert Watcher(*exchanges)(STEPS, RUN) == [[], "completed"]
    assert Watcher(*exchanges)(RUN, STEPS, RUN) == ["in_progress", [], "completed"]


@pytest.mark.parametrize(
    "exchanges",
    [
        pytest.param([run("completed"), listed("one")], id="no-poll"),
        pytest.param([run("queued"), run("completed"), listed("one")], id="list-at-the-end"),
        pytest.param([run("queued"), get(STEPS, {"status": "completed"}), run("completed")], id="ended-itself"),
        pytest.param([run("queued"), get(STEPS, {"id": "x"}), run("completed")], id="no-list"),
        pytest.param([run("queued"), listed("one"), run("queued")], id="never-another-status"),
        pytest.param([run("queued"), get(STEPS, "gone", status=404), run("completed")], id="no-answer"),
        pytest.param([listed("one"), post(f"{RUN}/cancel", "x"), run("queued"), run("completed")], id="other-epoch"),
    ],
)
def test_nothing_is_held_without_need(exchanges: list[Exchange]) -> None:
    tape = Tape("t", take(*exchanges), no_file)
    assert all(track.held.stages == () for group in tape.groups for track in group.tracks)


def test_each_epoch_is_for_itself() -> None:
    watch = Watcher(
        run("queued"), listed(), run("in_progress"), post(f"{RUN}/cancel", {"status": "cancelling"}), run("cancelled")
    )
    assert watch(RUN, STEPS, RUN, f"{RUN}/cancel", RUN) == [
        "queued", [], "in_progress", "cancelling", "cancelled",
    ]  # fmt: skip


def test_without_a_take_nobody_knows_when_a_list_was_read() -> None:
    assert Watcher(*WATCHED, whole=False)(RUN, STEPS) == ["completed", ["one"]]
