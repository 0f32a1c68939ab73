"""How a cassette file is laid out: for review in a diff, one member a line, bodies indented, one frame a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from toolreel.messages.model import (
    FORMAT_VERSION,
    Cassette,
    Frame,
    Interaction,
    JsonBody,
    Performance,
    Read,
    Response,
    Take,
)

BETWEEN = ",\n"
"""What stands between the lines of what a take says of interactions."""

_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_indented = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=1).encode


def cassette_text(cassette: Cassette) -> str:
    """The text of the cassette's file."""
    take = cassette.take
    performances = _lines(performance_line(n, one) for n, one in take.interactions.items()) if take else ()
    reads = _lines("".join(reads_pieces(n, several)) for n, several in take.reads.items()) if take else ()
    said = take_pieces(take, performances, reads) if take else ()
    return "".join(pieces(cassette.upstreams, cassette.interactions, said))


def pieces(upstreams: Sequence[str], interactions: Iterable[Interaction], take: Iterable[str]) -> Iterator[str]:
    """The text of a cassette's file in pieces; `take` is asked for when all interactions have come."""
    yield f'{{"toolreel": {FORMAT_VERSION},\n "upstreams": {_compact(upstreams)},\n "interactions": ['
    for place, interaction in enumerate(interactions):
        yield (",\n" if place else "\n") + _interaction(interaction)
    yield "]"
    yield from take
    yield "}\n"


def take_pieces(take: Take, performances: Iterable[str], reads: Iterable[str]) -> Iterator[str]:
    """The text of a take in pieces; `performances` and `reads` are the pieces of what it says of interactions."""
    recorded_at = f'"recorded_at": {_compact(take.recorded_at)}, ' if take.recorded_at is not None else ""
    yield f',\n "take": {{{recorded_at}"tool": {_compact(take.tool)},\n  "interactions": '
    yield from _object(performances)
    if (first := next(reads := iter(reads), None)) is not None:
        yield ',\n  "reads": '
        yield from _object(chain([first], reads))
    if take.overlap:
        yield f',\n  "overlap": {_compact(take.overlap)}'
    yield "}"


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """The pieces of the members of an object, one member a line."""
    for place, text in enumerate(texts):
        yield BETWEEN + text if place else text


def performance_line(n: str, performance: Performance) -> str:
    """What the take says of the performance of interaction `n`."""
    return f"   {_compact(n)}: {_compact(performance.model_dump(exclude_none=True))}"


def reads_pieces(n: str, reads: Iterable[Read]) -> Iterator[str]:
    """What the take says of the answers that interaction `n` superseded, one a line; nothing if there are none."""
    begun = False
    for read in reads:
        # Values in a body may be null, so it is not `exclude_none` that leaves out.
        said = {name: value for name, value in read.model_dump().items() if getattr(read, name) is not None}
        yield (",\n    " if begun else f"   {_compact(n)}: [") + _compact(said)
        begun = True
    if begun:
        yield "]"


def _interaction(interaction: Interaction) -> str:
    request, response = interaction.request, interaction.response
    head = {
        "method": request.method,
        "upstream": request.upstream,
        "path": request.path,
    }
    asked = [_compact(head)[1:-1]]
    if request.query:
        asked.append(f'"query": {_compact(request.query)}')
    asked.append(f'"headers": {_compact(request.headers)}')
    if request.body is not None:
        asked.append(f'"body": {_body(request.body)}')
    return (
        f'  {{"n": {interaction.n},\n'
        f'   "request": {{{_members(asked)}}},\n'
        f'   "response": {{{_members(_response(response))}}},\n'
        f'   "ending": {_compact(interaction.ending)}}}'
    )


def _members(members: list[str]) -> str:
    return ",\n    ".join(members)


def _response(response: Response) -> list[str]:
    members = [f'"status": {response.status}', f'"headers": {_compact(response.headers)}']
    if response.body is not None:
        members.append(f'"body": {_body(response.body)}')
    if response.frames is not None:
        frames = ",\n     ".join(_compact(_plain(frame)) for frame in response.frames)
        members.append(f'"frames": [\n     {frames}]' if frames else '"frames": []')
    return members


def _body(body: Any) -> str:
    if not isinstance(body, JsonBody):
        return _compact(_plain(body))
    value = _indented(body.value).replace("\n", "\n     ")
    return f'{{"style": {_compact(body.style)}, "json": {value}}}'


def _plain(value: Frame) -> dict[str, Any]:
    plain: dict[str, Any] = value.model_dump()
    if plain.get("event", "") is None:
        del plain["event"]
    return plain


def _object(members: Iterable[str]) -> Iterator[str]:
    """An object of the pieces of its members."""
    some = False
    for piece in members:
        yield piece if some else "{\n" + piece
        some = True
    yield "}" if some else "{}"
