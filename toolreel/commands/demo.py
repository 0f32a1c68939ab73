"""`toolreel demo`: record, replay offline, compare; with the real client, and the stand-in unless told otherwise."""

from __future__ import annotations

import difflib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from toolreel.errors import CommandError
from toolreel.inspect.timeline import timeline
from toolreel.replay.manner import Manner
from toolreel.server.hosts import Listen
from toolreel.store.files import load
from toolreel.store.names import cassette_path

from .console import complaint, note
from .doors import BASE_URL, Upstream, parse_upstream
from .record import record
from .replay import replay
from .show import show_timeline
from .standin import standing_in

NAME = "demo/weather"
DIFFERENT = 1
"""Exit status when the replay showed the client something else than the recording."""


def demo(
    *,
    upstream: str | None = None,
    model: str = "gpt-4o",
    folder: Path | None = None,
    before_replay: Callable[[Path], None] = lambda path: None,
) -> int:
    """Runs the demo and gives its exit status; `before_replay` gets the cassette's path. Raises ToolreelError."""
    if find_spec("openai") is None:
        raise CommandError("The demo needs the openai client, which is not installed: pip install openai.")
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toolreel-demo-")))
        kept = folder or work
        heard, heard_again = work / "recorded.jsonl", work / "replayed.jsonl"
        started = time.monotonic()
        with _upstream(upstream) as server:
            note("1. Record: the openai client talks to the API through toolreel.", style="bold")
            command = [sys.executable, "-m", "toolreel.commands.demo_client"]
            free = Listen("127.0.0.1", 0)
            status = record(
                NAME,
                folder=kept,
                upstreams=[server],
                listen=free,
                via=BASE_URL,
                force=True,
                command=[*command, str(heard), model],
            )
        if status:
            return status
        recorded = time.monotonic()
        path = cassette_path(kept, NAME)
        show_timeline(NAME, timeline(load(path)))
        before_replay(path)
        note("2. Replay: the API is gone; the same program runs again.", style="bold")
        status = replay(
            [NAME],
            folder=kept,
            listen=free,
            via=BASE_URL,
            command=[*command, str(heard_again), model],
            manner=Manner(ids="original"),  # so that not even an id may differ
        )
        replayed = time.monotonic()
        note(f"Recording took {recorded - started:.1f} s, replaying {replayed - recorded:.1f} s.")
        return status or _compare(heard, heard_again, path if folder else None)


@contextmanager
def _upstream(url: str | None) -> Iterator[Upstream]:
    if url:
        yield parse_upstream(url)
    else:
        with standing_in(Listen("127.0.0.1", 0)) as address:
            note(f"The stand-in serves the Assistants API at http://{address.shown}/v1.")
            yield Upstream(f"http://{address.shown}", "")


def _compare(heard: Path, heard_again: Path, kept: Path | None) -> int:
    before, after = heard.read_text().splitlines(), heard_again.read_text().splitlines()
    if before != after:
        complaint("The client saw something else in the replay:")
        for line in difflib.unified_diff(before, after, "recorded", "replayed", lineterm="", n=0):
            note(line[:300])
        return DIFFERENT
    where = f"The cassette is {kept}." if kept else "Give --cassettes DIR to keep the cassette."
    note(f"3. Compare: {len(before)} observations of the client, all equal. {where}", style="bold green")
    return 0
