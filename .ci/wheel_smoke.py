"""Tries an installed toolreel from the outside: `python -I wheel_smoke.py core` or `… proxy`.

Run by the Python of a clean environment, in a folder away from the checkout. Standard library only.
The commands `converse` and `play` are the clients that toolreel starts here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

TOOLREEL = str(Path(sys.executable).with_name("toolreel"))
PATIENCE = 60  # seconds; every step takes about one
WEATHER = {"Paris": {"temperature": 18, "sky": "cloudy"}, "Tokyo": {"temperature": 27, "sky": "sunny"}}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
# The 424 of a miss, say, is an answer to look at; and no proxy of the user comes between.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text: str) -> None:
    """Print a line of the report."""
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def expect(fact: object, otherwise: str) -> None:
    """An assert that stays under `python -O` and ends the script in one sentence."""
    if not fact:
        sys.exit(f"wheel smoke test failed: {otherwise}")


def toolreel(*arguments: str) -> str:
    """Run a command of toolreel to its end and give what it printed."""
    try:
        done = subprocess.run(
            [TOOLREEL, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        sys.exit(f"wheel smoke test failed: `toolreel {' '.join(arguments)}` did not end within {PATIENCE} s")
    expect(
        done.returncode == 0,
        f"`toolreel {' '.join(arguments)}` ended with {done.returncode}\n{done.stdout}{done.stderr}",
    )
    return done.stdout


def client(*arguments: str) -> list[str]:
    """The command line of a client of this script."""
    return ["--", sys.executable, "-I", str(Path(__file__).resolve()), *arguments]


# ---- what is tried


def try_core() -> None:
    """The wheel alone: no mitmproxy, and yet replay and inspection."""
    expect(importlib.util.find_spec("mitmproxy") is None, "the core brings mitmproxy with it")
    try_commands()
    folder = Path(str(resources.files("toolreel.cassettes")))
    listed = json.loads(toolreel("ls", "--cassettes", str(folder), "--json"))
    names = [row["cassette"] for row in listed]
    expect(names, f"no sample cassette is shipped in {folder}")
    for name in names:
        shown = json.loads(toolreel("show", name, "--cassettes", str(folder), "--json"))
        expect(shown, f"`toolreel show {name} --json` says nothing")
    playable = [name for name in names if only_json(load(folder / f"{name}.json"))]
    expect(playable, f"none of {names} has JSON requests only")
    for name in playable:
        path = str(folder / f"{name}.json")
        toolreel("replay", name, "--cassettes", str(folder), "--listen", "127.0.0.1:0", *client("play", path))
        say(f"replay of the shipped cassette {name}: every answer as recorded")


def try_proxy() -> None:
    """The wheel with the extra: a conversation is recorded, and replayed with the same outcome."""
    expect(importlib.util.find_spec("mitmproxy"), "the extra `proxy` brings no mitmproxy")
    try_commands()
    here = Path.cwd()
    cassettes = str(here / "cassettes")
    with standin(here / "standin.log") as url:
        toolreel(
            "record",
            "smoke",
            "--upstream",
            url,
            "--cassettes",
            cassettes,
            *client("converse", str(here / "live.txt")),
        )
    expect((here / "cassettes" / "smoke.json").is_file(), "the recording left no cassette")
    say("record: a conversation with the stand-in")
    again = client("converse", str(here / "replayed.txt"))
    toolreel("replay", "smoke", "--cassettes", cassettes, "--listen", "127.0.0.1:0", *again)
    live, replayed = (here / "live.txt").read_text(), (here / "replayed.txt").read_text()
    expect(live == replayed, f"replay went otherwise than the recording\n{live}\n{replayed}")
    say("replay: the same transcript, with the stand-in gone")


def try_commands() -> None:
    """What runs is the installed package, and it knows its name."""
    spec = importlib.util.find_spec("toolreel")
    origin = Path((spec and spec.origin) or "nowhere")
    expect(origin.is_relative_to(sys.prefix), f"toolreel comes from {origin}, not from the environment {sys.prefix}")
    expect("replay" in toolreel("--help"), "`toolreel --help` does not know replay")
    say(f"toolreel --version: {toolreel('--version').strip()}")


@contextmanager
def standin(log: Path) -> Iterator[str]:
    """A stand-in of the API, for as long as the block lasts; gives its base URL."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [TOOLREEL, "standin", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stderr=stderr
        )
    try:
        end = time.monotonic() + PATIENCE
        while not (url := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
            expect(process.poll() is None and time.monotonic() < end, f"no stand-in\n{log.read_text()}")
            time.sleep(0.05)
        yield url[0]
    finally:
        process.terminate()
        process.wait(PATIENCE)


# ---- the clients


def ask(method: str, path: str, body: Any = None) -> tuple[int, str]:
    """Status and text of an answer of the API at OPENAI_BASE_URL."""
    headers = {
        "authorization": f"Bearer {os.environ.get('OPENAI_API_KEY') or 'sk-smoke'}",
        "content-type": "application/json",
        "openai-beta": "assistants=v2",
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + path, data, headers, method=method)
    try:
        with OPENER.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def must(method: str, path: str, body: Any = None) -> Any:
    """The JSON of an answer that has to be a good one."""
    status, text = ask(method, path, body)
    expect(status == 200, f"{method} {path} was answered {status}: {text}")
    return json.loads(text)


def settled(path: str, until: str) -> Any:
    """The run, polled until it has this status."""
    end = time.monotonic() + PATIENCE
    while (run := must("GET", path))["status"] != until:
        expect(run["status"] in {"queued", "in_progress"}, f"the run is {run['status']} and should become {until}")
        expect(time.monotonic() < end, f"the run stays {run['status']}")
        time.sleep(0.05)
    return run


def converse(transcript: Path) -> None:
    """A whole tool-calling loop; what was said goes to the file, without ids and times."""
    assistant = must("POST", "/assistants", {"model": "gpt-4o", "name": "Weather", "tools": [TOOL]})
    thread = f"/threads/{must('POST', '/threads', {})['id']}"
    must("POST", f"{thread}/messages", {"role": "user", "content": "What is the weather in Paris and Tokyo?"})
    run = f"{thread}/runs/{must('POST', f'{thread}/runs', {'assistant_id': assistant['id']})['id']}"
    lines, outputs = [], []
    action = settled(run, "requires_action")["required_action"]
    for call in action["submit_tool_outputs"]["tool_calls"]:
        lines.append(f"{call['function']['name']}({call['function']['arguments']})")
        output = WEATHER[json.loads(call["function"]["arguments"])["city"]]
        outputs.append({"tool_call_id": call["id"], "output": json.dumps(output)})
    expect(len(outputs) == len(WEATHER), f"not both cities were asked for: {lines}")
    must("POST", f"{run}/submit_tool_outputs", {"tool_outputs": outputs})
    settled(run, "completed")
    for message in must("GET", f"{thread}/messages?order=asc")["data"]:
        lines.append(f"{message['role']}: {message['content'][0]['text']['value']}")
    transcript.write_text("\n".join(lines) + "\n")


def load(cassette: Path) -> dict[str, Any]:
    """The file of a cassette, as it is."""
    loaded: dict[str, Any] = json.loads(cassette.read_text())
    return loaded


def only_json(cassette: dict[str, Any]) -> bool:
    """Whether `play` can send every request and understand every answer."""
    return all(
        "json" in part.get("body", {"json": None})
        for interaction in cassette["interactions"]
        for part in (interaction["request"], interaction["response"])
    )


def play(cassette: Path) -> None:
    """Send the requests of a cassette in order; each answer must be as recorded, but for ids and times."""
    ids: dict[str, str] = {}
    for interaction in load(cassette)["interactions"]:
        request, recorded = interaction["request"], interaction["response"]
        query = urlencode([(name, value) for name, value in request.get("query", [])])
        path = request["path"] + (f"?{query}" if query else "")
        body = json.loads(renamed(json.dumps(request["body"]["json"]), ids)) if "body" in request else None
        status, text = ask(request["method"], renamed(path, ids), body)
        expect(status == recorded["status"], f"interaction {interaction['n']} was answered {status}: {text}")
        if "frames" in recorded:
            frames = re.findall(r"^data: ?(.*)$", text, re.MULTILINE)
            expect(len(frames) == len(recorded["frames"]), f"interaction {interaction['n']} has {len(frames)} frames")
            for frame, data in zip(recorded["frames"], frames, strict=True):
                if "json" in frame:
                    compare(frame["json"], json.loads(data), ids)
        elif "body" in recorded:
            compare(recorded["body"]["json"], json.loads(text), ids)


def renamed(text: str, ids: dict[str, str]) -> str:
    """The text with the live ids in place of the recorded ones."""
    return re.sub("|".join(map(re.escape, ids)), lambda found: ids[found[0]], text) if ids else text


def compare(recorded: Any, live: Any, ids: dict[str, str]) -> None:
    """Recorded and live answer must be the same; the ids that live has instead of the recorded ones are learned."""
    if isinstance(recorded, dict) and isinstance(live, dict):
        expect(list(recorded) == list(live), f"keys {list(live)} instead of {list(recorded)}")
        for key, value in recorded.items():
            compare(value, live[key], ids)
    elif isinstance(recorded, list) and isinstance(live, list):
        expect(len(recorded) == len(live), f"{live} instead of {recorded}")
        for one, other in zip(recorded, live, strict=True):
            compare(one, other, ids)
    elif isinstance(recorded, str) and isinstance(live, str):
        for symbol in re.finditer(r"[A-Za-z]+[_-]\w{8,}", recorded):  # as long as the id that stands for it
            if live != recorded:
                ids.setdefault(symbol[0], live[symbol.start() : symbol.end()])
        expect(renamed(recorded, ids) == live, f"{live!r} instead of {recorded!r}")
    elif not (isinstance(recorded, int) and isinstance(live, int) and min(recorded, live) >= 1e9):  # a timestamp
        expect(recorded == live, f"{live!r} instead of {recorded!r}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["core"]:
            try_core()
        case ["proxy"]:
            try_proxy()
        case ["converse", file]:
            converse(Path(file))
        case ["play", file]:
            play(Path(file))
        case _:
            sys.exit(__doc__)
