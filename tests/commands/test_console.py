from __future__ import annotations

import json

import pytest

from toolreel.commands.console import complaint, json_result, show_columns, tell_of
from toolreel.messages.http import HttpRequest
from toolreel.replay.faults import parse_faults
from toolreel.replay.trouble import Trouble, Wanted


def test_what_faults_did_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    trouble = Trouble(parse_faults("[[fault]]\nnth = [1, 2]\nstatus = 429\n[[fault]]\nrun = 'failed'", "f.toml"))
    for path in ("/v1/threads", "/v1/threads", "/v1/files"):
        trouble.instead(Wanted(HttpRequest("POST", path)))
    tell_of(trouble.struck, trouble.idle)
    assert capsys.readouterr().err.splitlines() == [
        "Fault 1 (status 429) struck POST /v1/threads 2 times.",
        "Fault 2 never struck.",
    ]


def test_without_faults_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    tell_of((), ())
    assert capsys.readouterr().err == ""


def test_what_is_named_in_a_complaint_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    complaint("Cassette a\x1b[2J\u202e.json is none.\nSee ü.")
    assert capsys.readouterr().err == "toolreel: Cassette a\\x1b[2J\\u202e.json is none.\nSee ü.\n"


ROWS = [("short", "1", "2026"), ("rather/long/name", "20", "2025"), ("天気", "3", "")]


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        ("", ["name              runs  recorded", "short                1  2026", "rather/long/name    20  2025"]),
        ("40", ["name              runs  recorded", "short                1  2026", "rather/long/name    20  2025"]),
        (
            "36",
            ["name              runs  recorded", "short                1  2026", "rather/long/name    20  2025"],
        ),
        ("30", ["name", "  runs  recorded", "short", "     1  2026", "rather/long/name", "    20  2025"]),
    ],
)
def test_columns_fit_the_terminal(
    columns: str, shown: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    show_columns(("name", "runs", "recorded"), ROWS, right=("runs",))
    assert capsys.readouterr().out.splitlines()[: len(shown)] == shown


def test_a_name_that_is_too_long_stands_on_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "38")
    show_columns(("name", "runs", "recorded"), [*ROWS, ("x" * 50, "4", "2024")], right=("runs",))
    assert capsys.readouterr().out.splitlines() == [
        "name                    runs  recorded",
        "short                      1  2026",
        "rather/long/name          20  2025",
        "天気                       3",
        "x" * 50,
        "                           4  2024",
    ]


def test_json_for_programs_cannot_steer_a_terminal_and_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": "\x1b[2J\x9b\u202e\ud800\U000e0001 ü天", "b": [1, "two\nlines"]}
    json_result(value)
    out = capsys.readouterr().out
    assert '"\\u001b[2J\\u009b\\u202e\\ud800\\udb40\\udc01 ü天"' in out
    assert json.loads(out) == value
    assert out.startswith('{\n  "a"')
