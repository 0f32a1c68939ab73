"""The recorded traffic of the real API as a take, without a recorder having to run."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.model import Cassette, Ending
from toolreel.recording.assemble import assemble
from toolreel.recording.entries import Entry
from toolreel.recording.exchange import Exchange

ORIGIN = "https://api.openai.com"


@dataclass(frozen=True)
class Recorded:
    """One recorded exchange: where it is from, what was sent, and status and body of the answer."""

    source: str
    sent: HttpRequest
    status: int
    received: bytes
    raw: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def streams(self) -> bool:
        return any(name == "content-type" and "event-stream" in value for name, value in self.headers)


@functools.cache
def recorded(folder: Path) -> tuple[Recorded, ...]:
    """All exchanges of the Assistants API among the shared recordings."""
    lines = (folder / "assistants_wire.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_recorded(json.loads(line)) for line in lines)


def _recorded(line: dict[str, Any]) -> Recorded:
    parts = urlsplit(line["url"])
    body = None if line["request_body"] is None else line["request_body"].encode()
    coded = line.get("response_body_gzip_b64")
    pairs = [(name.lower(), value) for name, value in line["response_headers"].items()]
    headers = [
        (name, text)
        for name, value in pairs
        for text in (value if isinstance(value, list) else [value])
        if coded or name != "content-encoding"
    ]
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    received = line["response_body"].encode()
    return Recorded(
        line["source"],
        HttpRequest(line["method"], target, (), body, ORIGIN),
        line["status"],
        received,
        base64.b64decode(coded) if coded else received,
        tuple(headers),
    )


def none_large(pieces: Iterable[bytes]) -> str:
    raise AssertionError("no body of these recordings is large")


def recorded_take(exchanges: tuple[Recorded, ...]) -> Cassette:
    """What a recorder makes of exchanges, one each 10 ms."""
    entries: list[Entry] = []
    for key, one in enumerate(exchanges):
        now = 10 * key
        exchange = Exchange(key, one.sent)
        entries += exchange.begin(now)
        entries += exchange.head(ResponseHead(one.status, one.headers), now + 1)
        for at in range(0, len(one.raw), 1000):
            entries += exchange.data(one.raw[at : at + 1000], now + 2)
        entries += exchange.end(Ending.COMPLETE, now + 3)
    return assemble(entries, recorded_at="2026-01-01T00:00:00Z", tool="toolreel", keep_file=none_large)
