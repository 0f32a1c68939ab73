"""A client that walks through a cassette and knows only what its answers told it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any

from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Response
from toolreel.normalise.names import names_in
from toolreel.normalise.symbols import replaced_by
from toolreel.normalise.volatile import take_out
from toolreel.redaction import DEFAULT_RULES, PLACEHOLDER, Redactor, Rules
from toolreel.replay.answer import Answer
from toolreel.replay.engine import Options
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape

from .sent import Sent


def no_clock(tape: Tape, response: Response, n: int) -> Response:
    """Timestamps that do not tell which of two interactions it is that are alike but for ids and clock."""
    del tape, n
    return take_out(response, 0)[0]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a replay is made of: the sessions of one setup answer alike."""

    tape: Tape
    options: Options
    redact: Rules = DEFAULT_RULES

    def walk(self, *, explain: bool = True) -> Walk:
        """A client at the beginning."""
        redactor, options = Redactor(self.redact), replace(self.options, explain=explain)
        return Walk(self, Session([self.tape], options, clock=no_clock, redactor=redactor), redactor)


@dataclass(slots=True)
class Walk:
    """A client in the middle of a cassette: its session, and the names that it has for recorded ids and secrets."""

    setup: Setup
    session: Session
    redactor: Redactor
    names: dict[str, str] = field(default_factory=dict)

    def fork(self) -> Walk:
        """The same client once more, whose future changes nothing for this one."""
        tape = self.setup.tape
        shared = [tape, self.setup.redact, *tape.groups, *(track for group in tape.groups for track in group.tracks)]
        memo: dict[int, Any] = {id(thing): thing for thing in shared}  # what never changes is not copied
        session, redactor = copy.deepcopy((self.session, self.redactor), memo)
        return Walk(self.setup, session, redactor, dict(self.names))

    def meant(self, sent: Sent) -> Sent:
        """A recorded request as this client sends it: with its ids, and with keys of its own for recorded secrets."""
        for name in names_in(sent.texts()):
            if PLACEHOLDER.fullmatch(name):
                self.names.setdefault(name, f"audit-key-{name.rpartition('-')[2]}")
        return sent.renamed(replaced_by(self.names))

    def ask(self, request: HttpRequest) -> Answer | None:
        """The answer, or None for a miss."""
        missed = len(self.session.misses)
        answer = self.session.answer(request)
        return None if len(self.session.misses) > missed else answer

    def learn(self, recorded: Answer, answer: Answer) -> None:
        """The ids in an answer, where the recorded one has its own."""
        ours, theirs = _names(recorded), _names(answer)
        for name, other in zip(ours, theirs, strict=False) if len(ours) == len(theirs) else ():
            self.names.setdefault(name, other)


def _names(answer: Answer) -> list[str]:
    return list(names_in([b"".join(answer.pieces).decode("utf-8", "replace")]))


class Probed:
    """A replay of which can be asked what it would answer.

    `front` is the client that tries, `back` one that has sent nothing but the recorded requests.
    """

    def __init__(self, setup: Setup) -> None:
        # There are thousands of misses, and nobody asks why.
        self.front = setup.walk(explain=False)
        self.back = setup.walk(explain=False)

    def answers(self, sent: Sent) -> bool:
        """Whether a request would be answered now; what an answer has moved is put back."""
        known = len(self.front.redactor.placeholders)
        answered = self.front.ask(self.front.meant(sent).http()) is not None
        if answered or len(self.front.redactor.placeholders) != known:
            self.front = self.back.fork()
        return answered

    def play(self, sent: Sent, recorded: Answer) -> tuple[Answer | None, Answer | None]:
        """The answers to a recorded request: that of the client that tried, and that of the one that did not."""
        answers = []
        for walk in (self.front, self.back):
            answer = walk.ask(walk.meant(sent).http())
            if answer is not None:
                walk.learn(recorded, answer)
            answers.append(answer)
        return answers[0], answers[1]
