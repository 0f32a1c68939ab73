"""Finds the recorded conversations in which requests like one stand, by its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from toolreel.normalise.groups import Item

if TYPE_CHECKING:
    from .tracks import Group


class Key(NamedTuple):
    """What a request means with each minted id reduced to its prefix and each placeholder to one word.

    `head` is what of it can be told at a glance, method and path; `said` is all of it.
    """

    head: str
    said: str


class Index:
    """Tracks by their keys.

    A key takes a look at the whole request. So tracks are put on a shelf by the head of their key, which `head` tells
    of an item, and they and their keys are made when the first request comes that may be one of those on the shelf.
    """

    def __init__(self, groups: Iterable[Group], head: Callable[[Item], str]) -> None:
        self._shelves: dict[str, list[tuple[Group, int]]] = {}
        self._groups: dict[Key, list[Group]] = {}
        for group in groups:
            for place, item in enumerate(group.conversation.items):
                self._shelves.setdefault(head(item), []).append((group, place))

    def groups(self, key: Key) -> list[Group]:
        """The recorded conversations, in file order, in which requests with this key stand; `by_key` knows them."""
        if shelf := self._shelves.get(key.head):
            self._open(shelf)
            del self._shelves[key.head]
        return self._groups.get(key, [])

    def _open(self, shelf: list[tuple[Group, int]]) -> None:
        tracks = [group.tracks[place] for group, place in shelf]
        keys = [track.key for track in tracks]  # first all of them: who lacks a body file is told so every time
        for track, key in zip(tracks, keys, strict=True):
            groups = self._groups.setdefault(key, [])
            if not groups or groups[-1] is not track.group:
                groups.append(track.group)
            track.group.by_key.setdefault(key, []).append(track)
