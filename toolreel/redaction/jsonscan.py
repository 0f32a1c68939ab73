"""Secrets in a JSON text, found while it grows: in strings as they decode, and under secret keys.

The reader is lenient: several values one after the other (JSON lines) and any spelling are fine, and a text that is
cut has been read up to there. What breaks the grammar of RFC 8259 ends it (`failed`): from there on it is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from .edits import Edit, Places, escaped, unescaped, whole_escapes
from .placeholders import BOUND
from .plain import LOOKBACK
from .rules import Path

if TYPE_CHECKING:
    from .search import Scanner, Search

Known = tuple[str, list[Edit]] | Literal["secret"]
"""What is known of the string at a place: its text with the edits in it, or that it is a secret."""

_TOKEN = re.compile(r'[ \t\r\n\ufeff]*+(?:([{}\[\],:])|(")|([A-Za-z0-9+.-]++))?')
_STRING = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_LITERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|NaN|-?Infinity")
_MAX_DEPTH = 1000
# JSON Schema: lists of names stand under names there.
_LISTS_OF_NAMES = frozenset({"dependentRequired", "dependencies"})


class _Container:
    """An object or array that is open: its own key, the key or index that is being read, whether it is secret."""

    __slots__ = ("at", "is_object", "name", "secret")

    def __init__(self, is_object: bool, name: str, secret: bool) -> None:
        self.is_object = is_object
        self.name = name
        self.secret = secret  # of an array: its strings; of an object: the value under the present key
        self.at: str | int = "" if is_object else 0


class _Open:
    """A string that is being read."""

    def __init__(self, scanner: Scanner, start: int, is_key: bool) -> None:
        self.scanner = scanner
        self.places = Places(start)
        self.key: list[str] | None = [] if is_key else None


class JsonScanner:
    """Finds secrets in a JSON text that comes in pieces; see PlainScanner for `push`, `close`, `decided`.

    `known` says of some places what is to happen with the strings there.
    """

    def __init__(self, search: Search, depth: int, start: int = 0, known: Mapping[Path, Known] | None = None) -> None:
        self.decided = start
        self.failed = False
        self._search = search
        self._depth = depth
        self._known = known
        self._buffer = ""
        self._base = start
        self._at = 0  # up to where the buffer is read
        self._stack: list[_Container] = []
        self._expect = "value"  # or key, colon, after
        self._open: _Open | None = None

    def push(self, text: str) -> list[Edit]:
        """The next piece of the text."""
        return self._advance(text, final=False)

    def close(self, text: str = "", *, cut: bool = False) -> list[Edit]:
        """The last piece, and the text is complete; that it is cut shows."""
        return self._advance(text, final=True)

    def hurry(self) -> list[Edit]:
        """Decide all that came; see PlainScanner."""
        edits = list[Edit]()
        if self._open:
            edits = self._placed(self._open, self._open.scanner.hurry())
        self.decided = self._base + len(self._buffer)
        return edits

    @property
    def rest(self) -> tuple[str, str]:
        """Once it has failed: what stands before that place, as far as it is kept, and what from there on."""
        return self._buffer[max(self._at - LOOKBACK, 0) : self._at], self._buffer[self._at :]

    @property
    def missing(self) -> tuple[int, str]:
        """Where a text that was cut ends to make sense, and what would complete it."""
        end, closing = self._base + self._at, ""
        if self._open:
            closing = '"' if self._open.key is None else '":null'
        elif self._expect == "colon":
            closing = ":null"
        elif self._expect == "value":
            closing = "null"
        elif self._expect == "key":
            closing = '"":null'
        return end, closing + "".join("}" if item.is_object else "]" for item in reversed(self._stack))

    def _advance(self, text: str, *, final: bool) -> list[Edit]:
        self._buffer += text
        edits = list[Edit]()
        while not self.failed and (self._string(edits, final) if self._open else self._token(edits, final)):
            pass
        if not self._open:
            self.decided = max(self.decided, self._base + self._at)
        if self._at > LOOKBACK:
            self._base += self._at - LOOKBACK
            self._buffer = self._buffer[self._at - LOOKBACK :]
            self._at = LOOKBACK
        return edits

    def _token(self, edits: list[Edit], final: bool) -> bool:
        """Read one token; False if there is none, or not all of it yet."""
        match = _TOKEN.match(self._buffer, self._at)
        assert match is not None, "white space may be empty"
        kind = match.lastindex
        self._at = match.start(kind) if kind else match.end()
        if kind is None:
            self.failed = self._at < len(self._buffer)
        elif kind == 1:
            self.failed = not self._structure(match[1])
            self._at += not self.failed
        elif kind == 2:
            return self._quote(edits)
        else:
            return self._literal(match, edits, final)
        return kind is not None

    def _structure(self, char: str) -> bool:
        top = self._stack[-1] if self._stack else None
        if char in "{[":
            return self._opened(char == "{", top)
        if top is None:
            return False
        if char == ":":
            done, self._expect = self._expect == "colon", "value"
        elif char == ",":
            done, self._expect = self._expect == "after", "key" if top.is_object else "value"
            if isinstance(top.at, int):
                top.at += 1
        else:
            done = top.is_object == (char == "}") and self._expect in ("after", "key" if char == "}" else "value")
            self._stack.pop()
            self._expect = "after"
        return done

    def _opened(self, is_object: bool, top: _Container | None) -> bool:
        if not self._value_may_come() or len(self._stack) >= _MAX_DEPTH:
            return False
        name = str(top.at) if top else ""
        secret = not is_object and bool(top and top.is_object and top.secret and top.name not in _LISTS_OF_NAMES)
        self._stack.append(_Container(is_object, name, secret))
        self._expect = "key" if is_object else "value"
        return True

    def _value_may_come(self) -> bool:
        return self._expect == "value" or (self._expect == "after" and not self._stack)

    def _quote(self, edits: list[Edit]) -> bool:
        """A string begins: read all of it, or what there is."""
        is_key = self._expect == "key"
        if not is_key and not self._value_may_come():
            self.failed = True
            return False
        match = _STRING.match(self._buffer, self._at + 1)
        assert match is not None, "a string may be empty"
        closed = match.end() < len(self._buffer) and self._buffer[match.end()] == '"'
        if closed:
            self._whole_string(self._at + 1, match.end(), is_key, edits)
            self._at = match.end() + 1
            return True
        self._at += 1
        start = self._base + self._at
        self._open = _Open(
            self._search.scanner(0 if is_key else self._depth - 1, self._secret(is_key)), start, is_key
        )
        return True

    def _whole_string(self, start: int, end: int, is_key: bool, edits: list[Edit]) -> None:
        decoded = unescaped(self._buffer[start:end])
        known = self._known.get(self._path()) if self._known and not is_key else None
        if known and known != "secret" and known[0] == decoded.text:
            found = known[1]
        else:
            secret = known == "secret" or self._secret(is_key)
            found = self._search.find(decoded.text, 0 if is_key else self._depth - 1, secret)
        for first, stop, text in found:
            place = self._base + start
            edits.append(Edit(place + decoded.spelled_at(first), place + decoded.spelled_at(stop), escaped(text)))
        self._read(decoded.text if is_key else None)

    def _read(self, key: str | None) -> None:
        """A key, or a value, has been read."""
        self._expect = "after" if key is None else "colon"
        if key is not None:
            self._stack[-1].at = key
            self._stack[-1].secret = self._search.rules.is_secret_key(key)

    def _secret(self, is_key: bool) -> bool:
        return not is_key and bool(self._stack) and self._stack[-1].secret

    def _path(self) -> Path:
        return tuple(item.at for item in self._stack)

    def _string(self, edits: list[Edit], final: bool) -> bool:
        """Read on in a string that is open."""
        assert self._open is not None
        match = _STRING.match(self._buffer, self._at)
        assert match is not None, "a string may be empty"
        end = match.end()
        closed = end < len(self._buffer) and self._buffer[end] == '"'
        if not closed:
            end = len(self._buffer) if final else self._at + whole_escapes(self._buffer[self._at : end])
        decoded = unescaped(self._buffer[self._at : end])
        opened, scanner = self._open, self._open.scanner
        opened.places.add(decoded, self._base + self._at)
        self._at = end
        ends = closed or final
        found = scanner.close(decoded.text, cut=not closed) if ends else scanner.push(decoded.text)
        edits += self._placed(opened, found)
        if opened.key is not None:
            opened.key.append(decoded.text)
        if closed:
            self._at += 1
            self._open = None
            self._read(None if opened.key is None else "".join(opened.key))
        else:
            self.decided = max(self.decided, opened.places.spelled_at(scanner.decided))
            opened.places.forget(scanner.decided)
        return closed

    def _placed(self, opened: _Open, edits: list[Edit]) -> list[Edit]:
        """Edits of what an open string says, as edits of how it is spelled."""
        at = opened.places.spelled_at
        return [Edit(at(start), at(end), escaped(text)) for start, end, text in edits]

    def _literal(self, match: re.Match[str], edits: list[Edit], final: bool) -> bool:
        """A number, true, false or null; a number may be a secret, and its placeholder gets quotes."""
        token = match[3]
        if match.end() == len(self._buffer) and not final and len(token) < BOUND:
            return False
        if not self._value_may_come() or not _LITERAL.fullmatch(token):
            self.failed = True
            return False
        start = self._base + self._at
        known = self._known.get(self._path()) if self._known else None
        if known == "secret" or self._search.is_secret_number(token):
            edits.append(Edit(start, start + len(token), f'"{self._search.name(token)}"'))
        self._at = match.end()
        self._expect = "after"
        return True
