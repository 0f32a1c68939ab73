"""`[normalise] replace`: what the program itself varies from run to run, such as today's date in a prompt.

The rules act on requests and answers, before a request is compared and before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .strings import Find, Span


@dataclass(frozen=True, slots=True)
class Rule:
    """Every match of `pattern` is replaced by `replacement`, in which `\\1` stands for a group of the pattern."""

    pattern: re.Pattern[str]
    replacement: str


def rule(pattern: str, replacement: str) -> Rule:
    """A rule from its texts; raises ValueError with one sentence if they do not fit together."""
    try:
        compiled = re.compile(pattern)
        if compiled.fullmatch(""):
            raise ValueError(f"the pattern {pattern!r} matches nothing at all, and would be found everywhere")
        compiled.sub(replacement, "")  # also the template is compiled, though nothing matches
    except (re.error, IndexError) as error:
        raise ValueError(f"the pattern {pattern!r} with {replacement!r} is no regular expression: {error}") from None
    return Rule(compiled, replacement)


_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"

PRESETS: dict[str, tuple[Rule, ...]] = {
    "dates": (
        rule(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "2000-01-01T00:00:00Z"),
        rule(r"\b(?!2000-01-01\b)\d{4}-\d\d-\d\d\b", "2000-01-01"),
        rule(rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b", "January 1, 2000"),
        rule(rf"\b\d{{1,2}} {_MONTH} \d{{4}}\b", "1 January 2000"),
    ),
    "uuids": (
        rule(
            r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b",
            "00000000-0000-0000-0000-000000000000",
        ),
    ),
    "tmp-paths": (rule(r"(?:/private)?(?:/tmp|/var/tmp|/var/folders/\w\w/\w+/T)/[\w.+-]+", "/tmp/replaced"),),
}
"""Rules for what programs often vary; off unless asked for."""


def finder(rules: Iterable[Rule]) -> Find:
    """Finds what the rules replace: at each place the first rule that matches there."""
    ordered = tuple(rules)

    def find(text: str) -> list[Span]:
        spans: list[Span] = []
        for one in ordered:
            for match in one.pattern.finditer(text):
                free = all(match.end() <= span.start or match.start() >= span.end for span in spans)
                if free and match.end() > match.start():
                    spans.append(Span(match.start(), match.end(), match.expand(one.replacement)))
        return sorted(spans)

    return find
