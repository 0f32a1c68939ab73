"""What is recorded: a server whose answers come from a file. `python upstream.py PORT ANSWER TYPE`.

`THREAD` in the answer becomes the thread that the request names. `GET /bytes/N` answers with N bytes, and
`GET /frames/N` with a stream of N bytes, both in pieces and never all in memory.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httptools
import uvloop

ANSWER, TYPE = Path(sys.argv[2]).read_bytes(), sys.argv[3]
PIECE = 64_000
FRAME = b'event: thread.message.delta\ndata: {"text":"' + b"w" * 204 + b'"}\n\n'


class Connection(asyncio.Protocol):
    """One client."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpRequestParser(self)
        self.room = asyncio.Event()
        self.room.set()

    def pause_writing(self) -> None:
        """The client is slower than we are."""
        self.room.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.room.set()

    def data_received(self, data: bytes) -> None:
        """The client sent something."""
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """The request's target."""
        self.path = url.split(b"/")

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self.path[1] in (b"bytes", b"frames"):
            piece = bytes(PIECE) if self.path[1] == b"bytes" else FRAME * (PIECE // len(FRAME))
            kind = "application/octet-stream" if self.path[1] == b"bytes" else "text/event-stream; charset=utf-8"
            self.sending = asyncio.get_running_loop().create_task(self.send(piece, int(self.path[2]), kind))
            return
        answer = ANSWER.replace(b"THREAD", self.path[3]) if len(self.path) > 3 else ANSWER
        self.transport.write(f"HTTP/1.1 200 OK\r\ncontent-type: {TYPE}\r\n".encode())
        self.transport.write(f"content-length: {len(answer)}\r\n\r\n".encode() + answer)

    async def send(self, piece: bytes, size: int, kind: str) -> None:
        """A long answer, chunked."""
        self.transport.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(size // len(piece)):
            await self.room.wait()
            self.transport.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        end = b"event: done\ndata: [DONE]\n\n" if kind.startswith("text") else b"\n"
        self.transport.write(f"{len(end):x}\r\n".encode() + end + b"\r\n0\r\n\r\n")


async def main() -> None:
    """Serves until it is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


uvloop.run(main())
