"""The book of sessions: one server holds many cassettes, and gives each client a replay of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from toolreel.errors import CommandError, ToolreelError
from toolreel.messages.http import HttpRequest

from .address import CASSETTE_HEADER, CONTROL, SESSION_HEADER, Address, addressed, is_version
from .answer import Answer, miss_answer
from .manner import DEFAULT_MANNER, Manner
from .miss import Miss, MissCode, MissCount
from .session import Session
from .tape import Tape
from .trouble import Struck
from .verdict import Missed, Unplayed, Verdict

MOST_SESSIONS = 10_000
"""How many sessions may be open at a time: whoever closes none is told so before the memory is full."""
MOST_KEPT = 1_000
"""How much of what was not played is kept of sessions that are closed, and how many faults."""
_LONGEST_NAME = 200


class SessionError(CommandError):
    """A session cannot be had; `status` says so in HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Held:
    """An open session and what it was made of."""

    name: str
    cassettes: tuple[str, ...]
    manner: Manner
    tapes: tuple[Tape, ...]
    session: Session

    def verdict(self) -> Verdict:
        """What came of it until now."""
        return self.session.verdict()


class _Tally:
    """Adds up verdicts; what is kept of them stays bounded, however many there are."""

    def __init__(self) -> None:
        self._served = self._never_played = 0
        self._misses = MissCount()
        self._unplayed: list[Unplayed] = []
        self._unplayed_more = 0
        self._faults: list[Struck] = []
        self._idle: tuple[int, ...] | None = None

    def add(self, verdict: Verdict, name: str | None = None) -> None:
        """Counts in what came of a session; `name` tells what is its from what others have."""
        self._served += verdict.served
        self._never_played += verdict.never_played
        unplayed = verdict.unplayed[: MOST_KEPT - len(self._unplayed)]
        self._unplayed_more += verdict.unplayed_more + len(verdict.unplayed) - len(unplayed)
        self._unplayed += unplayed if name is None else [replace(one, session=name) for one in unplayed]
        self._faults += verdict.faults[: MOST_KEPT - len(self._faults)]
        known = verdict.idle if self._idle is None else self._idle
        self._idle = tuple(number for number in known if number in verdict.idle)  # a fault is idle if it is in all
        for one in verdict.misses:
            message = one.miss.message if name is None else f"Session {name}: {one.miss.message}"
            self._misses.add(replace(one.miss, message=message), one.times)

    def miss(self, miss: Miss) -> None:
        """Counts in a miss."""
        self._misses.add(miss)

    def verdict(self) -> Verdict:
        """The sum."""
        misses = tuple(Missed(miss, times) for miss, times in self._misses.times.items())
        unplayed, faults = tuple(self._unplayed), tuple(self._faults)
        idle, more = self._idle or (), self._unplayed_more
        return Verdict(self._served, misses, unplayed, self._never_played, faults, idle, more)

    def copy(self) -> _Tally:
        """Another one, for what is not over yet."""
        copy = _Tally()
        copy.add(self.verdict())
        copy._idle = self._idle
        return copy


class Book:
    """Open sessions by name; `answer` finds the one that a request is for.

    `tape_of` gives the tape of a cassette by name, or raises ToolreelError; `make` begins a session in a manner, by
    default in `manner`. Sessions are opened by the first request that names them, unless `on_demand` says that only
    `begin` opens any. What names no session goes to the one that `default` names, if any.
    """

    def __init__(
        self,
        tape_of: Callable[[str], Tape],
        make: Callable[[Manner, Sequence[Tape]], Session],
        *,
        manner: Manner = DEFAULT_MANNER,
        on_demand: bool = True,
    ) -> None:
        self.default: str | None = None
        self.manner = manner
        self.strays: list[str] = []
        """What could not be given to any session, a sentence each."""
        self._tape_of = tape_of
        self._make = make
        self._on_demand = on_demand
        self._held: dict[str, Held] = {}
        self._closed = _Tally()
        """What came of the sessions that are closed, and of strays."""
        self._count = 0

    # ----------------------------------------------------------------------------------------------- for its owner

    def begin(self, cassettes: Sequence[str], name: str | None = None, manner: Manner | None = None) -> Held:
        """Opens a session on cassettes, the first that has an answer gives it; raises ToolreelError."""
        name = self._free_name() if name is None else name
        if name in self._held:
            raise SessionError(f"Session {name} is open already; close it first, or take another name.", 409)
        if not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
            raise SessionError(f"{name!r} is no name of a session: 1 to {_LONGEST_NAME} printable characters.", 400)
        if is_version(name):
            raise SessionError(f"{name!r} is no name of a session, base URLs go on with it; take another name.", 400)
        if not cassettes:
            raise SessionError(f"Session {name} is not open, and no cassette is named to open it on.", 404)
        if len(self._held) >= MOST_SESSIONS:
            raise SessionError(f"{MOST_SESSIONS} sessions are open; close some with DELETE /@/sessions/NAME.", 503)
        manner = manner or self.manner
        tapes = tuple(map(self._tape_of, cassettes))
        held = self._held[name] = Held(name, tuple(cassettes), manner, tapes, self._make(manner, tapes))
        return held

    def get(self, name: str) -> Held:
        """An open session; raises SessionError."""
        if name not in self._held:
            raise _not_open(name)
        return self._held[name]

    def close(self, name: str) -> Held:
        """Closes a session, and gives it for a last look; raises SessionError."""
        held = self.get(name)
        del self._held[name]
        self._closed.add(held.verdict(), self._told_apart(held))
        return held

    def reset(self, name: str) -> Held:
        """Lets a session begin again, and gives what it was until now; raises SessionError."""
        held = self.close(name)
        self._held[name] = replace(held, session=self._make(held.manner, held.tapes))
        return held

    def sessions(self) -> list[Held]:
        """The open sessions, the oldest first."""
        return list(self._held.values())

    def verdict(self) -> Verdict:
        """What came of all sessions until now, the closed ones included."""
        tally = self._closed.copy()
        for held in self._held.values():
            tally.add(held.verdict(), self._told_apart(held))
        return tally.verdict()

    def _told_apart(self, held: Held) -> str | None:
        return None if held.name == self.default else held.name

    def _free_name(self) -> str:
        while True:
            self._count += 1
            if (name := f"session-{self._count}") not in self._held:
                return name

    # ---------------------------------------------------------------------------------------------- for its clients

    def answer(self, request: HttpRequest) -> Answer:
        """The answer of the session that a request is for."""
        found = addressed(request)
        try:
            if found is None:
                held = self._held.get(self.default or "") or self._no_default()
            else:
                address, request = found
                held = self._session_at(address)
        except ToolreelError as error:
            return self._stray(f"{request.method} {request.path}: {error}")
        return held.session.answer(request)

    def _no_default(self) -> NoReturn:
        if self.default is None:
            raise SessionError(f"No session is named; {_HOW}", 424)
        raise _not_open(self.default)

    def _session_at(self, address: Address) -> Held:
        if not address.session:
            raise SessionError(f"The session is missing; {_HOW}", 424)
        held = self._held.get(address.session)
        if held is None and not self._on_demand:
            raise SessionError(f"Session {address.session} is not open, its test is over or was never begun.", 424)
        if held is None:
            return self.begin(address.cassettes, address.session)
        if address.cassettes and address.cassettes != held.cassettes:
            ours, theirs = ", ".join(held.cassettes), ", ".join(address.cassettes)
            raise SessionError(f"Session {held.name} is open on {ours}, not on {theirs}; take another name.", 409)
        return held

    def _stray(self, message: str) -> Answer:
        """The answer to what no session can answer; it is missed like what a session cannot answer."""
        miss = Miss(MissCode.NO_SESSION, message.encode("utf-8", "backslashreplace").decode())
        self._lost(miss)
        return miss_answer(miss)

    def note(self, miss: Miss) -> None:
        """Takes note of a miss that a door has found, before anybody could say for which session."""
        if self.default in self._held:
            self._held[self.default].session.note(miss)
        else:
            self._lost(miss)

    def _lost(self, miss: Miss) -> None:
        self._closed.miss(miss)
        if len(self.strays) < MOST_KEPT:
            self.strays.append(miss.message)


_HOW = (
    f"write it into the base URL, {CONTROL}CASSETTE/SESSION/v1, or into the headers {CASSETTE_HEADER} and "
    f"{SESSION_HEADER}."
)


def _not_open(name: str) -> SessionError:
    return SessionError(f"There is no open session {name}.", 404)
