"""A take as it was performed: every interaction by itself, in the order of arrival, with the received values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from toolreel.messages.model import Cassette, Interaction, Performance, Read

from .volatile import Volatile, put_back, volatile_of


@dataclass(frozen=True, slots=True)
class Performed:
    """One request and its answer as received.

    `start` and `end` order things in time: milliseconds where the take has them, else steps of the recorded order.
    """

    interaction: Interaction
    performance: Performance | None
    start: float
    end: float

    @property
    def usable_from(self) -> float:
        """From when on a client can know all of the answer: of a stream, from its last frame on."""
        frames = self.performance.frame_ms if self.performance else None
        return min(self.end, self.start + frames[-1]) if frames else self.end


def unfold(cassette: Cassette) -> list[Performed]:
    """What was performed, whether the cassette is normalised already or not."""
    take = cassette.take
    performances = take.interactions if take else {}
    found: list[Performed] = []
    for interaction in cassette.interactions:
        n = str(interaction.n)
        performance = performances.get(n)
        response = put_back(interaction.response, volatile_of(performance))
        settled = interaction.model_copy(update={"response": response})
        for read in take.reads.get(n, ()) if take else ():
            found += _superseded(settled, read)
        found.append(Performed(settled, performance, 0, 0))
    if found and all(performed.performance and performed.performance.ms for performed in found):
        return sorted(map(_timed, found), key=lambda performed: performed.start)
    return [replace(performed, start=2 * step, end=2 * step + 1) for step, performed in enumerate(found)]


def _timed(performed: Performed) -> Performed:
    assert performed.performance is not None
    start, end = performed.performance.ms or (0, 0)
    return replace(performed, start=start, end=end)


def _superseded(settled: Interaction, read: Read) -> list[Performed]:
    """The single answers of a read that was superseded."""
    response = settled.response
    if read.body is not None:
        response = put_back(response.model_copy(update={"body": read.body}), Volatile(at=read.at))
    changes = {"status": read.status, "headers": read.headers}
    response = response.model_copy(update={name: value for name, value in changes.items() if value is not None})
    received = settled.model_copy(update={"response": response})
    none = (None,) * read.count
    noted = [
        Performance(ms=ms, headers=headers or None)
        for ms, headers in zip(read.ms or none, read.volatile or none, strict=True)
    ]
    return [Performed(received, one if one != Performance() else None, 0, 0) for one in noted]
