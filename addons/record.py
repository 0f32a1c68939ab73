"""The recorder as a mitmproxy addon: carries what passes to the journal, and changes nothing of it.

`toolreel record` runs it in a proxy of its own. It works in any other mitmproxy as well:
`mitmdump -s …/record.py --set toolreel_cassette=NAME`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.net.http import url

from toolreel.addons import error_page, resets
from toolreel.addons.connections import cut_clients
from toolreel.addons.flows import (
    broken_ending,
    head_of,
    normal_ending,
    origin,
    own_response,
    request_of,
)
from toolreel.errors import CommandError, ToolreelError
from toolreel.messages.model import Ending
from toolreel.recording.entries import Entry, Failed
from toolreel.recording.exchange import Exchange
from toolreel.redaction import Redactor
from toolreel.server.hosts import own_host
from toolreel.store.recordings import Recording, begin
from toolreel.store.settings import DEFAULT_FOLDER, load_settings

logger = logging.getLogger(__name__)

_EXCHANGE = "toolreel_exchange"
_REFUSED = "toolreel_refused"


class Journal(Protocol):
    """Where entries go."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Takes entries; raises ToolreelError if they cannot be kept."""


class Recorder:
    """The hooks. `origins` are the servers whose traffic is recorded, None for all (as in reverse mode).

    `prefix` is a path that the upstream wants in front of every request path. `guards_host` is for reverse mode with
    mitmproxy's option keep_host_header: only clients that call this machine by a loopback name are served, and the
    upstream gets its own name. `clock` gives milliseconds. `redactor` keeps secrets off the disk.
    `tell` takes what a person must know at once.
    """

    name = "toolreel_record"

    def __init__(
        self,
        journal: Journal,
        *,
        origins: frozenset[str] | None = None,
        prefix: str = "",
        guards_host: bool = False,
        clock: Callable[[], float] = lambda: time.monotonic() * 1000,
        redactor: Redactor | None = None,
        tell: Callable[[str], None] = lambda message: logger.error("%s", message),
    ) -> None:
        self._journal = journal
        self._origins = origins
        self._prefix = prefix.rstrip("/")
        self._guards_host = guards_host
        self._clock = clock
        self._tell = tell
        self._redactor = redactor or Redactor()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._began = clock()
        self._key = 0
        self._open: dict[int, http.HTTPFlow] = {}
        self.count = 0
        """How many requests got an answer, or at least its status line."""
        self.failures: list[str] = []
        """One sentence for each request that got no status line."""
        self.left: list[str] = []
        """One sentence for each request whose client, or whose recording, ended before an answer came."""
        self.partial: list[str] = []
        """One sentence for each answer of which only the beginning could be decoded, and is recorded."""
        self.broken: ToolreelError | None = None
        """Why nothing can be recorded any more."""
        error_page.install()
        resets.install()

    @property
    def remarks(self) -> list[str]:
        """What a person should know of what was recorded and what was not, in sentences."""
        remarks = [f"Not recorded, {line}." for line in self.left]
        remarks += [f"Recorded only as far as it could be decoded, {line}." for line in self.partial]
        if count := self._redactor.overwritten:
            many = "secrets were" if count > 1 else "secret was"
            remarks.append(f"{count} {many} overwritten with '*' in bodies that are no text.")
        return remarks

    def running(self) -> None:
        """mitmproxy runs."""
        self._loop = asyncio.get_running_loop()

    def fail(self, error: Exception) -> None:
        """Nothing can be recorded any more; may be called from any thread, such as the journal's."""
        if self._loop is None:
            self._break(error)
        else:
            self._loop.call_soon_threadsafe(self._break, error)

    def _break(self, error: Exception) -> None:
        """Traffic never passes unrecorded in silence: open answers are cut, and new requests get 503."""
        if self.broken is None:
            self.broken = error if isinstance(error, ToolreelError) else _bug(error)
            self._tell(str(self.broken))
            cut_clients([flow for flow in self._open.values() if flow.response is not None])

    def request(self, flow: http.HTTPFlow) -> None:
        """A request is complete and has not been sent on yet."""
        try:
            self._begin(flow)
        except Exception as error:  # noqa: BLE001 - else mitmproxy sends the request on, unrecorded
            logger.error("%s", _bug(error))
            flow.response = own_response(500, str(_bug(error)), "toolreel_recorder")

    def _begin(self, flow: http.HTTPFlow) -> None:
        if self._origins is not None and origin(flow) not in self._origins:
            return
        refusal = self._refusal(flow)
        if refusal:
            flow.response = refusal
            return
        if self._prefix and not _starts_with(flow.request.path, self._prefix):
            flow.request.path = self._prefix + flow.request.path
        self._key += 1
        exchange = Exchange(self._key, request_of(flow), self._redactor)
        if self._note(lambda: exchange.begin(self._now())):
            flow.metadata[_EXCHANGE] = exchange
            self._open[exchange.key] = flow
        else:
            flow.response = own_response(503, f"toolreel cannot record: {self.broken}", "toolreel_recorder")

    def _refusal(self, flow: http.HTTPFlow) -> http.Response | None:
        if self._guards_host:
            if not own_host(flow.request.host_header):
                return own_response(403, f"The Host header {flow.request.host_header!r} is not ours.", _REFUSED)
            flow.request.host_header = url.hostport(flow.request.scheme, flow.request.host, flow.request.port)
        if flow.request.headers.get("upgrade", "").lower() == "websocket":
            return own_response(501, "toolreel does not record websockets; use HTTP.", _REFUSED)
        return None

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Status and headers have come: from here on the body is relayed piece by piece as it arrives."""
        if flow.response is None:
            return
        exchange = self._exchange(flow)
        if exchange is None:
            flow.response.stream = True  # not ours to record, and not ours to hold back
            return
        self.count += 1
        head = head_of(flow.response)
        self._note(lambda: exchange.head(head, self._now()))
        flow.response.stream = self._relay(exchange)

    def _relay(self, exchange: Exchange) -> Callable[[bytes], bytes]:
        def relay(data: bytes) -> bytes:
            if data:  # mitmproxy marks the end by an empty piece, and calls `response` right after it
                self._note(lambda: exchange.data(data, self._now()))
            return data

        return relay

    def response(self, flow: http.HTTPFlow) -> None:
        """The answer has ended, as far as mitmproxy can tell."""
        if exchange := self._exchange(flow):
            self._end(exchange, normal_ending(flow))

    def error(self, flow: http.HTTPFlow) -> None:
        """The flow broke: the upstream cannot be reached or broke off, or the client left."""
        exchange = self._exchange(flow)
        if exchange is None:
            return
        ending = broken_ending(flow)
        if flow.response is not None:
            self._end(exchange, ending)
            return
        reason = self._redactor.text(flow.error.msg if flow.error else "no reason given")
        if ending is Ending.CLIENT_GONE:
            self.left.append(f"{exchange.shown}: the client left before an answer came")
        else:
            self.failures.append(f"{exchange.shown}: {reason}")
        self._open.pop(exchange.key, None)
        self._note(lambda: [Failed(exchange.key, self._now(), reason)])

    def done(self) -> None:
        """mitmproxy ends: answers that are still open are cut by us."""
        for flow in list(self._open.values()):
            exchange = self._exchange(flow)
            if exchange is not None and exchange.headed:
                self._end(exchange, Ending.CUT)
            elif exchange is not None:
                self._open.pop(exchange.key)
                self.left.append(f"{exchange.shown}: no answer had come when the recording ended")

    def _end(self, exchange: Exchange, ending: Ending) -> None:
        self._open.pop(exchange.key, None)
        self._note(lambda: exchange.end(ending, self._now()))
        if exchange.undecoded:
            self.partial.append(f"{exchange.shown}: {exchange.undecoded}")

    def _exchange(self, flow: http.HTTPFlow) -> Exchange | None:
        exchange = flow.metadata.get(_EXCHANGE)
        return exchange if isinstance(exchange, Exchange) and exchange.key in self._open else None

    def _now(self) -> int:
        return round(self._clock() - self._began)

    def _note(self, entries: Callable[[], list[Entry]]) -> bool:
        """Sends entries to the journal; False if that is not possible any more."""
        if self.broken is None:
            try:
                self._journal.append(entries())
            except Exception as error:  # noqa: BLE001 - traffic never passes unrecorded in silence
                self._break(error)
        return self.broken is None


def _starts_with(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith((prefix + "/", prefix + "?"))


def _bug(error: Exception) -> ToolreelError:
    return ToolreelError(f"The recorder failed ({type(error).__name__}: {error}); please report it.")


class RecordScript:
    """What `mitmdump -s` runs: makes a recorder from the options, and the cassette when mitmproxy ends."""

    name = "toolreel_record_script"

    def __init__(self) -> None:
        self._recording: Recording | None = None
        self._recorder: Recorder | None = None

    def load(self, loader: Loader) -> None:
        """Declares the options."""
        loader.add_option("toolreel_cassette", str, "", "Name of the cassette to record.")
        loader.add_option("toolreel_cassettes", str, "", "Folder of the cassettes; else what the settings say.")
        loader.add_option("toolreel_force", bool, False, "Record afresh over an existing cassette.")

    def running(self) -> None:
        """Everything is configured: opens the journal and adds the recorder."""
        options = ctx.options
        try:
            if not options.toolreel_cassette:
                raise CommandError("Say which cassette to record: --set toolreel_cassette=NAME.")
            settings = load_settings(Path.cwd())
            folder = Path(options.toolreel_cassettes or settings.cassettes or DEFAULT_FOLDER)
            replace, redact = settings.replacing(), settings.redacting()
            self._recording = begin(folder, options.toolreel_cassette, force=options.toolreel_force, replace=replace)
        except ToolreelError as error:
            logger.error("%s", error)  # at its start mitmproxy ends for it, with status 1
            ctx.master.shutdown()  # traffic never passes unrecorded
            return
        self._recorder = Recorder(self._recording.journal, redactor=Redactor(redact))
        self._recording.journal.on_failure = self._recorder.fail
        ctx.master.addons.add(self._recorder)

    def done(self) -> None:
        """mitmproxy ends: what was recorded becomes the cassette, unless something is missing in it."""
        if self._recording is None or self._recorder is None:
            return
        self._recorder.done()  # mitmproxy may call it later, when the journal is closed
        for remark in self._recorder.remarks:
            logger.warning("%s", remark)
        try:
            if self._recorder.broken:
                self._recording.leave()
            elif self._recorder.failures:
                self._recording.leave()
                logger.error("Not kept, an upstream did not answer: %s", "; ".join(self._recorder.failures))
            elif not self._recorder.count:
                self._recording.discard()
                logger.error("Nothing was recorded, so no cassette was written.")
            else:
                self._recording.finish()
        except ToolreelError as error:
            logger.error("%s", error)


if __name__.startswith("__mitmproxy_script__"):
    addons = [RecordScript()]
