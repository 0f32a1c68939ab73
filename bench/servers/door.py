"""A floor: toolreel's own door, with one answer whatever is asked. `python door.py PORT ANSWER TYPE [FRAMES]`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from toolreel.messages.http import HttpRequest
from toolreel.replay.answer import Answer
from toolreel.replay.delivery import PLAIN
from toolreel.server.entrance import Entrance
from toolreel.server.hosts import Listen, own_host
from toolreel.server.serve import serving

ANSWER, TYPE = Path(sys.argv[2]).read_bytes(), sys.argv[3]


class Constant:
    """A session that finds nothing out."""

    def __init__(self) -> None:
        headers = (("content-type", TYPE),)
        if TYPE.startswith("text/event-stream"):
            frames = tuple(frame + b"\n\n" for frame in ANSWER.split(b"\n\n")[:-1])
            self._answer = PLAIN.cut(Answer(200, headers, frames), None, "bench")
        else:
            self._answer = Answer(200, headers, (ANSWER,), length=len(ANSWER))

    def answer(self, request: HttpRequest) -> Answer:
        """The one answer."""
        del request
        return self._answer


with serving(Entrance(Constant(), own_host), Listen("127.0.0.1", int(sys.argv[1]))):
    threading.Event().wait()
