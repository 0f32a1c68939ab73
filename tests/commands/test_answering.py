"""The options that say in which manner a replay answers."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from toolreel.commands.answering import answering
from toolreel.commands.cli import cli
from toolreel.replay.delivery import PLAIN
from toolreel.replay.manner import DEFAULT_MANNER, Manner
from toolreel.replay.rules import MatchRules


def manner(*arguments: str) -> Manner:
    """The manner that a command gets with these arguments."""
    found: list[Manner] = []

    @click.command
    @answering
    def command(manner: Manner) -> int:
        found.append(manner)
        return 0

    ran = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    [one] = found
    return one


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_options_it_is_the_manner_that_everybody_has() -> None:
    assert manner() == DEFAULT_MANNER


def test_every_option_counts() -> None:
    found = manner(
        *("--poll", "faithful", "--clock", "now", "--ids", "original", "--strict", "--partial", "--no-repeat"),
        *("--ignore-query", "limit", "--chunks", "recorded"),
    )
    assert (found.poll, found.clock, found.ids) == ("faithful", "now", "original")
    assert (found.strict, found.partial, found.repeat) == (True, True, False)
    assert found.rules == MatchRules(ignore_query=frozenset({"limit"}))
    assert found.delivery != PLAIN


@pytest.mark.parametrize("name", ["replay", "run"])
def test_the_commands_that_replay_have_the_same(name: str) -> None:
    @click.command
    @answering
    def command(manner: Manner) -> int:
        return 0

    assert {one.name for one in command.params} <= {one.name for one in cli.commands[name].params}
