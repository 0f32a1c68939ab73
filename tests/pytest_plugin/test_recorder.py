"""Recording from within a test run: the recorder is another process, and a take is kept as its test went."""

from __future__ import annotations

import importlib.util
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.doors import FREE
from toolreel.errors import CommandError
from toolreel.pytest_plugin import recorder as recorder_module
from toolreel.pytest_plugin.recorder import Recorder, RecordingError, recorder_command
from toolreel.server.asgi import hosting
from toolreel.standin.app import create_app
from toolreel.standin.script import load_script
from toolreel.store.files import load
from toolreel.store.names import cassette_path

from .conftest import Project

# ------------------------------------------------------------------------------------------------- a whole recording


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The origin of a stand-in of the API."""
    with hosting(create_app(load_script(None)), FREE) as address:
        yield f"http://{address.shown}"


def test_what_a_good_test_hears_becomes_its_cassette(
    project: Project, standin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")
    project.settings(f'[tool.toolreel.pytest]\nmode = "once"\nupstream = "{standin}"')
    good = "@pytest.mark.cassette\ndef test_good(cassette):\n    begin()\n    assert cassette.recording is {}\n\n"
    project.file("test_it.py", good.format(True))
    ran = project.run()
    ran.assert_outcomes(passed=1)
    ran.stdout.fnmatch_lines(["1 cassette: served 0, missed 0, never played 0, recorded 1."])
    path = cassette_path(project.cassettes, "test_it/test_good")
    assert [one.request.path for one in load(path).interactions] == ["/threads"]
    bad = "@pytest.mark.cassette\ndef test_bad():\n    begin()\n    assert False\n"
    project.file("test_it.py", good.format(False) + bad)
    ran = project.run()
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["What was recorded is no cassette, because*'toolreel recover test_it/test_bad'*"])
    assert not cassette_path(project.cassettes, "test_it/test_bad").exists()


# --------------------------------------------------------------------------------- what the recorder is told and says


FAKE = """#!{python}
import json, os, pathlib, subprocess, sys
here = pathlib.Path(__file__).parent
(here / "told.jsonl").open("a").write(json.dumps(sys.argv[1:sys.argv.index("--")]) + "\\n")
if (here / "refuses").exists():
    sys.exit("Recording x\\ntoolreel: It will not do.")
command = sys.argv[sys.argv.index("--") + 1:]
door = dict(os.environ, OPENAI_BASE_URL="http://fake/v1", TOOLREEL_URL="http://fake", OTHER="x")
status = subprocess.run(command, env=door).returncode
(here / "ended.jsonl").open("a").write(json.dumps(status) + "\\n")
if (here / "fails").exists():
    sys.exit("toolreel: Nothing was recorded.")
if status == 0:
    path = pathlib.Path(sys.argv[sys.argv.index("--cassettes") + 1], sys.argv[2] + ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({{"toolreel": 1, "upstreams": [], "interactions": []}}))
sys.exit(status)
"""


class Fake:
    """A recorder that records nothing, and notes what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "toolreel"
        folder.mkdir(exist_ok=True)
        self.path.write_text(FAKE.format(python=sys.executable))
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    def lines(self, name: str) -> list[object]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def fake(project: Project) -> Fake:
    return Fake(project.path / "fake")


@pytest.fixture
def configured(project: Project, fake: Fake) -> Fake:
    project.settings(f'[tool.toolreel.pytest]\nrecorder = "{fake.path}"')
    return fake


def test_the_recorder_is_told_what_to_record(project: Project, configured: Fake) -> None:
    project.file(
        "test_it.py",
        """
        @pytest.mark.cassette
        def test_it(cassette):
            assert os.environ["OPENAI_BASE_URL"] == cassette.base_url == "http://fake/v1"
            assert "OTHER" not in os.environ
        """,
    )
    project.run("--toolreel-mode=once", "--toolreel-upstream=http://h").assert_outcomes(passed=1)
    told = ["record", "test_it/test_it", "--upstream", "http://h", "--cassettes", str(project.cassettes)]
    assert configured.lines("told.jsonl") == [told]
    assert configured.lines("ended.jsonl") == [0]


@pytest.mark.parametrize(
    ("arguments", "ci", "times"),
    [([], "", 0), (["--toolreel-mode=once"], "", 0), (["--toolreel-mode=all"], "true", 1), ([], "true", 0)],
)
def test_when_a_cassette_that_is_there_is_recorded_again(
    arguments: list[str], ci: str, times: int, project: Project, configured: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    project.cassettes.mkdir()
    (project.cassettes / "tape.json").write_text('{"toolreel": 1, "upstreams": [], "interactions": []}')
    tests = "@pytest.mark.cassette('tape')\ndef test_{}(): pass\n\n"
    project.file("test_it.py", tests.format("one") + tests.format("two"))
    project.run(*arguments).assert_outcomes(passed=2)
    told = configured.lines("told.jsonl")
    assert len(told) == times, "once a run, however many tests are on it"
    assert all("--force" in one for one in told if isinstance(one, list))


@pytest.mark.parametrize("ci", ["", "true"])
def test_settings_make_nobody_record_in_ci(
    ci: str, project: Project, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    project.settings(f'[tool.toolreel.pytest]\nmode = "once"\nrecorder = "{fake.path}"')
    project.file("test_it.py", "@pytest.mark.cassette\ndef test_it(): pass\n")
    project.run().assert_outcomes(passed=int(not ci), errors=int(bool(ci)))
    assert len(fake.lines("told.jsonl")) == int(not ci)


@pytest.mark.parametrize(
    "body", ["assert False", "pytest.skip('later')", "pytest.xfail('some day')", "request.getfixturevalue('untidy')"]
)
def test_only_a_test_that_passes_makes_a_cassette(body: str, project: Project, configured: Fake) -> None:
    untidy = "@pytest.fixture\ndef untidy():\n    yield\n    assert False\n\n"
    project.file("test_it.py", f"{untidy}@pytest.mark.cassette\ndef test_it(request):\n    {body}\n")
    project.run("--toolreel-mode=once")
    assert configured.lines("ended.jsonl") == [1]


def test_a_shared_recording_lasts_as_long_as_its_tests(project: Project, configured: Fake) -> None:
    test = "    def test_{}(self, cassette):\n        assert cassette.recording\n"
    project.file(
        "test_it.py",
        "@pytest.mark.cassette(scope='class')\nclass TestIt:\n" + test.format("one") + test.format("two"),
    )
    project.run("--toolreel-mode=once").assert_outcomes(passed=2)
    assert (len(configured.lines("told.jsonl")), configured.lines("ended.jsonl")) == (1, [0])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("refuses", "The recorder did not begin: It will not do."),
        ("fails", "Nothing was recorded."),
    ],
)
def test_what_the_recorder_complains_of_is_said(how: str, message: str, project: Project, configured: Fake) -> None:
    (configured.folder / how).touch()
    project.file("test_it.py", "@pytest.mark.cassette\ndef test_it(): pass\n")
    ran = project.run("--toolreel-mode=once")
    assert ran.parseoutcomes()["errors"] == 1
    ran.stdout.fnmatch_lines([message])


@pytest.mark.parametrize(
    ("arguments", "marker", "message"),
    [
        (["--toolreel-early"], "'new'", "Nothing can be recorded with --toolreel-early*"),
        ([], "'new', 'newer'", "Cassette new is not there, and one of several is not recorded; record it alone."),
    ],
)
def test_what_cannot_be_recorded_is_said(
    arguments: list[str], marker: str, message: str, project: Project, configured: Fake
) -> None:
    project.file("test_it.py", f"@pytest.mark.cassette({marker})\ndef test_it(): pass\n")
    ran = project.run("--toolreel-mode=once", *arguments)
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines([message])
    assert configured.lines("told.jsonl") == []


def test_a_run_that_is_interrupted_leaves_the_take_in_the_journal(project: Project, configured: Fake) -> None:
    project.file("test_it.py", "@pytest.mark.cassette\ndef test_it():\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        project.run("--toolreel-mode=once")
    assert configured.lines("ended.jsonl") == [1]


# ----------------------------------------------------------------------------------------------- which recorder it is


@pytest.fixture
def without_mitmproxy(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> object:
        return None if name == "mitmproxy" else importlib.util.find_spec(name)

    monkeypatch.setattr(recorder_module, "find_spec", find_spec)


def test_this_environment_records_if_it_has_mitmproxy() -> None:
    assert recorder_command(None) == [sys.executable, "-m", "toolreel"]
    assert recorder_command("'/a b/toolreel' --x") == ["/a b/toolreel", "--x"]


@pytest.mark.usefixtures("without_mitmproxy")
def test_an_installed_tool_records_if_this_environment_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}/usr/bin")
    with pytest.raises(CommandError, match="needs mitmproxy, which is not installed here: pip install"):
        recorder_command(None)
    tool = Fake(tmp_path / "tools")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{tool.folder}")
    assert recorder_command(None) == [str(tool.path)]
    (tmp_path / ".local").mkdir()
    usual = Fake(tmp_path / ".local" / "bin")
    monkeypatch.setenv("PATH", "/usr/bin")
    assert recorder_command(None) == [str(usual.path)]


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"Cannot run the recorder '/no/such': no such file or directory\."):
        Recorder(["/no/such"], tmp_path).start([])


def test_a_recorder_that_never_begins_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "PATIENCE_S", 0.2)
    sleeper = Recorder([sys.executable, "-S", "-c", "import time; time.sleep(60)"], tmp_path)
    with pytest.raises(RecordingError, match=r"The recorder did not begin: it said nothing\."):
        sleeper.start([])


def test_a_waiter_whose_test_run_died_exits_as_for_a_failure(tmp_path: Path) -> None:
    fake = Fake(tmp_path)
    recorder = Recorder([str(fake.path), "record", "x", "--cassettes", str(tmp_path)], tmp_path)
    assert recorder.start(["TOOLREEL_URL", "NO_SUCH_VARIABLE"]) == {"TOOLREEL_URL": "http://fake"}
    recorder.finish(keep=False)
    assert fake.lines("ended.jsonl") == [1]
