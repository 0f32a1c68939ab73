from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from toolreel.commands import options
from toolreel.commands.cli import cli
from toolreel.errors import CommandError


@click.command()
@options.cassettes
def shown(folder: Path) -> None:
    click.echo(folder)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder(*arguments: str) -> str:
    ran = CliRunner().invoke(shown, arguments, catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.output.strip()


def test_the_folder_is_what_says_so_nearest(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder() == "cassettes"
    (here / "toolreel.toml").write_text('cassettes = "of/settings"\n')
    assert folder().endswith("of/settings")
    monkeypatch.setenv("TOOLREEL_CASSETTES", "of-environment")
    assert folder() == "of-environment"
    assert folder("--cassettes", "given") == "given"


def test_settings_that_are_broken_are_named_only_where_they_are_asked(here: Path) -> None:
    path = here / "toolreel.toml"
    path.write_text("cassettes = 7\n")
    with pytest.raises(CommandError, match=rf"Settings {path}: cassettes: "):
        folder()
    assert folder("--cassettes", "given") == "given"


def test_what_the_program_varies_is_said_by_the_settings(here: Path) -> None:
    assert options.replacing() is None
    (here / "toolreel.toml").write_text('[normalise]\npresets = ["dates"]\n')
    find = options.replacing()
    assert find is not None
    assert [span.replacement for span in find("Today is 2026-11-22.")] == ["2000-01-01"]


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_and_option_says_what_it_is_for(name: str) -> None:
    command = cli.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
            assert parameter.help.rstrip().endswith((".", "]"))
