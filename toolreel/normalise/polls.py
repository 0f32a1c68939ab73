"""Which answers of repeated reads stand in the cassette: for each read, the last one before its scope is written."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from toolreel.dialects.ids import is_id_key
from toolreel.dialects.routes import Kind, Routed, route
from toolreel.messages.model import Ending, Interaction, Performance, Read, Response

from .performed import Performed
from .values import digest, values_of
from .volatile import take_out_clock


@dataclass(slots=True)
class Settled:
    """An interaction that stands in the cassette, its route, and the earlier answers that it superseded."""

    performed: Performed
    route: Routed
    superseded: list[Performed] = field(default_factory=list)

    @property
    def first(self) -> Performed:
        """Where it stands in time: at the first of its answers, which does not depend on how often was polled."""
        return self.superseded[0] if self.superseded else self.performed


def scope_of(routed: Routed, response: Response) -> str | None:
    """The scope of a request: as its route says, or the id that its answer minted."""
    if routed.scope is not None or routed.mints is None:
        return routed.scope
    prefixes = tuple(routed.mints.split())
    return next((found for value in values_of(response) if (found := _minted(value, prefixes))), None)


def _minted(value: Any, prefixes: tuple[str, ...]) -> str | None:
    """The first id with one of `prefixes` under an id key of the outermost object."""
    members = value.items() if isinstance(value, dict) else ()
    return next(
        (item for key, item in members if is_id_key(key) and isinstance(item, str) and item.startswith(prefixes)),
        None,
    )


def settle(performed: list[Performed]) -> list[Settled]:
    """The interactions that stand in the cassette, in the order in which the first of their answers was asked for."""
    settling = Settling()
    for one in performed:
        settling.add(one)
    return settling.settled


class Settling:
    """Finds the interactions that stand in the cassette, while they come in the order of arrival."""

    def __init__(self) -> None:
        self.settled: list[Settled] = []
        """In the order in which the first of their answers was asked for."""
        self._writes: dict[str, list[float]] = {}
        self._reads: dict[bytes, Settled] = {}

    def add(self, one: Performed) -> None:
        """Takes the next one, which settles an earlier read or stands by itself."""
        interaction = one.interaction
        routed = route(interaction.request.method, interaction.request.path)
        if routed.kind is Kind.WRITE and interaction.response.status < 400:
            self._note_write(one, interaction.response, routed)
        key = _read_key(one, interaction, routed, self._writes) if routed.kind is Kind.READ else None
        if key is not None and key in self._reads:
            before = self._reads[key]
            before.superseded.append(before.performed)
            before.performed = one
            return
        entry = Settled(one, routed)
        self.settled.append(entry)
        if key is not None:
            self._reads[key] = entry

    def _note_write(self, one: Performed, response: Response, routed: Routed) -> None:
        """Takes note of the scopes that a successful write moves on, and when: a stream from its request on."""
        when = one.end if response.frames is None else one.start
        for scope in (scope_of(routed, response), routed.collection):
            if scope is not None:
                insort(self._writes.setdefault(scope, []), when)


def _read_key(
    performed: Performed, interaction: Interaction, routed: Routed, writes: dict[str, list[float]]
) -> bytes | None:
    """Equal for equal reads of one epoch, None for those that are never superseded.

    `writes` are those whose requests came before: one that came later in the same millisecond does not count.
    """
    request, response = interaction.request, interaction.response
    whole = response.frames is None and interaction.ending in (Ending.COMPLETE, Ending.EOF)
    if not whole:
        return None
    epoch = bisect_right(writes.get(routed.scope or "", ()), performed.start)
    asked = request.upstream, request.method, request.path, request.query, request.body
    return digest((routed.scope, epoch, *asked))


def reads_of(settled: Settled, n: int) -> Iterator[Read]:
    """How the take notes the superseded answers of interaction `n`: equal ones that follow each other as one."""
    if not settled.superseded:
        return
    final = settled.performed.interaction
    answer, text = final.response, ""
    noted: list[Performance] = []
    for poll in settled.superseded:
        response, performance = poll.interaction.response, poll.performance or Performance()
        before, text = text, response.model_dump_json()
        if noted and text != before:
            yield _read(answer, noted, final, n)
            noted = []
        answer = response
        noted.append(performance)
    yield _read(answer, noted, final, n)


def _read(response: Response, noted: list[Performance], final: Interaction, n: int) -> Read:
    times = tuple(one.ms for one in noted if one.ms)
    volatile = tuple(one.headers or () for one in noted)
    read = Read(
        count=len(noted),
        ms=times if len(times) == len(noted) else None,
        volatile=volatile if any(volatile) else None,
        status=response.status if response.status != final.response.status else None,
        headers=response.headers if response.headers != final.response.headers else None,
    )
    if repr(response.body) == repr(final.response.body):  # == takes 1, 1.0 and true for the same
        return read
    written, at = take_out_clock(response, n)
    return read.model_copy(update={"at": at, "body": written.body})
