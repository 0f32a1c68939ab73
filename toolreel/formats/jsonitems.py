"""JSON documents too large to be read as a whole: the items of a long list come one by one."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .found import LARGEST, BufferedFile, FormatError

_PIECE = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_MAY_GO_ON = re.compile(r"[-+.eE0-9]*")  # after a number, at the end of a piece
_NEAR_END = 16  # a token that the end of a piece cuts in two fails no further from it


@dataclass(frozen=True, slots=True)
class Number:
    """A number whose spelling Python would change (`1.10`, `1e16`, `-0`)."""

    spelling: str

    def __str__(self) -> str:
        return self.spelling


def _number(kind: Callable[[str], object]) -> Callable[[str], Any]:
    def parse(spelling: str) -> Any:
        try:
            value = kind(spelling)
        except ValueError:  # longer than Python likes
            return Number(spelling)
        return value if repr(value) == spelling else Number(spelling)

    return parse


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")


_decoder = json.JSONDecoder(parse_float=_number(float), parse_int=_number(int), parse_constant=_refuse)


class JsonDocument:
    """A JSON document read in pieces: `walk` gives (name, value) for the members of the outermost object.

    The items of lists called `lists` come one by one under the name of the list; what an object called `into` holds
    comes as if it stood outside. Raises FormatError.
    """

    def __init__(self, file: BufferedFile, lists: frozenset[str], into: frozenset[str]) -> None:
        self._file = file
        self._lists = lists
        self._into = into
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._ended = False
        self.seen: set[str] = set()
        """The lists that have come, empty ones too."""

    def walk(self) -> Iterator[tuple[str, Any]]:
        """The members, and the items of lists."""
        if self._token() != "{":
            raise self._broken("the document is no object")
        yield from self._members()
        if self._token():
            raise self._broken("something follows the end of the document")

    def _members(self) -> Iterator[tuple[str, Any]]:
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            name = self._value()
            if not isinstance(name, str) or self._token() != ":":
                raise self._broken("a member has no name")
            opens = self._peek()
            if name in self._lists and opens == "[":
                self._at += 1
                self.seen.add(name)
                for item in self._items():
                    yield name, item
            elif name in self._into and opens == "{":
                self._at += 1
                yield from self._members()
            else:
                yield name, self._value()
            if self._goes_on("}"):
                continue
            return

    def _items(self) -> Iterator[Any]:
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if not self._goes_on("]"):
                return

    def _goes_on(self, end: str) -> bool:
        token = self._token()
        if token not in (",", end):
            raise self._broken(f"neither ',' nor '{end}' follows")
        return token == ","

    def _value(self) -> Any:
        """The next value; what is cut by the end of what was read is tried again with twice as much."""
        self._peek()
        wanted = _PIECE
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
                if self._ended or not _MAY_GO_ON.fullmatch(self._text, end):
                    self._at = end
                    return value
            except RecursionError:
                raise FormatError("is nested too deep") from None
            except json.JSONDecodeError as error:
                cut = error.pos > len(self._text) - _NEAR_END or error.msg.startswith("Unterminated string")
                if self._ended or not cut:
                    raise self._broken(error.msg.lower(), error.pos) from None
            except ValueError as error:
                raise self._broken(str(error)) from None
            self._text, self._at = self._text[self._at :], 0
            room = LARGEST - sys.getsizeof(self._text)  # one rare character makes all others take four bytes
            if room < 0:
                raise FormatError(f"holds a value that takes more than {LARGEST >> 20} MiB, which is not read")
            self._read(min(wanted, room + 1))
            wanted *= 2

    def _token(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _peek(self) -> str:
        """The next character that is no space, not yet taken; nothing at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            assert match
            self._at = match.end()
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._read(_PIECE)

    def _read(self, size: int) -> None:
        pieces = [self._text[self._at :]]
        for at in range(0, size, _PIECE):
            wanted = min(size - at, _PIECE)
            data = self._file.read(wanted)
            self._ended = not data
            try:
                pieces.append(self._decode.decode(data, final=not data))
            except UnicodeDecodeError:
                raise FormatError("is not UTF-8") from None
            if len(data) < wanted:
                break
        self._text, self._at = "".join(pieces), 0

    def _broken(self, what: str, at: int | None = None) -> FormatError:
        at = min(self._at, len(self._text)) if at is None else at
        if self._ended and (not self._text[at:].strip() or what.startswith("unterminated string")):
            return FormatError("is cut short")
        return FormatError(f"is broken JSON, {what} near {self._text[at : at + 30]!r}")
