"""The load: wrk on the second core; hey where requests go through a CONNECT proxy, which wrk cannot do."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .environments import Tools
from .errors import BenchError
from .exchanges import HOST, Exchange
from .processes import Cores, Program, pinned

CONNECTIONS = 32
_PATIENCE_S = 10.0
"""How long a server may take for its first answers under load."""

_DONE = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"us":%d,"bytes":%d,"p50":%d,"p99":%d,"errors":%d}\\n', summary.requests,
    summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout + e.status))
end
"""
_ONE = """
wrk.method, wrk.path = "%s", "%s"
wrk.body = %s
if wrk.body then wrk.headers["Content-Type"] = "application/json" end
"""
# `wrk.format` writes headers in an order of its own in every process; a client always writes them in the same one.
_MANY = """
local requests = {}
init = function()
  for line in io.lines("%s") do
    local method, path, body = line:match("^(%%S+)\\t(%%S+)\\t(.*)$")
    requests[#requests + 1] = table.concat({method .. " " .. path .. " HTTP/1.1", "Host: " .. wrk.headers["Host"],
      "Content-Type: application/json", "Content-Length: " .. #body, "", body}, "\\r\\n")
  end
end
request = function() return requests[math.random(#requests)] end
"""
_ALL = _MANY.replace(
    "request = function() return requests[math.random(#requests)] end",
    """local last = %d
request = function()
  last = last %% #requests + 1
  return requests[last]
end""",
)
# One connection a thread: else nobody knows which of them an answer belongs to.
_WALK = """
local step, thread, run, call = 0
local headers = {["Content-Type"] = "application/json"}
request = function()
  if step == 0 then return wrk.format("POST", "/v1/threads/runs", headers, %s) end
  local path = "/v1/threads/" .. thread .. "/runs/" .. run
  if step == 1 then return wrk.format("POST", path .. "/submit_tool_outputs", headers, (%s):gsub("CALL", call)) end
  return wrk.format("GET", path)
end
response = function(status, headers, body)
  if step == 0 then
    thread, run, call = body:match(': "(thread_%%w+)'), body:match(': "(run_%%w+)'), body:match(': "(call_%%w+)')
  end
  step = (step + 1) %% 3
end
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one round of load found: requests a second, latencies in ms, the server's CPU µs a request."""

    rate: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Load:
    """Makes load; each call is one round."""

    tools: Tools
    cores: Cores
    folder: Path

    def one(self, program: Program, exchange: Exchange, seconds: float, connections: int = CONNECTIONS) -> Reading:
        """The same request again and again."""
        script = _ONE % (exchange.method, exchange.path, _lua(exchange.body) if exchange.body else "nil")
        return self._wrk(program, script, seconds, connections, 1)

    def many(self, program: Program, exchanges: Sequence[Exchange], seconds: float) -> Reading:
        """Requests drawn at random from many."""
        return self._wrk(program, _MANY % self._lines(exchanges), seconds, CONNECTIONS, 1)

    def all(self, program: Program, exchanges: Sequence[Exchange], seconds: float, begin: int) -> Reading:
        """All of many requests, one after the other from the one at `begin` on, as often as there is time."""
        return self._wrk(program, _ALL % (self._lines(exchanges), begin), seconds, CONNECTIONS, 1)

    def _lines(self, exchanges: Sequence[Exchange]) -> Path:
        lines = self.folder / f"requests-{len(exchanges)}.tsv"
        if not lines.exists():
            lines.write_text("".join(f"{one.method}\t{one.path}\t{one.body.decode()}\n" for one in exchanges))
        return lines

    def walks(self, program: Program, exchanges: Sequence[Exchange], seconds: float, connections: int) -> Reading:
        """Whole conversations, with the ids that the server hands out."""
        first, second, _ = exchanges
        told = second.body.replace(f"call_{'1':0>24}".encode(), b"CALL")
        return self._wrk(program, _WALK % (_lua(first.body), _lua(told)), seconds, connections, connections)

    def tunnelled(self, program: Program, exchange: Exchange, seconds: float) -> Reading:
        """The same request through a proxy: CONNECT, then TLS that the proxy intercepts."""
        body = self.folder / "tunnelled-body"
        body.write_bytes(exchange.body)
        command = [self.tools.hey, "-z", f"{seconds}s", "-c", str(CONNECTIONS), "-cpus", "1", "-o", "csv"]
        command += ["-m", exchange.method, "-D", str(body), "-T", "application/json"]
        command += ["-x", f"http://127.0.0.1:{program.port}", f"https://{HOST}{exchange.path}"]
        used = program.cpu_seconds()
        rows = [line.split(",") for line in self._output(command, seconds).splitlines()[1:]]
        good = sorted(float(row[0]) for row in rows if row[6] == "200")
        if len(good) < max(len(rows), 1):
            raise BenchError(f"{program.log.stem} failed {len(rows) - len(good)} of {len(rows)} requests.")
        lasted = max(float(row[7]) + float(row[0]) for row in rows)
        cpu = (program.cpu_seconds() - used) / len(good)
        return Reading(
            len(good) / lasted, statistics.median(good) * 1e3, good[int(len(good) * 0.99)] * 1e3, cpu * 1e6
        )

    def _wrk(self, program: Program, script: str, seconds: float, connections: int, threads: int) -> Reading:
        file = self.folder / "load.lua"
        file.write_text(script + _DONE)
        command = [self.tools.wrk, "-t", str(threads), "-c", str(connections), "-s", str(file)]
        # wrk takes whole seconds only; it ends early, and tells how long it was, when it is interrupted.
        command += ["-d", "3600s", "--timeout", "60s", f"http://127.0.0.1:{program.port}"]
        used = program.cpu_seconds()
        found: dict[str, int] = json.loads(
            self._output(["timeout", "-s", "INT", str(seconds), *command], seconds).splitlines()[-1]
        )
        if not found["requests"] and seconds < _PATIENCE_S:
            return self._wrk(program, script, seconds * 4, connections, threads)
        if found["errors"] or not found["requests"]:
            raise BenchError(f"{program.log.stem} failed {found['errors']} of {found['requests']} requests.")
        cpu = (program.cpu_seconds() - used) / found["requests"]
        return Reading(found["requests"] / found["us"] * 1e6, found["p50"] / 1e3, found["p99"] / 1e3, cpu * 1e6)

    def _output(self, command: Sequence[str], seconds: float) -> str:
        with pinned(self.cores.load):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
        if done.returncode not in (0, 124):
            raise BenchError(f"{Path(command[0]).name} failed: {done.stderr[-400:].strip()}")
        return done.stdout


def _lua(text: bytes) -> str:
    return f"[==[{text.decode()}]==]"
