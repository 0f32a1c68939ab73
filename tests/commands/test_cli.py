"""The command line: help, options, and what reaches the commands."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest

from toolreel.commands.cli import cli, main
from toolreel.commands.doors import Upstream
from toolreel.errors import (
    CassetteError,
    CommandError,
    CommandNotFoundError,
    MachineError,
    ToolreelError,
    UpstreamError,
)
from toolreel.server.hosts import Listen

COMMANDS = ["record", "replay", "recover", "ls", "show", "standin", "demo"]
Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]


def status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Calls]:
    """Puts a function that notes its arguments in the place of a command's own."""

    def spy(where: str, result: int = 0) -> Calls:
        found: Calls = []

        def note(*arguments: Any, **options: Any) -> int:
            found.append((arguments, options))
            return result

        monkeypatch.setattr(f"toolreel.commands.{where}", note)
        return found

    return spy


def test_these_are_the_commands() -> None:
    assert list(cli.commands) == COMMANDS


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=lambda one: " ".join(one) or "toolreel")
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(command: list[str], flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*command, flag) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: toolreel {' '.join(command)}".rstrip())
    assert err == ""
    assert len(out.splitlines()) > 4


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_help(name: str) -> None:
    for parameter in cli.commands[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize(("name", "runs"), [(name, name in ("record", "replay")) for name in COMMANDS])
def test_the_usage_says_who_runs_a_command(name: str, runs: bool, capsys: pytest.CaptureFixture[str]) -> None:
    status_of(name, "--help")
    assert ("[-- COMMAND...]" in capsys.readouterr().out.splitlines()[0]) is runs


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--version") == 0
    assert capsys.readouterr().out == f"toolreel {version('toolreel')}\n"


def test_record_has_these_defaults(calls: Callable[..., Calls]) -> None:
    found = calls("record.record")
    assert status_of("record", "tape") == 0
    assert found == [
        (
            ("tape",),
            {
                "folder": Path("cassettes"),
                "upstream": Upstream("https://api.openai.com", ""),
                "listen": Listen("127.0.0.1", 0),
                "via": "base-url",
                "force": False,
                "command": [],
            },
        )
    ]


def test_record_takes_these_options(calls: Callable[..., Calls]) -> None:
    found = calls("record.record", result=5)
    words = "record a/b --upstream http://h/v1 --listen :81 --via proxy --force --cassettes c -- cmd -- --listen x"
    assert status_of(*words.split()) == 5
    ((arguments, options),) = found
    assert arguments == ("a/b",)
    assert options == {
        "folder": Path("c"),
        "upstream": Upstream("http://h", "/v1"),
        "listen": Listen("127.0.0.1", 81),
        "via": "proxy",
        "force": True,
        "command": ["cmd", "--", "--listen", "x"],
    }


def test_replay_takes_several_cassettes(calls: Callable[..., Calls], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLREEL_CASSETTES", "elsewhere")
    found = calls("replay.replay", result=3)
    assert status_of("replay", "a", "b/c", "--via", "proxy", "--", "cmd") == 3
    ((arguments, options),) = found
    assert arguments == (("a", "b/c"),)
    assert options == {
        "folder": Path("elsewhere"),
        "listen": Listen("127.0.0.1", 0),
        "via": "proxy",
        "command": ["cmd"],
    }


def test_the_option_goes_before_the_variable(calls: Callable[..., Calls], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLREEL_CASSETTES", "elsewhere")
    found = calls("show.ls")
    assert status_of("ls", "--cassettes", "here", "--json") == 0
    assert found == [((Path("here"),), {"as_json": True})]


def test_the_other_commands_get_their_options(calls: Callable[..., Calls]) -> None:
    shown, served, played = calls("show.show"), calls("standin.standin"), calls("demo.demo")
    assert status_of("show", "tape") == 0
    assert status_of("standin", "--listen", "9", "--script", "s.toml") == 0
    assert status_of("demo", "--upstream", "https://h", "--model", "m", "--cassettes", "c") == 0
    assert status_of("demo") == 0
    assert shown == [((Path("cassettes"), "tape"), {"as_json": False})]
    assert served == [((Listen("127.0.0.1", 9), Path("s.toml")), {})]
    assert [options for _, options in played] == [
        {"upstream": "https://h", "model": "m", "folder": Path("c")},
        {"upstream": None, "model": "gpt-4o", "folder": None},
    ]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CommandError("A sentence."), 2),
        (CommandNotFoundError("A sentence."), 127),
        (CassetteError("A sentence."), 65),
        (UpstreamError("A sentence."), 69),
        (MachineError("A sentence."), 74),
        (ToolreelError("A sentence."), 70),
    ],
)
def test_an_error_is_one_sentence_and_a_status(
    error: ToolreelError, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise error

    monkeypatch.setattr("toolreel.commands.show.ls", fail)
    assert status_of("ls") == status
    assert capsys.readouterr() == ("", "toolreel: A sentence.\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_is_no_error_message(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise error

    monkeypatch.setattr("toolreel.commands.show.ls", fail)
    assert status_of("ls") == 130
    assert "Traceback" not in capsys.readouterr().err
