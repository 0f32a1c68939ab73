"""A cassette that is written while it is made, one interaction after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from toolreel.messages.bodies import body_files
from toolreel.messages.model import Interaction, Performance, Read, Take
from toolreel.normalise.cassette import NormalForm

from . import files
from .layout import BETWEEN, performance_line, pieces, reads_pieces, take_pieces
from .spool import Notes


@dataclass(slots=True)
class Made:
    """What a new cassette holds: interactions, how many of them are streams, and how many polls were settled."""

    interactions: int = 0
    streams: int = 0
    polls: int = 0


def write(path: Path, form: NormalForm, noted: Take, scratch: Path) -> Made:
    """Writes a cassette whole or not at all; `noted` says who recorded it and when, temporary files are in `scratch`.

    Raises MachineError.
    """
    made = Made()
    used: set[str] = set()
    with closing(Notes(scratch, BETWEEN)) as performances, closing(Notes(scratch, BETWEEN)) as reads:

        def interactions() -> Iterator[Interaction]:
            for interaction, performance, superseded in form.written():
                made.interactions += 1
                made.streams += interaction.response.frames is not None
                used.update(body_files(interaction.request.body, interaction.response.body))
                n = str(interaction.n)
                if performance != Performance():
                    performances.add([performance_line(n, performance)])
                reads.add(reads_pieces(n, map(seen, superseded)))
                yield interaction

        def seen(read: Read) -> Read:
            made.polls += read.count
            used.update(body_files(read.body))
            return read

        take = noted.model_copy(update={"overlap": form.overlap})
        files.write(path, pieces(form.upstreams, interactions(), take_pieces(take, performances, reads)), used)
    return made
