"""What the tests of the mitmproxy addons share: flows, and a journal in memory."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from toolreel.recording.entries import Entry

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of mitmproxy's own dependencies, when they are imported
    from mitmproxy import http
    from mitmproxy.test import taddons, tflow, tutils  # noqa: F401 - so that no test is the first to import it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """mitmproxy uses what its pinned dependencies deprecate."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning:mitmproxy.*"))


class Journal:
    """Keeps entries in memory; raises `failure` instead, once there is one."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.failure: Exception | None = None

    def append(self, entries: Sequence[Entry]) -> None:
        if self.failure:
            raise self.failure
        self.entries += entries

    def kinds(self) -> list[str]:
        return [type(entry).__name__ for entry in self.entries]


@pytest.fixture
def journal() -> Journal:
    return Journal()


def flow_of(
    url: str = "https://api.openai.com/v1/threads",
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    content: bytes = b"{}",
    response: http.Response | None = None,
) -> Any:
    """A flow whose request is complete."""
    request = http.Request.make(method, url, content)
    request.headers.update(headers or {})
    return tflow.tflow(req=request, resp=response or False)


def response_of(
    status: int = 200, *, headers: Sequence[tuple[bytes, bytes]] = (), version: bytes = b"HTTP/1.1"
) -> http.Response:
    """The head of an answer with exactly these headers."""
    return http.Response(version, status, b"", http.Headers(headers), None, None, 0, None)
