"""Is every recorded request answered however it is spelled, and nothing but what was recorded?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from toolreel.dialects.ids import ID
from toolreel.messages.model import UnknownBody
from toolreel.normalise.strings import in_response
from toolreel.normalise.symbols import prefix_of, renamed, replaced_by
from toolreel.redaction import PLACEHOLDER
from toolreel.replay.answer import Answer, recorded_answer
from toolreel.replay.index import Key
from toolreel.replay.tape import Tape
from toolreel.replay.tracks import Group, Track

from .findings import Audited, Hole, Passage
from .mutants import Mutant, mutants, spread
from .sent import Counted, Sent, meaning, recorded
from .variants import VARIANTS, keeping
from .walk import Probed, Setup, Walk, no_clock

MOST = 1000
"""Mutants of one request; what is beyond is left out, evenly over the fields."""


def audit(
    setup: Setup, *, without: Mapping[str, Setup] | None = None, bare: Setup | None = None, most: int = MOST
) -> Iterator[Audited]:
    """Audits a cassette request by request, in an order in which a client could send them.

    `without` are setups that lack one of the rules by which more matches than what is equal, by the rule's name;
    `bare` lacks all of them.
    """
    tracks = [track for group in setup.tape.groups for track in group.tracks]
    requests = [_sent(setup.tape, track) for track in tracks]
    counted = Counted(setup.tape.rules.match_query, setup.tape.rules.match_headers)
    others = _Others(setup.tape, requests, counted)
    work = _Audit(
        others,
        Probed(setup),
        Probed(bare or setup),
        {name: Probed(one) for name, one in (without or {}).items()},
        setup.walk(),
        {name: setup.walk() for name in VARIANTS if not (name == "api-version" and name in counted.query)},
        most,
    )
    sent = dict(zip(tracks, requests, strict=True))
    for group in setup.tape.in_turn():  # in a file made by hand roots may stand behind those that need them
        for track in group.tracks:
            yield work.audited(track, sent[track])


class _Made(NamedTuple):
    """Where an id comes from: `alike` is equal for ids that equal requests with equal answers have made."""

    alike: tuple[Key, str, int]
    group: Group


def _made(tape: Tape) -> dict[str, _Made]:
    made: dict[str, _Made] = {}
    for group in tape.groups:
        for track in group.tracks:
            for position, name in enumerate(track.answered_symbols):
                made.setdefault(name, _Made((track.key, track.answer_alike, position), group))
    return made


class _Others:
    """All recorded requests: what equals one of them is no proof of anything."""

    def __init__(self, tape: Tape, requests: list[Sent], counted: Counted) -> None:
        self.counted = counted
        self._tape = tape
        self._meanings = {meaning(sent, counted) for sent in requests}
        self._loose = set(map(self._loosely, self._meanings))
        self._made = _made(tape)
        self._as_alike = set(map(self._alike, self._meanings))
        self.known = _known(tape, requests)
        tracks = (track for group in tape.groups for track in group.tracks)
        self._open = {
            self._head(sent)
            for sent, track in zip(requests, tracks, strict=True)
            if isinstance(track.interaction.request.body, UnknownBody)
        }

    def mutants(self, sent: Sent, known: list[str]) -> Iterator[Mutant | None]:
        """The mutants that mean something else than the request and than each other; None for those to set apart."""
        own = meaning(sent, self.counted)
        seen = {own}
        for mutant in mutants(sent, known, self.counted):
            meant = meaning(mutant.sent, self.counted)
            if meant not in seen:
                seen.add(meant)
                yield None if self._recorded(meant, own) else mutant

    def _recorded(self, meant: str, own: str) -> bool:
        if meant in self._meanings:
            return True
        alike = self._alike(meant)
        if alike in self._as_alike and alike != self._alike(own):
            return True
        loosely = self._loosely(meant)
        return loosely in self._loose and loosely != self._loosely(own)

    def _loosely(self, meant: str) -> str:
        """What a request means, whichever thread or run it is about."""
        return renamed(meant, self._tape.minted, prefix_of)

    def _alike(self, meant: str) -> str:
        """What a request means, with one name for all ids that were made alike."""
        return renamed(meant, self._made, lambda name: str(self._made[name].alike) if name in self._made else name)

    def any_body(self, sent: Sent) -> bool:
        """Whether a request like this but for its body was recorded by somebody who did not keep the body."""
        return self._head(sent) in self._open

    def _head(self, sent: Sent) -> str:
        return meaning(replace(sent, content=None), self.counted)

    def interchangeable(self, mutant: Mutant) -> bool:
        """Whether it names what was made in the same way elsewhere: which is which is decided by what comes later."""
        one, other = self._made.get(mutant.before or ""), self._made.get(mutant.after or "")
        if mutant.what != "exchanged" or one is None or other is None or one.alike != other.alike:
            return False
        return one.group is not other.group or self._tape.root_classes.get(mutant.before or "") is not None


@dataclass(slots=True)
class _Audit:
    """An audit in progress.

    `plain` is a client that sends the recorded requests and is told why if one is missed, each of `variants` one that
    sends all of them in a way of its own.
    """

    others: _Others
    main: Probed
    bare: Probed
    without: Mapping[str, Probed]
    plain: Walk
    variants: dict[str, Walk]
    most: int

    def audited(self, track: Track, sent: Sent) -> Audited:
        """Tries everything with one request, and plays it."""
        wheres, chosen = self._chosen(sent)
        passages: Counter[tuple[str, str]] = Counter()
        holes: list[Hole] = []
        sent_mutants = interchanged = 0
        for mutant in chosen:
            sent_mutants += 1
            if not self.main.answers(mutant.sent):
                continue
            if self.others.interchangeable(mutant):
                interchanged += 1
            elif rule := self._rule(track.n, mutant):
                passages[mutant.where, rule] += 1
            else:
                holes.append(Hole(mutant.what, mutant.where))
        answer, refused = self._play(track, sent)
        sent_so, unanswered = self._vary(sent, answer)
        apart = wheres.count(None)
        return Audited(
            n=track.n,
            method=sent.method,
            path=sent.path,
            kind=track.kind.value,
            mutants=sent_mutants - interchanged,
            apart=apart + interchanged,
            left_out=len(wheres) - apart - sent_mutants,
            variants=sent_so,
            passages=tuple(Passage(where, rule, count) for (where, rule), count in passages.items()),
            holes=tuple(holes),
            unanswered=tuple(unanswered),
            refused=refused,
        )

    def _chosen(self, sent: Sent) -> tuple[list[str | None], Iterable[Mutant]]:
        """The places of all mutants, None for those apart, and the mutants that are to be sent."""
        known = [name for name in self.main.back.names if ID.fullmatch(name)]
        first = list(islice(self.others.mutants(sent, known), self.most))
        if len(first) < self.most:
            return [mutant.where if mutant else None for mutant in first], [mutant for mutant in first if mutant]
        # Many mutants of a large body are not held in memory at once.
        wheres = [mutant.where if mutant else None for mutant in self.others.mutants(sent, known)]
        wanted = spread(wheres, self.most)
        numbered = enumerate(self.others.mutants(sent, known))
        return wheres, (mutant for index, mutant in numbered if mutant and index in wanted)

    def _rule(self, n: int, mutant: Mutant) -> str | None:
        """What lets a mutant of interaction `n` through that is answered; None if nothing may."""
        varied = _varied(mutant)
        if varied and self.others.known[n].isdisjoint(varied):
            return f"placeholder {' and '.join(varied)}"
        if self.others.any_body(mutant.sent):
            return "a body that was not kept"
        if self.bare.answers(mutant.sent):
            return None
        causes = [name for name, probed in self.without.items() if not probed.answers(mutant.sent)]
        return " and ".join(causes or self.without)

    def _play(self, track: Track, sent: Sent) -> tuple[Answer | None, str | None]:
        """The answer to the recorded request, and what is wrong if it is not the recorded one."""
        told = _recorded(track, {})
        for probed in (self.bare, *self.without.values()):
            probed.play(sent, told)
        after_mutants, answer = self.main.play(sent, told)
        self.plain.ask(self.plain.meant(sent).http())
        self.plain.names |= self.main.back.names
        if answer is None:
            return None, self.plain.session.misses[-1].message
        if after_mutants is None or _said(after_mutants) != _said(answer):
            return answer, "The misses before it have changed its answer."
        if _said(answer) != _said(_recorded(track, self.main.back.names)):
            return answer, "It is answered with another recorded answer."
        return answer, None

    def _vary(self, sent: Sent, wanted: Answer | None) -> tuple[int, list[str]]:
        """In how many ways it was sent, and which of them are not answered like the recorded request."""
        sent_so, unanswered = 0, []
        for name, walk in self.variants.items():
            meant = walk.meant(sent)
            request = VARIANTS[name](meant)
            sent_so += request is not None
            answer = walk.ask(keeping(request or meant.http(), meant, self.others.counted.headers))
            if wanted is not None and (answer is None or _said(answer) != _said(wanted)):
                unanswered.append(name)
                self.variants[name] = self.main.back.fork()
            walk.names |= self.main.back.names
        return sent_so, unanswered


def _sent(tape: Tape, track: Track) -> Sent:
    request = track.interaction.request
    return recorded(request, tape.cassette.upstreams[request.upstream], tape.read_file)


def _recorded(track: Track, names: Mapping[str, str]) -> Answer:
    """What was recorded, with the names that a client has for ids."""
    response = no_clock(track.tape, track.interaction.response, track.n)
    return recorded_answer(in_response(response, replaced_by(names)), track.interaction.ending, track.tape.read_file)


def _said(answer: Answer) -> tuple[int, bytes, bool]:
    return answer.status, b"".join(answer.pieces), answer.cut


def _varied(mutant: Mutant) -> list[str]:
    """The placeholders in whose place the mutant has another text, if it differs in nothing else."""
    if mutant.before is None or not mutant.after:
        return []
    fits = "(.+)".join(map(re.escape, PLACEHOLDER.split(mutant.before)))
    match = re.fullmatch(fits, mutant.after, re.DOTALL)
    texts = match.groups() if match else ()
    return [name for name, text in zip(PLACEHOLDER.findall(mutant.before), texts, strict=False) if text != name]


def _known(tape: Tape, requests: Iterable[Sent]) -> dict[int, set[str]]:
    """By interaction the placeholders that may stand for one text only: what stood for them earlier, or elsewhere."""
    sent = iter(requests)
    known: dict[int, set[str]] = {}
    for group in tape.groups:
        stood: set[str] = set()
        for track in group.tracks:
            counts = Counter(name for text in next(sent).texts() for name in PLACEHOLDER.findall(text))
            known[track.n] = stood | {name for name, count in counts.items() if count > 1}
            stood |= counts.keys()
    return known
