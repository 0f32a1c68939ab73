"""The doors with what only the command line can ask for: https at the base URL, several servers behind the proxy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from toolreel.addons.record import Recorder
from toolreel.commands import record as record_command
from toolreel.commands import replay as replay_command
from toolreel.commands.doors import PROXY, parse_upstream
from toolreel.messages.model import Cassette
from toolreel.replay.manner import Manner
from toolreel.replay.session import Session
from toolreel.server.hosts import Listen
from toolreel.server.shelf import Shelf
from toolreel.store.files import load
from toolreel.store.recordings import begin

from .doors import FREE, Door, WatchedJournal


@dataclass(slots=True)
class SecureDoor(Door):
    """A door, with all of the environment that leads clients to it."""

    environment: dict[str, str] = field(kw_only=True)


@dataclass(slots=True)
class SecureRecording(SecureDoor):
    """A recorder at work; `cassette` is there once its block has ended."""

    recorder: Recorder = field(kw_only=True)
    journal: WatchedJournal = field(kw_only=True)
    made: Cassette | None = None

    @property
    def cassette(self) -> Cassette:
        assert self.made is not None, "the recording has not ended"
        return self.made


@dataclass(slots=True)
class SecureReplay(SecureDoor):
    """A replay at work."""

    session: Session = field(kw_only=True)


@contextmanager
def recording(
    folder: Path, *upstreams: str, via: str, tls: bool = False, listen: Listen = FREE
) -> Iterator[SecureRecording]:
    """The recorder of the cassette `tape`, wired by the command's own code."""
    first, *more = map(parse_upstream, upstreams)
    take = begin(folder, "tape")
    journal = WatchedJournal(take)
    try:
        recorder = Recorder(
            journal,
            origins=frozenset(server.origin for server in (first, *more)) if via == PROXY else None,
            prefix="" if via == PROXY else first.path,
            guards_host=via != PROXY,
        )
        with record_command._door(recorder, first, listen, via, tls=tls, more=more) as environment:
            door = SecureRecording(
                base=first.origin if via == PROXY else environment["TOOLREEL_URL"],
                proxy=environment.get("HTTPS_PROXY"),
                bundle=environment.get("SSL_CERT_FILE"),
                environment=environment,
                recorder=recorder,
                journal=journal,
            )
            yield door
    except BaseException:
        take.leave()
        raise
    assert recorder.broken is None
    take.finish()
    door.made = load(take.path)


@contextmanager
def replaying(folder: Path, via: str, *, tls: bool = False, listen: Listen = FREE) -> Iterator[SecureReplay]:
    """A replay of the cassette `tape`, wired by the command's own code."""
    tapes = [Shelf(folder, Manner()).tape("tape")]
    session = Session(tapes)
    make = (
        replay_command.proxy_door(session, listen, tapes)
        if via == PROXY
        else replay_command.base_url_door(session, listen, tapes, tls=tls)
    )
    with make as environment:
        recorded = parse_upstream(tapes[0].cassette.upstreams[0]).origin
        yield SecureReplay(
            base=recorded if via == PROXY else environment["TOOLREEL_URL"],
            proxy=environment.get("HTTPS_PROXY"),
            bundle=environment.get("SSL_CERT_FILE"),
            environment=environment,
            session=session,
        )
