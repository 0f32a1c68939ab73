"""`toolreel record`: a proxy in front of the real API that writes a cassette."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toolreel.errors import CommandError, MachineError, UpstreamError
from toolreel.normalise.strings import Find
from toolreel.redaction import DEFAULT_RULES, Redactor, Rules
from toolreel.server.hosts import Listen
from toolreel.store.recordings import Recording, begin
from toolreel.store.writing import Made

from . import child
from .console import complaint, note
from .doors import (
    PROXY,
    Upstream,
    base_url_environment,
    check_door,
    needs_mitmproxy,
    pointing,
    proxy_environment,
    proxy_options,
)
from .trust import authority, trusting

if TYPE_CHECKING:
    from toolreel.addons.record import Recorder


def record(
    name: str,
    *,
    folder: Path,
    upstreams: Sequence[Upstream],
    listen: Listen,
    via: str,
    force: bool,
    command: Sequence[str],
    tls: bool = False,
    replace: Find | None = None,
    redact: Rules = DEFAULT_RULES,
) -> int:
    """Records while COMMAND runs, or until Ctrl-C without one; gives the exit status. Raises ToolreelError.

    Several `upstreams` only through the proxy; `replace` finds what the program varies,
    `redact` what is secret.
    """
    check_door(via, tls=tls, upstreams=upstreams)
    try:
        from toolreel.addons.record import Recorder
    except ModuleNotFoundError:
        raise needs_mitmproxy() from None
    recording = begin(folder, name, force=force, replace=replace)
    if recording.unfinished:
        note(f"An earlier recording of {name} was never finished; 'toolreel recover {name}' makes a cassette of it.")
    recorder = Recorder(
        recording.journal,
        origins=frozenset(upstream.origin for upstream in upstreams) if via == PROXY else None,
        prefix="" if via == PROXY else upstreams[0].path,
        guards_host=via != PROXY,
        redactor=Redactor(redact),
        tell=lambda message: note(message, style="red"),
    )
    recording.journal.on_failure = recorder.fail
    try:
        with _door(recorder, upstreams[0], listen, via, tls=tls, more=upstreams[1:]) as environment:
            note(f"Recording {name}: {pointing(via, environment)}")
            status = child.run(command, environment) if command else _until_ctrl_c()
    except BaseException:
        _leave(recording, recorder)
        raise
    return _end(recording, recorder, command, status, _hint(via, upstreams))


def _until_ctrl_c() -> int:
    note("Press Ctrl-C to end the recording.")
    child.wait_for_end()
    return 0


@contextmanager
def _door(
    recorder: Recorder,
    upstream: Upstream,
    listen: Listen,
    via: str,
    *,
    tls: bool = False,
    more: Sequence[Upstream] = (),
) -> Iterator[dict[str, str]]:
    from toolreel.addons.master import proxying

    ours = authority()  # before mitmproxy makes one of its own
    options = proxy_options() | {"connection_strategy": "lazy"}
    if via == PROXY:
        servers = [upstream, *more]
        options["allow_hosts"] = [server.pattern for server in servers]
        hosts = [urlsplit(server.origin).hostname or "" for server in servers]
        with (
            proxying(recorder, mode="regular", listen=listen, options=options) as address,
            trusting(ours) as trust,
        ):
            yield proxy_environment(address, hosts, replays=False) | trust
    else:
        options["keep_host_header"] = True  # the recorder looks at it, and then puts the upstream's in its place
        with (
            proxying(recorder, mode=f"reverse:{upstream.origin}", listen=listen, options=options) as address,
            trusting(ours) as trust,
        ):
            path = "" if upstream.path else "/v1"  # the recorder puts the upstream's in front
            environment = base_url_environment(address, path, tls=tls, replays=False, project=upstream.path)
            yield environment | (trust if tls else {})


def _hint(via: str, upstreams: Sequence[Upstream]) -> str:
    """What may be the matter if no request came."""
    if via != PROXY:
        return "point the client's base URL at the address above"
    servers = " or ".join(upstream.origin for upstream in upstreams)
    return f"see that the client asks {servers}, takes the proxy from HTTPS_PROXY, and has no NO_PROXY for that host"


def _end(recording: Recording, recorder: Recorder, command: Sequence[str], status: int, hint: str) -> int:
    """Decides whether the take becomes the cassette (product.md §3.4), and says so."""
    for remark in recorder.remarks:
        note(remark)
    for line in recorder.failures:
        note(f"The upstream did not answer {line}.")
    if recorder.broken:
        with suppress(MachineError):  # the journal says again what has broken it
            _leave(recording, recorder)
        raise MachineError(f"{recorder.broken} Cassette {recording.path} was not written.")
    keep = f"the recording is kept, {recording.cure}" if recorder.count else "nothing was recorded"
    if status != 0:
        _leave(recording, recorder)
        complaint(f"{command[0]} ended with status {status}: cassette {recording.path} was not written; {keep}.")
        return status
    if recorder.failures:
        _leave(recording, recorder)
        raise UpstreamError(
            f"Cassette {recording.path} was not written, because an upstream did not answer; check --upstream, the "
            f"network and, for its certificate, SSL_CERT_FILE, and record again; {keep}."
        )
    if not recorder.count:
        recording.discard()
        raise CommandError(f"Nothing was recorded, because no request got an answer; {hint}.")
    note(written(recording.finish(), recording.path))
    return 0


def _leave(recording: Recording, recorder: Recorder) -> None:
    """Keeps the take for `recover`, if there is anything in it."""
    if recorder.count:
        recording.leave()
    else:
        recording.discard()


def written(made: Made, path: Path) -> str:
    """What to say of a new cassette."""
    count = made.interactions
    streams = f"streams among them: {made.streams}"
    settled = f"; polls settled: {made.polls}" if made.polls else ""
    return f"Wrote {path}: {count} interaction{'' if count == 1 else 's'}, {streams}{settled}."
