"""The words in which misses speak: requests, interactions and values, short enough to be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

from toolreel.dialects.ids import ID

from .canonical import output_of
from .differences import Missing
from .tape import Tape
from .tracks import Track

_LONGEST = 120
"""Longer values are shortened, in characters."""
_BEFORE = 30
"""So much is left of what two long texts have in common, before the place where they differ."""


def cassettes(tapes: Iterable[Tape]) -> str:
    """`cassette a, b`."""
    return "cassette " + ", ".join(tape.name for tape in tapes)


def interaction(track: Track) -> str:
    """`interaction 3 (POST /threads)`; of a long path the end."""
    request = track.interaction.request
    return f"interaction {track.n} ({request.method} {_end(request.path)})"


def _end(path: str) -> str:
    steps = path.strip("/").split("/")
    keep = 2 if ID.fullmatch(steps[-1]) else 1
    return path if len(steps) <= keep else "…/" + "/".join(steps[-keep:])


def numbers(tracks: Sequence[Track]) -> str:
    """`interaction 3`, `interactions 3 and 4`, `interactions 3, 4 and 2 more`."""
    shown = [str(track.n) for track in tracks[:5]]
    if len(tracks) > len(shown):
        shown.append(f"{len(tracks) - len(shown)} more")
    return f"interaction{'s' if len(tracks) > 1 else ''} {listed(shown)}"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def times(count: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def both(asked: Any, recorded: Any) -> tuple[str, str]:
    """Two values that differ, so that one sees where."""
    if isinstance(asked, str) and isinstance(recorded, str):
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(asked, recorded, strict=False)))
        cut = common - _BEFORE if max(len(asked), len(recorded)) > _LONGEST and common > _BEFORE else 0
        return _text(asked, cut), _text(recorded, cut)
    return _value(asked), _value(recorded)


def _value(value: Any) -> str:
    if isinstance(value, Missing):
        return "nothing"
    return _text(value, 0) if isinstance(value, str) else _shortened(json.dumps(value, ensure_ascii=False))


def _text(text: str, cut: int) -> str:
    """A text in quotes, from `cut` on; JSON stands for itself."""
    if not cut and "json" in output_of(text):
        return _shortened(text)
    shown = json.dumps(_shortened(text[cut:]), ensure_ascii=False)
    return f'"…{shown[1:]}' if cut else shown


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({len(text) - _LONGEST} more characters)"
