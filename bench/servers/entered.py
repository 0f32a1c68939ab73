"""What toolreel's door does beside HTTP, with one answer whatever is asked; and the same on uvicorn and on granian.

The applications are told the answer by `ANSWER` and `ANSWER_TYPE` in the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from toolreel.messages.http import HttpRequest, headers_of
from toolreel.replay.answer import Answer
from toolreel.replay.delivery import PLAIN
from toolreel.replay.standing import Stands
from toolreel.server.closed import answered
from toolreel.server.entrance import Entrance
from toolreel.server.hosts import own_host
from toolreel.server.sending import fields


class Constant:
    """A session that finds nothing out."""

    def __init__(self, body: bytes, kind: str) -> None:
        headers = (("content-type", kind),)
        if kind.startswith("text/event-stream"):
            frames = tuple(frame + b"\n\n" for frame in body.split(b"\n\n")[:-1])
            answer = PLAIN.cut(Answer(200, headers, frames), None, "bench")
        else:
            answer = Answer(200, headers, (body,), length=len(body))
        self._answer = Stands.of(answer, None, ())
        self._answer.keep_sent(b"")  # as toolreel's door does with what stands

    def answer(self, request: HttpRequest) -> Answer:
        """The one answer."""
        del request
        return self._answer


def entrance(answer: str, kind: str) -> Entrance:
    """All that stands between a server and what answers; `answer` is a file."""
    return Entrance(Constant(Path(answer).read_bytes(), kind), own_host)


if "ANSWER" in os.environ:
    ENTRANCE = entrance(os.environ["ANSWER"], os.environ["ANSWER_TYPE"])


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """For uvicorn."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    target = scope["raw_path"].decode("latin-1")
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    answer = answered(ENTRANCE, HttpRequest(scope["method"], target, headers_of(scope["headers"]), body))
    headers = list(fields(answer.headers))
    if answer.length is not None:
        headers.append((b"content-length", b"%d" % answer.length))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"".join(answer.pieces)})


async def rsgi(scope: Any, protocol: Any) -> None:
    """For granian."""
    body = await protocol()
    target = scope.path + ("?" + scope.query_string if scope.query_string else "")
    headers = tuple((name.lower(), value) for name, value in scope.headers.items())
    answer = answered(ENTRANCE, HttpRequest(scope.method, target, headers, body))
    protocol.response_bytes(answer.status, list(answer.headers), b"".join(answer.pieces))
