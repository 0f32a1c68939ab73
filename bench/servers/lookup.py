"""A floor: asyncio on uvloop, httptools, the answers in a dict by the whole request. `python lookup.py PORT FILE`.

FILE is a JSON list of lists: method, path, body, answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httptools
import uvloop

_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
RESPONSES = {
    (method.encode(), path.encode(), body.encode()): (_HEAD.format(len(answer)) + answer).encode()
    for method, path, body, answer in json.loads(Path(sys.argv[2]).read_text())
}


class Connection(asyncio.Protocol):
    """One client."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.url = self.body = b""

    def data_received(self, data: bytes) -> None:
        """The client sent something."""
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """The target of the request, or a part of it."""
        self.url += url

    def on_body(self, body: bytes) -> None:
        """A part of the request's body."""
        self.body += body

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.transport.write(RESPONSES[self.parser.get_method(), self.url, self.body])
        self.url = self.body = b""


async def main() -> None:
    """Serves until it is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


uvloop.run(main())
