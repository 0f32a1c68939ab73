"""Cassettes with long streams."""

from __future__ import annotations

import json
from typing import Any

from tests.inspect.tapes import CALL, answered, begun, function, normal
from toolreel.store.layout import cassette_text


def timed(count: int) -> str:
    """A cassette with a stream of so many deltas, one each 7 ms."""
    text = cassette_text(normal(*begun(function(CALL)), answered(*(f"word{n} " for n in range(count)))))
    value: Any = json.loads(text)
    value["take"]["interactions"]["4"]["frame_ms"] = [7 * n for n in range(count + 4)]
    return json.dumps(value)
