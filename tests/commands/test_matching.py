"""The options and settings that say how requests are compared."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from toolreel.commands.matching import matching
from toolreel.errors import CommandError
from toolreel.replay.rules import MatchRules, Mode


def rules(*arguments: str) -> MatchRules:
    """The rules that a command gets with these arguments, in the folder it is run in."""
    found: list[MatchRules] = []

    @click.command
    @matching
    def command(rules: MatchRules) -> int:
        found.append(rules)
        return 0

    ran = CliRunner().invoke(command, list(arguments))
    if ran.exception:
        raise ran.exception
    [one] = found
    return one


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_options_and_settings_the_rules_are_those_that_everybody_has() -> None:
    assert rules() == MatchRules()


def test_options_and_settings_add_up(folder: Path) -> None:
    (folder / "toolreel.toml").write_text(
        """
        [replay]
        ignore = ["$.a"]
        ignore-query = ["limit"]
        match-query = ["api-version"]
        match-header = ["accept"]
        tool-output = ["shape", "get_weather=ignore"]
        [ids]
        free = ["cust_"]
        [normalise]
        presets = ["dates"]
        """
    )
    found = rules(
        *("--ignore", "$.b", "--ignore", "$.c", "--ignore-query", "order", "--match-header", "OpenAI-Beta"),
        *("--tool-output", "get_weather=exact", "--tool-output", "other=ignore"),
    )
    assert len(found.ignore) == 3
    assert found.ignore_query == {"limit", "order"}
    assert found.match_query == {"api-version"}
    assert found.match_headers == {"accept", "openai-beta"}
    assert found.tools == {"get_weather": Mode.EXACT, "other": Mode.IGNORE}
    assert found.free == ("cust_",)
    assert found.replace is not None


def test_a_mode_for_all_others_that_is_given_as_option_counts_before_that_of_the_settings(folder: Path) -> None:
    (folder / "toolreel.toml").write_text('[replay]\ntool-output = ["shape"]')
    assert rules().tool_default is Mode.SHAPE
    assert rules("--tool-output", "exact").tool_default is Mode.EXACT


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--ignore", "a"], "--ignore must be a JSONPath such as $.metadata.customer, not 'a'."),
        (
            ["--tool-output", "x=y"],
            "'x=y' is no way to compare tool outputs; write exact, shape or ignore, or NAME=shape.",
        ),
        (
            ["--match-header", "authorization"],
            "--match-header authorization: no recording holds this header; there are accept, content-type, "
            "openai-beta.",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError) as raised:
        rules(*arguments)
    assert str(raised.value) == complaint


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ('[replay]\nignore = ["a"]', "Settings, replay.ignore must be a JSONPath"),
        ('[replay]\nignores = ["$.a"]', "replay.ignores: there is no such setting."),
        ('[replay]\nignore = "$.a"', "replay.ignore: this must be a list."),
        ('[ids]\nfree = [""]', "ids.free.0: this must not be empty."),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(folder: Path, settings: str, complaint: str) -> None:
    (folder / "toolreel.toml").write_text(settings)
    with pytest.raises(CommandError) as raised:
        rules()
    assert complaint in str(raised.value)
