"""`toolreel run`: recorded the first time, replayed from then on; and what the settings say of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from toolreel.store.files import load

from .conftest import Toolreel
from .tapes import get, make
from .test_bad_input import without_mitmproxy
from .upstream import Reply, free_port, serving

MODELS = b'{"object":"list"}'
CLIENT = """
import os, sys, urllib.request
data = sys.argv[2].encode() if sys.argv[2:] else None
kind = {"content-type": "application/json"}
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + sys.argv[1], data, kind)
print(urllib.request.urlopen(request).read().decode())
"""


@pytest.fixture(autouse=True)
def at_a_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def client(*arguments: str) -> list[str]:
    return ["--", sys.executable, "-c", CLIENT, *arguments]


def test_once_records_what_is_not_there_and_replays_what_is(folder: Path, toolreel: Toolreel) -> None:
    with serving(Reply([MODELS])) as upstream:
        arguments = ["run", "tape", "--upstream", upstream.url, "--cassettes", folder, *client("/models")]
        for said in ("Recording tape: ", "Replaying tape: ", "Replaying tape: "):
            ran = toolreel(*arguments)
            assert (ran.status, ran.out) == (0, MODELS.decode() + "\n"), ran.err
            assert ran.err.startswith(said)
        assert len(upstream.requests) == 1


def test_all_records_afresh_and_keeps_the_old_one_until_then(folder: Path, toolreel: Toolreel) -> None:
    with serving(Reply([MODELS]), Reply([b"{}"]), Reply([b"[]"])) as upstream:
        arguments = ["run", "tape", "--mode", "all", "--upstream", upstream.url, "--cassettes", folder]
        assert toolreel(*arguments, *client("/models")).out == MODELS.decode() + "\n"
        assert toolreel(*arguments, *client("/models")).out == "{}\n"
        before = (folder / "tape.json").read_bytes()
        assert b'"json": {}' in before
        failing = ["--", sys.executable, "-c", CLIENT + "sys.exit(5)", "/models"]
        assert toolreel(*arguments, *failing).status == 5
        assert (folder / "tape.json").read_bytes() == before


def test_none_replays_only(folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "tape.json"
    with serving(Reply([MODELS])) as upstream:
        arguments = ["run", "tape", "--upstream", upstream.url, "--cassettes", folder]
        ran = toolreel(*arguments, "--mode", "none", *client("/models"))
        assert (ran.status, ran.complaint) == (
            65,
            f"There is no cassette {path}, and --mode none records nothing; record it with --mode once.",
        )
        monkeypatch.setenv("CI", "true")
        ran = toolreel(*arguments, *client("/models"))
        assert (ran.status, ran.complaint) == (
            65,
            f"There is no cassette {path}, and --mode none, the default where CI is set, records nothing; "
            f"record it with --mode once.",
        )
        assert upstream.connections == 0
        assert toolreel(*arguments, "--mode", "once", *client("/models")).status == 0, "what is said goes first"
    ran = toolreel(*arguments, *client("/models"))
    assert (ran.status, ran.out) == (0, MODELS.decode() + "\n"), ran.err


def test_a_miss_is_a_miss_and_records_nothing(folder: Path, toolreel: Toolreel) -> None:
    with serving(Reply([MODELS])) as upstream:
        arguments = ["run", "tape", "--upstream", upstream.url, "--cassettes", folder]
        assert toolreel(*arguments, *client("/models")).status == 0
        before = (folder / "tape.json").read_bytes()
        ran = toolreel(
            *arguments, "--", sys.executable, "-c", f"try:\n exec({CLIENT!r})\nexcept Exception: pass", "/x"
        )
        assert ran.status == 3, ran.err
        assert len(upstream.requests) == 1
    assert (folder / "tape.json").read_bytes() == before


@pytest.mark.parametrize("mode", ["once", "none"])
@pytest.mark.parametrize("content", [b"", b"{", b"<<<<<<< HEAD\n"])
def test_a_broken_cassette_is_never_recorded_over_on_its_own(
    mode: str, content: bytes, folder: Path, toolreel: Toolreel
) -> None:
    path = folder / "tape.json"
    path.write_bytes(content)
    with serving() as upstream:
        arguments = ["--upstream", upstream.url, "--cassettes", folder, *client("/models")]
        ran = toolreel("run", "tape", "--mode", mode, *arguments)
        assert upstream.connections == 0
    assert ran.status == 65
    assert str(path) in ran.complaint
    assert path.read_bytes() == content


def test_a_broken_link_is_a_broken_cassette(folder: Path, toolreel: Toolreel) -> None:
    path = folder / "tape.json"
    path.symlink_to(folder / "away.json")
    ran = toolreel("run", "tape", "--cassettes", folder, *client("/models"))
    assert ran.status == 65
    assert str(path) in ran.complaint
    assert path.is_symlink()


def test_both_ways_go_over_https(folder: Path, toolreel: Toolreel) -> None:
    with serving(Reply([MODELS])) as upstream:
        arguments = ["run", "tape", "--tls", "--upstream", upstream.url, "--cassettes", folder, *client("/models")]
        for said in ("Recording tape: OPENAI_BASE_URL=https://", "Replaying tape: OPENAI_BASE_URL=https://"):
            ran = toolreel(*arguments)
            assert (ran.status, ran.out) == (0, MODELS.decode() + "\n"), ran.err
            assert ran.err.startswith(said)


# ---------------------------------------------------------------------------------------------------- the settings


def test_what_the_settings_say_the_program_varies_is_the_same_in_both_ways(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    settings = folder.parent / "toolreel.toml"
    settings.write_text('[normalise]\npresets = ["dates"]\nreplace = [{pattern = "seed-\\\\d+", with = "seed-0"}]\n')

    def asking(day: str, seed: str) -> list[str]:
        return client("/chat/completions", f'{{"model":"m","content":"Today is {day}, {seed}."}}')

    with serving(Reply([b'{"answer":"on 2026-11-22"}'])) as upstream:
        arguments = ["run", "tape", "--upstream", upstream.url]
        ran = toolreel(*arguments, *asking("2026-11-22", "seed-17"))
        assert (ran.status, ran.out) == (0, '{"answer":"on 2026-11-22"}\n'), ran.err
        assert b"2026-11-22" in upstream.requests[0].body, "the server got what the program said"
    written = (folder / "tape.json").read_text()
    assert '"Today is 2000-01-01, seed-0."' in written
    assert "2026-11-22" not in written.partition('"take"')[0]
    ran = toolreel(*arguments, *asking("2027-01-01", "seed-99"))
    assert (ran.status, ran.out) == (0, '{"answer":"on 2000-01-01"}\n'), ran.err
    settings.unlink()
    assert toolreel("replay", "tape", *asking("2027-01-01", "seed-99")).status == 1, "the client did not expect 424"


def test_a_cassette_from_before_a_rule_replays_with_it(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    with serving(Reply([b"{}"])) as upstream:
        ran = toolreel("record", "tape", "--upstream", upstream.url, *client("/chat/completions", '["2026-11-22"]'))
        assert ran.status == 0, ran.err
    assert '"2026-11-22"' in (folder / "tape.json").read_text()
    (folder.parent / "toolreel.toml").write_text('[normalise]\npresets = ["dates"]\n')
    ran = toolreel("replay", "tape", *client("/chat/completions", '["2027-01-01"]'))
    assert (ran.status, ran.out) == (0, "{}\n"), ran.err


def test_recover_replaces_too(folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    (folder.parent / "toolreel.toml").write_text('[normalise]\npresets = ["dates"]\n')
    with serving(Reply([b"{}"])) as upstream:
        failing = ["--", sys.executable, "-c", CLIENT + "sys.exit(5)", "/chat/completions", '["2026-11-22"]']
        assert toolreel("record", "tape", "--upstream", upstream.url, *failing).status == 5
    assert toolreel("recover", "tape").status == 0
    assert load(folder / "tape.json").interactions[0].request.body.value == ["2000-01-01"]  # type: ignore[union-attr]


# --------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("command", ["record", "replay", "run", "recover", "ls", "show"])
def test_settings_that_cannot_be_read_are_named(
    command: str, tmp_path: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "toolreel.toml"
    path.write_text("cassettes =\n")
    ran = toolreel(command, *([] if command == "ls" else ["tape"]))
    assert ran.status == 2
    assert ran.complaint.startswith(f"Settings {path} cannot be read: ")


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ('presets = ["moons"]', "Settings, normalise.presets: there is no preset 'moons'"),
        ('replace = [{pattern = "(", with = ""}]', "Settings, normalise.replace: the pattern '('"),
        ('replace = [{pattern = "a"}]', "normalise.replace.0.with: this is missing"),
    ],
)
@pytest.mark.parametrize("command", ["record", "replay", "run", "recover"])
def test_a_rule_that_cannot_work_is_named(
    command: str, settings: str, part: str, folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    (folder.parent / "toolreel.toml").write_text(f"[normalise]\n{settings}\n")
    ran = toolreel(command, "tape", "--cassettes", folder)
    assert ran.status == 2
    assert part in ran.complaint
    assert list(folder.iterdir()) == []


def test_without_a_command_there_is_nothing_to_run(folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel("run", "tape", "--cassettes", folder)
    assert ran.status == 2
    assert ran.complaint == "There is nothing to run: write the command after '--', such as '-- pytest'."


def test_a_name_that_could_leave_the_folder_is_refused(folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel("run", "../tape", "--cassettes", folder, "--", "true")
    assert ran.status == 2
    assert ran.complaint.startswith("'../tape' is no cassette name: ")


@pytest.mark.parametrize("command", ["record", "run"])
def test_the_base_url_door_has_one_upstream(command: str, folder: Path, toolreel: Toolreel) -> None:
    both = ["--upstream", "http://127.0.0.1:1", "--upstream", "http://127.0.0.1:2"]
    ran = toolreel(command, "tape", *both, "--cassettes", folder, "--", "true")
    assert ran.status == 2
    assert ran.complaint == "--upstream can be given several times with --via proxy only; name one server."


@pytest.mark.parametrize("command", ["record", "replay", "run"])
def test_the_proxy_door_has_no_tls_of_its_own(command: str, folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel(command, "tape", "--via", "proxy", "--tls", "--cassettes", folder, "--", "true")
    assert ran.status == 2
    assert ran.complaint.startswith("--tls is for the base-URL door; ")


WITH_AUTHORITY = [
    ["record", "new"],
    ["record", "new", "--tls"],
    ["record", "new", "--via", "proxy"],
    ["replay", "tape", "--tls"],
    ["replay", "tape", "--via", "proxy"],
    ["run", "tape", "--tls"],
]


@pytest.mark.parametrize("command", WITH_AUTHORITY, ids=" ".join)
def test_an_authority_that_is_of_no_use_is_named(
    command: list[str], folder: Path, tmp_path: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(folder, "tape", get("/models", MODELS))
    home = tmp_path / "home"
    monkeypatch.setenv("TOOLREEL_HOME", str(home))
    home.mkdir()
    path = home / "mitmproxy-ca.pem"
    path.write_bytes(b"-----BEGIN NOTHING-----")
    upstream = [] if command[0] == "replay" else ["--upstream", f"http://127.0.0.1:{free_port()}"]
    ran = toolreel(*command, *upstream, "--cassettes", folder, "--", "true")
    assert ran.status == 74
    assert ran.complaint.startswith(f"The certificate authority {path} is of no use: ")
    assert [one.name for one in home.iterdir()] == [path.name]
    assert path.read_bytes() == b"-----BEGIN NOTHING-----"
    assert not (folder / "new.json").exists()


def test_where_cryptography_is_missing_https_says_so(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(folder, "tape", get("/models", MODELS))
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "toolreel.server.tls", raising=False)
    without_mitmproxy(monkeypatch)
    ran = toolreel("replay", "tape", "--tls", "--cassettes", folder, "--", "true")
    assert (ran.status, ran.complaint) == (
        2,
        "TLS needs cryptography, which is not installed: pip install 'toolreel[tls]'.",
    )
    assert toolreel("replay", "tape", "--cassettes", folder, "--", "true").status == 0
