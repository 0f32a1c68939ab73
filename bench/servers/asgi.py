"""A floor: the smallest application for uvicorn, one answer whatever is asked. It is told by `ANSWER`
and `ANSWER_TYPE` in the environment."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Message = MutableMapping[str, Any]

ANSWER, TYPE = Path(os.environ["ANSWER"]).read_bytes(), os.environ["ANSWER_TYPE"].encode()
HEADERS = [(b"content-type", TYPE)]
if not TYPE.startswith(b"text/event-stream"):
    HEADERS.append((b"content-length", str(len(ANSWER)).encode()))


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Any]) -> None:
    """Reads the request, sends the answer."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": ANSWER})
