"""`toolreel show`: what happened in a cassette, request by request, and all of some requests."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from toolreel.errors import CommandError
from toolreel.inspect.detail import Detail, FrameLine, Message, detail
from toolreel.inspect.timeline import Chapter, Event, Kind, Step, Timeline, timeline
from toolreel.inspect.words import (
    counted,
    duration,
    long_ids,
    printable,
    printable_lines,
    short_ids,
    shortened,
)
from toolreel.messages.bodies import body_bytes, frame_bytes
from toolreel.messages.model import Cassette, Interaction
from toolreel.store.files import LargeBodies, load
from toolreel.store.places import find

from .console import json_result, result, show_line

_LIMIT = 200
"""How many characters of a text are shown, unless all of it is asked for."""
_LABEL = 8
_INDENT = 16


def show(
    folder: Path,
    given: str,
    numbers: Sequence[int] = (),
    *,
    frames: bool = False,
    raw: str | None = None,
    full: bool = False,
    as_json: bool = False,
) -> int:
    """Prints the timeline of a cassette or of a conversation (`NAME#2`), or all of the interactions `numbers`.

    `raw` is `answer` or `request`: the bytes of it, and nothing else. Raises ToolreelError.
    """
    name, _, part = given.partition("#")
    place = find(folder, name)
    cassette = load(place.path)
    if raw:
        _write_bytes(raw, _chosen(cassette, place.name, numbers), LargeBodies(place.path))
    elif numbers:
        details = [detail(cassette, interaction) for interaction in _chosen(cassette, place.name, numbers)]
        if as_json:
            json_result([one.as_json() for one in details])
        else:
            for one in details:
                _show_detail(one, frames=frames, limit=None if full else _LIMIT)
    else:
        told = _only(timeline(cassette), place.name, part)
        if as_json:
            json_result(told.as_json())
        else:
            show_timeline(place.name, told, limit=None if full else _LIMIT, cassette=cassette if frames else None)
    return 0


def _chosen(cassette: Cassette, name: str, numbers: Sequence[int]) -> list[Interaction]:
    for n in numbers:
        if not 1 <= n <= len(cassette.interactions):
            raise CommandError(f"Cassette {name} has no interaction {n}; it has {len(cassette.interactions)}.")
    return [cassette.interactions[n - 1] for n in numbers or range(1, len(cassette.interactions) + 1)]


def _only(told: Timeline, name: str, part: str) -> Timeline:
    if not part:
        return told
    chapter = chapter_called(told, name, part)
    return Timeline(told.upstreams, told.recorded_at, told.tool, (chapter,))


def chapter_called(told: Timeline, name: str, part: str) -> Chapter:
    """The conversation that stands after `#`: its number, or an id such as thread_1. Raises CommandError."""
    for chapter in told.chapters:
        if part in (str(chapter.conversation.number), chapter.conversation.name):
            return chapter
        if chapter.conversation.name == long_ids(part):
            return chapter
    known = ", ".join(str(chapter.conversation.number) for chapter in told.chapters)
    raise CommandError(f"Cassette {name} has no conversation {part!r}; it has {known or 'none'}.")


def _write_bytes(what: str, interactions: Sequence[Interaction], files: LargeBodies) -> None:
    for interaction in interactions:
        if what == "request":
            data = body_bytes(interaction.request.body, files.read)
        elif interaction.response.frames is not None:
            data = b"".join(map(frame_bytes, interaction.response.frames))
        else:
            data = body_bytes(interaction.response.body, files.read)
        sys.stdout.buffer.write(data or b"")
    sys.stdout.buffer.flush()


# ---------------------------------------------------------------------------------------------------------- timeline


def show_timeline(
    name: str,
    told: Timeline,
    *,
    limit: int | None = _LIMIT,
    times: bool = True,
    cassette: Cassette | None = None,
) -> None:
    """Prints a timeline; with the `cassette` the frames of its streams too, without `times` what two takes share."""
    if times:
        show_line(_title(name, told), hanging=2)
    for chapter in told.chapters:
        if times:
            result("")
        show_line(_heading(chapter))
        for step in chapter.steps:
            show_line(_request(step, times=times), hanging=_INDENT)
            for event in step.events if times else _said(step):
                show_line(_event(event, limit), hanging=_INDENT + _LABEL)
            if cassette and step.frames is not None:
                for frame in detail(cassette, cassette.interactions[step.n - 1]).frames or ():
                    show_line(_frame(frame, limit, _INDENT), hanging=_INDENT + _LABEL)


def _said(step: Step) -> list[Event]:
    """The events that do not depend on the performance."""
    return [event for event in step.events if event.kind is not Kind.POLLS]


def _title(name: str, told: Timeline) -> Text:
    steps = [step for chapter in told.chapters for step in chapter.steps]
    calls = sum(event.kind is Kind.CALL for step in steps for event in step.events)
    streams = sum(step.frames is not None for step in steps)
    parts = [counted(len(steps), "request"), counted(calls, "tool call"), counted(streams, "stream")]
    if told.recorded_at:
        parts.append(f"recorded {printable(told.recorded_at)}")
    text = Text(printable(name), style="bold")
    return text.append(": " + ", ".join(parts), style="default not bold")


def _heading(chapter: Chapter) -> Text:
    conversation = chapter.conversation
    name = short_ids(printable(conversation.name))
    return Text(f"#{conversation.number} {name}{', shared' if conversation.shared else ''}", style="bold cyan")


def _request(step: Step, *, times: bool) -> Text:
    when = duration(step.start_ms) if times and step.start_ms is not None else ""
    text = Text(f"{when:>10}", style="dim")
    text.append(f" {step.n:>3}  ", style="default not dim")
    query = f"?{step.query}" if step.query else ""
    text.append(printable(f"{step.method} {short_ids(step.path)}{short_ids(query)}"), style="default not dim bold")
    text.append(" → ", style="default not dim")
    text.append(str(step.status), style="not dim " + ("green" if step.status < 400 else "red"))
    if step.frames is not None and times:
        took = f" in {duration(step.last_frame_ms)}" if step.last_frame_ms is not None else ""
        text.append(f", {counted(step.frames, 'frame')}{took}", style="default not dim")
    return text


_LABELS = {Kind.TEXT: ("model", "green"), Kind.USER: ("user", "cyan"), Kind.ERROR: ("error", "red")}
_LABELS |= {Kind.ENDING: ("cut", "red"), Kind.POLLS: ("polls", "dim"), Kind.ANSWER: ("object", "dim")}
_LABELS |= {Kind.CALL: ("call", "yellow"), Kind.OUTPUT: ("output", "yellow"), Kind.RUN: ("run", "magenta")}


def _event(event: Event, limit: int | None) -> Text:
    label, style = _LABELS[event.kind]
    text = Text(" " * _INDENT)
    text.append(f"{label:<{_LABEL}}", style=style)
    if event.tool is not None:
        text.append(f"{printable(event.tool)}({shortened(event.arguments or '', limit)})")
        text.append(f" = {shortened(event.text, limit)}" if event.text else "")
    else:
        text.append(short_ids(shortened(event.text, limit)))
        if event.kind is Kind.OUTPUT:
            text.append(f" of a call that nobody asked for, {printable(short_ids(event.call or ''))}", style="red")
    return text


def _frame(frame: FrameLine, limit: int | None, indent: int) -> Text:
    when = "" if frame.ms is None else duration(frame.ms)
    text = Text(f"{when:>{indent + 9}}  ", style="dim")
    text.append(printable(frame.event), style="cyan not dim")
    return text.append(
        f"{' ' if frame.event else ''}{shortened(frame.data, limit and limit // 2)}", style="default not dim"
    )


# ------------------------------------------------------------------------------------------------------------ detail


def _show_detail(one: Detail, *, frames: bool, limit: int | None) -> None:
    query = "&".join(f"{name}={value}" for name, value in one.query)
    head = f"{one.n}  {one.method} {one.upstream}{one.path}{'?' if query else ''}{query}"
    show_line(Text(printable(head), style="bold"), hanging=3)
    _show_message(one.request)
    took = "" if one.ms is None else f" in {duration(one.ms[1] - one.ms[0])}"
    ending = "" if one.ending == "complete" else f", {one.ending}"
    show_line(Text(f"→ {one.status}{took}{ending}", style="bold green" if one.status < 400 else "bold red"))
    _show_message(one.answer)
    for frame in (one.frames or ()) if frames else ():
        show_line(_frame(frame, limit, 0), hanging=_LABEL)
    for joined in one.joined:
        of = f" of {short_ids(printable(joined.owner))}" if joined.owner else ""
        show_line(Text(f"  {printable(joined.place)}{of}, joined of {counted(joined.pieces, 'piece')}:", style="dim"))
        _show_lines(printable_lines(joined.text))
    if one.left:
        show_line(Text(f"  ({printable(one.left)})", style="dim"))
    if one.frames is not None and not frames:
        show_line(Text(f"  {counted(len(one.frames), 'frame')}; --frames shows them", style="dim"))


def _show_message(message: Message) -> None:
    for name, value in message.headers:
        show_line(Text(f"  {printable(name)}: {printable(value)}", style="dim"), hanging=4)
    _show_lines(_lines(message))


def _lines(message: Message) -> Iterator[str]:
    match message.kind:
        case "json":
            yield from printable_lines(json.dumps(message.body, ensure_ascii=False, indent=2))
        case "text":
            yield from printable_lines(message.body)
        case "bytes" | "unknown":
            yield f"({message.body})"
        case "parts":
            for part in message.body:
                yield "--"
                yield from (printable(f"{name}: {value}") for name, value in part.headers)
                yield from _lines(part)


def _show_lines(lines: Iterator[str] | list[str]) -> None:
    for line in lines:
        result(f"  {line}".rstrip())
