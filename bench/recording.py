"""Recording beside mitmproxy's own pass-through with streaming on; and memory while something large is recorded."""

from __future__ import annotations

import http.client
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

from . import exchanges
from .contenders import SERVERS, toolreel
from .exchanges import JSON_TYPE
from .figures import Section, in_turn, median, ratio
from .processes import Program, free_port, running
from .run import Run

_OURS, _THEIRS = "toolreel record", "mitmdump, streaming"
_SMALL, _LARGE = 1_000_000, 100_000_000


def measure(run: Run) -> None:
    """The rate of both, and the memory of ours."""
    with ExitStack() as stack:
        upstream = stack.enter_context(_upstream(run))
        upstream.await_answer(exchanges.submit())
        programs = {
            _OURS: stack.enter_context(_recorder(run, upstream, "rate")),
            _THEIRS: stack.enter_context(_pass_through(run, upstream)),
        }
        for program in programs.values():
            program.await_answer(exchanges.submit())
            run.warm_up(partial(run.load.one, program, exchanges.submit()))
        found = in_turn(
            {
                name: lambda program=program: run.load.one(program, exchanges.submit(), run.plan.seconds)  # type: ignore[misc]
                for name, program in programs.items()
            },
            run.plan.rounds,
        )
        run.note("recording", found)
        rates = {name: [reading.rate for reading in readings] for name, readings in found.items()}
        rows = [
            (name, median(rates[name]), median([reading.cpu for reading in found[name]]), program.memory() / 1e6)
            for name, program in programs.items()
        ]
        run.findings.measured["record"] = (ratio(rates[_OURS], rates[_THEIRS]), "mitmproxy's pass-through")
        text = "`submit_tool_outputs`, 3 KB of JSON out; every exchange is in the journal within 250 ms."
        columns = ("", "requests/s", "CPU µs a request", "memory MB")
        run.findings.sections.append(Section("Recording", text, columns, rows))
        _memory(run, upstream)


def _memory(run: Run, upstream: Program) -> None:
    rows: list[tuple[str, float, float, float]] = []
    for kind in ("bytes", "frames"):
        peaks = []
        for size in (_SMALL, _LARGE):
            with _recorder(run, upstream, f"{kind}-{size}") as program:
                program.await_port()
                _download(program.port, f"/{kind}/{size}")
                peaks.append(program.memory(peak=True) / 1e6)
        rows.append((f"{kind}, chunked", peaks[0], peaks[1], peaks[1] - peaks[0]))
    run.findings.raw["recording, peak MB at 1 MB and at 100 MB"] = {kind: [low, high] for kind, low, high, _ in rows}
    run.findings.measured["memory"] = (max(row[3] for row in rows), "peak at 100 MB less peak at 1 MB")
    text = "Peak resident memory of `toolreel record` in MB, until the client has everything."
    columns = ("", "1 MB", "100 MB", "grown by")
    run.findings.sections.append(Section("Recording: memory", text, columns, rows))


def _download(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", path)
    response = connection.getresponse()
    while response.read(1 << 16):
        pass
    connection.close()


def _upstream(run: Run) -> AbstractContextManager[Program]:
    answer = run.stage.folder / "upstream-answer"
    answer.write_bytes(exchanges.submit().answer)
    port = free_port()
    command: list[str | Path] = [run.load.tools.python, SERVERS / "upstream.py", str(port), answer, JSON_TYPE]
    return running("upstream", command, port, folder=run.stage.folder, core=run.stage.cores.load)


def _recorder(run: Run, upstream: Program, name: str) -> AbstractContextManager[Program]:
    folder, port = run.stage.folder / f"record-{name}", free_port()
    folder.mkdir()
    where = ["--upstream", f"http://127.0.0.1:{upstream.port}", "--listen", f"127.0.0.1:{port}"]
    command = toolreel(folder, "record", "bench", *where)
    return running(_OURS, command.arguments, port, folder=folder, core=run.stage.cores.server, env=command.env)


def _pass_through(run: Run, upstream: Program) -> AbstractContextManager[Program]:
    port = free_port()
    where = ["--mode", f"reverse:http://127.0.0.1:{upstream.port}", "--listen-host", "127.0.0.1"]
    where += ["--listen-port", str(port), "--set", f"confdir={run.stage.folder}"]
    command = [run.load.tools.mitmdump, "-q", *where, "-s", str(SERVERS / "streaming.py")]
    return running(_THEIRS, command, port, folder=run.stage.folder, core=run.stage.cores.server)
