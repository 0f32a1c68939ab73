"""JSON as markup that folds: objects and lists are `details`, which browsers open and find in without a script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup, escape

from toolreel.inspect.alike import parsed
from toolreel.inspect.words import counted

from .texts import clipped, shown

_ON_A_LINE = 72
"""Containers that are no longer than this stand on one line."""
_OPEN_DEPTH = 3
"""So deep they are open at first."""
_OPEN_ITEMS = 20
"""Longer ones are not."""
_DEEPEST = 60
"""What is nested deeper is shown as a text."""
_MOST_ITEMS = 500
_MOST_VALUES = 5000
_LONGEST = 20_000
"""So many items of one, values in all, and characters of a text are shown; the raw bytes have all."""
_FOLDED = 1500
_BEGINS = 200
"""A text that is longer than the first is folded to so many characters of its beginning."""


def folded(value: Any) -> Markup:
    """A JSON value."""
    return Markup('<div class="json">') + Markup("").join(_Folder().value(value, 0)) + Markup("</div>")


class _Folder:
    """Goes through one value; what is left when it has shown enough is shown as a text."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def value(self, value: Any, depth: int) -> Iterator[Markup]:
        self._left -= 1
        match value:
            case dict() | list():
                yield from self._container(value, depth)
            case str():
                yield _string(value)
                if depth < _DEEPEST and self._left > 0 and (inner := parsed(value)):
                    yield Markup('<details class="inner"><summary>as JSON</summary>')
                    yield from self.value(inner, depth + 1)
                    yield Markup("</details>")
            case _:
                yield _scalar(value)

    def _container(self, value: dict[str, Any] | list[Any], depth: int) -> Iterator[Markup]:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        if depth >= _DEEPEST or self._left <= 0 or not value or _is_flat(value):
            yield _line(value)
            return
        is_open = depth < _OPEN_DEPTH and len(value) <= _OPEN_ITEMS
        count = counted(len(value), "member" if opening == "{" else "item")
        yield Markup("<details open>" if is_open else "<details>")
        yield Markup('<summary>{}<span class="count">{}</span></summary><ul>').format(opening, count)
        shown_items = 0
        for key, item in _first(value):
            if self._left <= 0:
                break
            shown_items += 1
            yield Markup("<li>")
            if key is not None:
                yield Markup('<span class="key">{}</span>: ').format(_quoted(key))
            yield from self.value(item, depth + 1)
            yield Markup("</li>")
        if len(value) > shown_items:
            more = len(value) - shown_items
            yield Markup('<li class="more">… and {} more; the raw bytes have all</li>').format(more)
        yield Markup('</ul><span class="closing">{}</span></details>').format(closing)


def _first(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str | None, Any]]:
    items: Iterable[tuple[str | None, Any]] = (
        value.items() if isinstance(value, dict) else ((None, item) for item in value)
    )
    return (pair for _, pair in zip(range(_MOST_ITEMS), items, strict=False))


def _is_flat(value: dict[str, Any] | list[Any]) -> bool:
    """Whether it holds neither objects nor lists, and is short."""
    items = value.values() if isinstance(value, dict) else value
    if len(value) > _ON_A_LINE // 3 or any(isinstance(item, dict | list) for item in items):
        return False
    return len(_dumped(value)) <= _ON_A_LINE


def _line(value: dict[str, Any] | list[Any]) -> Markup:
    """A container on one line."""
    if isinstance(value, dict) and _is_flat(value) and value:
        members = [
            Markup('<span class="key">{}</span>: ').format(_quoted(key))
            + (_string(item) if isinstance(item, str) else _scalar(item))
            for key, item in value.items()
        ]
        return Markup("{{{}}}").format(Markup(", ").join(members))
    return Markup('<span class="flat">{}</span>').format(clipped(shown(_dumped(value)), _LONGEST))


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "nested too deep to be shown"


def _string(value: str) -> Markup:
    cut = len(value) - _LONGEST
    text = Markup('<span class="string" dir="auto">{}</span>').format(_quoted(value[:_LONGEST]))
    if cut > 0:
        text += Markup('<span class="more">… and {} characters more; the raw bytes have all</span>').format(cut)
    if len(value) <= _FOLDED:
        return text
    begins = f'"{clipped(shown(value[: 2 * _BEGINS]), _BEGINS)}'
    return Markup(
        '<details class="long"><summary><span class="cut" dir="auto">{}</span>'
        '<span class="count">all {} characters</span></summary>{}</details>'
    ).format(begins, len(value), text)


def _quoted(text: str) -> str:
    """A string between quotes; its line breaks stay, for it is to be read."""
    return f'"{shown(text)}"'


def _scalar(value: Any) -> Markup:
    kind = "literal" if value is None or isinstance(value, bool) else "number"
    return Markup('<span class="{}">{}</span>').format(kind, escape(shown(_dumped(value))))
