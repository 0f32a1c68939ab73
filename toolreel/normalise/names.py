"""What is shaped like an id or a placeholder in texts, and in JSON values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from toolreel.dialects.ids import ID, ID_AFTER_ESCAPE, is_id_key
from toolreel.redaction import PLACEHOLDER


def names_in(texts: Iterable[str]) -> list[str]:
    """Everything in texts that is shaped like an id or a placeholder."""
    found: list[str] = []
    for text in texts:
        if names := _names_in_short(text) if len(text) <= _SHORT else _names_in(text):
            found += names
    return found


def _names_in(text: str) -> tuple[str, ...]:
    return tuple([match.group() for match in matches(text)]) if may_hold(text) else ()


_names_in_short = lru_cache(maxsize=16384)(_names_in)
"""The same; nearly all short texts, keys above all, come again and again."""
_SHORT = 128


def matches(text: str) -> Iterator[re.Match[str]]:
    """Where in a text something is shaped like an id or a placeholder."""
    return pattern_for(text).finditer(text)


def pattern_for(text: str) -> re.Pattern[str]:
    """What matches these in this text."""
    return _NAMES_AFTER_ESCAPE if "\\" in text or "%" in text else _NAMES


_NAMES = re.compile(rf"{PLACEHOLDER.pattern}|(?x:{ID.pattern})")
_NAMES_AFTER_ESCAPE = re.compile(rf"{PLACEHOLDER.pattern}|(?x:{ID_AFTER_ESCAPE.pattern})")
"""Takes longer."""
_SHORTEST = len("vs_12345678")


def may_hold(text: str) -> bool:
    """Whether a text may hold an id or a placeholder. Most texts in JSON show at a glance that they do not."""
    return len(text) >= _SHORTEST and ("_" in text or "-" in text)


def scan(value: Any, is_id: bool, strings: list[str], told: list[str]) -> None:
    """Adds to `strings` all strings of a JSON value, keys included, and to `told` those `under_id_keys`.

    `is_id` says whether the value itself stands under one.
    """
    kind = type(value)  # as JSON is parsed: no subclasses
    if kind is dict:
        for key, member in value.items():
            strings.append(key)
            kind = type(member)
            if kind is str:
                strings.append(member)
                if is_id_key(key) and ID.fullmatch(member):
                    told.append(member)
            elif kind is dict or kind is list:
                scan(member, is_id_key(key), strings, told)
    elif kind is list:
        for item in value:
            scan(item, is_id, strings, told)
    elif kind is str:
        strings.append(value)
        if is_id and ID.fullmatch(value):
            told.append(value)


def under_id_keys(value: Any) -> list[str]:
    """What is shaped like an id and stands under an id key of a JSON value."""
    found: list[str] = []
    scan(value, False, [], found)
    return found
