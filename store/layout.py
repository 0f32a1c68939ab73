"""How a cassette file is laid out: for review in a diff, one member a line, bodies indented, one frame a line."""

from __future__ import annotations

import json
from typing import Any

from toolreel.messages.model import Cassette, Frame, Interaction, JsonBody, Performance, Read, Response, Take

_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_indented = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=1).encode


def cassette_text(cassette: Cassette) -> str:
    """The text of the cassette's file."""
    interactions = ",\n".join(map(_interaction, cassette.interactions))
    members = [
        f'{{"toolreel": {cassette.toolreel}',
        f' "upstreams": {_compact(cassette.upstreams)}',
        f' "interactions": [\n{interactions}]' if interactions else ' "interactions": []',
    ]
    if cassette.take:
        members.append(_take(cassette.take))
    return ",\n".join(members) + "}\n"


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


def _take(take: Take) -> str:
    recorded_at = f'"recorded_at": {_compact(take.recorded_at)}, ' if take.recorded_at is not None else ""
    members = [
        f'{recorded_at}"tool": {_compact(take.tool)}',
        f'"interactions": {_lines({n: _performance(one) for n, one in take.interactions.items()})}',
    ]
    if take.reads:
        members.append(f'"reads": {_lines({n: _reads(reads) for n, reads in take.reads.items()})}')
    if take.overlap:
        members.append(f'"overlap": {_compact(take.overlap)}')
    return ' "take": {' + ",\n  ".join(members) + "}"


def _lines(members: dict[str, str]) -> str:
    """An object, one member a line."""
    lines = ",\n".join(f"   {_compact(name)}: {text}" for name, text in members.items())
    return f"{{\n{lines}}}" if lines else "{}"


def _performance(performance: Performance) -> str:
    return _compact(performance.model_dump(exclude_none=True))


def _reads(reads: tuple[Read, ...]) -> str:
    """One superseded answer a line. Values in a body may be null, so it is not `exclude_none` that leaves out."""
    lines = [
        {name: value for name, value in read.model_dump().items() if getattr(read, name) is not None}
        for read in reads
    ]
    return "[" + ",\n    ".join(map(_compact, lines)) + "]"
