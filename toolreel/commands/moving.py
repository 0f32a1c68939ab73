"""`toolreel mv` and `rm`: cassettes renamed and removed, files left valid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolreel.errors import CommandError
from toolreel.inspect.removal import without
from toolreel.inspect.timeline import timeline
from toolreel.inspect.words import counted, short_ids
from toolreel.store.files import load
from toolreel.store.keeping import remove, rename, rewrite
from toolreel.store.places import Place, find

from .console import json_result, note
from .show import chapter_called


def mv(folder: Path, given: str, new_name: str, *, force: bool, as_json: bool = False) -> int:
    """Renames a cassette."""
    place = find(folder, given)
    path = rename(place, new_name, force=force)
    if as_json:
        json_result({"from": str(place.path), "to": str(path)})
    else:
        note(f"Renamed {place.path} to {path}.")
    return 0


def rm(folder: Path, given: Sequence[str], *, as_json: bool = False) -> int:
    """Removes cassettes, and conversations out of cassettes; all are looked for before the first is removed."""
    wanted: dict[Place, list[str]] = {}
    for one in given:
        name, _, part = one.partition("#")
        wanted.setdefault(find(folder, name), []).append(part)
    done: list[dict[str, Any]] = []
    for place, parts in wanted.items():
        if "" in parts:
            remove(place)
            gone, said = None, f"Removed {place.path}."
        else:
            gone, said = _remove_conversations(place, parts)
        done.append({"file": str(place.path), "conversations": gone})
        if not as_json:
            note(said)
    if as_json:
        json_result(done)
    return 0


def _remove_conversations(place: Place, parts: Sequence[str]) -> tuple[list[str], str]:
    """Gives the names of those that are gone, and what to say."""
    cassette = load(place.path)
    told = timeline(cassette)
    chosen = {chapter_called(told, place.name, part).conversation.number for part in parts}
    left = [chapter.conversation for chapter in told.chapters if chapter.conversation.number not in chosen]
    if not left:
        raise CommandError(f"Cassette {place.name} has no other conversation; remove it whole: rm {place.name}.")
    for conversation in left:
        if needed := conversation.needs & chosen:
            raise CommandError(
                f"Conversation {conversation.number} of {place.name} needs what conversation {min(needed)} made; "
                f"remove {place.name}#{conversation.number} too."
            )
    gone = [chapter.conversation for chapter in told.chapters if chapter.conversation.number in chosen]
    numbers = {n for conversation in gone for n in conversation.interactions}
    rewrite(place, *without(cassette, numbers))
    names = ", ".join(short_ids(conversation.name) or f"#{conversation.number}" for conversation in gone)
    said = f"Removed {names} from {place.path}: {counted(len(numbers), 'request')}."
    return [conversation.name for conversation in gone], said
