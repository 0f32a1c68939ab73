"""`toolreel replay`: serves cassettes, offline."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from toolreel.redaction import DEFAULT_RULES, Redactor, Rules
from toolreel.replay.delivery import PLAIN, Delivery
from toolreel.replay.engine import Options
from toolreel.replay.rules import DEFAULT_MATCH_RULES, MatchRules
from toolreel.replay.session import Session, fixed_clock, present_clock, recorded_clock
from toolreel.replay.tape import Tape
from toolreel.server.app import ReplayApp
from toolreel.server.hosts import Listen, own_host
from toolreel.server.serve import serving
from toolreel.store.files import LargeBodies, load
from toolreel.store.names import cassette_path
from toolreel.store.originals import originals

from . import child
from .console import note
from .doors import (
    PROXY,
    base_url_environment,
    check_door,
    checked_tunnels,
    needs_mitmproxy,
    pointing,
    proxy_environment,
    proxy_options,
)
from .trust import authority, trusting
from .verdict import conclude


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


def replay(
    names: Sequence[str],
    *,
    folder: Path,
    listen: Listen,
    via: str,
    command: Sequence[str],
    manner: Manner = Manner(),
    tls: bool = False,
    tunnels: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Replays while COMMAND runs, or until Ctrl-C without one; gives the exit status. Raises ToolreelError."""
    check_door(via, tls=tls)
    tapes = [_tape(folder, name, manner) for name in names]
    clock = {"recorded": recorded_clock, "now": present_clock(time.time()), "fixed": fixed_clock}[manner.clock]
    options = manner.options(strict=bool(command))
    session = Session(tapes, options, clock=clock, redactor=Redactor(manner.redact), delivery=manner.delivery)
    through = checked_tunnels(tunnels, via, _hosts(tapes))
    door = (
        _proxy_door(session, listen, tapes, through)
        if via == PROXY
        else _base_url_door(session, listen, tapes, tls=tls)
    )
    with door as environment:
        note(f"Replaying {', '.join(names)}: {pointing(via, environment)}")
        if command:
            status = child.run(command, environment)
        else:
            note("Press Ctrl-C to end the replay.")
            child.wait_for_end()
            status = 0
    if session.misses:
        from toolreel.store.misses import note_misses  # a replay without misses does without SQLite

        note_misses(folder, names, session.misses)
    return conclude(session.verdict(), status, as_json=as_json)


def _tape(folder: Path, name: str, manner: Manner = Manner()) -> Tape:
    path = cassette_path(folder, name)
    known = originals(folder, name) if manner.ids == "original" else None
    return Tape(name, load(path), LargeBodies(path).read, known, manner.rules)


@contextmanager
def _base_url_door(
    session: Session, listen: Listen, tapes: Sequence[Tape], *, tls: bool = False
) -> Iterator[dict[str, str]]:
    upstreams = _upstreams(tapes)
    path = urlsplit(upstreams[0]).path if upstreams else "/v1"
    with ExitStack() as stack:
        certificate, trust = None, dict[str, str]()
        if tls:
            ours = authority()
            from toolreel.server.tls import NAMES, certify

            certificate = certify(ours, (*NAMES, listen.host))
            trust = stack.enter_context(trusting(ours))
        address = stack.enter_context(serving(ReplayApp(session, own_host), listen, certificate))
        yield base_url_environment(address, path, tls=tls, replays=True) | trust


@contextmanager
def _proxy_door(
    session: Session, listen: Listen, tapes: Sequence[Tape] = (), tunnels: Sequence[str] = ()
) -> Iterator[dict[str, str]]:
    try:
        from toolreel.addons.master import proxying
        from toolreel.addons.replay import PROXY_OPTIONS, Barrier, Replayer, tunnelled
    except ModuleNotFoundError:
        raise needs_mitmproxy() from None
    ticket = secrets.token_urlsafe(16)
    ours = authority()  # before mitmproxy makes one of its own
    app = ReplayApp(session, own_host, ticket)
    with (
        serving(app, Listen("127.0.0.1", 0)) as inner,
        proxying(
            Replayer(inner, ticket, session.note, app.pieces, tunnels),
            Barrier(inner, session.note, tunnels),
            mode="regular",
            listen=listen,
            options=proxy_options() | PROXY_OPTIONS | tunnelled(tunnels),
        ) as address,
        trusting(ours) as trust,
    ):
        yield proxy_environment(address, [*_hosts(tapes), *tunnels], replays=True) | trust


def _hosts(tapes: Sequence[Tape]) -> list[str]:
    return [urlsplit(upstream).hostname or "" for upstream in _upstreams(tapes)]


def _upstreams(tapes: Sequence[Tape]) -> list[str]:
    return [upstream for tape in tapes for upstream in tape.cassette.upstreams]
