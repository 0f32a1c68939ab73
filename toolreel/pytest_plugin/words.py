"""What the plugin says: in the report of a test, and of all tests together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

MOST_LINES = 20
"""How many lines of one kind are shown; more would hide the rest."""


def missed(names: Sequence[str], misses: Sequence[str]) -> str:
    """What was asked and had no answer."""
    count = "1 request" if len(misses) == 1 else f"{len(misses)} requests"
    lines = [f"{count} had no answer in {_cassettes(names)}:", *_shown(misses)]
    if any("To let it match: --" in miss for miss in misses):
        lines.append("pytest has these options as settings, under [tool.toolreel.replay].")
    if any("its test is over" in miss for miss in misses):
        lines.append("A client that outlives the test it was made in needs --toolreel-early.")
    return "\n".join(lines)


def never_played(names: Sequence[str], unplayed: Sequence[str]) -> str:
    """What was recorded and nobody asked for."""
    return "\n".join(
        [
            f"{_cassettes(names)[:1].upper()}{_cassettes(names)[1:]}: not played to the end, nobody asked for",
            *_shown(unplayed),
            "If the test is right, record it again (--toolreel-mode=all); if it may leave this out, "
            "@pytest.mark.cassette(strict=False).",
        ]
    )


def not_kept(name: str) -> str:
    """What becomes of the recording of a test that failed."""
    return (
        f"What was recorded is no cassette, because the test did not pass; if it is anything, "
        f"'toolreel recover {name}' makes the cassette of it."
    )


def noted(
    names: Iterable[str],
    served: int = 0,
    misses: Iterable[str] = (),
    unplayed: Iterable[str] = (),
    *,
    recorded: bool = False,
) -> dict[str, Any]:
    """What came of a cassette, as values that a worker of xdist can hand on."""
    return {
        "cassettes": list(names),
        "served": served,
        "misses": list(misses),
        "unplayed": list(unplayed),
        "recorded": recorded,
    }


def summed(notes: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """What came of all cassettes: one line, and one more for each test with something amiss."""
    counts = dict.fromkeys(("served", "misses", "unplayed", "recorded"), 0)
    cassettes: set[str] = set()
    amiss = []
    for test, note in notes:
        cassettes.update(note["cassettes"])
        counts["served"] += note["served"]
        counts["recorded"] += note["recorded"]
        counts["misses"] += len(note["misses"])
        counts["unplayed"] += len(note["unplayed"])
        if note["misses"] or note["unplayed"]:
            first = (note["misses"] or note["unplayed"])[0]
            amiss.append(f"{test}: missed {len(note['misses'])}, never played {len(note['unplayed'])}: {first}")
    said = [f"served {counts['served']}", f"missed {counts['misses']}", f"never played {counts['unplayed']}"]
    said += [f"recorded {counts['recorded']}"] if counts["recorded"] else []
    number = "1 cassette" if len(cassettes) == 1 else f"{len(cassettes)} cassettes"
    return [f"{number}: {', '.join(said)}.", *_shown(amiss)]


def _cassettes(names: Sequence[str]) -> str:
    return f"cassette{'' if len(names) == 1 else 's'} {', '.join(names)}"


def _shown(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return [f"  {line}" for line in lines[:MOST_LINES]] + ([f"  and {more} more"] if more > 0 else [])
