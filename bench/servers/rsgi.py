"""A floor: the smallest application for granian's own interface, one answer whatever is asked. It is told by `ANSWER`
and `ANSWER_TYPE` in the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ANSWER, TYPE = Path(os.environ["ANSWER"]).read_bytes(), os.environ["ANSWER_TYPE"]
HEADERS = [("content-type", TYPE)]


async def app(scope: Any, protocol: Any) -> None:
    """Reads the request, sends the answer."""
    del scope
    await protocol()
    protocol.response_bytes(200, HEADERS, ANSWER)
