"""How a session is to answer, in the words of options and settings, and the session that answers so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolreel.redaction import DEFAULT_RULES, Redactor, Rules

from .delivery import PLAIN, Delivery
from .engine import Options
from .rules import DEFAULT_MATCH_RULES, MatchRules
from .session import Session, fixed_clock, present_clock, recorded_clock
from .tape import Tape


@dataclass(frozen=True, slots=True)
class Manner:
    """How to answer: `poll` collapse or faithful; `clock` recorded, now or fixed; `ids` symbols or original.

    `rules` say what counts when requests are compared, `redact` what is secret. `strict`, `partial` and `repeat` say
    what must be played, None for the defaults; `delivery` says how answers are sent.
    """

    poll: str = "collapse"
    clock: str = "recorded"
    ids: str = "symbols"
    rules: MatchRules = DEFAULT_MATCH_RULES
    redact: Rules = DEFAULT_RULES
    strict: bool | None = None
    partial: bool = False
    repeat: bool | None = None
    delivery: Delivery = PLAIN

    def options(self, *, strict: bool) -> Options:
        """The options of a session; `strict` is for where nothing else was said."""
        strict = strict if self.strict is None else self.strict
        return Options(
            faithful=self.poll == "faithful",
            repeat=not strict if self.repeat is None else self.repeat,
            strict=strict and not self.partial,
        )


DEFAULT_MANNER = Manner()


def session_in(manner: Manner, tapes: Sequence[Tape], now: float) -> Session:
    """A session that answers in this manner; `now` is the time at which it begins."""
    clock = {"recorded": recorded_clock, "now": present_clock(now), "fixed": fixed_clock}[manner.clock]
    options, redactor = manner.options(strict=False), Redactor(manner.redact)
    return Session(tapes, options, clock=clock, redactor=redactor, delivery=manner.delivery)
