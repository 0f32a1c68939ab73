"""A Python client, alone or with a recorder that patches it. `python client.py TASK RECORDER FILE PORT REQUESTS`.

TASK is `record`, `load` (milliseconds to have a cassette ready) or `ask` (microseconds of the median request).
RECORDER is `vcrpy`, `cassetter`, or `none`: then the requests go to the server at PORT. REQUESTS is a file with a
path and a body on each line.
"""

from __future__ import annotations

import statistics
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import httpx

TASK, RECORDER, FILE, PORT = sys.argv[1:5]
REQUESTS = [line.split("\t") for line in Path(sys.argv[5]).read_text().splitlines()]


def recorder(mode: str) -> AbstractContextManager[Any]:
    """What is in force while the client works; method, URL and body take part in the match."""
    if RECORDER == "vcrpy":
        import vcr

        return vcr.VCR(record_mode=mode, match_on=["method", "uri", "body"]).use_cassette(FILE)
    if RECORDER == "cassetter":
        from cassetter import use_cassette

        return use_cassette(FILE, record_mode=mode, match_on=["method", "uri", "body"])
    return nullcontext()


def ask(requests: list[list[str]]) -> list[float]:
    """Sends requests, and gives the seconds that each took."""
    seconds = []
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", trust_env=False) as client:
        for _, path, body in requests:
            began = time.perf_counter()
            answer = client.post(path, content=body, headers={"content-type": "application/json"})
            seconds.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
            assert path.split("/")[3] in answer.text, "the answer is another request's"
    return seconds


if TASK == "load":
    began = time.perf_counter()
    with recorder("none"):
        print((time.perf_counter() - began) * 1e3)
else:
    with recorder("all" if TASK == "record" else "none"):
        print(statistics.median(ask(REQUESTS if TASK == "record" else REQUESTS[::10])) * 1e6)
