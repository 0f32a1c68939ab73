"""The examples run, in Python, Node and with curl, and the recipes are what the program understands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.pytest_plugin.conftest import PLUGIN
from toolreel import pytest_plugin as plugin
from toolreel.commands.cli import cli

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
TOOLREEL = [sys.executable, "-m", "toolreel"]
OPTIONS = re.findall(r'add\("(--[a-z-]+)"', Path(plugin.__file__).read_text())
"""Those of the pytest plugin."""


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command in the folder of the examples."""
    return subprocess.run(
        command,
        cwd=EXAMPLES,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.soak  # .ci/run does it each time, in an environment of its own
def test_python() -> None:
    ran = run(sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", "-p", "no:anyio")
    assert ran.returncode == 0, ran.stdout
    assert "1 cassette: served 5, missed 0, never played 0." in ran.stdout


@pytest.fixture
def npm_client() -> None:
    """The client is not ours, and tests fetch nothing: .ci/run installs it."""
    program("node")
    if not (EXAMPLES / "node" / "node_modules" / "openai").is_dir():
        pytest.skip("the npm package openai is not installed: npm install --prefix docs/examples/node")


@pytest.mark.usefixtures("npm_client")
def test_node_on_the_same_cassette() -> None:
    ran = run(*TOOLREEL, "replay", "--all", "--", "node", "--test", "node/")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^(# |ℹ )pass 1$", ran.stdout, re.MULTILINE)
    assert ran.stderr.splitlines()[-1] == "Served 5, missed 0, never played 0."


CHANGED = """
import {{ test }} from "node:test";
import {{ onCassette }} from "{node}/cassette.mjs";
import {{ answer }} from "{node}/weather.mjs";

const question = "What is the weather in Paris and Tokyo?";
test("changed", onCassette("weather", (baseURL) => answer(question, baseURL, () => ({{ sky: "unknown" }}))));
"""


@pytest.mark.usefixtures("npm_client")
def test_in_node_too_another_output_fails_its_test(tmp_path: Path) -> None:
    script = tmp_path / "changed.test.mjs"
    script.write_text(CHANGED.format(node=(EXAMPLES / "node").as_uri()))
    ran = run(*TOOLREEL, "replay", "--all", "--", "node", "--test", str(script))
    assert ran.returncode == 1
    assert "424 POST /threads/" in ran.stdout
    assert "submit_tool_outputs" in ran.stderr.splitlines()[-2]


PLAIN = """
import test from "node:test";
import { onCassette } from "%s/cassette.mjs";

test("plain", onCassette("models", async (baseURL) => {
  const answer = await fetch(`${baseURL}/models/gpt-4o`);
  if ((await answer.json()).id !== "gpt-4o") throw new Error("another model");
}));
"""


def test_nodes_helper_works_without_the_client_too(tmp_path: Path) -> None:
    from tests.wire.tapes import get, make

    program("node")
    make(tmp_path, "models", get("/models/gpt-4o", b'{"id":"gpt-4o"}'))
    script = tmp_path / "plain.test.mjs"
    script.write_text(PLAIN % (EXAMPLES / "node").as_uri())
    ran = run(*TOOLREEL, "replay", "--all", "--cassettes", str(tmp_path), "--", "node", "--test", str(script))
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_curl() -> None:
    program("curl")
    ran = run(*TOOLREEL, "replay", "--all", "--", "sh", "curl/weather.sh")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    decoder, said, text = json.JSONDecoder(), [], ran.stdout
    while text:
        value, end = decoder.raw_decode(text)
        said.append(value)
        text = text[end:].lstrip()
    opened, assistant, verdict = said
    assert opened["prefix"] == "/@weather/curl"
    assert assistant["object"] == "assistant"
    assert (verdict["ok"], verdict["served"]) == (True, 1)


# -------------------------------------------------------------------------------------------------------- the recipes


def yaml(name: str) -> Any:
    """A recipe in YAML; the parser comes with mitmproxy."""
    return pytest.importorskip("ruamel.yaml").YAML(typ="safe").load((EXAMPLES / name).read_text())


def understood(command: str) -> None:
    """A command line of toolreel names a command and options that there are."""
    words = shlex.split(command)
    ours = words[: words.index("--")] if "--" in words else words
    assert ours[0] == "toolreel"
    known = {name for parameter in cli.commands[ours[1]].params for name in parameter.opts}
    assert {word.partition("=")[0] for word in ours if word.startswith("--")} <= known


def test_the_workflow_runs_what_there_is() -> None:
    jobs = yaml("github-actions.yml")["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    ours = [command for command in commands if command.startswith("toolreel")]
    assert ours == ["toolreel replay --all -- npm test --prefix node"]
    for command in ours:
        understood(command)
    (tests,) = [command for command in commands if command.startswith("pytest")]
    options = re.findall(r"--toolreel-[a-z-]+", tests)
    assert options
    assert set(options) <= set(OPTIONS)


def test_the_hook_runs_what_there_is() -> None:
    (repo,) = yaml("pre-commit-config.yaml")["repos"]
    (hook,) = repo["hooks"]
    understood(hook["entry"])
    assert re.search(hook["files"], "cassettes/tests/test_a/test_b.json")
    ran = run(*TOOLREEL, *shlex.split(hook["entry"])[1:])
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_steps_of_the_container_file(tmp_path: Path, free_ports: tuple[int, int]) -> None:
    """They are carried out here: what is installed is this checkout, what is copied lies in a folder."""
    text = (EXAMPLES / "Containerfile").read_text().replace("4010", str(free_ports[0]))
    steps = [line.partition(" ")[::2] for line in text.splitlines() if line and not line.startswith("#")]
    assert [step for step, _ in steps] == ["FROM", "RUN", "WORKDIR", "COPY", "EXPOSE", "HEALTHCHECK", "CMD"]
    done = dict(steps)
    assert shlex.split(done["RUN"])[:2] == ["pip", "install"]
    assert shlex.split(done["RUN"])[-1] == "toolreel"
    source, target = done["COPY"].split()
    shutil.copytree(EXAMPLES / source, tmp_path / target)
    health = shlex.split(done["HEALTHCHECK"].partition("CMD ")[2])
    token = "a-token-for-containers"
    variables = {**os.environ, "TOOLREEL_TOKEN": token}
    program, *arguments = json.loads(done["CMD"])
    assert program == "toolreel"
    with subprocess.Popen(
        [*TOOLREEL, *arguments], cwd=tmp_path, env=variables, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stderr is not None
            while "Ctrl-C" not in (line := server.stderr.readline()):
                assert line, "it has ended"
            checked = [sys.executable, *health[1:]]
            assert subprocess.run(checked, env=variables, check=False, timeout=30).returncode == 0
            assert subprocess.run(
                checked, env={**variables, "TOOLREEL_TOKEN": "x"}, check=False, timeout=30, stderr=subprocess.DEVNULL
            ).returncode
            url = f"http://127.0.0.1:{free_ports[0]}/@weather/s1/v1/assistants"
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with pytest.raises(urllib.error.HTTPError, match="401"):
                opener.open(url)
            request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"})
            with pytest.raises(urllib.error.HTTPError, match="424"):
                opener.open(request)
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)
    assert server.returncode == 3, "the miss"


# -------------------------------------------------------------------------------------------------- what the docs say


def test_the_page_shows_the_example_and_every_option() -> None:
    page = (DOCS / "testing.md").read_text()
    assert (EXAMPLES / "python" / "test_weather.py").read_text() in page
    options = re.findall(
        r'add\("(--[a-z-]+)"', (DOCS.parent / "toolreel" / "pytest_plugin" / "__init__.py").read_text()
    )
    assert len(options) > 5
    assert [option for option in options if f"`{option}" not in page] == []


def test_the_page_shows_every_route_of_the_control_api() -> None:
    page = (DOCS / "testing.md").read_text()
    paths = json.loads((DOCS / "control.openapi.json").read_text())["paths"]
    routes = [f"`{method.upper()} {path}`" for path, methods in paths.items() for method in methods]
    assert [route for route in routes if route not in page] == []


def test_every_setting_of_tests_is_on_the_page() -> None:
    from toolreel.store.settings import Testing

    page = (DOCS / "testing.md").read_text()
    assert [name for name in Testing.model_fields if f"\n{name} = " not in page] == []


def test_every_link_of_the_page_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (DOCS / "testing.md").read_text())
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
