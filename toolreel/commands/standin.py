"""`toolreel standin`: a local server of the Assistants API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toolreel.errors import CommandError
from toolreel.replay.faults import NO_FAULTS, Faults
from toolreel.replay.trouble import Trouble
from toolreel.server.asgi import hosting
from toolreel.server.hosts import Listen
from toolreel.standin.app import create_app
from toolreel.standin.script import ScriptError, load_script

from . import child
from .console import note, tell_of


def standin(listen: Listen, script: Path | None, faults: Faults = NO_FAULTS) -> int:
    """Serves the stand-in until Ctrl-C, then says which of its faults struck."""
    trouble = Trouble(faults)
    with standing_in(listen, script, trouble) as address:
        note(f"The stand-in serves the Assistants API: OPENAI_BASE_URL=http://{address.shown}/v1")
        note("Any key will do. Press Ctrl-C to end it.")
        child.wait_for_end()
    tell_of(trouble.struck, trouble.idle)
    return 0


@contextmanager
def standing_in(listen: Listen, script: Path | None = None, trouble: Trouble | None = None) -> Iterator[Listen]:
    """Serves the stand-in while the block runs, and gives its address. Raises CommandError for a broken script."""
    try:
        app = create_app(load_script(script), trouble=trouble)
    except ScriptError as error:
        raise CommandError(str(error)) from None
    with hosting(app, listen) as address:
        yield address
