"""A floor: asyncio on uvloop, httptools, one answer whatever is asked. `python bare.py PORT ANSWER TYPE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httptools
import uvloop

ANSWER, TYPE = Path(sys.argv[2]).read_bytes(), sys.argv[3]


def response() -> bytes:
    """The answer's bytes on the wire: a stream is one chunk, any other body has its length."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {TYPE}\r\n"
    if TYPE.startswith("text/event-stream"):
        return f"{head}transfer-encoding: chunked\r\n\r\n{len(ANSWER):x}\r\n".encode() + ANSWER + b"\r\n0\r\n\r\n"
    return f"{head}content-length: {len(ANSWER)}\r\n\r\n".encode() + ANSWER


RESPONSE = response()


class Connection(asyncio.Protocol):
    """One client."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def data_received(self, data: bytes) -> None:
        """The client sent something."""
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """A part of the request's body, which a server that answers by it would keep."""
        self.body += body

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.transport.write(RESPONSE)
        self.body = b""


async def main() -> None:
    """Serves until it is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


uvloop.run(main())
