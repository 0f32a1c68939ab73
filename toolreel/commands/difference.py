"""`toolreel diff`: what is different in two cassettes, or in one against an earlier revision of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.text import Text

from toolreel.errors import FINDINGS, CommandError
from toolreel.inspect.differences import Change, ConversationDifference, Difference, StepDifference, difference
from toolreel.inspect.words import counted, printable, short_ids, shortened
from toolreel.messages.model import Cassette
from toolreel.store.files import load, parse
from toolreel.store.places import find

from . import git
from .console import json_result, show_line

_LIMIT = 400


def diff(folder: Path, given: str, other: str | None, *, against: str | None, as_json: bool) -> int:
    """Prints what is different in the cassette `other`, or in `given` against a revision. Raises ToolreelError."""
    if (other is None) == (against is None):
        raise CommandError("Give two cassettes, or one and --against git:REV.")
    place = find(folder, given)
    if other is not None:
        second = find(folder, other)
        return show_difference(load(place.path), load(second.path), place.name, second.name, as_json=as_json)
    revision = (against or "").removeprefix("git:")
    if not revision or revision == against:
        raise CommandError(f"--against {against}: write git: and a revision, such as git:HEAD.")
    before = parse(git.file_at(revision, place.path), place.path, bodies=False)
    return show_difference(before, load(place.path), f"{revision}:{place.name}", place.name, as_json=as_json)


def show_difference(before: Cassette, after: Cassette, name: str, other: str, *, as_json: bool = False) -> int:
    """Prints what is different in `after`, and gives the exit status."""
    found = difference(before, after)
    if as_json:
        json_result(found.as_json())
    else:
        _show(found, name, other)
    return 0 if found.same else FINDINGS


def _show(found: Difference, name: str, other: str) -> None:
    if found.upstreams:
        one, two = (", ".join(upstreams) or "nowhere" for upstreams in found.upstreams)
        show_line(Text(printable(f"recorded from {two}, not {one}"), style="dim"), hanging=2)
    if found.same:
        show_line(Text(printable(f"{name} and {other}: same conversation"), style="green"))
        return
    show_line(Text(f"--- {printable(name)}", style="red"))
    show_line(Text(f"+++ {printable(other)}", style="green"))
    for conversation in found.conversations:
        _show_conversation(conversation)


def _show_conversation(conversation: ConversationDifference) -> None:
    requests = counted(len(conversation.steps), "request")
    for mark, only, absent, style in (
        ("-", conversation.before, conversation.after, "red"),
        ("+", conversation.after, conversation.before, "green"),
    ):
        if only is not None and absent is None:
            show_line(Text(f"{mark} conversation {short_ids(printable(only))}, {requests}", style=style))
            return
    show_line(Text(f"conversation {short_ids(printable(conversation.after or ''))}", style="bold cyan"))
    for step in conversation.steps:
        _show_step(step)


def _show_step(step: StepDifference) -> None:
    request = f"{step.method} {short_ids(printable(step.path))}"
    if step.after_n is None:
        show_line(Text(f"- {step.before_n:>3}  {request}", style="red"), hanging=7)
        return
    if step.before_n is None:
        show_line(Text(f"+ {step.after_n:>3}  {request}", style="green"), hanging=7)
        return
    number = str(step.after_n) if step.before_n == step.after_n else f"{step.before_n} → {step.after_n}"
    show_line(Text(f"  {number:>3}  {request}", style="bold"), hanging=7)
    for change in step.changes:
        _show_change(change)


def _show_change(change: Change) -> None:
    text = Text("       ")
    text.append(f"{printable(change.tool)}: " if change.tool else "", style="yellow")
    text.append(printable(change.where), style="cyan")
    if change.echoes:
        text.append(f" (and in {counted(change.echoes, 'other place')})", style="dim")
    show_line(text, hanging=9)
    for mark, value, style in (("-", change.before, "red"), ("+", change.after, "green")):
        if value is not None:
            show_line(Text(f"       {mark} {short_ids(shortened(_said(value), _LIMIT))}", style=style), hanging=9)


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
