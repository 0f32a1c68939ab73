"""Ids: those that nobody made, and objects that do not belong where they are listed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolreel.dialects.ids import ID
from toolreel.dialects.paths import split_base
from toolreel.dialects.routes import Kind, route
from toolreel.normalise.names import names_in
from toolreel.normalise.polls import scope_of
from toolreel.normalise.strings import strings_of_request
from toolreel.normalise.values import values_of

from .findings import Finding, Level, Recording
from .words import counted, short_ids

_ZEROS = re.compile(r"0{6,}[0-9]+\Z")
"""The suffix of a symbol: what normalising writes in place of an id that a server made."""


def orphans(recording: Recording) -> Iterator[Finding]:
    """Symbols in requests that no answer before them holds: after normalising, every symbol comes from an answer."""
    made: set[str] = set()
    for exchange in recording.exchanges:
        asked = dict.fromkeys(names_in(strings_of_request(exchange.interaction.request)))
        for name in asked:
            if _is_symbol(name) and name not in made:
                made.add(name)
                yield Finding(
                    "orphan-id",
                    Level.ERROR,
                    exchange.interaction.n,
                    "request",
                    f"no answer before this request holds {short_ids(name)}, so no client can know it",
                    "restore the interaction that made it, or record again",
                )
        made.update(_ids_in(values_of(exchange.interaction.response)))
        made.update(match.group() for _, text in exchange.interaction.response.headers for match in ID.finditer(text))


def _is_symbol(name: str) -> bool:
    match = ID.fullmatch(name)
    return bool(match and match["prefix"] and _ZEROS.search(name, len(match["prefix"])))


def _ids_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (match.group() for match in ID.finditer(value))
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _ids_in(member)
    elif isinstance(value, list):
        for item in value:
            yield from _ids_in(item)


_OWNERS = {"threads": "thread_id", "runs": "run_id"}
"""The member of an object that says under which resource of a path it belongs."""


def foreign_objects(recording: Recording) -> Iterator[Finding]:
    """Objects in lists that belong to another thread or run, or that this cassette never made."""
    made: set[str] = set()
    for exchange in recording.exchanges:
        interaction = exchange.interaction
        request = interaction.request
        routed = route(request.method, split_base(request.path)[1])
        if routed.kind is Kind.WRITE and interaction.response.status < 400:
            made.add(scope_of(routed, interaction.response) or "")
        for value in exchange.values:
            items = value.get("data") if isinstance(value, Mapping) and value.get("object") == "list" else None
            objects = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
            yield from _elsewhere(interaction.n, request.path, objects)
            if routed.lists:
                yield from _others(interaction.n, [item for item in objects if item.get("id") not in made])


def _elsewhere(n: int, path: str, objects: list[Mapping[str, Any]]) -> Iterator[Finding]:
    steps = path.strip("/").split("/")
    for collection, member in _OWNERS.items():
        owner = next((steps[at + 1] for at, step in enumerate(steps[:-1]) if step == collection), None)
        for item in objects:
            if owner and item.get(member) not in (owner, None) and _belongs(item, member):
                yield Finding(
                    "foreign-object",
                    Level.ERROR,
                    n,
                    "answer.data",
                    f"{short_ids(str(item.get('id')))} is listed under {short_ids(owner)}, "
                    f"and says that it belongs to {short_ids(str(item[member]))}",
                    "record again; look whether the file was changed by hand",
                )


def _belongs(item: Mapping[str, Any], member: str) -> bool:
    """A message names the run that made it, but belongs to its thread."""
    return member == "thread_id" or item.get("object") == "thread.run.step"


def _others(n: int, objects: list[Mapping[str, Any]]) -> Iterator[Finding]:
    if objects:
        kind = str(objects[0].get("object") or "object")
        yield Finding(
            "foreign-object",
            Level.WARNING,
            n,
            "answer.data",
            f"the list holds {counted(len(objects), f'{kind} that', f'{kind}s that')} this cassette did not make: "
            f"what else is in the account, another in every take",
            "let the program not list what it did not make, or record with an account of its own",
        )
