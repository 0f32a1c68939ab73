"""A request that the cassette cannot answer, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MissCode(StrEnum):
    """Why there is no answer."""

    NO_MATCH = "no_match"
    """No recorded request is like this one."""
    WRONG_EPOCH = "wrong_epoch"
    """The read was recorded, but before or after other writes of its scope."""
    AMBIGUOUS = "ambiguous"
    """The request ties together what was recorded apart."""
    EXHAUSTED = "exhausted"
    """There are recorded requests like this one, and all have been played."""
    OTHER_HOST = "other_host"
    """The request is for a host that the cassette has no recording of."""
    NO_SESSION = "no_session"
    """The request names no session that could answer it."""
    INTERNAL = "internal"
    """toolreel itself failed; the request still does not leave this machine."""


@dataclass(frozen=True, slots=True)
class Miss:
    """`message` is one sentence for people; `param` is the JSON path of the field that differs, if any."""

    code: MissCode
    message: str
    param: str | None = None
