"""A floor: toolreel's own door, with one answer whatever is asked. `python door.py PORT ANSWER TYPE`."""

from __future__ import annotations

import sys
import threading

from entered import entrance

from toolreel.server.hosts import Listen
from toolreel.server.serve import serving

with serving(entrance(*sys.argv[2:4]), Listen("127.0.0.1", int(sys.argv[1]))):
    threading.Event().wait()
