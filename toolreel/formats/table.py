"""Which format a file is in, found by looking at it; and what it says."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import flows, go_vcr, har, httprr, ruby_vcr, test_proxy, vcrpy
from .found import BufferedFile, FormatError, Found, Item, Left, LeftError, shortened, shown
from .jsonitems import JsonDocument
from .times import rfc3339_of
from .yamlitems import YamlDocument


@dataclass(frozen=True, slots=True)
class Format:
    """A format whose files are documents, JSON or YAML, with a list of interactions called `list`."""

    tool: str
    list: str
    is_ours: Callable[[Item], bool]
    found: Callable[[Item], Found]


FORMATS = tuple(
    Format(module.TOOL, module.LIST, module.is_ours, module.found)
    for module in (vcrpy, go_vcr, ruby_vcr, test_proxy, har)
)
_LISTS = frozenset(format_.list for format_ in FORMATS)
_INTO = frozenset({har.INTO})

LOOK = 1 << 16
"""So many bytes of a file are looked at; its buffer must be as large."""

_TOOL = 60
"""So much of what a file says of its tool is repeated."""

_BOM = b"\xef\xbb\xbf"
_YAML = re.compile(rb"(?:\s|\#[^\n]*\n|---[^\n]*\n|%[^\n]*\n|[a-z_]+:[ \t][^\n]*\n)*(?:http_)?interactions[ \t]*:")
_JSON = re.compile(rb'\s*\{.*?"(?:interactions|http_interactions|Entries|log)"\s*:', re.DOTALL)
_OLD_RUBY = re.compile(rb"(?:---[ \t]*\n)?- !ruby/struct:VCR::")


class NoRecordingError(FormatError):
    """The file is in no format that is known here."""


class CassetteAlreadyError(NoRecordingError):
    """The file is a cassette of toolreel itself."""


class Opened:
    """A file of another tool; iterate over it for what it says.

    `tool` is the format, and once all is read the tool with its version, as far as the file says it. `take` is what a
    HAR of toolreel's says of the take: the recorder, and the time (RFC 3339). Iterating raises FormatError, and
    NoRecordingError if the file is no recording.
    """

    def __init__(self, file: BufferedFile) -> None:
        self._file = file
        self.tool = ""
        self.take: tuple[str, str | None] | None = None

    def __iter__(self) -> Iterator[Found | Left]:
        file = self._file
        if _is_packed(file.peek(LOOK)):
            file = io.BufferedReader(_Unpacking(file), LOOK)
        start = file.peek(LOOK).removeprefix(_BOM)
        if start.startswith(httprr.FIRST_LINE):
            self.tool = httprr.TOOL
            yield from httprr.read(file)
        elif flows.begins(start):
            self.tool = flows.TOOL
            yield from flows.read(file)
        elif _JSON.match(start):
            yield from self._document(JsonDocument(file, _LISTS, _INTO))
        elif _YAML.match(start):
            yield from self._document(YamlDocument(file, _LISTS))
        elif _OLD_RUBY.match(start):
            raise FormatError("is of Ruby VCR 1, whose objects are not read; record it with VCR 2 or newer")
        else:
            raise NoRecordingError("is in no format that toolreel knows")

    def _document(self, document: JsonDocument | YamlDocument) -> Iterator[Found | Left]:
        places = dict.fromkeys(_LISTS, 0)
        for name, value in document.walk():
            if name == "toolreel":
                raise CassetteAlreadyError("is a cassette of toolreel already")
            if name not in document.seen:
                self._note(name, value)
                continue
            places[name] += 1
            yield self._taken(name, places[name], value)
        if not document.seen:
            raise NoRecordingError("is in no format that toolreel knows")

    def _taken(self, name: str, place: int, item: Item) -> Found | Left:
        format_ = next((known for known in FORMATS if known.list == name and known.is_ours(item)), None)
        if format_ is None:
            return Left(place, "it is made as no known format demands", shown(item))
        self.tool = self.tool or format_.tool
        try:
            return format_.found(item)
        except LeftError as error:
            return Left(place, str(error), shown(item))

    def _note(self, name: str, value: Any) -> None:
        """What a file says of the tool that made it."""
        if name == "recorded_with" and isinstance(value, str):
            self.tool = f"Ruby {shortened(value, _TOOL)}"
        elif name == har.OWN and isinstance(value, dict) and isinstance(value.get("tool"), str):
            self.take = value["tool"], rfc3339_of(value.get("recorded_at"))
        elif name == "creator" and isinstance(value, dict):
            said = (value.get("name"), value.get("version"))
            self.tool = f"{har.TOOL} of {shortened(' '.join(str(word) for word in said if word), _TOOL)}"


def _is_packed(start: bytes) -> bool:
    """Whether a file is gzip (RFC 1952), or zlib (RFC 1950) as mitmproxy's `.zhar`."""
    return start[:2] == b"\x1f\x8b" or (start[:1] == b"\x78" and start[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"))


class _Unpacking(io.RawIOBase):
    """A gzip or zlib file, unpacked as it is read."""

    def __init__(self, file: BufferedFile) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._packed = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes, fewer than there is room for only at the end. Raises FormatError."""
        size = 0
        while size < len(buffer) and (piece := self._unpacked(len(buffer) - size)):
            buffer[size : size + len(piece)] = piece
            size += len(piece)
        return size

    def _unpacked(self, size: int) -> bytes:
        unpacked = b""
        while not unpacked:
            self._packed = self._packed or self._file.read(LOOK)
            if not self._packed:
                if not self._inflate.eof:
                    raise FormatError("is cut short")
                return b""
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                unpacked = self._inflate.decompress(self._packed, size)
            except zlib.error:
                raise FormatError("is broken, it cannot be unpacked") from None
            self._packed = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
        return unpacked
