"""All of a take at once, as tests want it."""

from __future__ import annotations

from collections.abc import Iterable

from toolreel.messages.bodies import KeepFile
from toolreel.messages.model import Cassette, Take
from toolreel.recording.assemble import Assembly, Spooled
from toolreel.recording.entries import Began, Entry


def assemble(
    entries: Iterable[Entry],
    *,
    recorded_at: str | None,
    tool: str,
    keep_file: KeepFile,
    spooled: Spooled = lambda key: (),
) -> Cassette:
    """The cassette of a take, as received; its interactions stand in the order in which their requests came."""
    noted = sorted(entries, key=lambda entry: entry.key)
    zero = min((entry.ms or 0 for entry in noted if isinstance(entry, Began)), default=0)
    assembly = Assembly(keep_file, spooled, zero)
    interactions, performances = [], {}
    for interaction, performance in assembly.received(noted):
        interactions.append(interaction)
        performances[str(interaction.n)] = performance
    take = Take(recorded_at=recorded_at, tool=tool, interactions=performances)
    return Cassette(upstreams=tuple(assembly.upstreams), interactions=tuple(interactions), take=take)
