"""The recorded traffic of the real API as a take, without a recorder or an importer having to run."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.recording.assembling import assemble
from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.model import Cassette, Ending
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
    """All exchanges of the shared recordings: the Assistants API, and the others."""
    lines = (folder / "assistants_wire.jsonl").read_text(encoding="utf-8").splitlines()
    assistants = tuple(_recorded(json.loads(line)) for line in lines)
    known = {one.source for one in assistants}
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml", ".httprr"))
    return assistants + tuple(one for path in paths if path.name not in known for one in others(path))


def others(path: Path) -> list[Recorded]:
    """The exchanges of other APIs: go-vcr, Ruby VCR and httprr, taken apart by hand."""
    if path.suffix == ".httprr":
        _, lengths, rest = path.read_bytes().split(b"\n", 2)
        asked, _ = map(int, lengths.split())
        head, body = rest[:asked].split(b"\r\n\r\n")
        answer_head, answer = rest[asked:].split(b"\r\n\r\n", 1)
        method, url, _ = head.split(b"\r\n")[0].decode().split(" ")
        status, *lines = answer_head.decode().split("\r\n")
        fields = [(name, [value.strip()]) for name, _, value in (line.partition(":") for line in lines)]
        return [_other(path, method, url, body, int(status.split(" ")[1]), answer, fields)]
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = []
    for one in document.get("interactions") or document["http_interactions"]:
        request, response = one["request"], one["response"]
        asked_body, answered = (
            message["body"] if isinstance(message["body"], str) else message["body"]["string"]
            for message in (request, response)
        )
        status = response.get("code") or response["status"]["code"]
        url, fields = request.get("url") or request["uri"], response["headers"].items()
        method = request["method"].upper()
        found.append(_other(path, method, url, asked_body.encode(), status, answered.encode(), fields))
    return found


def _other(
    path: Path,
    method: str,
    url: str,
    body: bytes,
    status: int,
    answer: bytes,
    fields: Iterable[tuple[str, list[str]]],
) -> Recorded:
    assert url.startswith(ORIGIN + "/")
    headers = tuple((name.lower(), value) for name, values in fields for value in values)
    sent = HttpRequest(method, url.removeprefix(ORIGIN), (), body, ORIGIN)
    return Recorded(path.name, sent, status, answer, answer, headers)


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
