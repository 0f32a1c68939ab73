"""The real doors, run in this process as the commands run them, and clients that go through them."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai

from toolreel.addons.record import Recorder
from toolreel.commands import record as record_command
from toolreel.commands import replay as replay_command
from toolreel.commands.doors import BASE_URL, PROXY, parse_upstream
from toolreel.messages.bodies import frame_bytes
from toolreel.messages.model import Cassette, Interaction
from toolreel.recording.entries import Ended, Entry, Failed
from toolreel.replay.engine import Options
from toolreel.replay.manner import Manner
from toolreel.replay.session import Session
from toolreel.server.hosts import Listen
from toolreel.server.shelf import Shelf
from toolreel.store.files import load
from toolreel.store.recordings import Recording, begin

from .upstream import PATIENCE_S

DOORS = (BASE_URL, PROXY)
FREE = Listen("127.0.0.1", 0)


@dataclass(slots=True)
class Door:
    """What a client needs to know: where it sends requests, and the proxy and CA bundle if there are any."""

    base: str
    proxy: str | None = None
    bundle: str | None = None

    def client(self, **options: Any) -> httpx.Client:
        """A plain client that adds no header of its own."""
        client = httpx.Client(**self._options(), **options)
        client.headers.clear()
        return client

    def sync_openai(self, **options: Any) -> openai.OpenAI:
        """The real client, sync."""
        transport = openai.DefaultHttpxClient(**self._options())
        return openai.OpenAI(base_url=f"{self.base}/v1", api_key="sk-test", http_client=transport, **options)

    def async_openai(self, **options: Any) -> openai.AsyncOpenAI:
        """The real client, async."""
        transport = openai.DefaultAsyncHttpxClient(**self._options())
        return openai.AsyncOpenAI(base_url=f"{self.base}/v1", api_key="sk-test", http_client=transport, **options)

    def _options(self) -> dict[str, Any]:
        # To load all roots takes longer than most tests, so only who needs them does.
        bundle = self.bundle if self.base.startswith("https:") else None
        trust = ssl.create_default_context(cafile=bundle) if bundle else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return {"proxy": self.proxy, "trust_env": False, "verify": trust, "timeout": PATIENCE_S}


class WatchedJournal:
    """Passes entries on to the real journal, and lets a test wait for them."""

    def __init__(self, recording: Recording) -> None:
        self.entries: list[Entry] = []
        self._journal = recording.journal
        self._came = threading.Condition()

    def append(self, entries: Sequence[Entry]) -> None:
        self._journal.append(entries)
        with self._came:
            self.entries += entries
            self._came.notify_all()

    def wait_for(self, what: Callable[[list[Entry]], bool]) -> None:
        with self._came:
            assert self._came.wait_for(lambda: what(self.entries), PATIENCE_S), self.entries


@dataclass(slots=True)
class RecordingDoor(Door):
    """A recorder at work; `cassette` is there once its block has ended."""

    recorder: Recorder = field(kw_only=True)
    journal: WatchedJournal = field(kw_only=True)
    path: Path = field(kw_only=True)
    made: Cassette | None = None

    @property
    def cassette(self) -> Cassette:
        assert self.made is not None, "the recording has not ended"
        return self.made

    def settle(self, count: int = 1) -> None:
        """Waits until so many interactions have ended, whichever way."""
        self.journal.wait_for(lambda entries: sum(isinstance(entry, Ended | Failed) for entry in entries) >= count)


@contextmanager
def recording(folder: Path, name: str, upstream: str, via: str) -> Iterator[RecordingDoor]:
    """The recorder behind one of its doors, wired by the command's own code."""
    server = parse_upstream(upstream)
    take = begin(folder, name)
    journal = WatchedJournal(take)
    try:
        recorder = Recorder(
            journal,
            origins=frozenset({server.origin}) if via == PROXY else None,
            prefix="" if via == PROXY else server.path,
            guards_host=via != PROXY,
        )
        with record_command._door(recorder, server, FREE, via) as environment:
            door = RecordingDoor(
                base=server.origin if via == PROXY else environment["TOOLREEL_URL"],
                proxy=environment.get("HTTPS_PROXY"),
                bundle=environment.get("SSL_CERT_FILE"),
                recorder=recorder,
                journal=journal,
                path=take.path,
            )
            yield door
    except BaseException:
        take.leave()
        raise
    assert recorder.broken is None
    take.finish()
    door.made = load(take.path)


@dataclass(slots=True)
class ReplayDoor(Door):
    """A replay at work."""

    session: Session = field(kw_only=True)


@contextmanager
def replaying(
    folder: Path, name: str, via: str, *, base: str | None = None, as_received: bool = False, repeat: bool = True
) -> Iterator[ReplayDoor]:
    """Replay behind one of its doors, wired by the command's own code.

    Through the proxy clients ask for the recorded server, unless `base` says another. `as_received` gives the ids and
    each answer to a poll as the recorder got them.
    """
    manner = Manner(ids="original", poll="faithful") if as_received else Manner()
    tapes = [Shelf(folder, manner).tape(name)]
    session = Session(tapes, Options(faithful=as_received, repeat=repeat, hurry=not as_received))
    if via == PROXY:
        recorded = parse_upstream(tapes[0].cassette.upstreams[0]).origin
        with replay_command.proxy_door(session, FREE, tapes) as environment:
            proxy, bundle = environment["HTTPS_PROXY"], environment["SSL_CERT_FILE"]
            yield ReplayDoor(base=base or recorded, proxy=proxy, bundle=bundle, session=session)
    else:
        with replay_command.base_url_door(session, FREE, tapes) as environment:
            yield ReplayDoor(base=environment["TOOLREEL_URL"], session=session)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client got: decoded `body`, `raw` bytes as they came, and how it broke off if it did."""

    status: int
    headers: tuple[tuple[str, str], ...]
    raw: bytes
    error: type[Exception] | None = None


def ask(client: httpx.Client, method: str, url: str, **options: Any) -> Seen:
    """One request; a broken answer is no failure, but `error` in what was seen."""
    raw, error = b"", None
    client.cookies.clear()
    with client.stream(method, url, **options) as response:
        headers = tuple((name.decode().lower(), value.decode()) for name, value in response.headers.raw)
        try:
            for piece in response.iter_raw():
                raw += piece
        except httpx.TransportError as broken:
            error = type(broken)
    return Seen(response.status_code, headers, raw, error)


def frames_of(interaction: Interaction) -> list[bytes]:
    """The frames of a recorded stream as they came, an unfinished tail included."""
    assert interaction.response.frames is not None
    return [frame_bytes(frame) for frame in interaction.response.frames]
