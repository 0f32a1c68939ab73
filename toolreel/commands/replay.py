"""`toolreel replay`: serves cassettes, offline."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from toolreel.collecting import no_collecting, set_aside
from toolreel.errors import CommandError
from toolreel.replay.address import CASSETTE_HEADER, CONTROL, SESSION_HEADER
from toolreel.replay.book import Book
from toolreel.replay.manner import DEFAULT_MANNER, Manner, session_in
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape
from toolreel.server.closed import Answers
from toolreel.server.control import Desk
from toolreel.server.entrance import Entrance
from toolreel.server.gate import SHORTEST, Gate
from toolreel.server.hosts import Listen, any_host, own_host, reached_at
from toolreel.server.serve import serving
from toolreel.server.shelf import Shelf

from . import child
from .console import note
from .doors import (
    KEYS,
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

_DEFAULT = "default"
"""The session of those who name none, where cassettes are named to the command."""


def replay(
    names: Sequence[str],
    *,
    folder: Path,
    listen: Listen,
    via: str,
    command: Sequence[str],
    manner: Manner = DEFAULT_MANNER,
    tls: bool = False,
    token: str | None = None,
    tunnels: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Replays while COMMAND runs, or until Ctrl-C without one; gives the exit status. Raises ToolreelError.

    Without names all cassettes in `folder` can be had, each by those who name it. With a `token` only those who bring
    it are answered.
    """
    check_door(via, tls=tls)
    if token is not None and (via == PROXY or len(token) < SHORTEST):
        raise CommandError(f"--token is for the base-URL door, and has {SHORTEST} characters or more.")
    strict = bool(command) if manner.strict is None else manner.strict
    book = new_book(folder, replace(manner, strict=strict))
    with ExitStack() as stack:
        with no_collecting():  # what is loaded stays, and is set aside before anybody looks for garbage in it
            tapes = book.begin(names, _DEFAULT).tapes if names else ()
            stack.enter_context(set_aside())
        book.default = _DEFAULT if names else None
        desk = Desk(book)
        through = checked_tunnels(tunnels, via, _hosts(tapes))
        door = (
            proxy_door(desk, listen, tapes, through)
            if via == PROXY
            else base_url_door(desk, listen, tapes, tls=tls, token=token)
        )
        environment = stack.enter_context(door)
        note(f"Replaying {', '.join(names) or f'all of {folder}'}: {_pointing(via, environment, named=bool(names))}")
        if command:
            status = child.run(command, environment)
        else:
            note("Press Ctrl-C to end the replay.")
            child.wait_for_end()
            status = 0
    missed = [held for held in book.sessions() if held.session.misses]
    if missed:
        from toolreel.store.misses import note_misses  # a replay without misses does without SQLite

        for held in missed:
            note_misses(folder, held.cassettes, held.session.misses)
    return conclude(book.verdict(), status, as_json=as_json)


def _pointing(via: str, environment: dict[str, str], *, named: bool) -> str:
    """What a person has to tell a client; without a session for all it is the client that names one."""
    where = pointing(via, environment)
    if named:
        return where
    if via == PROXY:
        return f"{where}, and the headers {CASSETTE_HEADER} and {SESSION_HEADER}"
    return f"{environment['TOOLREEL_URL']}{CONTROL}CASSETTE/SESSION/v1"


def new_book(folder: Path, manner: Manner, *, on_demand: bool = True) -> Book:
    """A book of sessions on the cassettes in a folder."""

    def make(manner: Manner, tapes: Sequence[Tape]) -> Session:
        return session_in(manner, tapes, time.time())

    return Book(Shelf(folder, manner).tape, make, manner=manner, on_demand=on_demand)


@contextmanager
def base_url_door(
    answers: Answers,
    listen: Listen,
    tapes: Sequence[Tape] = (),
    *,
    tls: bool = False,
    token: str | None = None,
) -> Iterator[dict[str, str]]:
    """Serves replays on the base URL, and gives the environment that leads clients to it."""
    upstreams = _upstreams(tapes)
    path = urlsplit(upstreams[0]).path if upstreams else "/v1"
    with ExitStack() as stack:
        certificate, trust = None, dict[str, str]()
        if tls:
            ours = authority()
            from toolreel.server.tls import NAMES, certify

            certificate = certify(ours, (*NAMES, listen.host))
            trust = stack.enter_context(trusting(ours))
        entrance = Entrance(Gate(answers, token), any_host) if token else Entrance(answers, own_host)
        address = stack.enter_context(serving(entrance, listen, certificate))
        address = address._replace(host=reached_at(address.host))
        keys = dict.fromkeys(KEYS, token) if token else {}
        yield base_url_environment(address, path, tls=tls, replays=True) | trust | keys


@contextmanager
def proxy_door(
    answers: Answers, listen: Listen, tapes: Sequence[Tape] = (), tunnels: Sequence[str] = ()
) -> Iterator[dict[str, str]]:
    """Serves replays to those whose proxy this is, and gives the environment that leads clients to it."""
    try:
        from toolreel.addons.master import proxying
        from toolreel.addons.parking import Parking
        from toolreel.addons.replay import PROXY_OPTIONS, Barrier, Replayer, tunnelled
    except ModuleNotFoundError:
        raise needs_mitmproxy() from None
    parking = Parking()
    ours = authority()  # before mitmproxy makes one of its own
    with (
        serving(parking, Listen("127.0.0.1", 0)) as inner,
        proxying(
            Replayer(answers, inner, parking, tunnels),
            Barrier(inner, answers.note, tunnels),
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
