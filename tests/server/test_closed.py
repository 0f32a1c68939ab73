"""Whatever goes wrong with an answer, the client gets one of toolreel's own, and it counts as a miss."""

from __future__ import annotations

import json
from typing import Any

import pytest

from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.miss import Miss
from toolreel.server.closed import LAST_RESORT, answered

REQUEST = HttpRequest("GET", "/v1/threads?x=1")


class Broken:
    """Answers with whatever it is given."""

    def __init__(self, answer: Any) -> None:
        self.misses: list[Miss] = []
        self._answer = answer

    def answer(self, request: HttpRequest) -> Answer:
        if isinstance(self._answer, Exception):
            raise self._answer
        answer: Answer = self._answer
        return answer

    def note(self, miss: Miss) -> None:
        self.misses.append(miss)


def error(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = json.loads(b"".join(answer.pieces))["error"]
    return found


def test_an_answer_is_passed_on() -> None:
    answers = Broken(Answer(200, ()))
    assert answered(answers, REQUEST) is answered(answers, REQUEST)
    assert answers.misses == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (ValueError("a secret"), "ValueError"),
        (RecursionError(), "RecursionError"),
        (None, "NoneType is no answer"),
        (b"{}", "bytes is no answer"),
    ],
)
def test_a_bug_is_a_miss(broken: Any, said: str) -> None:
    answers = Broken(broken)
    answer = answered(answers, REQUEST)
    assert answer.status == 424
    assert error(answer) == {
        "message": f"toolreel failed on GET: {said}. This is a bug of toolreel's; please report it.",
        "type": "toolreel_miss",
        "param": None,
        "code": "internal",
    }
    assert [miss.message for miss in answers.misses] == [error(answer)["message"]]


@pytest.mark.parametrize("broken", ["raises", "gives nothing"])
def test_a_bug_on_the_way_to_say_so_has_an_answer_too(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        if broken == "raises":
            raise RuntimeError("another bug")

    answers = Broken(ValueError("a bug"))
    monkeypatch.setattr(answers, "note", fail)
    assert answered(answers, REQUEST).status == 424
    monkeypatch.setattr("toolreel.server.closed.miss_answer", fail)
    answer = answered(answers, REQUEST)
    assert answer is LAST_RESORT
    assert (answer.status, error(answer)["code"]) == (424, "internal")
    assert ("x-should-retry", "false") in answer.headers
