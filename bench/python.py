"""Beside the recorders that patch a Python client: loading a cassette, and a request as the client sees it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from . import exchanges
from .contenders import BARE, ROOT, SERVERS, TOOLREEL
from .exchanges import JSON_TYPE
from .figures import Section, in_turn, median, ratio
from .processes import free_port, printed, running
from .run import Run

_SIZE = 1_000
_PEERS = {
    "cassetter, TOML": ("cassetter", "toml"),
    "cassetter, YAML": ("cassetter", "yaml"),
    "vcrpy": ("vcrpy", "yaml"),
}
_LOADING = (
    ("load-cassetter", "cassetter, YAML"),
    ("load-cassetter-toml", "cassetter, TOML"),
    ("load-vcrpy", "vcrpy"),
)
"""Targets, and whom they are beside; YAML is what cassetter writes by itself."""


def measure(run: Run) -> None:
    """Records 1,000 exchanges with each, then loads them, then asks for them."""
    folder = run.stage.folder / "python"
    folder.mkdir()
    asked = [exchanges.submit(number) for number in range(_SIZE)]
    lines = folder / "requests.tsv"
    lines.write_text("".join(f"{one.method}\t{one.path}\t{one.body.decode()}\n" for one in asked))
    exchanges.cassette(folder / "bench.json", asked)
    with ExitStack() as stack:
        port = free_port()
        answer = folder / "answer"
        answer.write_bytes(asked[0].answer.replace(exchanges.thread(0).encode(), b"THREAD"))
        command: list[str | Path] = [run.load.tools.python, SERVERS / "upstream.py", str(port), answer, JSON_TYPE]
        program = stack.enter_context(running("upstream", command, port, folder=folder, core=run.stage.cores.load))
        program.await_answer(asked[1])
        patched = {name: partial(_client, run, recorder, folder / f"{recorder}.{suffix}", port, lines)
                   for name, (recorder, suffix) in _PEERS.items()}  # fmt: skip
        for client in patched.values():
            client("record")
        _load(run, patched, folder / "bench.json")
        ours = stack.enter_context(run.stage.running(TOOLREEL, asked))
        ours.await_answer(asked[-1])
        floor = stack.enter_context(run.stage.running(BARE, asked))
        floor.await_port()
        plain = {
            "toolreel, over HTTP": partial(_client, run, "none", folder, ours.port, lines),
            "httpx alone, to the recorded server": partial(_client, run, "none", folder, port, lines),
        }
        _ask(run, plain | patched)


def _load(run: Run, patched: Mapping[str, Callable[[str], float]], cassette: Path) -> None:
    measures = {name: partial(client, "load") for name, client in patched.items()}
    measures["toolreel"] = partial(_figure, run, [sys.executable, SERVERS / "load.py", cassette])
    found = in_turn(measures, run.plan.repeats)
    run.findings.raw["loading"] = found
    rows = [(name, median(found[name]), ratio(found[name], found["toolreel"])) for name in sorted(found)]
    text = f"Milliseconds from the file to being ready to answer, {_SIZE:,} interactions, each in a new process."
    run.findings.sections.append(Section("Loading a cassette", text, ("", "ms", "this ÷ toolreel"), rows))
    steps = json.loads(_printed(run, [sys.executable, SERVERS / "load.py", cassette, "profile"]))
    text = "Percent of the time under Python's profiler, which counts for more the more functions are called."
    run.findings.sections.append(Section("Loading a cassette: where toolreel's time goes", text, ("", "%"), steps))
    for key, name in _LOADING:
        run.findings.measured[key] = (ratio(found[name], found["toolreel"]), name)


def _ask(run: Run, clients: Mapping[str, Callable[[str], float]]) -> None:
    found = in_turn({name: partial(client, "ask") for name, client in clients.items()}, run.plan.repeats)
    run.findings.raw["python client"] = found
    rows = [(name, median(times)) for name, times in sorted(found.items(), key=lambda pair: median(pair[1]))]
    text = (
        f"Microseconds of the median request of httpx, one after the other, every tenth of {_SIZE:,} recorded "
        "ones. vcrpy and cassetter answer inside the client's process; toolreel is a server."
    )
    run.findings.sections.append(Section("A request, as a Python client sees it", text, ("", "µs"), rows))


def _client(run: Run, recorder: str, file: Path, port: int, lines: Path, task: str) -> float:
    command: list[str | Path] = [run.load.tools.python, SERVERS / "client.py", task, recorder, file, str(port), lines]
    return _figure(run, command)


def _figure(run: Run, command: Sequence[str | Path]) -> float:
    """The number that a program prints."""
    return float(_printed(run, command))


def _printed(run: Run, command: Sequence[str | Path]) -> str:
    return printed(command, core=run.stage.cores.load, env={"PYTHONPATH": str(ROOT)})
