"""Bad input ends a command with one sentence that says which, what, and what to do; never with a traceback."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from toolreel.store.recordings import begin

from .conftest import Toolreel
from .tapes import get, make
from .upstream import free_port

MODELS = b'{"object":"list"}'
Change = Callable[[bytes], bytes]


def edited(change: Callable[[Any], None]) -> Change:
    """An edit by hand of the JSON value."""

    def edit(data: bytes) -> bytes:
        value = json.loads(data)
        change(value)
        return json.dumps(value, indent=1).encode()

    return edit


BROKEN: dict[str, tuple[Change, str]] = {
    "not UTF-8": (lambda data: data.replace(b"list", b"l\xefst"), r"line \d+: not UTF-8"),
    "not JSON": (lambda data: b"interactions: []\n", r"line 1: not JSON"),
    "empty": (lambda data: b"", r"line 1: not JSON.*cut short"),
    "cut short": (lambda data: data[: len(data) // 2], r"line \d+: not JSON"),
    "conflict": (
        lambda data: data.replace(b' "upstreams"', b'<<<<<<< HEAD\n "upstreams"'),
        r"line 2: a git conflict marker; resolve the conflict",
    ),
    "newer": (lambda data: data.replace(b'"toolreel": 1', b'"toolreel": 2'), r"version 2.*install a newer"),
    "no version": (edited(lambda value: value.pop("toolreel")), r"is no cassette"),
    "no object": (lambda data: b"[]", r"is no cassette"),
    "wrong number": (
        edited(lambda value: value["interactions"][0].update(n=7)),
        r"line 8: interactions.0.n: number 7 stands where 1 is due",
    ),
    "no such upstream": (
        edited(lambda value: value["interactions"][0]["request"].update(upstream=3)),
        r"line 11: interactions.0.request.upstream: there are only 1 upstreams",
    ),
    "member twice": (
        lambda data: data.replace(b'"status": 200', b'"status": 200,\n "status": 404'),
        r"line 8: the member 'status' stands twice in one object; keep one of them",
    ),
    "byte order mark": (lambda data: b"\xef\xbb\xbf" + data, r"line 1: a byte order mark stands before the JSON"),
    "small letters": (
        lambda data: data.replace(b'"GET"', b'"get"'),
        r"line 5: interactions.0.request.method: 'get' is no method, write it in capitals such as GET",
    ),
    "unknown member": (edited(lambda value: value["interactions"][0].update(x=1)), r"line \d+.*x"),
    "unknown ending": (
        edited(lambda value: value["interactions"][0].update(ending="never")),
        r"line \d+: interactions.0.ending",
    ),
    "body and frames": (
        edited(lambda value: value["interactions"][0]["response"].update(frames=[])),
        r"a response has a body or frames, not both",
    ),
    "broken base64": (
        edited(lambda value: value["interactions"][0]["response"].update(body={"base64": "?"})),
        r"line \d+: interaction 1: the base64 is broken",
    ),
    "missing body file": (
        edited(lambda value: value["interactions"][0]["response"].update(body={"file": "0" * 64})),
        r"line \d+: interaction 1: the body file .* is missing",
    ),
}


@pytest.mark.parametrize("command", ["replay", "show"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_cassette_is_refused_by_name_and_line(
    case: str, command: str, folder: Path, toolreel: Toolreel
) -> None:
    change, expected = BROKEN[case]
    path = make(folder, "tape", get("/models", MODELS))
    before = change(path.read_bytes())
    path.write_bytes(before)
    ran = toolreel(command, "tape", "--cassettes", folder)
    assert ran.status == 65
    assert str(path) in ran.complaint
    assert re.search(expected, ran.complaint), ran.complaint
    assert path.read_bytes() == before, "a broken cassette is never overwritten"


@pytest.mark.parametrize("command", ["replay", "show"])
def test_a_missing_cassette_is_named(command: str, folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel(command, "tape", "--cassettes", folder)
    assert (ran.status, ran.out) == (65, "")
    path = folder / "tape.json"
    assert ran.complaint == f"There is no cassette {path}; record it with 'toolreel record'."


def test_the_program_itself_prints_nothing_but_the_sentence(folder: Path) -> None:
    arguments = [sys.executable, "-m", "toolreel", "replay", "tape", "--cassettes", str(folder)]
    ran = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode, ran.stdout) == (65, "")
    assert ran.stderr.splitlines() == [
        f"toolreel: There is no cassette {folder / 'tape.json'}; record it with 'toolreel record'."
    ]


@pytest.mark.parametrize("command", ["record", "replay", "show", "recover"])
@pytest.mark.parametrize("name", ["../tape", "a/../../tape", "/etc/tape", "", ".", "a//b", "a b", "täpe"])
def test_a_name_that_could_leave_the_folder_is_refused(
    command: str, name: str, folder: Path, toolreel: Toolreel
) -> None:
    ran = toolreel(command, name, "--cassettes", folder)
    assert ran.status == 2
    assert ran.complaint.startswith(f"{name!r} is no cassette name: use letters")
    assert list(folder.iterdir()) == []


# -------------------------------------------------------------------------------------------------------- the options


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("nonsense", "--listen nonsense: no port; write HOST:PORT, such as 127.0.0.1:8080."),
        ("127.0.0.1:99999", "--listen 127.0.0.1:99999: no port; write HOST:PORT, such as 127.0.0.1:8080."),
        ("0.0.0.0:8080", "--listen 0.0.0.0:8080: toolreel listens on this machine only; use 127.0.0.1:8080."),
        ("192.0.2.1:0", "--listen 192.0.2.1:0: toolreel listens on this machine only; use 127.0.0.1:0."),
        ("example.com:80", "--listen example.com:80: toolreel listens on this machine only; use 127.0.0.1:80."),
    ],
)
@pytest.mark.parametrize("command", [["record", "tape"], ["replay", "tape"], ["standin"]], ids=lambda one: one[0])
def test_an_address_that_cannot_be_listened_on_is_refused(
    command: list[str], listen: str, expected: str, toolreel: Toolreel
) -> None:
    if command[0] == "replay" and "; use" in expected:  # and may be reached by others who bring a token
        expected = f"{expected[:-1]}, or demand a token of every client with --token."
    ran = toolreel(*command, "--listen", listen)
    assert (ran.status, ran.complaint) == (2, expected)


@pytest.mark.parametrize(
    "upstream", ["api.openai.com", "ftp://example.com", "https://", "https://u:p@h", "http://h:x", "https://h/?a=1"]
)
def test_an_upstream_that_is_none_is_refused(upstream: str, folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel("record", "tape", "--upstream", upstream, "--cassettes", folder)
    assert ran.status == 2
    assert ran.complaint == f"--upstream {upstream}: no server; write a URL such as https://api.openai.com."


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    "command",
    [
        ["record", "new"],
        ["record", "new", "--via", "proxy"],
        ["replay", "tape"],
        ["replay", "tape", "--via", "proxy"],
        ["standin"],
    ],
    ids=" ".join,
)
def test_a_port_that_is_taken_is_named(
    command: list[str], taken_port: int, folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(folder, "tape", get("/models", MODELS))
    monkeypatch.setenv("TOOLREEL_CASSETTES", str(folder))
    ran = toolreel(*command, "--listen", f"127.0.0.1:{taken_port}")
    assert ran.status == 74
    assert f"127.0.0.1:{taken_port}" in ran.complaint
    assert "address already in use" in ran.complaint.lower()
    assert ran.complaint.endswith("choose another --listen.")
    if command[0] == "record":
        assert "There is no unfinished recording of new" in toolreel("recover", "new").complaint


def test_a_command_that_is_not_there_is_named(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models", MODELS))
    for command in (["record", "new"], ["replay", "tape"], ["replay", "tape", "--via", "proxy"]):
        ran = toolreel(*command, "--cassettes", folder, "--", "no-such-program", "x")
        assert ran.status == 127
        assert ran.complaint.startswith("Cannot run 'no-such-program': no such file or directory")
    assert not (folder / "new.json").exists()
    assert "There is no unfinished recording" in toolreel("recover", "new", "--cassettes", folder).complaint


def test_a_command_that_may_not_be_run_is_named(folder: Path, toolreel: Toolreel) -> None:
    program = folder / "program"
    program.write_text("not executable")
    ran = toolreel("record", "new", "--cassettes", folder, "--", program)
    assert ran.status == 127
    assert ran.complaint.startswith(f"Cannot run {str(program)!r}: permission denied")


@pytest.mark.parametrize("via", [[], ["--via", "proxy"]])
def test_where_mitmproxy_is_missing_recording_says_so(
    via: list[str], folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_mitmproxy(monkeypatch)
    ran = toolreel("record", "tape", "--cassettes", folder, *via)
    assert ran.status == 2
    assert ran.complaint == "This needs mitmproxy, which is not installed: pip install 'toolreel[proxy]'."


def test_where_mitmproxy_is_missing_only_the_proxy_door_of_replay_says_so(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(folder, "tape", get("/models", MODELS))
    without_mitmproxy(monkeypatch)
    ran = toolreel("replay", "tape", "--cassettes", folder, "--via", "proxy")
    assert ran.status == 2
    assert ran.complaint == "This needs mitmproxy, which is not installed: pip install 'toolreel[proxy]'."
    assert toolreel("replay", "tape", "--cassettes", folder, "--", "true").status == 0


def without_mitmproxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not installed: nothing of it and nothing that needs it can be imported."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "mitmproxy"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "mitmproxy", None)
    for name in [name for name in sys.modules if name.startswith("toolreel.addons.")]:
        monkeypatch.delitem(sys.modules, name)


def test_where_openai_is_missing_the_demo_says_so(toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr("toolreel.commands.demo.find_spec", lambda name: None if name == "openai" else real(name))
    ran = toolreel("demo")
    assert ran.status == 2
    assert ran.complaint == "The demo needs the openai client, which is not installed: pip install openai."


# ------------------------------------------------------------------------------------------------ existing recordings


def test_an_existing_cassette_is_recorded_over_with_force_only(folder: Path, toolreel: Toolreel) -> None:
    path = make(folder, "tape", get("/models", MODELS))
    before = path.read_bytes()
    upstream = ["--upstream", f"http://127.0.0.1:{free_port()}"]
    ran = toolreel("record", "tape", "--cassettes", folder, *upstream, "--", "true")
    assert ran.status == 2
    assert ran.complaint.startswith(f"Cassette {path} exists; give --force")
    ran = toolreel("record", "tape", "--force", "--cassettes", folder, *upstream, "--", "true")
    assert ran.status == 2
    assert ran.complaint.startswith("Nothing was recorded, ")
    assert path.read_bytes() == before, "the old file stays until the new one is complete"


def test_a_name_that_differs_in_case_only_is_refused(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "tape", get("/models", MODELS))
    ran = toolreel("record", "Tape", "--cassettes", folder)
    assert (ran.status, ran.complaint) == (
        2,
        f"Cassette {folder / 'tape.json'} exists, and Tape differs from it in case only; choose another name.",
    )


def test_of_two_recorders_of_one_cassette_the_second_is_refused(folder: Path, toolreel: Toolreel) -> None:
    first = begin(folder, "tape")
    try:
        ran = toolreel("record", "tape", "--cassettes", folder)
        assert ran.status == 2
        assert ran.complaint.startswith(f"Cassette {folder / 'tape.json'} is being recorded by process ")
        ran = toolreel("recover", "tape", "--cassettes", folder)
        assert ran.status == 2
        assert ran.complaint.startswith(f"Cassette {folder / 'tape.json'} is being recorded by process ")
    finally:
        first.discard()


def test_there_is_nothing_to_recover_where_nothing_was_recorded(folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel("recover", "tape", "--cassettes", folder)
    assert ran.status == 2
    assert ran.complaint.startswith("There is no unfinished recording of tape")
    assert not list(folder.parent.glob(".toolreel"))


def test_that_there_is_nothing_to_recover_is_said_before_what_would_hinder_it(
    folder: Path, toolreel: Toolreel
) -> None:
    path = make(folder, "tape", get("/models", MODELS))
    ran = toolreel("recover", "tape", "--cassettes", folder)
    assert ran.complaint.startswith("There is no unfinished recording of tape")
    begin(folder, "tape", force=True).leave()
    ran = toolreel("recover", "tape", "--cassettes", folder)
    assert ran.complaint.startswith(f"Cassette {path} exists; give --force")


def test_a_folder_that_cannot_be_written_to_is_named(folder: Path, toolreel: Toolreel) -> None:
    (folder.parent / ".toolreel").write_text("a file where the store's folder should be")
    ran = toolreel("record", "tape", "--cassettes", folder)
    assert ran.status == 74
    assert str(folder.parent / ".toolreel" / "store.db") in ran.complaint


def test_ls_names_a_broken_cassette_and_lists_the_others(folder: Path, toolreel: Toolreel) -> None:
    make(folder, "good", get("/models", MODELS))
    (folder / "bad.json").write_text("{")
    ran = toolreel("ls", "--cassettes", folder, "--json")
    assert ran.status == 65
    assert str(folder / "bad.json") in ran.complaint
    assert [row["cassette"] for row in json.loads(ran.out)] == ["good"]


# ---------------------------------------------------------------------------------------------- the command line


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["no-such-command"], "No such command"),
        (["replay"], "Name the cassettes to replay"),
        (["record"], "Missing argument"),
        (["record", "tape", "--via", "pigeon"], "'pigeon' is not one of"),
        (["show", "tape", "--no-such-option"], "No such option"),
        (["show", "tape", "--", "true"], "'show' runs no command"),
        (["standin", "--script", "no-such-file.toml"], "no-such-file.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_explained(arguments: list[str], part: str, toolreel: Toolreel) -> None:
    ran = toolreel(*arguments)
    assert ran.status == 2
    assert part in ran.complaint
