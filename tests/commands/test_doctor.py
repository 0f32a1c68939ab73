"""The doctor tries things: what works is ok, what is missing is a note, what fails is bad."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from toolreel.commands import doctor as doctor_module
from toolreel.commands.doctor import (
    Finding,
    _authority,
    _clients,
    _door,
    _proxy_variables,
    _settings,
    _through,
    _versions,
    doctor,
)
from toolreel.commands.trust import authority
from toolreel.errors import MachineError


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and a folder to work in."""
    home = tmp_path / "toolreel-home"
    monkeypatch.setenv("TOOLREEL_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return home


def levels(findings: Iterator[Finding]) -> dict[str, str]:
    return {finding.what: finding.level for finding in findings}


def test_what_is_not_installed_is_worth_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "_WANTED", {"pytest": "x", "no-such-package": "get it."})
    findings = list(_versions())
    assert [finding.level for finding in findings] == ["ok", "ok", "note"]
    assert findings[-1].remark == "not installed: get it."


def test_settings_and_cassettes(tmp_path: Path) -> None:
    assert levels(_settings(tmp_path)) == {"settings": "ok", "cassettes": "note"}
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "a.json").touch()
    (tmp_path / "toolreel.toml").write_text("no_such_setting = 1")
    assert levels(_settings(tmp_path / "cassettes")) == {"settings": "bad", "cassettes": "ok"}


def test_the_authority_is_not_made_by_looking(at_home: Path) -> None:
    assert levels(_authority()) == {"certificate authority": "note"}
    assert not at_home.exists()


def test_without_cryptography_there_is_no_authority_to_look_for(
    at_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority()
    monkeypatch.setattr(doctor_module, "_version", {"cryptography": None}.get)
    assert list(_authority()) == []


def test_whom_clients_trust(at_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = authority()
    assert levels(_authority()) == {"certificate authority": "ok", "trusted": "note"}
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"# others\n" + ours.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert levels(_authority()) == {"certificate authority": "ok", "trusted": "ok"}
    (at_home / "mitmproxy-ca.pem").write_text("broken")
    assert levels(_authority()) == {"certificate authority": "bad"}


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({}, "ok"),
        ({"NO_PROXY": "x"}, "ok"),
        ({"HTTPS_PROXY": "http://p"}, "note"),
        ({"http_proxy": "http://p", "NO_PROXY": "intern"}, "note"),
        ({"http_proxy": "http://p", "no_proxy": "localhost,127.0.0.1"}, "ok"),
        ({"ALL_PROXY": "http://p", "NO_PROXY": "*"}, "ok"),
    ],
)
def test_a_proxy_of_the_shell_may_stand_in_between(environment: Mapping[str, str], level: str) -> None:
    (finding,) = _proxy_variables(environment)
    assert finding.level == level


@contextmanager
def door(url: str) -> Iterator[Mapping[str, str]]:
    """A door that does not open, or that nobody answers at."""
    if not url:
        raise MachineError("Cannot listen.")
    yield {"TOOLREEL_URL": url, "OPENAI_BASE_URL": f"{url}/v1"}


def test_a_door_that_does_not_open_is_bad() -> None:
    assert list(_door("door", door(""), proxied=False)) == [Finding("bad", "door", "Cannot listen.")]
    (finding,) = _door("door", door("http://127.0.0.1:1"), proxied=False)
    assert finding.level == "bad"


@pytest.mark.parametrize(
    ("program", "proxied", "level", "remark"),
    [
        ("print(424)", False, "ok", "arrives"),
        ("print(424)", True, "ok", "goes by the variables and trusts the authority"),
        ("print(502)", False, "bad", "does not arrive: status 502"),
        ("import sys; sys.exit('Some Error: x\\nmore')", False, "bad", "does not arrive: Some Error: x"),
        ("1 / 0", True, "note", "does not come through; older clients do not know the variables: use the base URL. "),
    ],
)
def test_a_client_is_sent_through(program: str, proxied: bool, level: str, remark: str) -> None:
    finding = _through("client", [sys.executable, "-S", "-c", program], {}, proxied=proxied)
    assert (finding.level, finding.what) == (level, "client")
    assert finding.remark.startswith(remark)


def test_a_client_that_hangs_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "PATIENCE_S", 0.2)
    sleeper = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    assert _through("client", sleeper, {}, proxied=False).level == "bad"


def test_only_installed_clients_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert [name for name, _ in _clients()] == ["python"]


@pytest.mark.parametrize("as_json", [False, True])
def test_all_is_said_and_the_base_url_door_tried(
    as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The proxy door is tried where mitmproxy is said to be installed; here it is not."""
    monkeypatch.setenv("PATH", "/nowhere")
    versions = doctor_module._version
    monkeypatch.setattr(doctor_module, "_version", lambda name: None if name == "mitmproxy" else versions(name))
    assert doctor(tmp_path, as_json=as_json) == 0
    out = capsys.readouterr().out
    if as_json:
        found = {one["what"]: one["level"] for one in json.loads(out)}
        assert (found["python, base-url door"], found["mitmproxy"]) == ("ok", "note")
        assert "proxy door" not in found
    else:
        assert "python, base-url door  arrives" in out


def test_what_is_bad_makes_the_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "examined", lambda folder: iter([Finding("bad", "x", "y")]))
    assert doctor(tmp_path, as_json=True) == 1
