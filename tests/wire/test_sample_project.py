"""A project of 40 tests on 40 cassettes, run by four workers: what the plugin is for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.pytest_plugin.conftest import Project, conversation, project
from toolreel.store.names import name_of_test

from .tapes import make

__all__ = ["project"]

COUNT = 40
TESTS = f"""
import pathlib

@pytest.mark.cassette
@pytest.mark.parametrize("number", range({COUNT}))
def test_talk(number, cassette):
    pathlib.Path("urls").mkdir(exist_ok=True)
    pathlib.Path("urls", str(number)).write_text(cassette.url)
    changed = str(number) == os.environ.get("CHANGED")
    assert converse("unknown" if changed else f"{{number}} degrees") == "completed"
"""
# With the real client, whose import takes longer than all tests; as long takes each loading of the roots to trust.
CLIENT = """
import openai

@pytest.fixture(scope="session")
def transport():
    with openai.DefaultHttpxClient(verify=False) as client:
        yield client

@pytest.fixture(autouse=True)
def with_openai(transport, cassette):
    global converse

    def converse(output):
        threads = openai.OpenAI(http_client=transport, max_retries=0).beta.threads
        thread = threads.create()
        run = threads.runs.create(thread.id, assistant_id="a")
        (call,) = run.required_action.submit_tool_outputs.tool_calls
        outputs = [{"tool_call_id": call.id, "output": output}]
        return threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs).status
"""


@pytest.fixture
def sample(project: Project) -> Project:
    """The project, every test with a recording of its own, and one cassette that no test has any more."""
    for number in range(COUNT):
        make(project.cassettes, name_of(number), *conversation(number + 1, f"{number} degrees"))
    project.talks("orphan")
    project.file("test_it.py", TESTS)
    return project


def name_of(number: int) -> str:
    """The cassette of a test."""
    return name_of_test(f"test_it.py::test_talk[{number}]")


def assert_nothing_is_left(project: Project) -> None:
    """No port is open, and no process is at work in the project."""
    ports = {int(file.read_text().split(":")[2].partition("/")[0]) for file in (project.path / "urls").iterdir()}
    for port in ports:
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0, "a worker still serves"
    at_work = [process for process in Path("/proc").glob("[0-9]*") if works_in(process, project.path)]
    assert at_work == [Path(f"/proc/{os.getpid()}")] * Path("/proc").exists(), "pytester itself works there"


def works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False


def run_by_four_workers(sample: Project) -> None:
    ran = sample.run_apart("-n", "4", "--toolreel-orphans", "-p", "no:anyio")
    ran.assert_outcomes(passed=COUNT)
    ran.stdout.fnmatch_lines(
        [
            f"{COUNT} cassettes: served {3 * COUNT}, missed 0, never played 0.",
            "No collected test names:",
            "  orphan",
        ],
        consecutive=True,
    )
    assert_nothing_is_left(sample)


def test_forty_tests_on_four_workers(sample: Project) -> None:
    run_by_four_workers(sample)


@pytest.mark.soak
def test_forty_tests_on_four_workers_ten_times(sample: Project) -> None:
    sample.file("test_it.py", TESTS + CLIENT)
    for _ in range(10):
        run_by_four_workers(sample)


@pytest.mark.soak
def test_one_changed_output_on_four_workers(sample: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGED", "17")
    explained(sample.run_apart("-n", "4", "-p", "no:anyio"))


def test_one_changed_output_fails_one_test_and_its_report_explains_it(
    sample: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGED", "17")
    sample.file("test_it.py", TESTS + CLIENT)
    explained(sample.run())


def explained(ran: pytest.RunResult) -> None:
    ran.assert_outcomes(passed=COUNT - 1, failed=1)
    thread, run = f"thread_{18:024}", f"run_{18:024}"
    name = name_of(17)
    asked = f"POST /threads/{thread}/runs/{run}/submit_tool_outputs"
    ran.stdout.fnmatch_lines(
        [
            "*_ test_talk?17? _*",
            "*- toolreel -*",
            f"1 request had no answer in cassette {name}:",
            f"  no_match: {asked} *",
            "*- toolreel -*",
            f"{COUNT} cassettes: served {3 * COUNT - 1}, missed 1, never played 0.",
            f"  test_it.py::test_talk?17?: missed 1, never played 0: {asked} *",
        ]
    )
