"""A replay in progress: answers requests from tapes, and remembers what could not be answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from toolreel.dialects.routes import Kind
from toolreel.errors import ToolreelError
from toolreel.messages import coding
from toolreel.messages.bodies import FILE_THRESHOLD
from toolreel.messages.http import HttpRequest, header, origin_of
from toolreel.messages.model import Response
from toolreel.normalise.volatile import shifted, take_out
from toolreel.redaction import Redactor

from .answer import Answer, api_error, miss_answer
from .broken import broken, standing_in
from .delivery import PLAIN, Delivery
from .encoded import Encoded
from .engine import Engine, Options, Played
from .live import Live
from .miss import Miss, MissCode, MissCount
from .retries import hurried, is_retry, unhurried
from .standing import Standing, Stands
from .tape import Tape
from .tracks import Group, Track
from .trouble import Aftermath, Trouble, Wanted
from .verdict import Verdict, verdict

Clock = Callable[[Tape, Response, int], Response]
"""Gives the response of an interaction, by its number, the timestamps that the client is to see."""


def recorded_clock(tape: Tape, response: Response, n: int) -> Response:
    """The timestamps as they were received."""
    del tape, n
    return response


def fixed_clock(tape: Tape, response: Response, n: int) -> Response:
    """The timestamps as they stand in the cassette."""
    del tape
    return take_out(response, n)[0]


def present_clock(now: float) -> Clock:
    """The received timestamps, all moved by the same number of seconds, so that the first one is `now`."""

    def clock(tape: Tape, response: Response, n: int) -> Response:
        del n
        return shifted(response, round(now) - tape.first_second)

    return clock


class Session:
    """Answers requests from tapes.

    `redactor` is the one that recorded them: what it takes for a secret matches any other secret. Never raises:
    whatever goes wrong becomes an answer of toolreel's own, and nothing is asked of any network.
    """

    def __init__(
        self,
        tapes: Iterable[Tape],
        options: Options | None = None,
        *,
        clock: Clock = recorded_clock,
        redactor: Redactor | None = None,
        delivery: Delivery = PLAIN,
    ) -> None:
        self.misses: list[Miss] = []
        """The first ones, in their order."""
        self._missed = MissCount()
        self.served = 0
        self._touched: set[Live | Group] = set()
        self._tapes = tuple(tapes)
        self._options = options or Options()
        self._clock = clock
        self._encoded = {tape: tape.encoded.setdefault(clock, {}) for tape in self._tapes}
        self._redactor = redactor or Redactor()
        self._engine = Engine(self._tapes, self._options, self._redactor.placeholders.named)
        self._origins = {
            origin_of(upstream) for tape in self._tapes for upstream in tape.cassette.upstreams if "://" in upstream
        }
        self.deliver(delivery)

    def deliver(self, delivery: Delivery) -> None:
        """From now on answers are sent like this; its faults begin to count."""
        self._delivery = delivery
        self._standing = Standing(self._redactor.seen)
        self.trouble = Trouble(delivery.faults)
        self._aftermath = Aftermath()

    def _touch(self, live: Live) -> None:
        """A fault has touched a live conversation; of those that are decided, only what they are is kept."""
        lives = [one for one in self._touched if isinstance(one, Live)]
        self._touched.difference_update(lives)
        for one in (*lives, live):
            is_decided = one.begun is None and len(one.states) == 1
            self._touched.update(one.states if is_decided else [one])

    @property
    def _touched_groups(self) -> set[Group]:
        """Recorded conversations that faults have touched."""
        return {group for one in self._touched for group in (one.states if isinstance(one, Live) else [one])}

    def verdict(self) -> Verdict:
        """What came of it until now."""
        played, everything = self._engine.played, self._options.strict
        return verdict(
            self._tapes,
            played,
            self._missed.times,
            self.served,
            everything=everything,
            trouble=self.trouble,
            touched=self._touched_groups,
        )

    @property
    def unplayed(self) -> int:
        """How many interactions have not been played."""
        return self.verdict().never_played

    def answer(self, request: HttpRequest) -> Answer:
        """The recorded answer to a request, or the answer that explains why there is none."""
        try:
            standing = self._standing
            stands = standing.get(request)
            if stands is not None and standing.seen == self._redactor.seen and self._engine.stands(stands):
                self.served += 1
                return stands
            found = self._find(request)
            if not isinstance(found, Answer | Miss):
                raise TypeError(f"{type(found).__name__} is no answer")
        except Exception as error:  # noqa: BLE001 - fail closed: no error may let the request through
            found = self._failure(request, error)
        if isinstance(found, Miss):
            # What a client sent may hold what no answer and no terminal can show, such as half a surrogate pair.
            found = replace(found, message=found.message.encode("utf-8", "backslashreplace").decode())
            self._note(found)
            return miss_answer(found)
        return found

    def _failure(self, request: HttpRequest, error: Exception) -> Miss:
        """What to say when an error is in the way of the answer; a secret that the request may hold is not said."""
        try:
            if isinstance(error, ToolreelError):  # such as a body file that was changed
                said = self._redactor.text(f"{request.method} {request.path} cannot be answered: {error}")
                return Miss(MissCode.INTERNAL, said)
            what = self._redactor.text(f"{request.method} {request.path}: {type(error).__name__}: {error}")
        except Exception:  # noqa: BLE001 - then it is the redactor that failed
            what = f"{request.method}: {type(error).__name__}"
        return Miss(MissCode.INTERNAL, f"toolreel failed on {what}. This is a bug of toolreel's; please report it.")

    def note(self, miss: Miss) -> None:
        """Takes note of a miss that a door has found: what went wrong there was no answer either."""
        self._note(miss)

    def _note(self, miss: Miss) -> None:
        if len(self.misses) < _MOST_LISTED:
            self.misses.append(miss)
        self._missed.add(miss)

    def _find(self, asked: HttpRequest) -> Answer | Miss:
        if self._standing.seen != self._redactor.seen:
            self._standing = Standing(self._redactor.seen)
        request = self._redactor.request(_decoded(asked))
        if request.origin is not None and origin_of(request.origin) not in self._origins:
            return self._other_host(request, request.origin)
        wanted = Wanted(request)
        if fault := self.trouble.instead(wanted):
            self._touched |= self._engine.concerned(request)
            return standing_in(fault)
        if refusal := self._aftermath.refusal(wanted):
            return api_error(400, refusal)
        played = self._engine.play(request)
        if isinstance(played, Miss):
            return played
        answer = self._answer(wanted, played)
        if played.stands is not None and not self.trouble.watches and not is_retry(asked):
            group = None if played.track.kind is Kind.READ else played.track.group
            is_small = sum(map(len, answer.pieces)) <= _LARGE  # else it would be encoded once more
            is_shared = is_small and answer is self._recorded(played)
            self._standing.keep(asked, Stands.of(answer, group, played.stands), is_shared=is_shared)
        return answer

    def _other_host(self, request: HttpRequest, origin: str) -> Miss:
        hosts = ", ".join(sorted(self._origins)) or "none"
        names = ", ".join(tape.name for tape in self._tapes)
        return Miss(
            MissCode.OTHER_HOST,
            f"{request.method} {request.target} is for {origin}, "
            f"but cassette {names} was recorded with {hosts}. "
            f"With --tunnel {urlsplit(origin).hostname} it is let through, untouched.",
        )

    def _answer(self, wanted: Wanted, played: Played) -> Answer:
        whole = self._recorded(played)
        answer = self._delivery.pace.timed(self._aftermath.corrected(whole), played.performance)
        self.trouble.learn(answer)
        fault, ended = self.trouble.after(wanted, answer), None
        if fault:
            self._touch(played.live)
            answer, ended = broken(fault, answer)
        self._aftermath.see(wanted, whole, fault, ended)
        self.served += 1
        return self._delivery.cut(answer, played.performance, f"{played.track.tape.name} {played.track.n}")

    def _recorded(self, played: Played) -> Answer:
        """The answer as it was recorded, with the ids that the client holds and the clock that it sees."""
        hurry = self._options.hurry and self._delivery.pace.instant
        known, key = self._encoded[played.track.tape], (id(played.recorded), hurry)
        if (encoded := known.get(key)) is None:
            encoded = self._encode(played.track, played.recorded, hurry=hurry)
            if encoded.size <= _LARGE:
                known[key] = encoded
        state = played.state
        return encoded.answer(state.live_of, state.naming, renames=state.renames)

    def _encode(self, track: Track, recorded: Response, *, hurry: bool) -> Encoded:
        response = self._clock(track.tape, recorded, track.n)
        response = hurried(response, track) if hurry else unhurried(response, track)
        return Encoded(response, track.interaction.ending, track.tape.read_file, track.tape.minted)


def _decoded(request: HttpRequest) -> HttpRequest:
    """A request whose body is in no content coding."""
    coded = header(request.headers, "content-encoding")
    if coded is None:
        return request
    plain = tuple(pair for pair in request.headers if pair[0] != "content-encoding")
    return replace(request, headers=plain, body=coding.decoded_or_raw(request.body, coded))


_MOST_LISTED = 10_000
"""So many misses are listed one by one."""
_LARGE = FILE_THRESHOLD
"""Larger answers are encoded each time anew: in memory they would take twice the room."""
