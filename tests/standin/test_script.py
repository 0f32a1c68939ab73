from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.standin.script import NO_RULE_ANSWER, Script, ScriptError, Timing, choose, load_script, parse_script


@pytest.mark.parametrize(
    ("text", "tools", "groups"),
    [
        ("weather in Paris and Tokyo", [["get_weather", "get_weather"]], {"first": "Paris", "second": "Tokyo"}),
        (
            "What is the WEATHER like in New York and in Rio?",
            [["get_weather", "get_weather"]],
            {"first": "New York", "second": "Rio"},
        ),
        ("weather in Paris?", [["get_weather"]], {"city": "Paris"}),
        (
            "Where is my order of ann@example.org?",
            [["find_order"], ["track_parcel"]],
            {"customer": "ann@example.org"},
        ),
        ("hello", [], {}),
        ("something else", [], {}),
    ],
)
def test_default_script_chooses(
    default_script: Script, text: str, tools: list[list[str]], groups: dict[str, str]
) -> None:
    part = choose(default_script, text)
    assert [[call.tool for call in calls] for calls in part.rule.rounds] == tools
    assert part.groups == {"message": text, **groups}


def test_default_script_has_an_example_of_each_end(default_script: Script) -> None:
    assert {(rule.fail and rule.fail.code, rule.incomplete) for rule in default_script.rules} == {
        (None, None),
        ("rate_limit_exceeded", None),
        (None, "max_completion_tokens"),
    }
    assert any(not rule.answer.isascii() and not rule.rounds for rule in default_script.rules)
    assert default_script.rules[-1].match is None
    assert default_script.refused == ("sk-bad",)


def test_empty_script_is_usable() -> None:
    script = parse_script("", "empty.toml")
    assert script == Script((), Timing(), ("sk-bad",))
    assert choose(script, "x").rule.answer == NO_RULE_ANSWER


def test_unmatched_optional_group_is_empty() -> None:
    script = parse_script("[[rule]]\nmatch = 'a(?P<b>b)?'\nanswer = '{b}'", "s.toml")
    assert choose(script, "a").groups == {"message": "a", "b": ""}


def rule(text: str) -> str:
    return f"[[rule]]\n{text}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[rule", "is not valid TOML"),
        ("colour = 1", "unknown entry 'colour'"),
        ("timing = 3", "[timing] must be a table"),
        ("[timing]\nspeed = 1", "unknown entry 'speed'"),
        ("[timing]\nqueued_ms = -1", "timing.queued_ms must be a number of milliseconds"),
        ("[timing]\nframe_ms = true", "timing.frame_ms must be a number"),
        ("[timing]\nframe_ms = nan", "timing.frame_ms must be a number"),
        ("[keys]\nrefused = 'sk'", "keys.refused must be a list"),
        ("[keys]\nrefused = ['']", "keys.refused must be a list"),
        ("[rule]\nanswer = 'x'", "[[rule]], with two brackets"),
        ("rule = [1]", "rule 1 must be a table"),
        (rule(""), "rule 1 must have either 'answer' or 'fail'"),
        (rule("match = 'a'\nanswer = 3"), "'answer' of rule 1 must be a string"),
        (rule("match = '('\nanswer = 'x'"), "'match' of rule 1 is no regular expression"),
        (rule("answer = '{nobody}'"), "uses {nobody}"),
        (rule("answer = 'x'\nrounds = [1]"), "'rounds' of rule 1 must be a list of rounds"),
        (rule("answer = 'x'\nrounds = [[]]"), "'rounds' of rule 1 must be a list of rounds"),
        (rule("answer = 'x'\nrounds = [[{ arguments = {} }]]"), "'tool' of a call of rule 1 must be a string"),
        (rule("answer = 'x'\nrounds = [[{ tool = 'a b' }]]"), "'a b' in rule 1 is no function name"),
        (rule("answer = 'x'\nrounds = [[{ tool = 'a', arguments = 'x' }]]"), "'arguments' of a in rule 1"),
        (rule("answer = 'x'\nrounds = [[{ tool = 'a', arguments = { d = 2020-01-01 } }]]"), "which JSON cannot"),
        (
            rule("answer = 'x'\nrounds = [[{ tool = 'a', arguments = { x = '{a}' } }]]"),
            "the arguments of a in rule 1",
        ),
        (rule("fail = { code = 'boom', message = 'x' }"), "'fail.code' of rule 1 must be one of"),
        (rule("fail = { code = 'server_error' }"), "'fail.message' of rule 1 must be a string"),
        (rule("answer = 'x'\nincomplete = 'tired'"), "'incomplete' of rule 1 must be one of"),
        (
            rule("incomplete = 'max_prompt_tokens'\nfail = { code = 'server_error', message = 'x' }"),
            "both 'fail' and 'incomplete'",
        ),
        (rule("answer = 'x'") + "\n" + rule("answer = 'y'\nmatches = 'z'"), "rule 2 has an unknown entry 'matches'"),
    ],
)
def test_broken_script(text: str, says: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(text, "my.toml")
    message = str(caught.value)
    assert says in message
    assert message.startswith("the script my.toml ")
    assert message.endswith(".")
    assert "\n" not in message


def test_load_script_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text("[timing]\nqueued_ms = 5\n[[rule]]\nanswer = 'é'\n", "utf-8")
    script = load_script(path)
    assert script.timing.queued_ms == 5
    assert choose(script, "anything").rule.answer == "é"


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot read the script"), (b"\xff", "is not UTF-8 text"), (b"a =", "is not valid TOML")],
)
def test_load_script_names_the_file(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "s.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScriptError) as caught:
        load_script(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_load_script_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot read the script"):
        load_script(tmp_path)
