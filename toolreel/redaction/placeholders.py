"""What stands in place of secrets, and which secrets have been seen: in memory only, for one take."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

BOUND = 512
"""Characters of a secret that tell it from others, and that a stream may hold back until it is decided."""
SHORTEST = 8
"""Shorter secrets are not looked for in other texts: they would be found in words."""
_MOST = 256  # secrets that are looked for in other texts; each costs time with every text
_FEW = 32  # so many forms are looked for one by one
_SEGMENT = 160  # longer secrets are looked for in segments, so that no form exceeds BOUND

PLACEHOLDER = re.compile(r"REDACTED-[0-9]{4,}")
"""What a placeholder looks like. No pattern matches it."""

_WORD = r"(?:[a-z]{1,16}|[A-Z]{1,16}|[A-Z][a-z]{1,15})"
_WORDS = re.compile(rf"{_WORD}(?:[_./-]{_WORD})*")


def is_word(text: str) -> bool:
    """Whether `text` looks like a word or a name made of words (`assistant`, `os.environ`, `Optional`)."""
    return _WORDS.fullmatch(text) is not None


class Placeholders:
    """The placeholders of one take: `REDACTED-0001` and so on by first appearance, the same for the same secret.

    Every secret that was seen is looked for in later texts, plain and in other spellings (`forms`), unless it is
    short or a word.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._seen: set[str] = set()
        self._searched = 0
        self.seen = 0
        """Grows with every secret that is looked for from now on: in texts, or only among numbers."""
        self.forms: list[str] = []
        """What to look for in every text; grows only."""
        self._by_head: dict[str, list[str]] = {}  # by their first characters, 1 to SHORTEST of them
        self._by_tail: dict[str, list[str]] = {}  # by their last SHORTEST characters
        self.has_escapes = False
        """Whether a form holds a character that JSON may escape."""

    def __contains__(self, secret: str) -> bool:
        return secret in self._names

    def __len__(self) -> int:
        return len(self._names)

    def of(self, secret: str) -> str:
        """The placeholder of `secret`, of which only the first BOUND characters count."""
        secret = secret[:BOUND]
        name = self._names.get(secret)
        if name is None:
            name = self._names[secret] = f"REDACTED-{len(self._names) + 1:04d}"
            self.seen += 1
            self.see(secret)
        return name

    def named(self, text: str) -> str:
        """The placeholder of a text that was found to be a secret somewhere, or the text."""
        return self._names.get(text[:BOUND], text)

    def see(self, secret: str) -> str:
        """Look for `secret` from now on, and give it no placeholder."""
        secret = secret[:BOUND]
        if secret not in self._seen and self._searched < _MOST and _is_distinct(secret):
            self._searched += 1
            for at in range(0, len(secret), _SEGMENT):
                self._add(_forms(secret[at : at + _SEGMENT]))
        return ""

    def forms_in(self, text: str, start: int = 0) -> list[str]:
        """The forms that occur in `text` from `start` on, and maybe some that don't; all, while they are few."""
        if len(self.forms) <= _FEW:
            return self.forms
        tails = {text[at : at + SHORTEST] for at in range(start, len(text) - SHORTEST + 1)}
        return [form for tail in tails & self._by_tail.keys() for form in self._by_tail[tail]]

    def begun_in(self, text: str, start: int = 0) -> int:
        """Where in `text`, from `start` on, a form may begin that goes on after its end; or the end."""
        end = len(text)
        if len(self.forms) <= _FEW:
            return min((_begun(text, form, start) for form in self.forms), default=end)
        for at in range(max(start, end - BOUND), end):
            forms = self._by_head.get(text[at : at + SHORTEST], ())
            rest = text[at:]
            if any(len(form) > len(rest) and form.startswith(rest) for form in forms):
                return at
        return end

    def _add(self, forms: list[str]) -> None:
        for form in forms:
            if SHORTEST <= len(form) <= BOUND and form not in self._seen:
                self._seen.add(form)
                self.forms.append(form)
                self.seen += 1
                self._by_tail.setdefault(form[-SHORTEST:], []).append(form)
                for size in range(1, SHORTEST + 1):
                    self._by_head.setdefault(form[:size], []).append(form)
                self.has_escapes |= any(char in '"\\/' or not char.isprintable() or char > "~" for char in form)


def _begun(text: str, form: str, start: int) -> int:
    at = text.find(form[0], max(start, len(text) - len(form) + 1))
    while at >= 0 and not form.startswith(text[at:]):
        at = text.find(form[0], at + 1)
    return at if at >= 0 else len(text)


def _is_distinct(secret: str) -> bool:
    """Whether it means something to find `secret` in another text: `password` and `********` stand in many."""
    return len(secret) >= SHORTEST and len(set(secret)) > 3 and not is_word(secret)


def _forms(secret: str) -> list[str]:
    """`secret` and its other spellings: URL-escaped, JSON-escaped, and inside base64 at each of the three offsets."""
    data = secret.encode("utf-8", "surrogatepass")
    forms = [
        secret,
        data.decode("latin-1"),  # as it stands in a body that is no text, every byte of which is read as a character
        quote(data, safe=""),
        quote(data),
        quote_plus(data),
        re.sub("%..", lambda match: match.group().lower(), quote(data, safe="")),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(secret).replace("/", "\\/")[1:-1],
    ]
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + data)
        first, last = (0, 2, 3)[offset], 8 * (offset + len(data)) // 6
        core = coded[first:last].decode()
        forms += [core, core.translate(_URL_SAFE), core.replace("+", "%2B").replace("/", "%2F")]
    return forms


_URL_SAFE = str.maketrans("+/", "-_")
