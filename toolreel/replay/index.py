"""Finds the recorded conversations in which requests like one stand, by its key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .tracks import Group, Track


class Key(NamedTuple):
    """What a request means with each minted id reduced to its prefix and each placeholder to one word.

    `head` is what of it can be told at a glance, method and path; `said` is all of it.
    """

    head: str
    said: str


class Index:
    """Tracks by their keys.

    A key takes a look at the whole request. So tracks are put on a shelf by the head of their key, which does not,
    and the keys of those on one shelf are made when the first request comes that may be one of them.
    """

    def __init__(self, tracks: Iterable[Track]) -> None:
        self._shelves: dict[str, list[Track]] = {}
        self._groups: dict[Key, list[Group]] = {}
        for track in tracks:
            self._shelves.setdefault(track.head, []).append(track)

    def groups(self, key: Key) -> list[Group]:
        """The recorded conversations, in file order, in which requests with this key stand; `by_key` knows them."""
        for track in self._shelves.pop(key.head, ()):
            groups = self._groups.setdefault(track.key, [])
            if not groups or groups[-1] is not track.group:
                groups.append(track.group)
            track.group.by_key.setdefault(track.key, []).append(track)
        return self._groups.get(key, [])
