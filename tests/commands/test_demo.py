"""The demo shows that replay equals recording; so it has to fail where the cassette was tampered with."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolreel.commands import demo as demo_module
from toolreel.commands import record as record_module
from toolreel.commands.demo import DIFFERENT, NAME, demo
from toolreel.errors import CassetteError
from toolreel.server.asgi import hosting
from toolreel.server.hosts import Listen
from toolreel.standin.app import create_app
from toolreel.standin.script import Timing, load_script
from toolreel.store.names import cassette_path

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of mitmproxy's dependencies
    from toolreel.addons import master  # noqa: F401 - so that no test is the first to import it


@contextmanager
def quick_standin(listen: Listen) -> Iterator[Listen]:
    """The stand-in of the demo, with less to wait for."""
    timing = Timing(queued_ms=20, tools_ms=20, answer_ms=20, frame_ms=1, cancel_ms=20)
    with hosting(create_app(replace(load_script(None), timing=timing)), listen) as address:
        yield address


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a whole demo left: its cassettes, and as `heard.jsonl` what the client saw."""
    folder = tmp_path_factory.mktemp("demo")
    real = record_module.record
    with pytest.MonkeyPatch.context() as patch:

        def record(*arguments: Any, **options: Any) -> int:
            status = real(*arguments, **options)
            shutil.copy(options["command"][-2], folder / "heard.jsonl")
            return status

        patch.setattr(demo_module, "record", record)
        patch.setattr(demo_module, "standing_in", quick_standin)
        assert demo(folder=folder / "cassettes") == 0
    return folder


@pytest.fixture
def quick(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demo that does not record anew, but takes what the whole one recorded; gives its folder."""
    folder = tmp_path / "cassettes"

    def record(*_: Any, **options: Any) -> int:
        shutil.copytree(recorded / "cassettes", folder)
        shutil.copytree(recorded / ".toolreel", tmp_path / ".toolreel")
        shutil.copy(recorded / "heard.jsonl", options["command"][-2])
        return 0

    monkeypatch.setattr(demo_module, "record", record)
    return folder


def test_the_demo_records_replays_and_compares(recorded: Path) -> None:
    cassette = json.loads(cassette_path(recorded / "cassettes", NAME).read_text())
    streams = [one for one in cassette["interactions"] if "frames" in one["response"]]
    assert len(streams) == 2
    submitted = [one for one in cassette["interactions"] if one["request"]["path"].endswith("/submit_tool_outputs")]
    assert [len(one["request"]["body"]["json"]["tool_outputs"]) for one in submitted] == [2, 2]
    heard = [json.loads(line) for line in (recorded / "heard.jsonl").read_text().splitlines()]
    assert {"assistant", "run", "steps", "messages", "thread.message.delta", "thread.run.completed"} <= {
        what for what, _ in heard
    }


def test_a_changed_word_of_the_answer_fails_the_demo(quick: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def change(path: Path) -> None:
        cassette = json.loads(path.read_text())
        answers = [
            one["response"] for one in cassette["interactions"] if one["request"]["path"].endswith("/messages")
        ]
        (text,) = [one["content"][0]["text"] for one in answers[-1]["body"]["json"]["data"] if one["assistant_id"]]
        assert "light rain" in text["value"]
        text["value"] = text["value"].replace("light rain", "heavy rain")
        path.write_text(json.dumps(cassette))

    assert demo(folder=quick, before_replay=change) == DIFFERENT
    said = capfd.readouterr().err
    assert "toolreel: The client saw something else in the replay:" in said
    assert [line[:12] for line in said.splitlines() if line[:2] in ("-[", "+[")] == ['-["messages"', '+["messages"']


def test_a_cassette_with_a_gap_fails_the_demo(quick: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def drop_last(path: Path) -> None:
        cassette = json.loads(path.read_text())
        dropped = cassette["interactions"].pop()
        del cassette["take"]["interactions"][str(dropped["n"])]
        path.write_text(json.dumps(cassette))

    assert demo(folder=quick, before_replay=drop_last) == 1, "the client itself failed"
    said = capfd.readouterr().err
    assert re.search(r"^toolreel: Miss \(no_match\): GET .*/messages", said, re.MULTILINE)


def test_a_cassette_that_is_cut_short_ends_the_demo(quick: Path) -> None:
    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(CassetteError, match="not JSON"):
        demo(folder=quick, before_replay=cut)


def test_a_client_that_fails_while_recording_ends_the_demo_with_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_module, "record", lambda *_, **__: 5)
    assert demo(folder=tmp_path) == 5
