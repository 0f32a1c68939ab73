"""The requests of a conversation, run by run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from toolreel.messages.model import Cassette, Interaction

from .exchange import Exchange
from .timeline import Chapter, Kind, Step

_IN_PATH = re.compile(r"/runs/([^/]+)")


@dataclass(frozen=True, slots=True)
class Part:
    """Requests that follow each other and belong to the same run, or, with `run` None, to none.

    `status` is the last one that they tell of the run, empty if they tell none.
    """

    run: str | None
    status: str
    steps: tuple[Step, ...]


def parts(cassette: Cassette, chapter: Chapter) -> list[Part]:
    """The parts of a conversation in their order."""
    by_run = groupby(chapter.steps, lambda step: run_of(cassette.interactions[step.n - 1]))
    return [_part(run, tuple(steps)) for run, steps in by_run]


def _part(run: str | None, steps: Sequence[Step]) -> Part:
    told = [event.text for step in steps for event in step.events if event.kind is Kind.RUN]
    return Part(run, told[-1] if told else "", tuple(steps))


def run_of(interaction: Interaction) -> str | None:
    """The run that a request is about: the one in its path, or the one that its answer made."""
    if found := _IN_PATH.search(interaction.request.path):
        return found[1]
    if not interaction.request.path.rstrip("/").endswith("/runs") or interaction.request.method != "POST":
        return None
    made = (value for value in Exchange(interaction).values if isinstance(value, dict))
    return next((str(value["id"]) for value in made if value.get("object") == "thread.run" and value.get("id")), None)
