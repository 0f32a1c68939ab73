"""Numbers drawn by a seed: the same seed gives the same numbers, on every machine and with every Python."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from itertools import count

_RANGE = 1 << 32


def draws(*seed: object) -> Iterator[int]:
    """Endless numbers from 0 to 2^32 - 1; all that is given counts as the seed."""
    said = "\0".join(map(str, seed)).encode("utf-8", "surrogatepass")
    for block in count():
        digest = hashlib.blake2b(said + b"\0%d" % block).digest()
        yield from (number for (number,) in struct.iter_unpack(">I", digest))


def falls(chance: float, *seed: object) -> bool:
    """Whether what happens with this chance, from 0 to 1, happens for this seed."""
    return next(draws(*seed)) < chance * _RANGE
