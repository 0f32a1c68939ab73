"""A replay in progress: which interactions have been played, and what could not be answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from toolreel.messages.bodies import FileReader
from toolreel.messages.http import HttpRequest, origin_of
from toolreel.messages.model import Cassette, Interaction

from .answer import Answer, miss_answer, recorded_answer
from .match import Key, recorded_key, request_key
from .miss import Miss, MissCode


@dataclass(frozen=True, slots=True)
class Tape:
    """A cassette made ready for replay: `name` for messages, `read_file` gives its large bodies by SHA-256."""

    name: str
    cassette: Cassette
    read_file: FileReader


class Session:
    """Answers requests from tapes. Equal requests get the recorded answers in their recorded order.

    Never raises: whatever goes wrong becomes an answer of toolreel's own, and nothing is asked of any network.
    """

    def __init__(self, tapes: Iterable[Tape]) -> None:
        self.misses: list[Miss] = []
        self.served = 0
        self._tapes = tuple(tapes)
        self._origins = {
            origin_of(upstream) for tape in self._tapes for upstream in tape.cassette.upstreams if "://" in upstream
        }
        self._unplayed: dict[Key, deque[tuple[Tape, Interaction]]] = {}
        for tape in self._tapes:
            for interaction in tape.cassette.interactions:
                key = recorded_key(interaction.request, tape.read_file)
                self._unplayed.setdefault(key, deque()).append((tape, interaction))

    @property
    def unplayed(self) -> int:
        """How many interactions have not been played."""
        return sum(map(len, self._unplayed.values()))

    def answer(self, request: HttpRequest) -> Answer:
        """The recorded answer to a request, or the answer that explains why there is none."""
        try:
            found = self._find(request)
        except Exception as error:  # noqa: BLE001 - fail closed: no error may let the request through
            found = Miss(MissCode.INTERNAL, f"toolreel failed on {_shown(request)}: {type(error).__name__}: {error}.")
        if isinstance(found, Miss):
            self.misses.append(found)
            return miss_answer(found)
        self.served += 1
        return found

    def _find(self, request: HttpRequest) -> Answer | Miss:
        if request.origin is not None and origin_of(request.origin) not in self._origins:
            hosts = ", ".join(sorted(self._origins)) or "none"
            return Miss(
                MissCode.OTHER_HOST,
                f"{_shown(request)} is for {request.origin}, but {self._names()} was recorded with {hosts}.",
            )
        queue = self._unplayed.get(request_key(request))
        if queue is None:
            return Miss(MissCode.NO_MATCH, f"{_shown(request)} is like no recorded request of {self._names()}.")
        if not queue:
            return Miss(MissCode.EXHAUSTED, f"{_shown(request)} was asked more often than {self._names()} has it.")
        tape, interaction = queue[0]
        answer = recorded_answer(interaction, tape.read_file)
        queue.popleft()
        return answer

    def _names(self) -> str:
        return "cassette " + ", ".join(tape.name for tape in self._tapes)


def _shown(request: HttpRequest) -> str:
    return f"{request.method} {request.target}"
