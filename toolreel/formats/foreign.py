"""Placeholders of other tools: they become ours, which match whatever a program sends in their place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from toolreel.messages.http import HttpRequest
from toolreel.redaction import Placeholders

_WORDS = "SANITIZED|REDACTED|FILTERED|SCRUBBED|MASKED|CENSORED|OBFUSCATED"
_WHOLE = re.compile(
    rf"""
      Sanitized | REDACTED                                       # .NET and Azure; several
    | [<\[{{(*]{{1,3}} \s? (?:{_WORDS}) \s? [>\]}})*]{{1,3}}     # <REDACTED>, [FILTERED], ***SCRUBBED***
    | {_WORDS}
    | <[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)+>                         # <OPENAI_ORGANIZATION>, as VCR's filters are named
    """,
    re.VERBOSE,
)
"""What stands in the place of a value and is a whole value itself."""

_ANYWHERE = re.compile(
    r"<[A-Z0-9_-]*(?:API_?KEY|ACCESS_?TOKEN|AUTH_?TOKEN|BEARER_?TOKEN|SECRET|PASSWORD)[A-Z0-9_-]*>"
)
"""What nobody writes but to hide something."""

_STRING = re.compile(r'"(?P<value>(?:[^"\\]|\\.)*)"(?P<colon>\s*:\s*)?')
"""A string in JSON; with a colon it is a key."""

_IN_URL = re.compile(r"(?P<before>[/?&=]|\A)(?P<value>[^/?&=]+)")


class Foreign:
    """Puts our placeholders in place of those of other tools; `count` says how many it has replaced.

    They say nothing of what they hide, so only those in equal places (a member, a parameter, what follows the same
    segment of a path) count as the same.
    """

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self.count = 0

    def request(self, request: HttpRequest) -> HttpRequest:
        """The request with our placeholders, in target and body."""
        body = None if request.body is None else self.body(request.body)
        return replace(request, target=self._target(request.target), body=body)

    def body(self, data: bytes) -> bytes:
        """A body or a stream with our placeholders in its JSON strings; what is no text stays as it is."""
        if not _HINT.search(data):
            return data
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return data
        text = _STRING.sub(self._strings(), text)
        return _ANYWHERE.sub(lambda match: self._ours(match.group(), ""), text).encode()

    def _strings(self) -> Callable[[re.Match[str]], str]:
        key, key_end = "", -1

        def string(match: re.Match[str]) -> str:
            nonlocal key, key_end
            if match["colon"]:
                key, key_end = match["value"], match.end()
            elif _WHOLE.fullmatch(match["value"]):
                return f'"{self._ours(match["value"], key if match.start() == key_end else "")}"'
            return match.group()

        return string

    def _target(self, target: str) -> str:
        before = ""

        def segment(match: re.Match[str]) -> str:
            nonlocal before
            value = _UNQUOTED.sub(lambda found: chr(int(found[1], 16)), match["value"])
            place, before = before, value
            return match["before"] + (self._ours(value, place) if _hides(value) else match["value"])

        return _IN_URL.sub(segment, target) if _HINT.search(target.encode()) else target

    def _ours(self, foreign: str, place: str) -> str:
        self.count += 1
        return self._placeholders.of(f"{foreign}\x1f{place}")


_UNQUOTED = re.compile(r"%(3[CcEe]|5[BbDd]|7[BbDd]|2[Aa])")
_HINT = re.compile(rb"(?i)sanitized|redacted|filtered|scrubbed|masked|censored|obfuscated|<[A-Z]|%3C[A-Z]")


def _hides(value: str) -> bool:
    return bool(_WHOLE.fullmatch(value) or _ANYWHERE.fullmatch(value))
