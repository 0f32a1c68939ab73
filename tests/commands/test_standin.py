"""`standin`: a server until Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from toolreel.commands import child
from toolreel.commands.standin import standin, standing_in
from toolreel.errors import CommandError
from toolreel.replay.faults import parse_faults
from toolreel.server.hosts import Listen

FREE = Listen("127.0.0.1", 0)


def test_it_serves_the_api_while_the_block_runs() -> None:
    with standing_in(FREE) as address:
        headers = {"authorization": "Bearer sk-any"}
        answer = httpx.post(f"http://{address.shown}/v1/threads", json={}, headers=headers, trust_env=False)
    assert answer.status_code == 200
    assert answer.json()["object"] == "thread"


def test_it_says_where_it_is_until_it_is_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(child, "wait_for_end", lambda: said.append(capsys.readouterr().err))
    assert standin(FREE, None) == 0
    assert "OPENAI_BASE_URL=http://127.0.0.1:" in said[0]
    assert "Press Ctrl-C to end it." in said[0]


def test_a_broken_script_is_the_users_error(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text("rules = ")
    with pytest.raises(CommandError, match=r"script\.toml"), standing_in(FREE, script):
        pass


def test_it_says_at_its_end_what_its_faults_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask() -> None:
        url = capsys.readouterr().err.partition("OPENAI_BASE_URL=")[2].split()[0]
        assert httpx.post(f"{url}/threads", trust_env=False).status_code == 503

    monkeypatch.setattr(child, "wait_for_end", ask)
    assert standin(FREE, None, parse_faults("[[fault]]\nstatus = 503\n[[fault]]\nnth = 9\nstatus = 500", "f")) == 0
    assert capsys.readouterr().err.splitlines() == [
        "Fault 1 (status 503) struck POST /v1/threads.",
        "Fault 2 never struck.",
    ]
