"""The pages of one cassette: what happened, all of one request, the bytes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from toolreel.dialects.deltas import pieces
from toolreel.errors import CassetteError
from toolreel.inspect.alike import parsed
from toolreel.inspect.detail import FrameLine, detail
from toolreel.inspect.findings import Finding
from toolreel.inspect.runs import Part, parts
from toolreel.inspect.timeline import Chapter, Event, Kind
from toolreel.messages.bodies import body_bytes, frame_bytes
from toolreel.messages.model import Interaction
from toolreel.store.files import LargeBodies
from toolreel.store.misses import MissRow, names_of

from .library import Opened
from .pages import Desk
from .paging import paged

_STEPS = 200
"""So many requests stand on one page of a timeline."""
_FRAMES = 200
_FINDINGS = 50
_MISSES = 20
"""So many stand at the top, and so many misses at the request that is nearest; all stand on pages of their own."""
_INLINE = 300_000
"""Of a cassette whose file is no longer, each request is on the timeline in full; of others on a page of its own."""
_FRAMES_INLINE = 30
_LONGEST_FRAME = 20_000


def cassette(desk: Desk, request: Request) -> Response:
    """What happened in a cassette."""
    name = request.path_params["name"]
    try:
        opened = desk.library.open(name)
        chapters = _chapters(opened)
        findings = opened.findings
    except (CassetteError, RecursionError) as error:
        place = desk.library.place(name)  # raises if there is none at all
        return _broken(desk, place.name, str(error) if isinstance(error, CassetteError) else "It is nested too deep.")
    page = paged(
        [step.n for chapter in opened.told.chapters for step in chapter.steps],
        request.query_params.get("page"),
        _STEPS,
    )
    here = _numbers_on(page.items, chapters)
    by_number: defaultdict[int | None, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_number[finding.n].append(finding)
    misses = desk.library.misses(name)
    misses_at: defaultdict[int | None, list[MissRow]] = defaultdict(list)
    near = partial(_nearest, folder=desk.library.folder, last=len(opened.cassette.interactions))
    for miss in misses:
        misses_at[near(miss)].append(miss)
    inline = page.items if opened.size <= _INLINE else ()
    return desk.render(
        "cassette.html",
        name=name,
        opened=opened,
        chapters=here,
        page=page,
        findings=findings,
        most_findings=_FINDINGS,
        by_number=by_number,
        outline=[_outlined(chapter) for chapter, _ in here],
        timed=any(step.start_ms is not None for _, its_parts in here for part in its_parts for step in part.steps),
        misses=misses,
        most_misses=_MISSES,
        misses_at=misses_at,
        near=near,
        details={n: detail(opened.cassette, opened.cassette.interactions[n - 1]) for n in inline},
        frames_inline=_FRAMES_INLINE,
        figures=_figures(opened),
        frame=frame_said,
    )


def _broken(desk: Desk, name: str, message: str) -> Response:
    return desk.render("broken.html", name=name, message=message, misses=desk.library.misses(name)[:_MISSES])


def _chapters(opened: Opened) -> list[tuple[Chapter, list[Part]]]:
    return [(chapter, parts(opened.cassette, chapter)) for chapter in opened.told.chapters]


def _numbers_on(
    numbers: Sequence[int], chapters: Sequence[tuple[Chapter, list[Part]]]
) -> list[tuple[Chapter, list[Part]]]:
    """The conversations and their parts, with the requests on this page only."""
    wanted = set(numbers)
    found = []
    for chapter, its_parts in chapters:
        kept = [replace(part, steps=tuple(step for step in part.steps if step.n in wanted)) for part in its_parts]
        if kept := [part for part in kept if part.steps]:
            found.append((chapter, kept))
    return found


def _nearest(miss: MissRow, folder: Path, last: int) -> int | None:
    """The recorded request that a miss speaks of first; of several cassettes it does not say which it means."""
    found = _INTERACTION.search(miss.message)
    if found is None or len(names_of(folder, miss)) > 1:
        return None
    return int(found[1]) if 1 <= int(found[1]) <= last else None


_INTERACTION = re.compile(r"\binteraction ([0-9]{1,9})\b")


@dataclass(frozen=True, slots=True)
class _Outlined:
    """A conversation in one line: what was `asked` first, and how much there is of it."""

    number: int
    name: str
    asked: str
    requests: int
    calls: int


def _outlined(chapter: Chapter) -> _Outlined:
    events = [event for step in chapter.steps for event in step.events]
    asked = next((event.text for event in events if event.kind is Kind.USER), "")
    calls = sum(event.kind is Kind.CALL for event in events)
    return _Outlined(chapter.conversation.number, chapter.conversation.name, asked, len(chapter.steps), calls)


@dataclass(frozen=True, slots=True)
class _Figures:
    requests: int
    calls: int
    streams: int


def _figures(opened: Opened) -> _Figures:
    steps = [step for chapter in opened.told.chapters for step in chapter.steps]
    events: list[Event] = [event for step in steps for event in step.events]
    return _Figures(
        len(steps),
        sum(event.kind is Kind.CALL for event in events),
        sum(step.frames is not None for step in steps),
    )


# ----------------------------------------------------------------------------------------------------------- request


def request(desk: Desk, asked: Request) -> Response:
    """All of one request and its answer; the frames of a stream a page at a time."""
    name, n = asked.path_params["name"], asked.path_params["n"]
    opened = desk.library.open(name)
    one = detail(opened.cassette, _interaction(opened, n))
    return desk.render(
        "request.html",
        name=name,
        one=one,
        last=len(opened.cassette.interactions),
        size=opened.size,
        findings=[finding for finding in opened.findings if finding.n == n],
        page=paged(one.frames or (), asked.query_params.get("page"), _FRAMES),
        frame=frame_said,
    )


def _interaction(opened: Opened, n: int) -> Interaction:
    if not 1 <= n <= len(opened.cassette.interactions):
        raise CassetteError(f"Cassette {opened.place.name} has no request {n}.")
    return opened.cassette.interactions[n - 1]


@dataclass(frozen=True, slots=True)
class FrameSaid:
    """What a frame says: `said` are the pieces of texts in it; `value` is its JSON, if it is an object or a list."""

    said: str
    value: object


def frame_said(frame: FrameLine) -> FrameSaid:
    """What a frame says."""
    value = parsed(frame.data) if len(frame.data) <= _LONGEST_FRAME else None
    return FrameSaid("".join(piece.string for piece in pieces(value)), value)


def raw(desk: Desk, asked: Request) -> Response:
    """The bytes of a request or an answer: as text that no browser takes for anything else, or to be saved."""
    name, n, side = asked.path_params["name"], asked.path_params["n"], asked.path_params["side"]
    if side not in ("request", "answer"):
        raise HTTPException(404)
    opened = desk.library.open(name)
    data = _bytes(opened, _interaction(opened, n), side)
    if _is_text(data):
        return Response(data, media_type="text/plain; charset=utf-8")
    saved = {"content-disposition": f'attachment; filename="{side}-{n}.bin"'}
    return Response(data, media_type="application/octet-stream", headers=saved)


def _bytes(opened: Opened, interaction: Interaction, side: str) -> bytes:
    response = interaction.response
    if side == "answer" and response.frames is not None:
        return b"".join(map(frame_bytes, response.frames))
    body = interaction.request.body if side == "request" else response.body
    return body_bytes(body, LargeBodies(opened.place.path).read) or b""


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False
