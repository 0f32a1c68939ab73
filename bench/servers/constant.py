"""A floor: an addon for mitmdump that returns one answer whatever is asked. It is told by `ANSWER` and `ANSWER_TYPE`
in the environment."""

from __future__ import annotations

import os
from pathlib import Path

from mitmproxy import http

ANSWER, TYPE = Path(os.environ["ANSWER"]).read_bytes(), os.environ["ANSWER_TYPE"]


def request(flow: http.HTTPFlow) -> None:
    """Answers every request."""
    flow.response = http.Response.make(200, ANSWER, {"content-type": TYPE})
