"""The same recording in the format of each peer."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .exchanges import HOST, JSON_TYPE, STREAM_TYPE, Exchange


def for_talkback(folder: Path, exchanges: Sequence[Exchange]) -> None:
    """A folder of tapes."""
    folder.mkdir(exist_ok=True)
    for n, one in enumerate(exchanges):
        asked = {"content-type": JSON_TYPE} if one.body else {}
        tape: dict[str, Any] = {
            "meta": {"createdAt": "2026-01-01T00:00:00Z", "host": f"https://{HOST}"},
            "req": {"url": one.path, "method": one.method, "headers": asked, "body": _base64(one.body)},
            "res": {"status": 200, "headers": _headers(one), "body": _base64(one.answer)},
        }
        tape["meta"].update(reqHumanReadable=False, resHumanReadable=False)
        (folder / f"{n}.json5").write_text(json.dumps(tape))


def for_mountebank(file: Path, exchanges: Sequence[Exchange], port: int) -> None:
    """An imposter with a stub for each exchange."""
    stubs = []
    for one in exchanges:
        asked = {"method": one.method, "path": one.path} | ({"body": json.loads(one.body)} if one.body else {})
        headers = {name: values[0] for name, values in _headers(one).items()}
        answer = {"statusCode": 200, "headers": headers, "body": one.answer.decode()}
        stubs.append({"predicates": [{"deepEquals": asked}], "responses": [{"is": answer}]})
    imposter = {"port": port, "protocol": "http", "host": "127.0.0.1", "stubs": stubs, "recordRequests": False}
    file.write_text(json.dumps({"imposters": [imposter]}))


def for_wiremock(folder: Path, exchanges: Sequence[Exchange]) -> None:
    """A folder of mappings, all in one file."""
    mappings = []
    for one in exchanges:
        asked: dict[str, object] = {"method": one.method, "url": one.path}
        if one.body:
            asked["bodyPatterns"] = [{"equalToJson": one.body.decode()}]
        headers = {name: values[0] for name, values in _headers(one).items()}
        answer = {"status": 200, "headers": headers, "body": one.answer.decode()}
        mappings.append({"request": asked, "response": answer})
    (folder / "mappings").mkdir(parents=True, exist_ok=True)
    (folder / "__files").mkdir(exist_ok=True)
    (folder / "mappings" / "all.json").write_text(json.dumps({"mappings": mappings}))


def for_mitmproxy(file: Path, exchanges: Sequence[Exchange], origin: str) -> None:
    """A file of flows, as `mitmdump -w` writes them; `origin` is what the requests were for."""
    from mitmproxy import http
    from mitmproxy.io import FlowWriter
    from mitmproxy.test import tflow

    with file.open("wb") as stream:
        writer = FlowWriter(stream)
        for one in exchanges:
            flow = tflow.tflow()
            flow.request = http.Request.make(one.method, origin + one.path, one.body)
            headers = {name: values[0] for name, values in _headers(one).items()}
            flow.response = http.Response.make(200, one.answer, headers)
            writer.add(flow)


def for_aimock(file: Path, said: str, answer: str) -> None:
    """A fixture: what the model answers to what the user says."""
    file.write_text(json.dumps({"fixtures": [{"match": {"userMessage": said}, "response": {"content": answer}}]}))


def _headers(one: Exchange) -> dict[str, list[str]]:
    length = {} if one.content_type == STREAM_TYPE else {"content-length": [str(len(one.answer))]}
    return {"content-type": [one.content_type], **length}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
