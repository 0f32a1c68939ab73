"""`toolreel run`: records or replays, as the mode and the cassettes that are there say."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from toolreel.errors import CassetteError, CommandError
from toolreel.replay.manner import Manner
from toolreel.server.hosts import Listen
from toolreel.store.names import cassette_path

from .doors import Upstream
from .record import record
from .replay import replay

ONCE, ALL, NONE = "once", "all", "none"


def default_mode() -> str:
    """`once` at a desk; where CI is set nothing is recorded."""
    return ONCE if os.environ.get("CI", "").strip().lower() in ("", "0", "false") else NONE


def run(
    name: str,
    mode: str | None,
    *,
    folder: Path,
    upstreams: Sequence[Upstream],
    listen: Listen,
    via: str,
    tls: bool,
    command: Sequence[str],
    manner: Manner,
    tunnels: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Runs COMMAND in a mode, by default the one that fits here; gives the exit status. Raises ToolreelError."""
    if not command:
        raise CommandError("There is nothing to run: write the command after '--', such as '-- pytest'.")
    chosen = mode or default_mode()
    path = cassette_path(folder, name)
    is_there = os.path.lexists(path)
    if chosen == ALL or (chosen == ONCE and not is_there):
        return record(
            name,
            folder=folder,
            upstreams=upstreams,
            listen=listen,
            via=via,
            tls=tls,
            force=chosen == ALL,
            command=command,
            replace=manner.rules.replace,
            redact=manner.redact,
        )
    if not is_there:
        why = "--mode none" if mode else "--mode none, the default where CI is set,"
        raise CassetteError(f"There is no cassette {path}, and {why} records nothing; record it with --mode once.")
    return replay(
        [name],
        folder=folder,
        listen=listen,
        via=via,
        tls=tls,
        command=command,
        manner=manner,
        tunnels=tunnels,
        as_json=as_json,
    )
