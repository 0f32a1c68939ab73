"""A frame of an event stream as text: where its data stands, and edits of the data as edits of the frame.

Grammar: WHATWG HTML §9.2.5 and §9.2.6; several data lines are one text with newlines between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .edits import Edit, applied
from .jsonscan import Known
from .rules import Path
from .search import DEPTH, Search

_USUAL = re.compile(r"(?:event: [^\r\n]*\n)?data: ([^\r\n]*)\n\n")
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\n|\r|\Z)")
_DATA = re.compile(r"\ufeff?data:? ?")


@dataclass(frozen=True, slots=True)
class FrameText:
    """A frame: `data` are the places of its data lines' values, `others` those of its other lines."""

    text: str
    data: tuple[tuple[int, int], ...]
    others: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, frame: bytes) -> FrameText:
        """Any bytes are a frame, or the tail of a stream."""
        text = frame.decode("utf-8", "surrogateescape")
        if usual := _USUAL.fullmatch(text):
            return cls(text, (usual.span(1),), ((0, usual.start(1)),))
        data, others = list[tuple[int, int]](), list[tuple[int, int]]()
        for line in _LINE.finditer(text):
            start, end = line.span(1)
            field = _DATA.match(text, start, end)
            if field and (field.group().rstrip(" ").endswith(":") or field.end() == end):
                data.append((field.end(), end))
            elif start < end:
                others.append((start, end))
        return cls(text, tuple(data), tuple(others))

    @property
    def payload(self) -> str:
        """The data of the event."""
        return "\n".join(self.text[start:end] for start, end in self.data)

    @property
    def event(self) -> str:
        """The type of the event as it is named, or `""`."""
        lines = [self.text[start:end] for start, end in self.others]
        return next((line[6:].partition("\n")[0].strip() for line in lines if line.startswith("event:")), "")

    def redacted(self, search: Search, known: Mapping[Path, Known], completion: tuple[int, str] | None = None) -> str:
        """The frame without secrets.

        `known` says something of some strings in its JSON. With `completion`, the data is cut after so many
        characters of JSON that makes sense, and the text would complete it.
        """
        edits = list[Edit]()
        for start, end in self.others:
            found = search.find(self.text[start:end], DEPTH)
            edits += [Edit(start + first, start + last, text) for first, last, text in found]
        payload = self.payload
        if completion:
            payload = payload[: completion[0]] + completion[1]
        edits += self._placed(search.find_with(payload, DEPTH, known) if known else search.find(payload, DEPTH))
        return applied(self.text, sorted(edits))

    def _placed(self, edits: list[Edit]) -> list[Edit]:
        """Edits of the data as edits of the frame: a line end in a secret stays, its text goes before it."""
        placed, before = list[Edit](), 0
        for start, end in self.data:
            size = end - start
            for first, last, text in edits:
                low, high = max(first - before, 0), min(last - before, size)
                if low < high or (first - before == low == high < size):
                    placed.append(Edit(start + low, start + high, text if first >= before else ""))
            before += size + 1
        return placed
