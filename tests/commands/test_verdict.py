from __future__ import annotations

import json

import pytest

from toolreel.commands.verdict import conclude
from toolreel.replay.miss import Miss, MissCode
from toolreel.replay.trouble import Struck
from toolreel.replay.verdict import Missed, Unplayed, Verdict

MISSES = (
    Missed(Miss(MissCode.NO_MATCH, "GET /a is like none."), 1),
    Missed(Miss(MissCode.EXHAUSTED, "POST /b was played."), 3),
)
UNPLAYED = tuple(Unplayed("weather", n, "POST", f"/{n}") for n in range(1, 61))


def test_everything_went_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert conclude(Verdict(3, (), (), 1), 0) == 0
    assert capsys.readouterr() == ("", "Served 3, missed 0, never played 1.\n")


def test_each_miss_is_told_once_and_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert conclude(Verdict(3, MISSES, UNPLAYED[:1], 2), 0) == 3
    assert capsys.readouterr().err.splitlines() == [
        "toolreel: Miss (no_match): GET /a is like none.",
        "toolreel: Miss (exhausted): POST /b was played. (3 times)",
        "toolreel: Never played: interaction 1 of cassette weather, POST /1.",
        "Served 3, missed 4, never played 2.",
    ]


def test_faults_are_told_first_and_may_explain_misses(capsys: pytest.CaptureFixture[str]) -> None:
    struck = Struck(1, "reset answer", "POST /v1/b")
    assert conclude(Verdict(3, MISSES[:1], (), 2, (struck, struck), (2,)), 0) == 3
    assert capsys.readouterr().err.splitlines() == [
        "Fault 1 (reset answer) struck POST /v1/b 2 times.",
        "Fault 2 never struck.",
        "toolreel: Miss (no_match): GET /a is like none.",
        "What a client asks after a fault may never have been recorded: see the end of docs/cookbook.md.",
        "Served 3, missed 1, never played 2.",
    ]
    conclude(Verdict(3, (), (), 2, (struck,)), 0)
    assert "never have been recorded" not in capsys.readouterr().err


def test_of_very_many_some_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert conclude(Verdict(0, (), UNPLAYED, 60), 0) == 4
    assert capsys.readouterr().err.splitlines()[-3:] == [
        "toolreel: Never played: interaction 50 of cassette weather, POST /50.",
        "toolreel: Never played: 10 more.",
        "Served 0, missed 0, never played 60.",
    ]
    conclude(Verdict(0, (), UNPLAYED, 100, unplayed_more=40), 0)
    assert "toolreel: Never played: 50 more.\n" in capsys.readouterr().err


def test_the_command_comes_first_and_programs_get_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert conclude(Verdict(0, MISSES, UNPLAYED, 60), 7, as_json=True) == 7
    told = json.loads(capsys.readouterr().out)
    assert (len(told["unplayed"]), told["missed"]) == (60, 4)
