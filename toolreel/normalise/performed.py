"""A take as it was performed: every interaction by itself, in the order of arrival, with the received values."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from toolreel.messages.model import Cassette, Interaction, Performance, Read

from .names import names_in
from .values import names_in_body, scan_body, scan_frame
from .volatile import Volatile, put_back, volatile_of

Times = tuple[int, int]


class Received(NamedTuple):
    """A request and its answer as received, and how that was performed, if somebody noted it."""

    interaction: Interaction
    performance: Performance | None

    @property
    def times(self) -> Times | None:
        """When the request and the end of the answer came, in milliseconds, if somebody noted it."""
        return self.performance.ms if self.performance else None


class Performed:
    """One request and its answer as received, in its place in time.

    `start` and `end` order things in time: milliseconds where the take has them, else steps of the recorded order.
    What was received is looked up when it is asked for: of a large take it is not held in memory.
    """

    __slots__ = ("_place", "_received", "end", "start")

    def __init__(self, received: Sequence[Received], place: int, start: float, end: float) -> None:
        self._received = received
        self._place = place
        self.start = start
        self.end = end

    @property
    def interaction(self) -> Interaction:
        """Request and answer."""
        return self._received[self._place].interaction

    @property
    def performance(self) -> Performance | None:
        """How it was performed, if somebody noted it."""
        return self._received[self._place].performance

    @property
    def usable_from(self) -> float:
        """From when on a client can know all of the answer: of a stream, from its last frame on."""
        performance = self.performance
        frames = performance.frame_ms if performance else None
        return min(self.end, self.start + frames[-1]) if frames else self.end


class Ids(NamedTuple):
    """The ids and placeholders in an interaction, none twice, in the order in which they first stand.

    `told` are the ids under id keys of the answer, with repeats, each with when a client can have known of it.
    """

    asked: tuple[str, ...]
    answered: tuple[str, ...]
    told: list[tuple[float, str]]


def ids_in(one: Performed) -> Ids:
    """The ids in what was performed."""
    interaction = one.interaction
    request, response = interaction.request, interaction.response
    pairs = (*request.query, *request.headers)
    asked = names_in([request.path, *chain.from_iterable(pairs)])
    asked += names_in_body(request.body)
    answered = names_in([value for _, value in response.headers])
    found: list[str] = []
    scan_body(response.body, answered, found)
    told = [(one.end, id_) for id_ in found]
    if response.frames:
        performance = one.performance
        times = performance.frame_ms if performance else None
        for index, frame in enumerate(response.frames):
            when = one.start + times[index] if times and index < len(times) else one.end
            found = []
            scan_frame(frame, answered, found)
            told += ((when, id_) for id_ in found)
    return Ids(_distinct(asked), _distinct(answered), told)


def _distinct(names: list[str]) -> tuple[str, ...]:
    # They stand in many messages, and are held once.
    return tuple(dict.fromkeys(map(sys.intern, names)))


def in_time(received: Sequence[Received], times: Sequence[Times | None]) -> list[Performed]:
    """What was received, in the order of arrival; `times` are those of its performances."""
    performed = []
    timed = all(times)
    for place, noted in enumerate(times):
        start, end = noted if timed and noted else (2 * place, 2 * place + 1)
        performed.append(Performed(received, place, start, end))
    return sorted(performed, key=lambda one: one.start)


def unfold(cassette: Cassette) -> list[Performed]:
    """What was performed, whether the cassette is normalised already or not."""
    received = received_in(cassette)
    return in_time(received, [one.times for one in received])


def received_in(cassette: Cassette) -> list[Received]:
    """What was received, in the order of the cassette."""
    take = cassette.take
    performances = take.interactions if take else {}
    found: list[Received] = []
    for interaction in cassette.interactions:
        n = str(interaction.n)
        performance = performances.get(n)
        response = put_back(interaction.response, volatile_of(performance))
        settled = interaction
        if response is not interaction.response:
            settled = interaction.model_copy(update={"response": response})
        for read in take.reads.get(n, ()) if take else ():
            found += _superseded(settled, read)
        found.append(Received(settled, performance))
    return found


def _superseded(settled: Interaction, read: Read) -> Iterator[Received]:
    """The single answers of a read that was superseded."""
    response = settled.response
    if read.body is not None:
        response = put_back(response.model_copy(update={"body": read.body}), Volatile(at=read.at))
    changes = {"status": read.status, "headers": read.headers}
    response = response.model_copy(update={name: value for name, value in changes.items() if value is not None})
    received = settled.model_copy(update={"response": response})
    none = (None,) * read.count
    for ms, headers in zip(read.ms or none, read.volatile or none, strict=True):
        noted = Performance(ms=ms, headers=headers or None)
        yield Received(received, noted if noted != Performance() else None)
