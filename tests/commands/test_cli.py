"""The command line: help, options, and what reaches the commands."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
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
from toolreel.inspect.selection import Filter
from toolreel.redaction import DEFAULT_RULES
from toolreel.replay.delivery import Delivery
from toolreel.replay.faults import NO_FAULTS
from toolreel.replay.manner import Manner
from toolreel.replay.pace import parse_pace
from toolreel.replay.rules import MatchRules
from toolreel.server.hosts import Listen

LOOKING = ["ls", "search", "show", "diff", "lint", "audit", "stats", "sql", "misses", "view"]
KEEPING = ["mv", "rm", "reindex", "setup"]
COMMANDS = ["record", "replay", "run", "recover", "import", "export", "standin", "demo", "doctor", *LOOKING, *KEEPING]
RUNNERS = {"record": "[-- COMMAND...]", "replay": "[-- COMMAND...]", "run": "-- COMMAND..."}
SAMPLE = Path(__file__).parents[2] / "cassettes" / "weather.json"
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


@pytest.mark.parametrize("name", COMMANDS)
def test_the_usage_says_who_runs_a_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status_of(name, "--help")
    usage = capsys.readouterr().out.splitlines()[0]
    if name in RUNNERS:
        assert usage.endswith(f" {RUNNERS[name]}")
    else:
        assert "--" not in usage


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
                "upstreams": [Upstream("https://api.openai.com", "")],
                "listen": Listen("127.0.0.1", 0),
                "via": "base-url",
                "tls": False,
                "force": False,
                "command": [],
                "replace": None,
                "redact": DEFAULT_RULES,
            },
        )
    ]


def test_record_takes_these_options(calls: Callable[..., Calls]) -> None:
    found = calls("record.record", result=5)
    servers = "--upstream http://h/v1 --upstream https://i"
    words = f"record a/b {servers} --listen :81 --via proxy --tls --force --cassettes c -- cmd -- --listen x"
    assert status_of(*words.split()) == 5
    ((arguments, options),) = found
    assert arguments == ("a/b",)
    assert options == {
        "folder": Path("c"),
        "upstreams": [Upstream("http://h", "/v1"), Upstream("https://i", "")],
        "listen": Listen("127.0.0.1", 81),
        "via": "proxy",
        "tls": True,
        "force": True,
        "command": ["cmd", "--", "--listen", "x"],
        "replace": None,
        "redact": DEFAULT_RULES,
    }


def test_replay_takes_several_cassettes(
    calls: Callable[..., Calls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("elsewhere").mkdir()
    monkeypatch.setenv("TOOLREEL_CASSETTES", "elsewhere")
    found = calls("replay.replay", result=3)
    assert status_of("replay", "a", "b/c", "--via", "proxy", "--", "cmd") == 3
    ((arguments, options),) = found
    assert arguments == (("a", "b/c"),)
    assert options == {
        "folder": Path("elsewhere"),
        "listen": Listen("127.0.0.1", 0),
        "via": "proxy",
        "tls": False,
        "command": ["cmd"],
        "manner": Manner(),
        "token": None,
        "tunnels": (),
        "as_json": False,
    }


def test_replay_answers_in_the_manner_that_is_asked_for(calls: Callable[..., Calls]) -> None:
    found = calls("replay.replay")
    words = (
        "replay a --poll faithful --clock now --ids original --tls --json --no-strict --partial --repeat --pace x2"
    )
    assert status_of(*words.split(), "--ignore-query", "limit", "--tunnel", "a.example") == 0
    ((_, options),) = found
    rules = MatchRules(ignore_query=frozenset({"limit"}))
    delivery = Delivery(parse_pace("x2"))
    assert options["manner"] == Manner(
        "faithful", "now", "original", rules, strict=False, partial=True, repeat=True, delivery=delivery
    )
    assert options["tls"] is True
    assert options["as_json"] is True
    assert options["tunnels"] == ("a.example",)


@pytest.mark.parametrize(
    ("manner", "command", "strict", "repeat"),
    [
        (Manner(), False, False, True),
        (Manner(), True, True, False),
        (Manner(strict=False), True, False, True),
        (Manner(strict=True), False, True, False),
        (Manner(partial=True), True, False, False),
        (Manner(repeat=True), True, True, True),
        (Manner(repeat=False), False, False, False),
    ],
)
def test_strictness_follows_from_the_command_unless_it_is_said(
    manner: Manner, command: bool, strict: bool, repeat: bool
) -> None:
    options = manner.options(strict=command)
    assert (options.strict, options.repeat) == (strict, repeat)


def test_run_takes_the_options_of_both(calls: Callable[..., Calls]) -> None:
    found = calls("run.run", result=4)
    assert status_of("run", "tape", "--", "cmd") == 4
    words = "run a --mode all --upstream http://h --via proxy --tls --clock fixed --listen :81 --cassettes c -- cmd"
    assert status_of(*words.split()) == 4
    defaults = {
        "folder": Path("cassettes"),
        "upstreams": [Upstream("https://api.openai.com", "")],
        "listen": Listen("127.0.0.1", 0),
        "via": "base-url",
        "tls": False,
        "command": ["cmd"],
        "manner": Manner(),
        "tunnels": (),
        "as_json": False,
    }
    given = {
        "folder": Path("c"),
        "upstreams": [Upstream("http://h", "")],
        "listen": Listen("127.0.0.1", 81),
        "via": "proxy",
        "tls": True,
        "manner": Manner(clock="fixed"),
    }
    assert found == [(("tape", None), defaults), (("a", "all"), defaults | given)]


def test_the_option_goes_before_the_variable(
    calls: Callable[..., Calls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    monkeypatch.setenv("TOOLREEL_CASSETTES", "elsewhere")
    found = calls("listing.ls")
    assert status_of("ls", "--cassettes", "here", "--json") == 0
    ((arguments, options),) = found
    assert (arguments, options["as_json"]) == ((Path("here"),), True)


HERE = Path("cassettes")


@pytest.mark.parametrize(
    ("line", "where", "expected"),
    [
        (
            "ls a b/* --tool t --streams --failed --older-than 2d --larger-than 3kB --sort size --reverse",
            "listing.ls",
            (
                (HERE,),
                {
                    "as_json": False,
                    "which": Filter(
                        ("a", "b/*"), "t", older_than=timedelta(days=2), larger_than=3000, streams=True, failed=True
                    ),
                    "sort": "size",
                    "reverse": True,
                },
            ),
        ),
        ("ls", "listing.ls", ((HERE,), {"as_json": False, "which": Filter(), "sort": "name", "reverse": False})),
        ("search a b --limit 3 --json", "listing.search", ((HERE, ("a", "b")), {"limit": 3, "as_json": True})),
        ("sql", "listing.sql", ((HERE, None), {"as_json": False})),
        ("sql x --json", "listing.sql", ((HERE, "x"), {"as_json": True})),
        ("reindex", "listing.reindex", ((HERE,), {"as_json": False})),
        (
            "show a#2 3 4 --frames --full --raw",
            "show.show",
            ((HERE, "a#2", (3, 4)), {"frames": True, "raw": "answer", "full": True, "as_json": False}),
        ),
        (
            "show a --raw=request --json",
            "show.show",
            ((HERE, "a", ()), {"frames": False, "raw": "request", "full": False, "as_json": True}),
        ),
        ("diff a b", "difference.diff", ((HERE, "a", "b"), {"against": None, "as_json": False})),
        ("diff a --against git:x", "difference.diff", ((HERE, "a", None), {"against": "git:x", "as_json": False})),
        ("lint a b --max-age 3d", "linting.lint", ((HERE, ("a", "b")), {"max_age": "3d", "as_json": False})),
        ("stats a", "statistics.stats", ((HERE, ("a",)), {"as_json": False})),
        ("misses a --clear", "missed.misses", ((HERE, "a"), {"clear": True, "as_json": False})),
        ("mv a b --force", "moving.mv", ((HERE, "a", "b"), {"force": True, "as_json": False})),
        ("rm a b#1 --json", "moving.rm", ((HERE, ("a", "b#1")), {"as_json": True})),
        ("setup git-diff --cassettes c", "setup.git_diff", ((Path("c"),), {})),
        ("setup completion zsh", "setup.completion", (("zsh",), {})),
        ("setup git-runs-diff a --b -c", "setup.git_runs_diff", ((("a", "--b", "-c"),), {})),
        ("setup git-runs-textconv a", "setup.git_runs_textconv", ((Path("a"),), {})),
    ],
)
def test_commands_that_look_at_cassettes_get_their_options(
    calls: Callable[..., Calls], line: str, where: str, expected: Any
) -> None:
    found = calls(where, result=5)
    assert status_of(*line.split()) == 5
    assert found == [expected]


@pytest.mark.parametrize("line", ["search", "rm", "show", "show a x", "mv a", "setup completion tcsh", "ls --sort x"])
def test_what_is_missing_or_wrong_is_refused(line: str) -> None:
    assert status_of(*line.split()) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("show we", ["weather"]),
        ("show loo", ["loops/two-cities"]),
        ("replay we", ["weather"]),
        ("run we", ["weather"]),
        ("export we", ["weather"]),
        ("lint x", []),
        ("lint loo", ["loops/", "loops/two-cities"]),
        ("audit weather l", ["loops/", "loops/two-cities"]),
        ("stats w", ["weather"]),
        ("ls --tool get", ["get_weather"]),
        ("setup ", ["completion", "git-diff"]),
    ],
)
def test_the_shell_completes(
    words: str,
    expected: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "cassettes").mkdir()
    for name in ("weather", "loops/two-cities"):
        file = tmp_path / "cassettes" / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(SAMPLE.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMP_WORDS", f"toolreel {words}")
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ") + 1))
    monkeypatch.setenv("_TOOLREEL_COMPLETE", "bash_complete")
    assert status_of() == 0
    assert [line.partition(",")[2] for line in capsys.readouterr().out.split()] == expected


def test_the_other_commands_get_their_options(calls: Callable[..., Calls]) -> None:
    served, played = calls("standin.standin"), calls("demo.demo")
    assert status_of("standin", "--listen", "9", "--script", "s.toml") == 0
    assert status_of("demo", "--upstream", "https://h", "--model", "m", "--cassettes", "c") == 0
    assert status_of("demo") == 0
    assert served == [((Listen("127.0.0.1", 9), Path("s.toml"), NO_FAULTS), {})]
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

    monkeypatch.setattr("toolreel.commands.listing.ls", fail)
    assert status_of("ls") == status
    assert capsys.readouterr() == ("", "toolreel: A sentence.\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_is_no_error_message(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise error

    monkeypatch.setattr("toolreel.commands.listing.ls", fail)
    assert status_of("ls") == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["ls"], ["lint"], ["stats"], ["misses"], ["reindex"], ["replay", "--all"]])
def test_a_folder_that_was_named_and_is_not_there_is_a_mistake(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a typo in a hook or in CI would switch its checks off."""
    gone = tmp_path / "gone"
    assert status_of(*arguments, "--cassettes", str(gone)) == 2
    said = f"There is no folder {gone}; name another with --cassettes or TOOLREEL_CASSETTES."
    assert capsys.readouterr() == ("", f"toolreel: {said}\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_behind_stdout_is_told_in_one_sentence() -> None:
    command = [sys.executable, "-m", "toolreel", "show", str(SAMPLE)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    said = "toolreel: The machine refused: no space left on device; free the disk, or write elsewhere.\n"
    assert (done.returncode, done.stderr) == (74, said)


def test_what_the_machine_refuses_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "secret.json")

    monkeypatch.setattr("toolreel.commands.listing.ls", refused)
    kept = os.dup(1)  # stdout is no more, in the end
    try:
        assert status_of("ls") == 74
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    said = "The machine refused secret.json: permission denied; see that it is there, and that you may use it."
    assert capsys.readouterr().err == f"toolreel: {said}\n"
