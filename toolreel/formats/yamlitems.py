"""YAML documents too large to be read as a whole, and by nobody to be trusted: the items of a long list, one by one.

No tag makes an object, aliases cannot multiply without bound, and plain scalars stay the text that they are.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import yaml

from .found import LARGEST, BufferedFile, FormatError

DEEPEST = 100
"""Deeper documents are no recordings."""

MOST = 1_000_000
"""So many values may one item have, those counted again that an alias repeats."""

_TAG = "tag:yaml.org,2002:"
_TEXT = frozenset({None, "!", "!str", f"{_TAG}str", f"{_TAG}python/unicode", f"{_TAG}python/str"})
_PLAIN = frozenset(f"{_TAG}{name}" for name in ("int", "float", "bool", "null", "timestamp"))
_BINARY = frozenset({"!binary", f"{_TAG}binary"})
_NESTS = frozenset({None, "!", f"{_TAG}map", f"{_TAG}seq", f"{_TAG}python/tuple"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Plain(str):
    """A scalar without quotes: a text as it stands, though YAML may take it for a number or a date."""

    __slots__ = ()


class _Metered:
    """A file that is read; `taken` bytes since somebody set it to 0."""

    def __init__(self, file: BufferedFile) -> None:
        self._file = file
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; raises FormatError if one item has had too many."""
        data = self._file.read(size)
        self.taken += len(data)
        if self.taken > LARGEST:
            raise FormatError(f"holds a value of more than {LARGEST >> 20} MiB, which is not read")
        return data


class YamlDocument:
    """A YAML document read in pieces: `walk` and `seen` are like those of JsonDocument. Raises FormatError."""

    def __init__(self, file: BufferedFile, lists: frozenset[str]) -> None:
        self._lists = lists
        self._metered = _Metered(file)
        self._parser: Any = None
        self._anchors: dict[str | None, tuple[Any, int]] = {}
        self._count = 0
        self.seen: set[str] = set()

    def walk(self) -> Iterator[tuple[str, Any]]:
        """The members of the outermost mapping, and the items of lists."""
        try:
            # With the C library, which not every build has, it is ten times as fast.
            self._parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(self._metered)
            yield from self._walk()
            self._parser.dispose()
        except yaml.YAMLError as error:
            raise FormatError(_what(error)) from None
        except UnicodeDecodeError:
            raise FormatError("is not UTF-8") from None

    def _walk(self) -> Iterator[tuple[str, Any]]:
        self._expect(yaml.StreamStartEvent)
        self._expect(yaml.DocumentStartEvent)
        event = self._next()
        if not isinstance(event, yaml.MappingStartEvent) or event.tag not in _NESTS:
            raise FormatError("holds no mapping")
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            name = self._key(event, 0)
            event = self._next()
            if name in self._lists and isinstance(event, yaml.SequenceStartEvent):
                self.seen.add(name)
                while not isinstance(event := self._next(), yaml.SequenceEndEvent):
                    yield name, self._item(event)
            else:
                yield name, self._item(event)

    def _next(self) -> Any:
        return self._parser.get_event()

    def _expect(self, kind: type[yaml.Event]) -> None:
        if not isinstance(self._next(), kind):
            raise FormatError("holds no document")

    def _item(self, event: Any) -> Any:
        self._count = 0
        self._metered.taken = 0
        return self._build(event, 1)

    def _build(self, event: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise FormatError(f"is nested deeper than {DEEPEST} levels, which no recording is (line {_line(event)})")
        self._count_one(1, event)
        if isinstance(event, yaml.AliasEvent):
            value, count = self._anchors.get(event.anchor, (None, 0))
            if not count:
                raise FormatError(f"names an anchor that is none or itself (line {_line(event)})")
            self._count_one(count, event)
            return value
        before = self._count
        value = self._made(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = value, self._count - before + 1
        return value

    def _made(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if event.tag not in _NESTS:
            raise _refused(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := self._next(), yaml.SequenceEndEvent):
                items.append(self._build(item, depth + 1))
            return items
        found = {}
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            name = self._key(key, depth + 1)
            found[name] = self._build(self._next(), depth + 1)
        return found

    def _key(self, event: Any, depth: int) -> str:
        name = self._build(event, depth)
        if isinstance(name, list | dict):
            raise FormatError(f"has a key that is no text (line {_line(event)})")
        return "" if name is None else str(name)

    def _count_one(self, more: int, event: Any) -> None:
        self._count += more
        if self._count > MOST:
            raise FormatError(f"says more with its aliases than can be read (line {_line(event)})")


def _scalar(event: Any) -> Any:
    if event.tag in _BINARY:
        try:
            return base64.b64decode(event.value)
        except (binascii.Error, ValueError):
            raise FormatError(f"has broken base64 (line {_line(event)})") from None
    if event.tag in _PLAIN or (event.tag is None and event.implicit[0]):
        return None if event.value in _NULLS else Plain(event.value)
    if event.tag in _TEXT:
        return str(event.value)
    raise _refused(event)


def _refused(event: Any) -> FormatError:
    tag = str(event.tag).removeprefix(_TAG)[:60]
    return FormatError(f"has the YAML tag {tag!r} (line {_line(event)}), and toolreel reads plain YAML only")


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _what(error: yaml.YAMLError) -> str:
    """What is wrong with the YAML, and where."""
    if isinstance(error, yaml.reader.ReaderError):
        return "is not UTF-8, or holds characters that YAML does not allow"
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it cannot be read"
    return f"is broken YAML, {what}" + (f" (line {mark.line + 1})" if mark else "")
