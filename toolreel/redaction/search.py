"""Where in a text secrets stand: the texts that are JSON and those that are not, whole or growing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from toolreel.messages import jsontext

from .assignments import SCHEME
from .edits import Edit
from .jsonscan import JsonScanner, Known
from .placeholders import BOUND, PLACEHOLDER, Placeholders
from .plain import PlainScanner
from .rules import Path, Rules, leaves
from .shapes import Shape

DEPTH = 4
"""A body that is JSON, and JSON in its strings to depth 3."""

_HIDDEN = re.compile(r"\\u00[2-7]")
_SPACE = " \t\r\n\ufeff"
_SHORTEST_SECRET = 6


class Scanner(Protocol):
    """Finds secrets in a text that comes in pieces; see PlainScanner."""

    @property
    def decided(self) -> int:
        """Up to where it is certain what is redacted."""

    def push(self, text: str) -> list[Edit]:
        """The next piece of the text."""

    def hurry(self) -> list[Edit]:
        """Decide all that came."""

    def close(self, text: str = "", *, cut: bool = False) -> list[Edit]:
        """The last piece, and the text is complete or cut."""


class Search:
    """Finds secrets by the rules, and those that were seen before. `name` gives what stands in their place."""

    def __init__(self, rules: Rules, placeholders: Placeholders, name: Callable[[str], str] | None = None) -> None:
        self.rules = rules
        self.placeholders = placeholders
        self.name = name or placeholders.of
        self._shapes = [(hint, shape) for shape in rules.shapes for hint in shape.hints]
        self._hints = sorted({hint for hint, _ in self._shapes})

    def find(self, text: str, depth: int, secret: bool = False, *, cut: bool = False) -> list[Edit]:
        """The secrets in a text, whole or `cut`, in which JSON may stand in `depth` layers."""
        ends_in_one = cut and self.placeholders.begun_in(text) < len(text)
        if not secret and not ends_in_one and not self.suspicious(text):
            return []
        scanner = self.scanner(depth, secret)
        return scanner.close(text, cut=cut)

    def find_with(self, text: str, depth: int, known: Mapping[Path, Known]) -> list[Edit]:
        """The secrets in a whole text; if it is JSON, something is known of some of its strings."""
        scanner = TextScanner(self, depth, known)
        return scanner.close(text)

    def known(self, text: str) -> dict[Path, Known]:
        """What the user's JSONPaths say of a text that is JSON, also if it is cut."""
        if not self.rules.json_paths or text.lstrip(_SPACE)[:1] not in ("{", "["):
            return {}
        cut, missing = self.completion(text) or (len(text), "")
        try:
            value = jsontext.parse((text[:cut] + missing).lstrip("\ufeff"))
        except ValueError:
            return {}
        return dict.fromkeys(self.selected(value), "secret")

    def selected(self, value: Any) -> frozenset[Path]:
        """The places that the user's JSONPaths select in a JSON value; all, if that can't be told."""
        selected = self.rules.selected(value)
        return frozenset(leaves(value)) if selected is None else selected

    def completion(self, text: str) -> tuple[int, str] | None:
        """How JSON that may be cut is completed: the length of what makes sense of it, and what is missing."""
        scanner = TextScanner(Search(Rules(shapes=(), secret_keys=frozenset()), Placeholders()), 1)
        scanner.push(text)
        return scanner.missing

    def scanner(self, depth: int, secret: bool = False) -> Scanner:
        """A scanner for a text that comes in pieces."""
        return SecretScanner(self) if secret else TextScanner(self, depth)

    def suspicious(self, text: str) -> bool:
        """Whether secrets may stand in a text, also if it is JSON with escapes; quick, and never wrong about no."""
        if self._suspicious_to_the_user(text):
            return True
        if len(text) < _SHORTEST_SECRET:
            return False
        if "\\" in text and (self.placeholders.has_escapes or ("\\u00" in text and _HIDDEN.search(text))):
            return True
        low = text.lower()
        for hint in self._hints:
            if hint in low:
                return True
        if ("=" in text or ":" in text) and self._has_secret_key(low):
            return True
        return any(form in text for form in self.placeholders.forms_in(text))

    def _suspicious_to_the_user(self, text: str) -> bool:
        patterns = self.rules.patterns
        return bool(patterns) and ("\\" in text or any(pattern.expression.search(text) for pattern in patterns))

    def _has_secret_key(self, low: str) -> bool:
        squeezed = low.replace("-", "").replace("_", "")
        return any(hint in squeezed for hint in self.rules.key_hints)

    def shapes_in(self, text: str) -> Iterator[Shape]:
        """The shapes that can occur in a text."""
        low, last = text.lower(), None
        for hint, shape in self._shapes:
            if hint in low and shape is not last:
                last = shape
                yield shape
        if ("=" in text or ":" in text) and self._has_secret_key(low):
            yield from self.rules.assignments

    def is_secret_number(self, token: str) -> bool:
        """Whether a number was seen as a secret, or a pattern of the user's matches it."""
        return token in self.placeholders or any(pattern.expression.search(token) for pattern in self.rules.patterns)


class TextScanner:
    """Finds secrets in a text: JSON if it begins like JSON, plain from where it is none."""

    def __init__(self, search: Search, depth: int, known: Mapping[Path, Known] | None = None) -> None:
        self._search = search
        self._depth = depth
        self._known = known
        self._space = 0
        self._inner: PlainScanner | JsonScanner | None = None

    @property
    def decided(self) -> int:
        """Up to where it is certain what is redacted."""
        return self._inner.decided if self._inner else self._space

    @property
    def missing(self) -> tuple[int, str] | None:
        """If the text so far is JSON: where it ends to make sense, and what would complete it."""
        return self._inner.missing if isinstance(self._inner, JsonScanner) else None

    def push(self, text: str) -> list[Edit]:
        """The next piece of the text."""
        return self._advance(text)

    def hurry(self) -> list[Edit]:
        """Decide all that came; see PlainScanner."""
        return self._inner.hurry() if self._inner else []

    def close(self, text: str = "", *, cut: bool = False) -> list[Edit]:
        """The last piece, and the text is complete or cut."""
        return self._advance(text, final=True, cut=cut)

    def _advance(self, text: str, *, final: bool = False, cut: bool = False) -> list[Edit]:
        if self._inner is None:
            begun = text.lstrip(_SPACE)
            self._space += len(text) - len(begun)
            if not begun:
                return []
            text = begun
            if text[0] in '{["' and self._depth > 0:
                self._inner = JsonScanner(self._search, self._depth, self._space, self._known)
            else:
                self._inner = PlainScanner(self._search, self._space)
        inner = self._inner
        edits = inner.close(text, cut=cut) if final else inner.push(text)
        if isinstance(inner, JsonScanner) and inner.failed:
            context, rest = inner.rest
            self._inner = PlainScanner(self._search, inner.decided, context)
            edits += self._inner.close(rest, cut=cut) if final else self._inner.push(rest)
        return edits


class SecretScanner:
    """A text that is a secret from its beginning to its end, but for the name of an authentication scheme."""

    def __init__(self, search: Search) -> None:
        self.decided = 0
        self._search = search
        self._begun = ""  # what came until the placeholder was given
        self._named = False

    def push(self, text: str) -> list[Edit]:
        """The next piece of the text."""
        if self._named:
            self.decided += len(text)
            return [Edit(self.decided - len(text), self.decided, "")] if text else []
        self._begun += text
        start = self._start()
        return self._name(start) if len(self._begun) - start >= BOUND else []

    def hurry(self) -> list[Edit]:
        """Decide all that came; see PlainScanner."""
        return [] if self._named or not self._begun else self._name(self._start())

    def close(self, text: str = "", *, cut: bool = False) -> list[Edit]:
        """The last piece, and the text is complete or cut."""
        edits = self.push(text)
        start = self._start()
        if self._named or start == len(self._begun) or PLACEHOLDER.fullmatch(self._begun, start):
            return edits
        return self._name(start)

    def _start(self) -> int:
        scheme = SCHEME.match(self._begun)
        return scheme.end() if scheme else 0

    def _name(self, start: int) -> list[Edit]:
        self._named = True
        self.decided = len(self._begun)
        if start == self.decided:
            return []
        return [Edit(start, self.decided, self._search.name(self._begun[start : start + BOUND]))]
