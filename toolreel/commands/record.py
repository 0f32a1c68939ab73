"""`toolreel record`: a proxy in front of the real API that writes a cassette."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from toolreel.errors import CommandError, MachineError, UpstreamError
from toolreel.messages.model import Cassette
from toolreel.server.hosts import Listen
from toolreel.store.recordings import Recording, begin

from . import child
from .console import complaint, note
from .doors import (
    PROXY,
    Upstream,
    base_url_environment,
    ca_certificate,
    needs_mitmproxy,
    proxy_environment,
    proxy_options,
)

if TYPE_CHECKING:
    from toolreel.addons.record import Recorder


def record(
    name: str,
    *,
    folder: Path,
    upstream: Upstream,
    listen: Listen,
    via: str,
    force: bool,
    command: Sequence[str],
) -> int:
    """Records while COMMAND runs, or until Ctrl-C without one; gives the exit status. Raises ToolreelError."""
    try:
        from toolreel.addons.record import Recorder
    except ModuleNotFoundError:
        raise needs_mitmproxy() from None
    recording = begin(folder, name, force=force)
    if recording.unfinished:
        note(f"An earlier recording of {name} was never finished; 'toolreel recover {name}' makes a cassette of it.")
    recorder = Recorder(
        recording.journal,
        origins=frozenset({upstream.origin}) if via == PROXY else None,
        prefix="" if via == PROXY else upstream.path,
        guards_host=via != PROXY,
        tell=complaint,
    )
    recording.journal.on_failure = recorder.fail
    try:
        with _door(recorder, upstream, listen, via) as environment:
            note(f"Recording {name}: {_pointing(via, environment)}")
            status = child.run(command, environment) if command else _until_ctrl_c()
    except BaseException:
        _leave(recording, recorder)
        raise
    return _end(recording, recorder, command, status)


def _until_ctrl_c() -> int:
    note("Press Ctrl-C to end the recording.")
    child.wait_for_end()
    return 0


def _pointing(via: str, environment: dict[str, str]) -> str:
    if via == PROXY:
        return f"HTTPS_PROXY={environment['HTTPS_PROXY']} SSL_CERT_FILE={environment['SSL_CERT_FILE']}"
    return f"OPENAI_BASE_URL={environment['OPENAI_BASE_URL']}"


@contextmanager
def _door(recorder: Recorder, upstream: Upstream, listen: Listen, via: str) -> Iterator[dict[str, str]]:
    from toolreel.addons.master import proxying

    options = proxy_options() | {"connection_strategy": "lazy"}
    if via == PROXY:
        host = re.escape(upstream.origin.partition("://")[2])
        port = "" if re.search(r":\d+\Z", upstream.origin) else r":\d+"
        options["allow_hosts"] = [rf"\A{host}{port}\Z"]
        with (
            proxying(recorder, mode="regular", listen=listen, options=options) as address,
            proxy_environment(address, ca_certificate(), replays=False) as environment,
        ):
            yield environment
    else:
        options["keep_host_header"] = True  # the recorder looks at it, and then puts the upstream's in its place
        with proxying(recorder, mode=f"reverse:{upstream.origin}", listen=listen, options=options) as address:
            yield base_url_environment(address, "" if upstream.path else "/v1", replays=False)


def _end(recording: Recording, recorder: Recorder, command: Sequence[str], status: int) -> int:
    """Decides whether the take becomes the cassette (product.md §3.4), and says so."""
    for line in recorder.left:
        note(f"Not recorded, {line}.")
    for line in recorder.failures:
        note(f"The upstream did not answer {line}.")
    if recorder.broken:
        _leave(recording, recorder)
        raise MachineError(f"{recorder.broken} Cassette {recording.path} was not written.")
    keep = f"the recording is kept, 'toolreel recover {recording.name}' makes the cassette of it"
    if not recorder.count:
        keep = "nothing was recorded"
    if status != 0:
        _leave(recording, recorder)
        complaint(f"{command[0]} ended with status {status}: cassette {recording.path} was not written; {keep}.")
        return status
    if recorder.failures:
        _leave(recording, recorder)
        raise UpstreamError(f"Cassette {recording.path} was not written, because something is missing; {keep}.")
    if not recorder.count:
        recording.discard()
        raise CommandError("Nothing was recorded: no request got an answer; point the client at toolreel, see above.")
    note(written(recording.finish(), recording.path))
    return 0


def _leave(recording: Recording, recorder: Recorder) -> None:
    """Keeps the take for `recover`, if there is anything in it."""
    if recorder.count:
        recording.leave()
    else:
        recording.discard()


def written(cassette: Cassette, path: Path) -> str:
    """What to say of a new cassette."""
    streams = sum(interaction.response.frames is not None for interaction in cassette.interactions)
    return f"Wrote {path}: {len(cassette.interactions)} interactions, {streams} of them streams."
