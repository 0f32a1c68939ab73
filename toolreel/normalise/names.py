"""What is shaped like an id or a placeholder in texts, and in JSON values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from toolreel.dialects.ids import ID, ID_AFTER_ESCAPE, is_id_key
from toolreel.redaction import PLACEHOLDER


def _uncaptured(pattern: re.Pattern[str]) -> str:
    """The pattern without its group: `findall` gives the whole match."""
    return pattern.pattern.replace("(?P<prefix>", "(?:")


def names_in(texts: Iterable[str]) -> list[str]:
    """Everything in texts that is shaped like an id or a placeholder."""
    found: list[str] = []
    for text in texts:
        if len(text) >= _SHORTEST and ("_" in text or "-" in text):  # `may_hold` without a call
            found += _names_in_short(text) if len(text) <= _SHORT else _names_in(text)
    return found


def _names_in(text: str) -> tuple[str, ...]:
    found = words_for(text)
    words = found.findall(text)
    return tuple([word for word in words if ID.fullmatch(word)] if found is _WORDS else words)


_names_in_short = lru_cache(maxsize=16384)(_names_in)
"""The same; nearly all short texts come again and again."""
_SHORT = 128


def words_for(text: str) -> re.Pattern[str]:
    """What finds all ids and placeholders in this text, and maybe other words: look at what it finds."""
    if "\\" in text or "%" in text:
        return _NAMES_AFTER_ESCAPE
    return _NAMES if "REDACTED-" in text else _WORDS


_SHORTEST = len("vs_12345678")
_WORDS = re.compile(rf"[A-Za-z0-9_-]{{{_SHORTEST},}}")
"""An id is a whole word, a placeholder may stand in one. Takes a third of the time."""
_NAMES = re.compile(rf"{PLACEHOLDER.pattern}|(?x:{_uncaptured(ID)})")
_NAMES_AFTER_ESCAPE = re.compile(rf"{PLACEHOLDER.pattern}|(?x:{_uncaptured(ID_AFTER_ESCAPE)})")


def may_hold(text: str) -> bool:
    """Whether a text may hold an id or a placeholder. Most texts in JSON show at a glance that they do not."""
    return len(text) >= _SHORTEST and ("_" in text or "-" in text)


def scan(value: Any, is_id: bool, names: list[str], told: list[str]) -> None:
    """Adds to `names` the ids and placeholders in a JSON value, keys included, and to `told` the ids `under_id_keys`.

    `is_id` says whether the value itself stands under one.
    """
    kind = type(value)  # as JSON is parsed: no subclasses
    if kind is dict:
        for key, member in value.items():
            is_under_id, named = _KEYS[key]
            if named:
                names += named
            kind = type(member)
            if kind is str:
                if len(member) >= _SHORTEST and ("_" in member or "-" in member):  # `may_hold` without a call
                    _scan_text(member, is_under_id, names, told)
            elif kind is dict or kind is list:
                scan(member, is_under_id, names, told)
    elif kind is list:
        for item in value:
            scan(item, is_id, names, told)
    elif kind is str and may_hold(value):
        _scan_text(value, is_id, names, told)


def _scan_text(text: str, is_id: bool, names: list[str], told: list[str]) -> None:
    if is_id and ID.fullmatch(text):
        names.append(text)
        told.append(text)
    else:
        names += _names_in_short(text) if len(text) <= _SHORT else _names_in(text)


class _Keys(dict[str, tuple[bool, list[str]]]):
    """Of the key of a member, whether it is an id key, and the names in it; keys are few, and come often."""

    def __missing__(self, key: str) -> tuple[bool, list[str]]:
        told = is_id_key(key), names_in([key])
        if len(key) <= _SHORT:
            if len(self) >= _MOST_KEYS:
                self.clear()
            self[key] = told
        return told


_MOST_KEYS = 4096
_KEYS = _Keys()


def under_id_keys(value: Any) -> list[str]:
    """What is shaped like an id and stands under an id key of a JSON value."""
    found: list[str] = []
    scan(value, False, [], found)
    return found
