"""Requests that differ from a recorded one in one thing that counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from toolreel.dialects.ids import ID
from toolreel.messages import multipart
from toolreel.messages.http import Headers
from toolreel.normalise.names import names_in
from toolreel.normalise.symbols import prefix_of, replaced_by

from .places import Place, changed, dropped, members, shown
from .sent import (
    DEPLOYMENTS,
    UNORDERED,
    USUAL,
    Content,
    Counted,
    Json,
    Parts,
    Sent,
    compact,
    counts,
    deployment_of,
    model_of,
    structure,
)

_METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD")
_NEW = "toolreel_audit"
"""The name of fields that are added."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed request: what was done, where, and what stands there before and after, if it is one text."""

    what: str
    where: str
    sent: Sent
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class _Edit:
    """What a mutant is, for one part of the request."""

    what: str
    where: str
    value: Any
    before: Any = None
    after: Any = None

    def mutant(self, sent: Sent) -> Mutant:
        both = isinstance(self.before, str) and isinstance(self.after, str)
        return Mutant(self.what, self.where, sent, self.before if both else None, self.after if both else None)


def mutants(sent: Sent, known: Sequence[str] = (), counted: Counted = USUAL) -> Iterator[Mutant]:
    """All mutants of a request; `known` are the ids that its client holds by then."""
    for method in _METHODS:
        if method != sent.method:
            yield Mutant("changed", "method", replace(sent, method=method))
    for edit in _path_edits(sent.path):
        yield edit.mutant(replace(sent, path=edit.value))
    if model_of(sent) is not None or deployment_of(sent) is not None:
        yield Mutant("changed", "deployment in the path", replace(sent, base=DEPLOYMENTS + _NEW))
    for edit in _query_edits(sent.query, counted):
        yield edit.mutant(replace(sent, query=edit.value))
    for edit in _header_edits(sent.headers, counted.headers):
        yield edit.mutant(replace(sent, headers=edit.value))
    for edit in _content_edits(sent.content):
        yield edit.mutant(replace(sent, content=edit.value))
    yield from _id_mutants(sent, known)


def spread(wheres: Sequence[str | None], most: int) -> frozenset[int]:
    """Which of the mutants to send, by their places; None is none. If they are too many: of every place its share."""
    counts: Counter[str] = Counter()
    turns = []
    for index, where in enumerate(wheres):
        if where is not None:
            turns.append((counts[where], index))
            counts[where] += 1
    return frozenset(index for _, index in sorted(turns)[:most])


# ------------------------------------------------------------------------------------------------------------- texts


def _texts(text: str) -> Iterator[tuple[str, str]]:
    """Texts that are almost this one."""
    yield "changed", _other(text)
    yield "lengthened", text + "x"
    if text:
        yield "shortened", text[:-1]
        yield "emptied", ""
    yield "spaced", text + " "
    yield "recased", text.swapcase()
    if any(digit in text for digit in "0123456789"):
        yield "renumbered", text.translate(_NEXT_DIGITS)


_NEXT_DIGITS = str.maketrans("0123456789", "1234567890")
"""Another date is still a date, another number of an order still one."""


def _other(text: str) -> str:
    """A text of the same length with another character in its middle."""
    middle = len(text) // 2
    return text[:middle] + ("y" if text[middle : middle + 1] == "x" else "x") + text[middle + 1 :]


def _path_edits(path: str) -> Iterator[_Edit]:
    segments = path.split("/")
    for index, segment in enumerate(segments[1:], start=1):
        for what, other in _texts(segment):
            if what in ("changed", "lengthened", "recased"):
                made = "/".join([*segments[:index], other, *segments[index + 1 :]])
                yield _Edit(what, "path", made, segment, other)
        yield _Edit("dropped", "path", "/".join([*segments[:index], *segments[index + 1 :]]) or "/")
    yield _Edit("added", "path", f"{path}/{_NEW}")
    yield _Edit("added", "path", f"{path}/")


def _query_edits(query: Headers, counted: Counted) -> Iterator[_Edit]:
    yield _Edit("added", f"query {_NEW}", (*query, (_NEW, "1")))
    for index, (name, value) in enumerate(query):
        if not counts(name, counted):
            continue
        before, after, where = query[:index], query[index + 1 :], f"query {name}"
        yield _Edit("dropped", where, before + after)
        yield _Edit("doubled", where, (*before, (name, value), (name, value), *after))
        yield _Edit("renamed", where, (*before, (name + "x", value), *after))
        for what, other in _texts(value):
            yield _Edit(what, where, (*before, (name, other), *after), value, other)


def _header_edits(headers: Headers, names: Collection[str]) -> Iterator[_Edit]:
    """Headers that are compared; the content-type of an upload says how to read it, and stays."""
    for name in sorted(names):
        others = tuple(pair for pair in headers if pair[0] != name)
        values = [value for key, value in headers if key == name]
        if not any(value.startswith("multipart/") for value in values):
            yield _Edit("changed" if values else "added", f"header {name}", (*others, (name, _NEW)))
            yield _Edit("dropped", f"header {name}", others)


# ------------------------------------------------------------------------------------------------------------- bodies


def _content_edits(content: Content) -> Iterator[_Edit]:
    match content:
        case Json():
            yield _Edit("dropped", "body", None)
            yield from _wrapped(_value_edits(content.value), Json)
        case Parts():
            yield _Edit("dropped", "body", None)
            yield from _wrapped(_parts_edits(content.parts), Parts)
        case bytes() if content:
            yield _Edit("dropped", "body", None)
            yield from _bytes_edits(content)
        case _:
            yield _Edit("added", "body", Json({}))
            yield _Edit("added", "body", b"x")


def _wrapped(edits: Iterable[_Edit], wrap: Callable[[Any], Any]) -> Iterator[_Edit]:
    return (replace(edit, value=wrap(edit.value)) for edit in edits)


def _bytes_edits(data: bytes) -> Iterator[_Edit]:
    yield _Edit("shortened", "body", data[:-1])
    try:
        text = data.decode()
    except UnicodeDecodeError:
        middle = len(data) // 2
        flipped = bytes([data[middle] ^ 1])
        yield _Edit("changed", "body", data[:middle] + flipped + data[middle + 1 :])
        yield _Edit("lengthened", "body", data + b"\0")
        return
    for what, other in _texts(text):
        if what in ("changed", "lengthened", "recased"):
            yield _Edit(what, "body", other.encode(), text, other)


def _parts_edits(parts: tuple[multipart.Part, ...]) -> Iterator[_Edit]:
    for index, part in enumerate(parts):
        before, after, where = parts[:index], parts[index + 1 :], f"part {index + 1}"
        yield _Edit("dropped", where, before + after)
        yield _Edit("doubled", where, (*before, part, part, *after))
        for edit in _bytes_edits(part.data) if part.data else ():
            made = (*before, part._replace(data=edit.value), *after)
            yield replace(edit, value=made, where=f"{where}, {edit.where}")
        for at, (name, value) in enumerate(part.headers):
            other = re.sub(r'([^";\s])("?)$', r"\1x\2", value)  # the file's name, or the media type
            headers = (*part.headers[:at], (name, other), *part.headers[at + 1 :])
            made = (*before, part._replace(headers=headers), *after)
            yield _Edit("changed", f"{where}, {name}", made, value, other)
    extra = multipart.Part((("Content-Disposition", f'form-data; name="{_NEW}"'),), b"1")
    yield _Edit("added", f"part {len(parts) + 1}", (*parts, extra))


# -------------------------------------------------------------------------------------------------------- JSON values


def _value_edits(whole: Any) -> Iterator[_Edit]:
    for place, value in members(whole):
        where = shown(place)
        if place and not _within_doubles(whole, place):
            yield _Edit("dropped", where, dropped(whole, place))
        for what, other in _others(value):
            yield _Edit(what, where, changed(whole, place, other), value, other)
        if isinstance(value, dict):
            inside = (*place, _NEW)
            yield _Edit("added", shown(inside), changed(whole, inside, None))
        if isinstance(value, list):
            yield from _list_edits(whole, place, value)
        if isinstance(value, str) and place and place[-1] == "output":
            yield from _output_edits(whole, place, value)


def _within_doubles(whole: Any, place: Place) -> bool:
    """Whether to drop this item of a list gives the same as to drop the one before it."""
    *parents, last = place
    for step in parents:
        whole = whole[step]
    return isinstance(last, int) and last > 0 and whole[last] == whole[last - 1]


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """Values that are almost this one, and values of other types that a careless reader takes for it."""
    if value is not None:
        yield "null", None
    match value:
        case bool():
            yield "changed", not value
            yield "retyped", int(value)
            yield "retyped", str(value).lower()
        case int() | float():
            yield "changed", value + 1
            yield "negated", -value
            yield "retyped", compact(value)
            if value in (0, 1):
                yield "retyped", bool(value)
        case str():
            yield from _texts(value)
            yield "retyped", [value]
            if value in ("true", "false"):
                yield "retyped", value == "true"
            elif re.fullmatch(r"[1-9][0-9]{0,14}", value):
                yield "retyped", int(value)
        case None:
            yield "retyped", False
            yield "retyped", ""
        case dict() | list():
            if value:
                yield "emptied", type(value)()
            yield "retyped", [value] if isinstance(value, dict) else {}


def _list_edits(whole: Any, place: Place, items: list[Any]) -> Iterator[_Edit]:
    where = shown(place)
    yield _Edit("added", f"{where}[{len(items)}]", changed(whole, place, [*items, _NEW]))
    unordered = place[-1:] in [(key,) for key in UNORDERED]
    if items:
        yield _Edit("doubled", f"{where}[{len(items) - 1}]", changed(whole, place, [*items, items[-1]]))
    if len(items) > 1 and items[::-1] != items and not unordered:
        yield _Edit("reordered", where, changed(whole, place, items[::-1]))
    outputs = [item.get("output") if isinstance(item, dict) else None for item in items]
    if place and place[-1] == "tool_outputs" and len(items) > 1 and all(isinstance(one, str) for one in outputs):
        turned = outputs[1:] + outputs[:1]
        exchanged = [{**item, "output": output} for item, output in zip(items, turned, strict=True)]
        yield _Edit("exchanged", f"{where}[*].output", changed(whole, place, exchanged))


def _output_edits(whole: Any, place: Place, text: str) -> Iterator[_Edit]:
    """What a tool says is compared as JSON if it is an object or array: every field of it counts."""
    inner = structure(text)
    if inner is None:
        return
    for edit in _value_edits(inner):
        where = f"{shown(place)} → {edit.where}"
        yield replace(edit, where=where, value=changed(whole, place, compact(edit.value)))


# ---------------------------------------------------------------------------------------------------------------- ids


def _id_mutants(sent: Sent, known: Sequence[str]) -> Iterator[Mutant]:
    """Each id in turn becomes another one of its kind: one of another resource, and one that nobody has heard of."""
    held = [name for name in dict.fromkeys(names_in(sent.texts())) if ID.fullmatch(name)]
    for name in held:
        alike = [other for other in known if other != name and prefix_of(other) == prefix_of(name)]
        for other in [*alike[-2:], _unknown(name)]:
            yield Mutant("exchanged", f"id {name}", sent.renamed(replaced_by({name: other})), name, other)
    for name, other in pairwise(held):
        if prefix_of(name) == prefix_of(other):
            swapped = sent.renamed(replaced_by({name: other, other: name}))
            yield Mutant("exchanged", f"ids {name} and {other}", swapped)


def _unknown(name: str) -> str:
    return name[:-6] + ("8" if name.endswith("9") else "9") * 6
