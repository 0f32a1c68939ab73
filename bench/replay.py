"""Replay over HTTP at a base URL: toolreel, peers and floors answer the same request with the same bytes."""

from __future__ import annotations

from . import exchanges
from .contenders import DOOR, ON_GRANIAN, ON_UVICORN, TOOLREEL, servers
from .figures import median
from .run import Run

_TEXTS = {
    "json": (
        "Replay: `submit_tool_outputs`, 500 bytes in, 3 KB of JSON out",
        "Each request is a write that the cassette holds once, so toolreel begins a new walk for each. aimock knows "
        "no runs and answers with a chat completion of about the same size.",
    ),
    "poll": ("Replay: a poll, 2 KB of JSON out", "A read that is due as often as it is asked."),
    "stream": (
        "Replay: `submit_tool_outputs` as a stream of 200 frames of 250 bytes",
        "At instant pace. Peers that know no frames send the recorded bytes as one body.",
    ),
}


def measure(run: Run) -> None:
    """Rates, latencies and CPU time of every server."""
    workloads = {"json": exchanges.submit(), "poll": exchanges.poll(), "stream": exchanges.stream()}
    for key, exchange in workloads.items():
        found = run.compete(key, servers(run.load.tools), exchange)
        run.findings.sections.append(run.table(*_TEXTS[key], found))
        run.beside_best_peer(f"{key}-peer", found)
        run.duel(f"{key}-constant", TOOLREEL, DOOR, exchange)
        if key == "json":
            faster = max((ON_UVICORN, ON_GRANIAN), key=lambda one: median([reading.rate for reading in found[one]]))
            run.beside("door", found, faster, DOOR)
