"""Looks at pages without a socket."""

from __future__ import annotations

from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import anyio
import httpx

from toolreel.commands.linting import findings
from toolreel.redaction import DEFAULT_RULES
from toolreel.view.app import create_app
from toolreel.view.library import Library, Past

TOKEN = "the-token"


class Viewer:
    """Asks the pages of a folder."""

    def __init__(self, folder: Path, past: Past | None = None) -> None:
        self.library = Library(folder, partial(findings, rules=DEFAULT_RULES), past)
        self._app = create_app(self.library, TOKEN)

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> httpx.Response:
        """The answer to a request at any path."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:4011") as client:
                return await client.request(method, path, headers=headers)

        return anyio.run(send)

    def page(self, path: str = "", status: int = 200) -> Seen:
        """A page under the token, which must be a whole one."""
        answer = self.ask(f"/{TOKEN}/{path}")
        assert answer.status_code == status, answer.text
        return seen(answer.text)


class Seen(NamedTuple):
    """What is on a page: its text in one line, its elements with their attributes, its source."""

    text: str
    elements: list[tuple[str, dict[str, str]]]
    source: str

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return [attributes["href"] for attributes in self.all("a")]


class _Reader(HTMLParser):
    """Reads a page, and insists that every element is closed in its turn."""

    VOID = frozenset({"meta", "link", "input", "br", "wbr", "circle", "rect", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "wbr":  # which is nothing but leave to break a word
            self.words[-1] += data
        elif not self._open or self._open[-1] not in ("title", "style", "script"):
            self.words.append(data)

    def close(self) -> None:
        super().close()
        assert not self._open


def seen(source: str) -> Seen:
    """What is on a page."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    return Seen(" ".join(" ".join(reader.words).split()), reader.elements, source)
