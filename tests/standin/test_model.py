from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.standin.model import Answer, Calls, Turn, argument_pieces, next_turn, text_pieces
from toolreel.standin.script import Failure, Script, choose, parse_script

SCRIPT = """
[[rule]]
match = 'two (?P<n>\\d)'
rounds = [[{ tool = "a", arguments = { n = "{n}" } }, { tool = "b" }], [{ tool = "a", arguments = { x = "{b.x}" } }]]
answer = "{a}, {a.1}, {b.0.x}"
[[rule]]
match = 'late failure'
rounds = [[{ tool = "a" }]]
fail = { code = "server_error", message = "Sorry." }
[[rule]]
answer = "cut {message}"
incomplete = "max_completion_tokens"
"""


def run(**more: Any) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in "ab"] + [{"type": "file_search"}]
    return {"tools": tools, "tool_choice": "auto", "parallel_tool_calls": True, **more}


@pytest.mark.parametrize(
    ("text", "done", "rounds", "turn"),
    [
        ("two 5", [], 0, Calls((("a", '{"n":"5"}'), ("b", "{}")))),
        ("two 5", [("a", "A"), ("b", '{"x": 7}')], 1, Calls((("a", '{"x":7}'),))),
        ("two 5", [("a", "A"), ("b", '{"x": 7}'), ("a", "Z")], 2, Answer("A, Z, 7")),
        ("late failure", [], 0, Calls((("a", "{}"),))),
        ("late failure", [("a", "")], 1, Failure("server_error", "Sorry.")),
        ("hé", [], 0, Answer("cut hé", "max_completion_tokens")),
    ],
)
def test_next_turn(text: str, done: list[tuple[str, str]], rounds: int, turn: Turn) -> None:
    assert next_turn(choose(parse_script(SCRIPT, "s"), text), run(), done, rounds) == turn


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"tools": []}, "a and b now, but neither the run nor its assistant declares that"),
        ({"tool_choice": "none"}, "a and b now, but this run forbids calls"),
    ],
)
def test_only_declared_tools_are_called(more: dict[str, Any], says: str) -> None:
    turn = next_turn(choose(parse_script(SCRIPT, "s"), "two 5"), run(**more), [], 0)
    assert isinstance(turn, Answer)
    assert says in turn.text


def test_without_parallel_calls_each_is_a_round() -> None:
    part, one_by_one = choose(parse_script(SCRIPT, "s"), "two 5"), run(parallel_tool_calls=False)
    turns = [next_turn(part, one_by_one, [("a", "A"), ("b", '{"x": 7}')], n) for n in range(4)]
    assert [type(turn) for turn in turns] == [Calls, Calls, Calls, Answer]


def test_text_pieces_are_like_tokens() -> None:
    assert text_pieces("It's 21°, naïve 👋") == ["It's", " 21", "°", ",", " naïve", " 👋"]
    assert argument_pieces('{"city":"New York"}') == ['{"', "city", '":"', "New", " ", "York", '"}']


@given(st.text())
def test_pieces_join_to_the_whole(text: str) -> None:
    assert "".join(text_pieces(text)) == text
    assert "".join(argument_pieces(text)) == text


def test_no_rule_no_calls() -> None:
    assert isinstance(next_turn(choose(Script(), "x"), run(), [], 0), Answer)
