"""`toolreel view`: cassettes in the browser."""

from __future__ import annotations

import os
import secrets
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from toolreel.server.asgi import hosting
from toolreel.server.hosts import Listen
from toolreel.store.places import Place, find
from toolreel.view.addresses import Addresses
from toolreel.view.app import create_app
from toolreel.view.library import Library

from . import child, git, options
from .console import note
from .linting import findings
from .listing import catalogue


def view(folder: Path, given: str | None, *, listen: Listen, browser: bool) -> int:
    """Serves the pages until Ctrl-C; with a `browser` it is opened at them. Raises ToolreelError."""
    place = find(folder, given) if given is not None else None
    if place is None:
        with catalogue(folder):  # the first indexing takes a while, and the progress is to be seen here
            pass
    with viewing(place.folder if place else folder, listen, place) as url:
        note(f"{f'Cassette {place.name}' if place else f'The cassettes in {folder}'}: {url}")
        note("The address holds a token: whoever has it can read along. Press Ctrl-C to end it.")
        if browser and _has_screen():
            webbrowser.open(url)
        child.wait_for_end()
    return 0


@contextmanager
def viewing(folder: Path, listen: Listen, place: Place | None = None) -> Iterator[str]:
    """Serves the pages while the block runs, and gives the address: of the list, or of the cassette at `place`."""
    token = secrets.token_urlsafe(24)
    past = partial(git.file_at, offline=True) if git.in_checkout(folder) else None
    library = Library(folder, partial(findings, rules=options.redacting(), now=datetime.now(UTC)), past)
    to = Addresses(token)
    with hosting(create_app(library, token), listen) as address:
        yield f"http://{address.shown}{to.cassette(place.name) if place else to.home}"


def _has_screen() -> bool:
    """Whether somebody sits here and a browser would be a window: not one in this terminal, which would be taken."""
    if not sys.stderr.isatty():
        return False
    windows = sys.platform in ("darwin", "win32", "cygwin")
    return windows or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
