"""Which tests were collected for which cassettes, before any were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from .marks import Asked, asked_of


class Collected:
    """The cassettes that the collected tests name, and how many tests share each session."""

    def __init__(self, items: Iterable[pytest.Item]) -> None:
        found = [asked for item in items if (asked := asked_of(item)) is not None]
        self.names = sorted({name for asked in found for name in asked.names})
        self._shares = Counter(asked.key for asked in found)

    def sharing(self, asked: Asked) -> int:
        """How many tests share a session."""
        return self._shares[asked.key]
