"""Secrets in a text that is no JSON, found while it grows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .edits import Edit
from .placeholders import BOUND, PLACEHOLDER, SHORTEST, is_word
from .shapes import Shape, Span

if TYPE_CHECKING:
    from .search import Search

LOOKBACK = 128
"""Characters before a secret that may be needed to know it for one: no beginning of a shape is longer."""
_LONGEST_PLACEHOLDER = 20
_LONGEST_LITERAL = 16
_WINDOW = 1 << 14
"""A longer text is read in pieces of so many characters: only those with a hint of a shape are searched for it."""


class PlainScanner:
    """Finds secrets in a text that comes in pieces. Offsets count from the beginning of the whole text.

    `push` returns the edits that are now certain, and `decided` is up to where they are: behind it a secret may have
    begun that is not complete. At most about BOUND characters stay undecided: a longer secret is known by its first
    BOUND characters, and goes on to be redacted until it ends.
    """

    def __init__(self, search: Search, start: int = 0, context: str = "") -> None:
        self.decided = start
        self._search = search
        self._buffer = context
        self._base = start - len(context)
        self._covered = start  # up to where secrets reach that have been returned
        self._pending: list[Span] = []  # secrets behind `decided`
        self._cursors: dict[Shape, int] = {}  # where the last candidate of a shape ended
        self._open: dict[Shape, int] = {}  # where a candidate began that touches the end
        self._running: dict[Shape, int] = {}  # where a secret began that is longer than BOUND
        self._hurries = False
        self._cut = False

    @property
    def _end(self) -> int:
        return self._base + len(self._buffer)

    def push(self, text: str) -> list[Edit]:
        """The next piece of the text."""
        edits = list[Edit]()
        for piece in _windows(text):
            edits += self._advance(piece, final=False)
        return edits

    def close(self, text: str = "", *, cut: bool = False) -> list[Edit]:
        """The last piece, and the text is complete; if it is cut, what might have become a secret counts as one."""
        *before, last = _windows(text)
        edits = self.push("".join(before)) if before else []
        self._cut = cut
        return edits + self._advance(last, final=True)

    def hurry(self) -> list[Edit]:
        """Decide all that came: what is a secret by now goes on to be one, and what might become one is not."""
        self._hurries = True
        edits = self._advance("", final=False)
        self._hurries = False
        return edits

    def _advance(self, text: str, *, final: bool) -> list[Edit]:
        known = self._end
        self._buffer += text
        live = self._continue(final)
        for shape in self._search.shapes_in(self._buffer):
            if shape not in self._running:
                live = min(live, self._candidates(shape, known - LOOKBACK, final))
        live = min(live, self._patterns(final), self._seen_before(final))
        if not final and (begun := self._search.rules.beginnings.search(self._buffer, self._tail())):
            live = min(live, self._base + begun.start())
        edits = self._settle(self._end if self._hurries else live, final)
        self._trim()
        return edits

    def _at(self, offset: int) -> int:
        """The index in the buffer."""
        return offset - self._base

    def _tail(self) -> int:
        """The index from which on the beginning of a secret may be undecided."""
        return max(self._at(self.decided), len(self._buffer) - _LONGEST_LITERAL)

    def _continue(self, final: bool) -> int:
        """Follow the secrets that are longer than BOUND."""
        live = self._end
        for shape, start in list(self._running.items()):
            live = min(live, self._run_on(shape, start, self._cursors[shape], final))
        return live

    def _run_on(self, shape: Shape, start: int, at: int, final: bool) -> int:
        """Follow a secret from `start` on, of which all up to `at` is known; returns where it is undecided."""
        match = shape.run.match(self._buffer, self._at(at))
        assert match is not None, "a run may be empty"
        end = self._cursors[shape] = self._base + match.end()
        self._pending.append((start, end))
        self._running.pop(shape, None)
        if final or not shape.unfinished.fullmatch(self._buffer, match.end()):
            return self._end
        self._running[shape] = start
        named = end - start >= BOUND or self._hurries or start < self._covered
        return end if named else start

    def _candidates(self, shape: Shape, floor: int, final: bool) -> int:
        """Collect the secrets of one shape; returns where an undecided one begins, or the end."""
        buffer, base = self._buffer, self._base
        at = self._open.pop(shape, None)
        if at is None:
            at = max(self._cursors.get(shape, floor), floor)
        while match := shape.candidate.search(buffer, max(at - base, 0)):
            start, end = match.span("run")
            if not shape.concerns(match):
                at = self._cursors[shape] = base + start
                continue
            still = not final and end - start < BOUND and shape.unfinished.fullmatch(buffer, end) is not None
            secret = self._accepted(shape, match) or self._broken_off(shape, match)
            if still and not (self._hurries and secret):
                self._open[shape] = base + match.start()
                return base + start
            if secret and (still or self._reaches(secret[1], start, end)):
                live = self._run_on(shape, base + secret[0], base + end, final)
                at = self._cursors[shape]
                if shape in self._running:
                    return live
                continue
            if secret:
                self._pending.append((base + secret[0], base + secret[1]))
            at = self._cursors[shape] = base + self._after(match, secret)
        return self._end

    @staticmethod
    def _after(match: re.Match[str], secret: Span | None) -> int:
        """Where the next candidate may begin."""
        start, end = match.span("run")
        if secret:
            return secret[1]
        if start > match.start():
            return start
        return end if end - start < BOUND else start + BOUND // 2

    def _accepted(self, shape: Shape, match: re.Match[str]) -> Span | None:
        start, end = match.span("run")
        run = self._buffer[start : min(end, start + BOUND)]
        if "REDACTED" in run:  # a placeholder, or the beginning of one: what stands around it was seen before
            return None
        span = shape.accept(match, run)
        return (start + span[0], start + span[1]) if span and span[0] < span[1] else None

    def _broken_off(self, shape: Shape, match: re.Match[str]) -> Span | None:
        """What might have become a secret, in a text that was cut."""
        run = match["run"]
        if not (self._cut and shape.hints and match.end("run") == len(self._buffer)):
            return None
        if len(run) < SHORTEST or "REDACTED" in run:
            return None
        return None if run.islower() and is_word(run) else match.span("run")

    def _reaches(self, stop: int, start: int, end: int) -> bool:
        """Whether a secret goes on to the end of its run: only punctuation stands between it and the bound."""
        return end - start >= BOUND and not any(char.isalnum() for char in self._buffer[stop : start + BOUND])

    def _patterns(self, final: bool) -> int:
        """Collect the secrets of the user's patterns. Where one might begin is known only by its greatest length."""
        live = self._end
        for pattern in self._search.rules.patterns:
            undecided = self._end if final else max(self._end - pattern.max_length, self._base)
            for match in pattern.expression.finditer(self._buffer, max(self._at(self.decided), 0)):
                start, end = match.span(1) if match.re.groups else match.span()
                if self._base + match.start() >= undecided:
                    break
                self._add(start, end)
            live = min(live, undecided)
        return live

    def _seen_before(self, final: bool) -> int:
        """Collect what was seen before as a secret; returns where one may begin that is not complete."""
        placeholders, at = self._search.placeholders, self._at(self.decided)
        self._find(placeholders.forms_in(self._buffer, at), self.decided)
        begun = self._base + placeholders.begun_in(self._buffer, at)
        if final and self._cut and self._end - begun >= SHORTEST:
            self._pending.append((begun, self._end))
        return self._end if final else begun

    def _find(self, forms: list[str], since: int) -> None:
        for form in forms:
            at = self._at(since)
            while (found := self._buffer.find(form, at)) >= 0:
                at = found + len(form)
                self._add(found, at)

    def _add(self, start: int, end: int) -> None:
        """Note a secret, by its indices in the buffer, unless that is (also) a placeholder."""
        near = PLACEHOLDER.finditer(self._buffer, max(start - _LONGEST_PLACEHOLDER, 0), end + _LONGEST_PLACEHOLDER)
        if start < end and not any(start < match.end() and end > match.start() for match in near):
            self._pending.append((self._base + start, self._base + end))

    def _settle(self, live: int, final: bool) -> list[Edit]:
        """Edits for the secrets that nothing can change any more, and `decided` moved on."""
        edits, placeholders = list[Edit](), self._search.placeholders
        before, spans = self.decided, merged(self._pending)
        while spans and spans[0][0] < live:
            start, end = spans[0]
            if start < live < end and end - start < BOUND:
                live = start
                break
            del spans[0]
            if end > max(self._covered, before):
                new = len(placeholders.forms)
                edits.append(self._edit(max(start, before, self._covered), end, goes_on=start < self._covered))
                if forms := placeholders.forms[new:]:
                    self._pending = spans
                    self._find(forms, end)
                    if not final:
                        live = min(live, self._base + placeholders.begun_in(self._buffer, self._at(end)))
                    spans = merged(self._pending)
        self.decided = max(min(live, self._end), self._covered, before)
        self._pending = spans
        return edits

    def _edit(self, start: int, end: int, *, goes_on: bool) -> Edit:
        self._covered = end
        if goes_on:
            return Edit(start, end, "")
        at = self._at(start)
        return Edit(start, end, self._search.name(self._buffer[at : min(at + BOUND, self._at(end))]))

    def _trim(self) -> None:
        """Forget what no candidate can need any more."""
        needed = min(self.decided, self._end - LOOKBACK, *self._open.values()) - SHORTEST
        if needed > self._base:
            self._buffer = self._buffer[needed - self._base :]
            self._base = needed


def _windows(text: str) -> list[str]:
    return [text[at : at + _WINDOW] for at in range(0, len(text), _WINDOW)] or [""]


def merged(spans: list[Span]) -> list[Span]:
    """Spans in order, those that overlap as one."""
    result = list[Span]()
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
