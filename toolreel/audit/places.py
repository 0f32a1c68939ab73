"""Places in JSON values, and values with one place changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shown(place: Place) -> str:
    """A place as JSONPath (RFC 9535), such as `$.tools[0].type`."""
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step}" if _NAME.fullmatch(step) else f"[{step!r}]"
        for step in place
    )
    return "$" + "".join(steps)


def members(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Everything in a value, itself included, with its place; parents before children."""
    yield place, value
    if isinstance(value, dict):
        for key, member in value.items():
            yield from members(member, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from members(item, (*place, index))


def changed(value: Any, place: Place, new: Any) -> Any:
    """The value with another member at `place`; a key that is not there is added."""
    if not place:
        return new
    step, *rest = place
    copy = value.copy()
    copy[step] = changed(value[step], tuple(rest), new) if rest else new
    return copy


def dropped(value: Any, place: Place) -> Any:
    """The value without the member at `place`, which is not the whole."""
    step, *rest = place
    copy = value.copy()
    if rest:
        copy[step] = dropped(value[step], tuple(rest))
    else:
        del copy[step]
    return copy
