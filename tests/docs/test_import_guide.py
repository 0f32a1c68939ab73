"""The guide to importing is run: its program, its commands, its output."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.formats.writers import ORIGIN, Sent, flows, go, ruby, vcrpy
from toolreel.commands.cli import main

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "import.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)

THREAD, RUN, CALL = (f"{prefix}_{'AbCdEf123456' * 2}" for prefix in ("thread", "run", "call"))
MESSAGE = f"msg_{'Gh78Ij90KlMn' * 2}"
ANSWERED = (("content-type", "application/json"), ("openai-version", "2020-10-01"), ("set-cookie", "__cf_bm=x"),
            ("x-request-id", "req_1"), ("date", "Thu, 30 Oct 2025 21:58:50 GMT"))  # fmt: skip
HEADERS = (("content-type", "application/json"), ("openai-beta", "assistants=v2"), ("authorization", "Bearer sk-x"),
           ("user-agent", "OpenAI/Python 1.99"))  # fmt: skip


def run_object(status: str, **more: Any) -> dict[str, Any]:
    """A run, as wire.md has it."""
    return {
        "id": RUN,
        "object": "thread.run",
        "created_at": 1761861530,
        "assistant_id": "asst_weather",
        "thread_id": THREAD,
        "status": status,
        **more,
    }


def conversation() -> list[Sent]:
    """What the guide's program and the API said, spelled as both spell it."""
    asked = {
        "assistant_id": "asst_weather",
        "thread": {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]},
    }
    call = {"id": CALL, "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    needed = run_object("requires_action", required_action=action)
    submitted = {"tool_outputs": [{"tool_call_id": CALL, "output": '{"temperature": 21}'}], "stream": True}
    message = {"id": MESSAGE, "object": "thread.message", "thread_id": THREAD, "role": "assistant", "content": []}
    events: list[tuple[str, Any]] = [
        ("thread.run.queued", run_object("queued")),
        ("thread.message.created", message),
        *(("thread.message.delta", delta(text)) for text in ("In Paris it is ", "21 degrees.")),
        ("thread.run.completed", run_object("completed")),
    ]
    frames = [f"event: {name}\ndata: {compact(value)}\n\n" for name, value in events]
    stream = (("content-type", "text/event-stream; charset=utf-8"), *ANSWERED[1:])
    return [
        Sent("POST", f"{ORIGIN}/v1/threads/runs", HEADERS, compact(asked).encode(), 200, ANSWERED,
             json.dumps(needed, indent=2).encode(), (0, 500)),
        Sent("POST", f"{ORIGIN}/v1/threads/{THREAD}/runs/{RUN}/submit_tool_outputs", HEADERS,
             compact(submitted).encode(), 200, stream, "".join([*frames, "event: done\ndata: [DONE]\n\n"]).encode(),
             (600, 900)),
    ]  # fmt: skip


def delta(text: str) -> dict[str, Any]:
    content = [{"index": 0, "type": "text", "text": {"value": text}}]
    return {"id": MESSAGE, "object": "thread.message.delta", "delta": {"content": content}}


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the guide's program and the recordings of other tools."""
    program = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert program
    said = conversation()
    elsewhere = Sent("POST", "https://telemetry.example.com/v1/t", (), b"{}", 200, (), b"", (100, 200))
    for name, data in {
        "weather.py": program[1].encode(),
        "run.json": said[0].body or b"",
        "tests/cassettes/test_weather.yaml": vcrpy(said),
        "spec/cassettes/runs/weather.yml": ruby(said),
        "spec/cassettes/README.md": b"# Cassettes\n",
        "testdata/fixtures/weather.yaml": go(said),
        "saved.flows": flows([said[0], elsewhere, said[1]]),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def test_the_guide_is_what_happens(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each command in turn, in one folder; what it prints is what stands below it."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    steps = [step for block in BLOCKS for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    assert len(steps) == 9
    for step in steps:
        line, _, expected = step.partition("\n")
        command, _, status = line.partition("  # status ")
        capfd.readouterr()
        assert run(command) == int(status or 0), command
        said = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", "".join(capfd.readouterr()))
        assert lines(said) == lines(expected), command


def run(command: str) -> int:
    """The exit status of a command; toolreel runs in this process, which is quicker."""
    program, *arguments = shlex.split(command)
    if program != "toolreel":
        return subprocess.run([program, *arguments], check=False).returncode
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def lines(text: str) -> list[str]:
    """The lines of an output; where stderr and stdout meet in no certain order."""
    return sorted(line.rstrip() for line in text.splitlines())


def test_every_format_stands_in_the_guide() -> None:
    from toolreel.formats.table import FORMATS

    for tool in {format_.tool for format_ in FORMATS} | {"httprr", "mitmproxy"}:
        assert tool.replace(".NET/Azure", ".NET and Azure").split()[0] in GUIDE
