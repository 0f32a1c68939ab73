"""Looks through a cassette for what is wrong with it: is it safe to commit, and will it replay?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from toolreel.messages.bodies import FileReader
from toolreel.messages.model import Cassette, FileBody
from toolreel.redaction import DEFAULT_RULES, Rules

from . import lint_calls, lint_ids, lint_secrets, lint_streams
from .findings import Finding, Level, Recording

_RULES: tuple[Callable[[Recording], Iterable[Finding]], ...] = (
    lint_calls.calls,
    lint_streams.endings,
    lint_streams.disagreements,
    lint_ids.orphans,
    lint_ids.foreign_objects,
)
"""All rules that need nothing but the cassette."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is not in the file: `read_file` gives large bodies, `files` are those that are there, `now` is the time.

    `secrets` says what a secret is. A recording older than `max_age` is a finding; None: none is.
    """

    read_file: FileReader
    files: Collection[str] = ()
    secrets: Rules = DEFAULT_RULES
    now: datetime | None = None
    max_age: timedelta | None = None


def lint(cassette: Cassette, around: Surroundings) -> list[Finding]:
    """What is wrong with a cassette, in the order of its interactions."""
    recording = Recording(cassette)
    found = [finding for rule in _RULES for finding in rule(recording)]
    found += lint_secrets.secrets(recording, around.secrets, around.read_file)
    found += _files(recording, around.files)
    found += _age(recording, around)
    return sorted(found, key=lambda finding: finding.n or 0)


def _files(recording: Recording, files: Collection[str]) -> Iterator[Finding]:
    """Large bodies beside the cassette that it does not name."""
    bodies = {
        body.file
        for interaction in recording.cassette.interactions
        for body in lint_secrets.bodies_of(recording.cassette, interaction.n)
        if isinstance(body, FileBody)
    }
    for name in sorted(set(files) - bodies):
        yield Finding(
            "unused-file",
            Level.WARNING,
            None,
            f".files/{name}",
            "no interaction names this body file",
            "remove it",
        )


def _age(recording: Recording, around: Surroundings) -> Iterator[Finding]:
    take = recording.cassette.take
    if around.max_age is None or around.now is None or take is None:
        return
    try:
        recorded = datetime.fromisoformat(take.recorded_at or "")
        days = (around.now - recorded).days
    except (ValueError, TypeError):  # no date, or one without a time zone
        yield Finding(
            "age",
            Level.WARNING,
            None,
            "take.recorded_at",
            "this is no date with a time zone, so nobody knows how old the recording is",
            "record it again",
        )
        return
    if around.now - recorded > around.max_age:
        yield Finding(
            "age",
            Level.WARNING,
            None,
            "take.recorded_at",
            f"recorded {days} days ago, more than the {around.max_age.days} that were asked for",
            "record it again, if the API is still served",
        )
