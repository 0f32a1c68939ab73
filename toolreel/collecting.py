"""Python's garbage collector, out of the way while many objects are made that all stay, and afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def set_aside() -> Iterator[None]:
    """What is there already is taken for needed in this block, and is not looked at when garbage is looked for."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def no_collecting() -> Iterator[None]:
    """No garbage is looked for in this block, and then not at once in all that it has made: there is none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():  # else somebody has set things aside for good
                gc.freeze()
                gc.unfreeze()  # all objects are of the oldest generation now, and none was looked at
            gc.enable()
