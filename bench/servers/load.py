"""Milliseconds until toolreel has a cassette ready to answer from. `python load.py CASSETTE`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from toolreel.replay.tape import Tape
from toolreel.store.files import LargeBodies, load

path = Path(sys.argv[1])
began = time.perf_counter()
Tape("bench", load(path), LargeBodies(path).read)
print((time.perf_counter() - began) * 1e3)
