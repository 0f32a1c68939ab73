"""What a replay answers: bytes for a door to carry, nothing left to decide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from toolreel.messages.bodies import FileReader, body_bytes, frame_bytes
from toolreel.messages.http import Headers, shared
from toolreel.messages.model import Ending, Response

from .miss import Miss

_BROKEN_OFF = frozenset({Ending.CUT, Ending.CLIENT_GONE})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer ready to be sent.

    `pieces` are the parts of the body, sent one after the other. `cut` says that the door must break the connection
    off after the last of them. `length` is the body's length in bytes where the answer may declare it, None for
    streams, for answers that are cut, and where there is no body.

    All times are in milliseconds: `wait` passes before the headers, one of `delays` before each piece (none at all if
    it is empty), `end_delay` before the end. `reset` says that the door must reset the connection after `wait`, and
    send nothing.
    """

    status: int
    headers: Headers
    pieces: tuple[bytes, ...] = ()
    cut: bool = False
    length: int | None = None
    wait: float = 0
    delays: tuple[float, ...] = ()
    end_delay: float = 0
    reset: bool = False

    def cut_at(self, ends: Sequence[int]) -> Answer:
        """The same answer in other pieces: they end at `ends`, and before everything that is to wait."""
        delays = dict(zip(accumulate(map(len, self.pieces[:-1]), initial=0), self.delays, strict=False))
        places = sorted({0, *ends, *(start for start, delay in delays.items() if delay)})
        body = b"".join(self.pieces)
        return replace(
            self,
            pieces=tuple(body[start:end] for start, end in pairwise(places)),
            delays=tuple(delays.get(start, 0) for start in places[:-1]) if self.delays else (),
        )


def recorded_answer(response: Response, ending: Ending, read_file: FileReader) -> Answer:
    """A recorded response, byte for byte as it was received; content codings and lengths apart."""
    cut, headers = ending in _BROKEN_OFF, shared(response.headers)
    if response.frames is not None:
        return Answer(response.status, headers, tuple(map(frame_bytes, response.frames)), cut)
    body = body_bytes(response.body, read_file)
    if body is None:
        return Answer(response.status, headers, (), cut)
    length = None if cut else len(body)
    return Answer(response.status, headers, (body,) if body else (), cut, length)


def miss_answer(miss: Miss) -> Answer:
    """The answer to a request that the cassette cannot answer.

    Status 424 with `x-should-retry: false`: no SDK retries it or maps it to an exception that programs catch.
    """
    error = {"message": miss.message, "type": "toolreel_miss", "param": miss.param, "code": miss.code}
    return error_answer(424, error)


def error_answer(status: int, error: dict[str, str | None]) -> Answer:
    """An answer of toolreel's own, in the shape of the API's errors."""
    answer = _error(status, error)
    return replace(answer, headers=(*answer.headers, ("x-should-retry", "false")))


def api_error(status: int, message: str) -> Answer:
    """What the API answers to a request that it refuses."""
    return _error(status, {"message": message, "type": "invalid_request_error", "param": None, "code": None})


def _error(status: int, error: dict[str, str | None]) -> Answer:
    body = json.dumps({"error": error}, ensure_ascii=False, indent=2).encode()
    return Answer(status, (("content-type", "application/json"),), (body,), length=len(body))
