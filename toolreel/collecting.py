"""Python's garbage collector, out of the way while many objects are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def set_aside() -> Iterator[None]:
    """What is there already is taken for needed in this block, and is not looked at when garbage is looked for.

    For a process that is our own: what others have made is set aside too.
    """
    is_ours = not gc.get_freeze_count()  # else somebody has set something aside for longer
    if is_ours:
        gc.freeze()
    try:
        yield
    finally:
        if is_ours:
            gc.unfreeze()


@contextmanager
def no_collecting() -> Iterator[None]:
    """No garbage is looked for in this block: it would take a good part of the time, and find none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
