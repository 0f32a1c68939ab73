"""Where secrets stood in recorded requests: what a client says there does not help to find the request.

A mask is the set of places of one request; masked requests are found by hash, and compared as a whole afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from toolreel.redaction import PLACEHOLDER

from .canonical import HIDDEN, SETS, Asked

Mask = frozenset[tuple[str | int, ...]]
_PATH, _TEXT, _QUERY, _BODY = "path", "text", "query", "body"
_ANY = -1
"""In a place: any item of a list whose order says nothing."""


def mask_of(asked: Asked) -> Mask:
    """The places of all placeholders in a recorded request."""
    found = {(_QUERY, name) for name, value in asked.query if PLACEHOLDER.search(value)}
    return frozenset(
        [
            *([(_PATH,)] if PLACEHOLDER.search(asked.path) else []),
            *([(_TEXT,)] if PLACEHOLDER.search(asked.text or "") else []),
            *found,
            *_places(asked.value, (_BODY,)),
        ]
    )


def _places(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        if PLACEHOLDER.search(value):
            yield place
    elif isinstance(value, dict):
        if any(PLACEHOLDER.search(key) for key in value):
            yield place
            return
        for key, member in value.items():
            yield from _places(member, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*place, _ANY if place[-1] in SETS else index))


def masked(asked: Asked, mask: Mask) -> Asked:
    """A request with one word for all that stands where the mask is."""
    if not mask:
        return asked
    if (_BODY,) in mask:  # nobody kept the body: whatever it is counts for nothing
        asked = replace(asked, text=None)
    return replace(
        asked,
        path=HIDDEN if (_PATH,) in mask else asked.path,
        text=HIDDEN if asked.text is not None and (_TEXT,) in mask else asked.text,
        query=tuple((name, HIDDEN if (_QUERY, name) in mask else value) for name, value in asked.query),
        value=_masked(asked.value, mask, (_BODY,)),
    )


def _masked(value: Any, mask: Mask, place: tuple[str | int, ...]) -> Any:
    if place in mask:
        return HIDDEN
    if isinstance(value, dict):
        return {key: _masked(member, mask, (*place, key)) for key, member in value.items()}
    if isinstance(value, list):
        return [
            _masked(item, mask, (*place, _ANY if place[-1] in SETS else index)) for index, item in enumerate(value)
        ]
    return value
