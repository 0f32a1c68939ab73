"""The verdict on a replay, told to people and to programs."""

from __future__ import annotations

from toolreel.replay.verdict import Verdict
from toolreel.replay.words import times

from .console import complaint, json_result, note, tell_of

_MOST = 50
"""So many interactions that were not played are named; `--json` names more."""


def conclude(verdict: Verdict, status: int, *, as_json: bool = False) -> int:
    """Says what was served, what was missed and what was never played; gives the status to exit with.

    `status` is that of the COMMAND, whose own failure comes first.
    """
    tell_of(verdict.faults, verdict.idle)
    for one in verdict.misses:
        again = f" ({times(one.times)})" if one.times > 1 else ""
        complaint(f"Miss ({one.miss.code}): {one.miss.message}{again}")
    if verdict.misses and verdict.faults:
        note("What a client asks after a fault may never have been recorded: see the end of docs/cookbook.md.")
    for unplayed in verdict.unplayed[:_MOST]:
        complaint(f"Never played: {unplayed}.")
    if (more := max(len(verdict.unplayed) - _MOST, 0) + verdict.unplayed_more) > 0:
        complaint(f"Never played: {more} more.")
    note(f"Served {verdict.served}, missed {verdict.missed}, never played {verdict.never_played}.")
    if as_json:
        json_result(verdict.as_json())
    return verdict.exit_status(status)
