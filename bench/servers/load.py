"""Milliseconds until toolreel has a cassette ready to answer from. `python load.py CASSETTE`.

`python load.py CASSETTE profile` prints where the time goes: the steps, each with its share of it in percent, and
what they do, as JSON.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
import sys
import time
from pathlib import Path

from toolreel.collecting import no_collecting
from toolreel.replay.tape import Tape
from toolreel.store.files import LargeBodies, load

STEPS = {
    "files.py:_json": "JSON is parsed, and every object looked at for members that stand twice",
    "~:<method 'validate_python' of 'pydantic_core._pydantic_core.SchemaValidator' objects>": "the models are made",
    "symbols.py:minted_ids": "ids are found that servers minted",
    "polls.py:settle": "polls are settled",
    "order.py:__init__": "requests are put into conversations by the ids in them",
    "index.py:__init__": "requests are put on the shelves of the index",
}
"""Functions of which none calls another of them, by file and name."""

path = Path(sys.argv[1])


def ready() -> None:
    """What `toolreel replay` does before its first request."""
    with no_collecting():
        Tape("bench", load(path), LargeBodies(path).read)
        gc.freeze()


if sys.argv[2:] == ["profile"]:
    profile = cProfile.Profile()
    profile.runcall(ready)
    stats = pstats.Stats(profile)
    found = {f"{Path(file).name}:{name}": row[3] for (file, _, name), row in stats.stats.items()}  # type: ignore[attr-defined] # not told
    whole = found["load.py:ready"]
    rows = [(what, round(100 * found[step] / whole, 1)) for step, what in STEPS.items()]
    print(json.dumps([*rows, ("all the rest", round(100 - sum(share for _, share in rows), 1))]))
else:
    began = time.perf_counter()
    ready()
    print((time.perf_counter() - began) * 1e3)
