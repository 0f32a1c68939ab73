"""Cassettes made by hand, for tests that need a replay but no recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolreel.messages.bodies import body_of, frame_of
from toolreel.messages.model import Cassette, Ending, Interaction, Request, Response
from toolreel.store.files import save
from toolreel.store.names import cassette_path

UPSTREAM = "http://api.openai.invalid"
"""Where the hand-made cassettes come from: a host that does not exist."""


def post(path: str, body: bytes, answer: bytes, status: int = 200) -> dict[str, Any]:
    """A request and its answer in JSON."""
    kind = (("content-type", "application/json"),)
    return {
        "request": Request(method="POST", path=path, headers=kind, body=body_of(body)),
        "response": Response(status=status, headers=kind, body=body_of(answer)),
    }


def get(path: str, answer: bytes) -> dict[str, Any]:
    """A request without a body and its answer in JSON."""
    kind = (("content-type", "application/json"),)
    return {
        "request": Request(method="GET", path=path),
        "response": Response(status=200, headers=kind, body=body_of(answer)),
    }


def streamed(path: str, body: bytes, *frames: bytes, ending: Ending = Ending.COMPLETE) -> dict[str, Any]:
    """A request and the stream that answers it."""
    kind = (("content-type", "text/event-stream; charset=utf-8"),)
    return {
        "request": Request(method="POST", path=path, body=body_of(body)),
        "response": Response(status=200, headers=kind, frames=tuple(map(frame_of, frames))),
        "ending": ending,
    }


def make(folder: Path, name: str, *interactions: dict[str, Any], upstream: str = UPSTREAM) -> Path:
    """Writes the cassette `name` and gives its path."""
    numbered = tuple(Interaction(n=n, **interaction) for n, interaction in enumerate(interactions, start=1))
    path = cassette_path(folder, name)
    save(path, Cassette(upstreams=(f"{upstream}/v1",), interactions=numbered))
    return path
