"""Recorded responses as bytes, made once; the ids that a client holds are patched in at known offsets.

Where the ids stand is found by naming each of them after characters that nobody writes, one for every place in every
id, and looking for these in the bytes. So whatever names ids in answers decides here too, and need not be known.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from itertools import accumulate, pairwise
from typing import NamedTuple

from toolreel.messages.bodies import FileReader
from toolreel.messages.http import shared
from toolreel.messages.model import Ending, Response
from toolreel.normalise.names import names_in
from toolreel.normalise.strings import Find, in_response, in_text, strings_of_response
from toolreel.normalise.symbols import replaced_by

from .answer import Answer, recorded_answer

_FIRST, _LAST = 0xF0000, 0xFFFFD
"""Private use characters of plane 15 (Unicode 16.0 §23.5)."""
_MARKED = re.compile(rb"(?:\xf3[\xb0-\xbf][\x80-\xbf]{2})+")
"""A run of them in UTF-8."""


class _Hole(NamedTuple):
    """A place in the bytes where a stretch of an id stands."""

    symbol: str
    start: int
    end: int


class _Marks(dict[str, str]):
    """Names every minted id after characters of its own."""

    def __init__(self, minted: Container[str]) -> None:
        super().__init__()
        self._minted = minted
        self.meant: list[tuple[str, int]] = []
        """What each of the characters stands for: the place in an id."""

    def __contains__(self, name: object) -> bool:
        return name in self._minted

    def __missing__(self, symbol: str) -> str:
        first = _FIRST + len(self.meant)
        self.meant += ((symbol, at) for at in range(len(symbol)))
        self[symbol] = mark = "".join(map(chr, range(first, min(first + len(symbol), _LAST))))
        return mark

    def parts(self, data: bytes) -> list[bytes | _Hole]:
        """Bytes cut where ids stand; raises LookupError if they hold other such characters."""
        found: list[bytes | _Hole] = []
        at = 0
        for match in _MARKED.finditer(data):
            if match.start() > at:
                found.append(data[at : match.start()])
            at = match.end()
            for character in match.group().decode():
                symbol, place = self.meant[ord(character) - _FIRST]
                last = found[-1] if found else None
                if isinstance(last, _Hole) and (last.symbol, last.end) == (symbol, place):
                    found[-1] = _Hole(symbol, last.start, place + 1)
                else:
                    found.append(_Hole(symbol, place, place + 1))
        return [*found, data[at:]] if at < len(data) else found


class Encoded:
    """One response of a recording, as it is sent. `minted` are the ids in it that clients may hold by other names."""

    def __init__(self, response: Response, ending: Ending, read_file: FileReader, minted: Container[str]) -> None:
        self._response, self._ending, self._read_file = response, ending, read_file
        self._plain = recorded_answer(response, ending, read_file)
        self._parts, self._symbols = self._template(minted)
        self._ends = list(accumulate(map(len, self._plain.pieces), initial=0))
        self._last: tuple[tuple[str, ...], Answer] = (tuple(self._symbols), self._plain)

    def _template(self, minted: Container[str]) -> tuple[list[bytes | _Hole] | None, list[str]]:
        """The body with holes, None if it has none that can be relied on, and the ids in the response."""
        # In a stream an id may stand in pieces.
        names = names_in(strings_of_response(self._response)) if self._response.frames is None else None
        if names is not None and not any(name in minted for name in names):
            return None, []
        marks = _Marks(minted)
        response = in_response(self._response, replaced_by(marks))
        if not marks:
            return None, []
        marked, symbols = recorded_answer(response, self._ending, self._read_file), list(marks)
        try:
            parts = marks.parts(b"".join(marked.pieces))
        except LookupError:
            return None, symbols
        again = _filled(parts, {symbol: symbol for symbol in symbols})
        return (parts if again == b"".join(self._plain.pieces) else None), symbols

    @property
    def size(self) -> int:
        """The length of its body in bytes."""
        return self._ends[-1]

    def answer(self, names: Mapping[str, str], naming: Find, *, renames: bool = False) -> Answer:
        """The answer for a client that holds ids by these `names`, and of which `naming` knows all.

        If the client `renames` ids of its own, that is left to `naming`.
        """
        if renames:
            return self._renamed(naming)
        held = tuple([names.get(symbol, symbol) for symbol in self._symbols])
        known, answer = self._last
        if held != known:
            answer = self._named(dict(zip(self._symbols, held, strict=True)), naming)
            self._last = held, answer
        return answer

    def _named(self, names: Mapping[str, str], naming: Find) -> Answer:
        if self._parts is None or any(len(symbol) != len(name) for symbol, name in names.items()):
            return self._renamed(naming)
        body = _filled(self._parts, names)
        pieces = tuple([body[start:end] for start, end in pairwise(self._ends)])
        plain = self._plain
        headers = tuple([(name, in_text(value, naming)) for name, value in plain.headers])
        return Answer(plain.status, shared(headers), pieces, plain.cut, plain.length)

    def _renamed(self, naming: Find) -> Answer:
        return recorded_answer(in_response(self._response, naming), self._ending, self._read_file)


def _filled(parts: list[bytes | _Hole], names: Mapping[str, str]) -> bytes:
    named = {symbol: name.encode() for symbol, name in names.items()}
    return b"".join(
        [part if isinstance(part, bytes) else named[part.symbol][part.start : part.end] for part in parts]
    )
